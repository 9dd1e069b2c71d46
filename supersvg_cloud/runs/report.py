"""The report of a run: one HTML page made from its directory, that opens from disk and asks nobody for anything.

Every word on it may come from a stranger's machine, so all of it is escaped, SVGs are shown as images (where their
scripts do not run), and the page's own policy allows its one script and nothing else (docs/adr/0003).
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from html import escape
from importlib import resources
from pathlib import Path
from string import Template
from typing import Any

from supersvg_cloud.errors import CannotWrite
from supersvg_cloud.runs.curves import curves_of
from supersvg_cloud.runs.grid import Grid, read_grid
from supersvg_cloud.runs.report_words import (
    METRICS,
    amount,
    day,
    duration,
    energy,
    judged,
    outcome,
    quantity,
    reproduction,
    size,
)
from supersvg_cloud.runs.story import Story, numbers, read_object, read_story, seconds_between

LARGEST_PAGE = 5_000_000
"""Bytes; a page is always smaller."""
ROOM_FOR_PICTURES = 3_800_000
LONGEST_TEXT = 2_000

Row = tuple[str, str]


def write_report(run_dir: Path, context: Mapping[str, object]) -> Path:
    """Writes ``run_dir/report.html`` (under 5 MB, whole or not at all) and returns its path.

    Works on what is there: a run that goes on, failed, was killed, or never began. ``context`` is what the ledger
    knows and the directory does not, each optional: ``run_id``, ``name``, ``command`` (what trains the same
    again), ``cost`` (``Electricity.as_dict()``), ``state`` (in words).

    Raises:
        CannotWrite: the directory is not there or cannot be written.
    """
    story = read_story(run_dir)
    room, page = ROOM_FOR_PICTURES, b""
    while not page or (len(page) >= LARGEST_PAGE and room > 0):
        page = render(run_dir, story, read_grid(run_dir, room), context).encode("utf-8")
        room = room // 2 if room > 1000 else 0
    path, temporary = run_dir / "report.html", run_dir / f".report.html.{os.getpid()}.tmp"
    try:
        temporary.write_bytes(page)
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise CannotWrite(
            f"the report {path} cannot be written",
            cause=str(error),
            advice="check the directory's permissions and the free space, then: supersvg-cloud report",
        ) from error
    return path


def render(run_dir: Path, story: Story, grid: Grid, context: Mapping[str, object]) -> str:
    """The page, as text."""
    name = str(context.get("name") or context.get("run_id") or run_dir.name)
    said = outcome(story, name, str(context.get("state") or ""))
    style, script = _template("report.css"), _template("report.js")
    payload = {"curves": curves_of(story), "resumed": story.resumed_at, "grid": _payload(grid)}
    return Template(_template("report.html")).substitute(
        policy=f"default-src 'none'; img-src data:; style-src '{_hash(style)}'; script-src '{_hash(script)}'; "
        "base-uri 'none'; form-action 'none'",
        style=style,
        script=script,
        # In a script element only "<" could end the text; the others are for old parsers.
        payload=json.dumps(payload, allow_nan=False, separators=(",", ":"))
        .replace("&", "\\u0026")
        .replace("<", "\\u003c")
        .replace(">", "\\u003e"),
        title=_text(name),
        subtitle=_text(" · ".join(_subtitle(story, context))),
        tone=said.tone,
        state=_text(said.state),
        verdict=_text(said.verdict),
        advice=f'<p class="advice">{_text(said.advice)}</p>' if said.advice else "",
        tiles="".join(_tile(label, value, note) for label, value, note in _tiles(story, context)),
        pictures=_pictures(grid),
        curves_hidden="" if payload["curves"] else "hidden",
        metrics=_metrics(story),
        asked=_table(_asked(story, context)),
        arguments=_table(sorted((key, _plain(value)) for key, value in _arguments(story).items())),
        command=_text(reproduction(story, context)),
        dataset=_table(_dataset(story)),
        attempts=_attempts(story),
        cost=_table(_cost(story, context)),
        machine=_table(_machine(story)),
        made=_text(f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC"),
    )


def _template(name: str) -> str:
    return resources.files("supersvg_cloud.templates").joinpath(name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")


def _text(value: object) -> str:
    """Escaped, for element content and attributes; cut where a stranger's text would flood the page."""
    text = str(value)
    return escape(text if len(text) <= LONGEST_TEXT else text[:LONGEST_TEXT] + " ...")


def _plain(value: object) -> str:
    if isinstance(value, str):
        return value
    return "none" if value is None else json.dumps(value, ensure_ascii=False)


def _payload(grid: Grid) -> dict[str, Any]:
    """What the slider needs. The images of the last moment are in the page already (`_pictures`)."""
    there = _static(grid)
    return {**asdict(grid), "images": [None if at in there else uri for at, uri in enumerate(grid.images)]}


def _static(grid: Grid) -> set[int]:
    return {at for at in (*grid.targets, *(row[-1][0] for row in grid.frames)) if at >= 0}


def _pictures(grid: Grid) -> str:
    """The last moment's pictures, which show without the script too; the script adds errors and the slider."""
    if not grid.names:
        return '<p class="none">No pictures have been written yet.</p>'
    shown: set[int] = set()

    def image(at: int, role: str, alt: str) -> str:
        # The page holds each image once; a second use gets its source from the script.
        source = f' src="{_attribute(grid.images[at])}" data-image="{at}"' if at >= 0 and at not in shown else ""
        shown.add(at)
        return f'<img class="{role}" alt="{_text(alt)}"{source}>'

    cards = [
        '<figure class="card"><div class="trio">'
        f'<span class="cell">{image(grid.targets[at], "target", f"target {name}")}</span>'
        f'<span class="cell">{image(grid.frames[at][-1][0], "svg", f"SVG of {name}")}</span>'
        '<span class="cell"><span class="error"><img class="target" alt=""><span class="over"><img class="svg" alt="">'
        "</span></span></span>"
        f"</div><figcaption>{_text(name)}</figcaption></figure>"
        for at, name in enumerate(grid.names)
    ]
    note = f'<p class="note">{_text(grid.left_out)}</p>' if grid.left_out else ""
    return f'<div class="cards">{"".join(cards)}</div>{note}'


def _attribute(uri: str) -> str:
    return escape(uri, quote=True)


def _tile(label: str, value: str, note: str) -> str:
    return f'<div class="tile"><dt>{_text(label)}</dt><dd>{_text(value)}</dd><p>{_text(note)}</p></div>'


def _tiles(story: Story, context: Mapping[str, object]) -> list[tuple[str, str, str]]:
    last, summary = story.metrics.get("last", {}), story.summary or {}
    found: list[tuple[str, str, str]] = []
    ratio = judged(last)
    if ratio is not None:
        found.append(("MSE / flat colour's", amount(ratio), "1: as bad as one colour; 0: perfect"))
    for name, note in (("ink_iou", "overlap of what is dark; 1 is perfect"), ("psnr", "higher is better")):
        if name in last:
            found.append((METRICS[name].label, quantity(name, last[name]), note))
    if "paths" in last:
        weight = f"{size(last['svg_bytes'])} an SVG" if "svg_bytes" in last else ""
        found.append(("paths a picture", amount(last["paths"]), weight))
    if story.total_steps or story.step:
        share = f"of {story.total_steps:,}" if story.total_steps else ""
        found.append(("steps", f"{story.step:,}", share))
    told = numbers(summary)
    if "wall_s" in told:
        rate = f"{amount(told['images_per_s'])} images/s" if "images_per_s" in told else ""
        found.append(("training took", duration(told["wall_s"]), rate))
    cost = context.get("cost")
    bill = numbers(cost)
    if "kwh" in bill:
        price = f"at {bill.get('price_per_kwh', 0):g} per kWh: {bill.get('total', 0):.4f}"
        found.append(("electricity", energy(bill["kwh"]), price if bill.get("price_per_kwh") else "no price set"))
    return found


def _subtitle(story: Story, context: Mapping[str, object]) -> list[str]:
    task = _object(story.run.get("task"))
    words = [story.run.get("recipe"), task.get("dataset"), day(str(story.run.get("created", "")))]
    if context.get("name") and context.get("run_id"):
        words.append(context["run_id"])
    return [str(word) for word in words if word]


def _object(found: object) -> dict[str, Any]:
    return found if isinstance(found, dict) else {}


def _arguments(story: Story) -> dict[str, Any]:
    return {str(key): value for key, value in _object(story.run.get("arguments")).items()}


def _asked(story: Story, context: Mapping[str, object]) -> list[Row]:
    arguments, task = _arguments(story), _object(story.run.get("task"))
    rows = [
        ("recipe", story.run.get("recipe")),
        ("dataset", task.get("dataset") or arguments.get("data_path")),
        ("preset", arguments.get("preset")),
        ("steps", f"{story.total_steps:,}" if story.total_steps else None),
        ("batch size", arguments.get("batch_size")),
        ("paths a superpixel", arguments.get("paths")),
        ("superpixels a picture", arguments.get("superpixels")),
        ("weights in the network", f"{numbers(task)['parameters']:,.0f}" if "parameters" in numbers(task) else None),
        ("seed", story.run.get("seed")),
        ("run", context.get("run_id")),
        ("begun", day(str(story.run.get("created", "")))),
    ]
    return [(label, _plain(value)) for label, value in rows if value not in (None, "")]


def _dataset(story: Story) -> list[Row]:
    task = _object(story.run.get("task"))
    # The dataset's own manifest knows more, where it is on this machine.
    path = _arguments(story).get("data_path")
    manifest = read_object(Path(path) / "manifest.json") if isinstance(path, str) and path else {}
    if manifest.get("content_hash") != story.run.get("data_hash"):
        manifest = {}
    told = {**manifest, **task}
    pictures = numbers(told.get("pictures"))
    counted = ", ".join(f"{count:,.0f} {split}" for split, count in pictures.items())
    skipped = sum(numbers(manifest.get("skipped")).values())
    rows = [
        ("name", task.get("dataset") or manifest.get("name")),
        ("revision", told.get("revision")),
        ("licence", told.get("licence")),
        ("attribution", told.get("attribution")),
        ("pictures", counted or manifest.get("count")),
        ("left out as unreadable", f"{skipped:,.0f}" if skipped else None),
        ("hash", story.run.get("data_hash")),
    ]
    return [(label, _plain(value)) for label, value in rows if value not in (None, "")]


def _cost(story: Story, context: Mapping[str, object]) -> list[Row]:
    bill, summary = numbers(context.get("cost")), numbers(story.summary)
    rows: list[Row] = []
    if "wall_s" in summary:
        rows.append(("training, over all attempts", duration(summary["wall_s"])))
    if bill:
        rows.append(("hours on this machine", f"{bill.get('hours', 0):.3f}"))
        rows.append(("electricity", f"{energy(bill.get('kwh', 0))} at {bill.get('watts', 0):g} W"))
        priced = f"{bill.get('total', 0):.4f} at {bill.get('price_per_kwh', 0):g} per kWh"
        rows.append(("price", priced if bill.get("price_per_kwh") else "set local.price_per_kwh to have it counted"))
    if "memory_bytes" in summary:
        rows.append(("most memory", size(summary["memory_bytes"])))
    return rows


def _machine(story: Story) -> list[Row]:
    return [(str(key), _plain(value)) for key, value in _object(story.run.get("versions")).items()]


def _metrics(story: Story) -> str:
    metrics = story.metrics
    columns = [which for which in ("first", "best", "last") if metrics.get(which)]
    names = [name for name in METRICS if any(name in metrics[which] for which in columns)]
    names += sorted({name for which in columns for name in metrics[which]} - {*METRICS, "step", "pictures"})
    if not names:
        return '<p class="none">No evaluation has been made yet.</p>'
    head = "".join(f'<th scope="col">{which}{_at(metrics[which])}</th>' for which in columns)
    rows = []
    for name in names[:60]:
        label, better = (METRICS[name].label, METRICS[name].better) if name in METRICS else (name, "")
        cells = "".join(
            f"<td>{_text(quantity(name, metrics[which][name])) if name in metrics[which] else '-'}</td>"
            for which in columns
        )
        rows.append(f'<tr><th scope="row">{_text(label)}<small>{_text(better)}</small></th>{cells}</tr>')
    return f'<table class="numbers"><thead><tr><td></td>{head}</tr></thead><tbody>{"".join(rows)}</tbody></table>'


def _at(metrics: Mapping[str, float]) -> str:
    return f"<small>step {metrics['step']:,.0f}</small>" if "step" in metrics else ""


def _attempts(story: Story) -> str:
    if not story.stays:
        return '<p class="none">No attempt has been recorded.</p>'
    rows = []
    # The newest attempts tell most; a run that was preempted hundreds of times is told in part.
    for number, stay in list(enumerate(story.stays, 1))[-50:]:
        final = number == len(story.stays)
        end = stay.end or ("not recorded" if final else "by force")
        took = seconds_between(stay.began, stay.last)
        steps = f"{stay.from_step:,} to {max(stay.to_step, stay.from_step):,}"
        cells = (str(number), day(stay.began), steps, "" if took is None else duration(took), end)
        rows.append("<tr>" + "".join(f"<td>{_text(cell)}</td>" for cell in cells) + "</tr>")
    head = "".join(f'<th scope="col">{word}</th>' for word in ("attempt", "begun", "steps", "time", "ended"))
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
    told = "".join(f"<li>{_text(day(when))}: {_text(message)}</li>" for when, message in story.notices[-20:])
    return table + (f'<ul class="notices">{told}</ul>' if told else "")


def _table(rows: list[Row]) -> str:
    if not rows:
        return '<p class="none">Not recorded.</p>'
    body = "".join(
        f'<tr><th scope="row">{_text(label)}</th><td>{_text(value)}</td></tr>' for label, value in rows[:200]
    )
    return f"<table>{body}</table>"
