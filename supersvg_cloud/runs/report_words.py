"""The sentences and quantities of a report: what came out, in words that a person would use."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from supersvg_cloud.runs.story import Story


@dataclass(frozen=True)
class Metric:
    """How an evaluation's number is called and read."""

    label: str
    better: str = ""


METRICS: dict[str, Metric] = {
    "mse": Metric("MSE", "lower is better"),
    "flat_mse": Metric("MSE of the best flat colour", "what has to be beaten"),
    "mse_ratio": Metric("MSE / flat colour's", "lower is better"),
    "psnr": Metric("PSNR", "higher is better"),
    "ssim": Metric("SSIM", "higher is better"),
    "ink_iou": Metric("ink IoU", "higher is better"),
    "lpips": Metric("LPIPS", "lower is better"),
    "paths": Metric("paths a picture", "the budget"),
    "svg_bytes": Metric("SVG size", "lower is better"),
}

ENDS = {
    "done": ("good", "done"),
    "saved": ("paused", "saved"),
    "bad-arguments": ("bad", "refused its arguments"),
    "bad-data": ("bad", "its data are missing or damaged"),
    "diverged": ("bad", "diverged"),
    "bug": ("bad", "failed by a defect"),
    "out-of-memory": ("bad", "ran out of memory"),
    "cannot-write": ("bad", "could not write"),
    "busy": ("bad", "the directory was busy"),
}


@dataclass(frozen=True)
class Outcome:
    """``tone`` is good, paused, bad or open; ``state`` a word or two; the others are sentences."""

    tone: str
    state: str
    verdict: str
    advice: str = ""


def outcome(story: Story, name: str, state: str) -> Outcome:
    """What came out. ``name`` is what the run is called on a command line, ``state`` what the ledger calls it."""
    resume = f"Go on with: supersvg-cloud resume {shlex.quote(name)}"
    if story.empty:
        return Outcome("open", state or "empty", "Nothing has been recorded in this run's directory yet.")
    reason = story.exit_reason
    quality = judgement(story)
    where = f"step {story.step:,}" + (f" of {story.total_steps:,}" if story.total_steps else "")
    if reason == "done":
        return Outcome("good", "done", quality or f"Trained to the end, {where}; no evaluation was made.")
    if reason == "saved":
        return Outcome("paused", "saved", f"Stopped by request at {where}, and saved. {quality}".strip(), resume)
    if not reason:
        return _unended(where, quality, state, resume)
    tone, words = ENDS.get(reason, ("bad", reason))
    told = story.summary if (story.summary or {}).get("message") else story.error
    message, advice = (str((told or {}).get(key, "")) for key in ("message", "advice"))
    verdict = f"Ended at {where}: {message or words}."
    return Outcome(tone, words, f"{verdict.replace('..', '.')} {quality}".strip(), _sentence(advice))


def _unended(where: str, quality: str, state: str, resume: str) -> Outcome:
    if state.startswith("failed"):
        verdict = f"Ended by force at {where}, without a word; its last checkpoint is whole. {quality}"
        return Outcome("bad", state, verdict.strip(), resume)
    verdict = f"At {where}, with no end recorded: it is being trained, or was ended by force. {quality}"
    return Outcome("open", state or "no end recorded", verdict.strip())


def judged(metrics: Mapping[str, float]) -> float | None:
    """The squared error as a share of the best flat colour's; None where it was not measured."""
    if "mse_ratio" in metrics:
        return metrics["mse_ratio"]
    mse, flat = metrics.get("mse"), metrics.get("flat_mse")
    return mse / flat if mse is not None and flat else None


def judgement(story: Story) -> str:
    """The last evaluation in words; "" where there is none."""
    last = story.metrics.get("last", {})
    ratio = judged(last)
    parts = []
    if ratio is not None:
        parts.append(f"MSE is {amount(ratio)} of the best flat colour's")
    elif "mse" in last:
        parts.append(f"MSE is {amount(last['mse'])}")
    if "ink_iou" in last:
        parts.append(f"ink IoU is {amount(last['ink_iou'])}")
    if "paths" in last:
        weight = f" ({size(last['svg_bytes'])})" if "svg_bytes" in last else ""
        parts.append(f"an SVG has {amount(last['paths'])} paths{weight}")
    if not parts:
        return ""
    on = f"On {last['pictures']:,.0f} held-out pictures, " if "pictures" in last else "On held-out pictures, "
    listed = parts[0] if len(parts) == 1 else ", ".join(parts[:-1]) + " and " + parts[-1]
    worse = " That is no better than painting each picture in one colour." if ratio is not None and ratio >= 1 else ""
    return f"{on}{listed}.{worse}"


def reproduction(story: Story, context: Mapping[str, object]) -> str:
    """The command that trains the same again: the ledger's, or one made from run.json."""
    if context.get("command"):
        return str(context["command"])
    arguments = story.run.get("arguments")
    if not isinstance(arguments, dict) or not story.run.get("recipe"):
        return "The command was not recorded."
    from supersvg.recipes import RecipeError, find_recipe, from_dict, to_flags

    own = ("run_dir", "data_path", "resume", "log_dir")
    try:
        config = from_dict(find_recipe(str(story.run["recipe"])).config, arguments)
        flags = [
            flag for flag in to_flags(config) if not any(flag.startswith(f"--{n.replace('_', '-')}=") for n in own)
        ]
    except (RecipeError, TypeError, ValueError, KeyError):
        return "This version of supersvg-cloud does not know the recipe's arguments; they are listed on this page."
    data = str(arguments.get("data_path") or "DATA")
    return shlex.join(["supersvg-cloud", "train", "--recipe", str(story.run["recipe"]), "--data", data, *flags])


def quantity(name: str, value: float) -> str:
    """A metric's value with its unit."""
    if name.endswith("bytes"):
        return size(value)
    return f"{value:.2f} dB" if name == "psnr" else amount(value)


def amount(value: float) -> str:
    """Three significant digits, without an exponent where that is readable: 0.0123, 81.2, 12,300."""
    if value == 0 or 1e-4 <= abs(value) < 1000:
        return f"{value:.3g}"
    return f"{value:,.0f}" if 1000 <= abs(value) < 1e9 else f"{value:.2e}"


def size(value: float) -> str:
    """Bytes in decimal units: 9.1 kB."""
    for unit in ("B", "kB", "MB", "GB"):
        if value < 999.5 or unit == "GB":
            return f"{value:.3g} {unit}" if value < 999.5 else f"{value:,.0f} {unit}"
        value /= 1000
    raise AssertionError("unreachable")


def energy(kwh: float) -> str:
    """8.2 Wh, 1.3 kWh."""
    return f"{amount(kwh)} kWh" if kwh >= 0.1 else f"{amount(kwh * 1000)} Wh"


def duration(seconds: float) -> str:
    """8.2 s, 5 min 12 s, 3 h 4 min."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60:,} h {minutes % 60} min"


def day(when: str) -> str:
    """An ISO 8601 time as people write it, in UTC; unreadable times as they came."""
    try:
        return f"{datetime.fromisoformat(when).astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    except (ValueError, OverflowError):
        return when


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}." if text and text[-1] not in ".!?" else text[:1].upper() + text[1:]
