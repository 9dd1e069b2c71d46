"""What a run directory tells about its run: what was asked, its attempts, its curves, its end.

Everything in the directory may be missing, torn or made by a stranger; what cannot be read is left out.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from supersvg_cloud.runs.events import Event, EventReader, read_summary

Point = tuple[int, float]
LARGEST_NUMBER = 1e300
STARTS = ("started", "resumed")
WORTH_TELLING = (
    "no-checkpoint",
    "damaged-checkpoint",
    "set-aside",
    "events-repaired",
    "different-machine",
    "short-warmup",
)


@dataclass
class Stay:
    """One attempt as the events tell it. Times are ISO 8601; ``end`` is "" where none was written."""

    began: str
    from_step: int
    to_step: int
    last: str
    end: str = ""


@dataclass
class Story:
    """A run as its directory tells it. ``series`` maps `losses.NAME`, `metrics.NAME`, `lr`, ... to points."""

    run: dict[str, Any] = field(default_factory=dict)
    summary: dict[str, Any] | None = None
    series: dict[str, list[Point]] = field(default_factory=dict)
    not_finite: dict[str, int] = field(default_factory=dict)
    stays: list[Stay] = field(default_factory=list)
    notices: list[tuple[str, str]] = field(default_factory=list)
    error: Event | None = None
    step: int = 0
    total_steps: int = 0

    @property
    def empty(self) -> bool:
        return not (self.run or self.summary or self.stays or self.series)

    @property
    def exit_reason(self) -> str:
        """Of the last attempt; "" where none is recorded."""
        return str((self.summary or {}).get("exit_reason", "")) or (self.stays[-1].end if self.stays else "")

    @property
    def metrics(self) -> dict[str, dict[str, float]]:
        """The `first`, `last` and `best` evaluation, by name; from the summary, or from the events."""
        told = (self.summary or {}).get("metrics")
        if isinstance(told, dict):
            found = {which: numbers(told.get(which)) for which in ("first", "best", "last")}
            if any(found.values()):
                return found
        curves = {key.removeprefix("metrics."): points for key, points in self.series.items() if key[:8] == "metrics."}
        ends = {"first": 0, "last": -1}
        return {which: {name: points[at][1] for name, points in curves.items()} for which, at in ends.items()}

    @property
    def resumed_at(self) -> list[int]:
        return [stay.from_step for stay in self.stays[1:]]


def read_story(run_dir: Path) -> Story:
    """Reads run.json, events.jsonl and summary.json, as far as they are there and whole."""
    story = Story(run=read_object(run_dir / "run.json"), summary=read_summary(run_dir))
    values: dict[str, dict[int, float | None]] = {}
    for event in EventReader(run_dir / "events.jsonl").read():
        _fold(story, values, event)
    for name, by_step in values.items():
        points = [(step, value) for step, value in sorted(by_step.items()) if value is not None]
        story.not_finite[name] = len(by_step) - len(points)
        if points:
            story.series[name] = points
    summary = story.summary or {}
    story.step = max(story.step, whole(summary.get("step")))
    story.total_steps = story.total_steps or whole(summary.get("total_steps"))
    return story


def _fold(story: Story, values: dict[str, dict[int, float | None]], event: Event) -> None:
    kind, when = str(event.get("kind")), str(event.get("t", ""))
    if kind == "notice":
        _notice(story, values, event)
    elif not story.stays:
        story.stays.append(Stay(when, 0, 0, when))
    stay = story.stays[-1] if story.stays else None
    if stay is not None:
        stay.last = when or stay.last
    if kind == "step":
        _step(story, values, event)
    elif kind == "eval":
        _keep(values, whole(event.get("step")), "metrics.", event.get("metrics"))
    elif kind in ("done", "error") and stay is not None:
        stay.end = str(event.get("exit_reason") or kind)
        story.error = event if kind == "error" else None


def _notice(story: Story, values: dict[str, dict[int, float | None]], event: Event) -> None:
    code, when = str(event.get("code", "")), str(event.get("t", ""))
    if code in STARTS:
        start = whole(event.get("resumed_from"))
        for by_step in values.values():
            # These steps are done again, and may come out differently where the machine is another.
            for step in [step for step in by_step if step > start]:
                del by_step[step]
        story.stays.append(Stay(when, start, start, when))
        story.error = None
        story.step = start
    elif code in WORTH_TELLING:
        story.notices.append((when, str(event.get("message", ""))))


def _step(story: Story, values: dict[str, dict[int, float | None]], event: Event) -> None:
    story.step = whole(event.get("step"))
    story.total_steps = whole(event.get("total_steps")) or story.total_steps
    story.stays[-1].to_step = story.step
    _keep(values, story.step, "losses.", event.get("losses"))
    plain = ("lr", "grad_norm", "images_per_s", "memory_bytes")
    _keep(values, story.step, "", {name: event[name] for name in plain if name in event})


def _keep(values: dict[str, dict[int, float | None]], step: int, prefix: str, found: object) -> None:
    if isinstance(found, dict):
        for name, value in found.items():
            values.setdefault(prefix + str(name), {})[step] = finite(value)


def read_object(path: Path) -> dict[str, Any]:
    """The JSON object in ``path``; {} where there is none that can be read."""
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def finite(value: object) -> float | None:
    """A number of a size that can be drawn, or None."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return float(value) if abs(value) < LARGEST_NUMBER and math.isfinite(value) else None


def whole(value: object) -> int:
    """A step number, or 0."""
    return int(finite(value) or 0)


def numbers(found: object) -> dict[str, float]:
    """The finite numbers of a JSON object, by name."""
    if not isinstance(found, dict):
        return {}
    return {str(name): number for name, value in found.items() if (number := finite(value)) is not None}


def seconds_between(began: str, ended: str) -> float | None:
    """Between two ISO 8601 times; None where one cannot be read."""
    try:
        return max(0.0, (datetime.fromisoformat(ended) - datetime.fromisoformat(began)).total_seconds())
    except (ValueError, TypeError):
        return None


def thinned(points: Sequence[Point], most: int) -> list[Point]:
    """At most ``most`` (>= 3) of the points, chosen so that the drawn line keeps its look, spikes included.

    Largest triangle three buckets (Steinarsson 2013, section 4.2): one point of each bucket, the one that
    spans the largest triangle with the point chosen before and the mean of the bucket after.
    """
    if len(points) <= most:
        return list(points)
    inner = (len(points) - 2) / (most - 2)
    edges = [1 + int(index * inner) for index in range(most - 1)] + [len(points)]
    chosen = [points[0]]
    for start, end, after in zip(edges, edges[1:], edges[2:], strict=False):
        following = points[end:after]
        x = sum(point[0] for point in following) / len(following)
        y = sum(point[1] for point in following) / len(following)
        x0, y0 = chosen[-1]
        chosen.append(max(points[start:end], key=lambda p: abs((x0 - x) * (p[1] - y0) - (x0 - p[0]) * (y - y0))))
    return [*chosen, points[-1]]
