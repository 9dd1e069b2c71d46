"""Reading a run directory: events.jsonl as it grows, summary.json, and what they add up to."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Event = dict[str, Any]


class EventReader:
    """Reads new whole lines of an events.jsonl, which may not exist yet, and may be cut by a resume."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._offset = 0

    def read(self) -> list[Event]:
        """The events since the last call. Lines that are no JSON object are passed over."""
        try:
            with self.path.open("rb") as file:
                # A resumed trainer cuts a torn last line off; what was read was whole lines, so they stay.
                self._offset = min(self._offset, file.seek(0, 2))
                file.seek(self._offset)
                data = file.read()
        except FileNotFoundError:
            return []
        whole = data[: data.rfind(b"\n") + 1]
        self._offset += len(whole)
        return [event for line in whole.splitlines() if (event := _parse(line)) is not None]


def _parse(line: bytes) -> Event | None:
    try:
        event = json.loads(line)
    except ValueError:
        return None
    return event if isinstance(event, dict) else None


def read_summary(run_dir: Path, *, since: float = 0.0) -> dict[str, Any] | None:
    """summary.json, if it is whole and was written after ``since`` (Unix seconds), by this attempt."""
    path = run_dir / "summary.json"
    try:
        # Kernels stamp files with the time of their last tick, a few milliseconds ago.
        if path.stat().st_mtime < since - 0.1:
            return None
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


@dataclass
class Progress:
    """A training so far, folded from its events. Rates are images per second, sizes bytes, times seconds."""

    step: int = 0
    total_steps: int = 0
    losses: list[tuple[int, float]] = field(default_factory=list)
    parts: dict[str, float] = field(default_factory=dict)
    evals: list[tuple[int, dict[str, float]]] = field(default_factory=list)
    images_per_s: float | None = None
    memory_bytes: int | None = None
    eta_s: float | None = None
    elapsed_s: float = 0.0
    saved_step: int | None = None
    sampled_step: int | None = None
    last_notice: str = ""
    last_error: Event | None = None

    def add(self, events: Iterable[Event]) -> None:
        for event in events:
            fold = _FOLDS.get(str(event.get("kind")))
            if fold is not None:
                fold(self, event)
            self.elapsed_s = max(self.elapsed_s, _number(event.get("elapsed_s")) or 0.0)

    @property
    def loss(self) -> float | None:
        return self.losses[-1][1] if self.losses else None

    @property
    def metrics(self) -> dict[str, float]:
        return self.evals[-1][1] if self.evals else {}

    @property
    def fraction(self) -> float:
        return min(1.0, self.step / self.total_steps) if self.total_steps else 0.0

    def as_dict(self) -> dict[str, Any]:
        return {
            "step": self.step,
            "total_steps": self.total_steps,
            "loss": self.loss,
            "metrics": self.metrics,
            "images_per_s": self.images_per_s,
            "memory_bytes": self.memory_bytes,
            "elapsed_s": self.elapsed_s,
            "eta_s": self.eta_s,
            "saved_step": self.saved_step,
        }


def _step(progress: Progress, event: Event) -> None:
    progress.step = int(_number(event.get("step")) or 0)
    progress.total_steps = int(_number(event.get("total_steps")) or progress.total_steps)
    losses = event.get("losses")
    progress.parts = _numbers(losses) if isinstance(losses, dict) else {}
    if "loss" in progress.parts:
        # Steps that are done again after a resume replace what was known of them.
        while progress.losses and progress.losses[-1][0] >= progress.step:
            progress.losses.pop()
        progress.losses.append((progress.step, progress.parts["loss"]))
    progress.images_per_s = _number(event.get("images_per_s"))
    progress.eta_s = _number(event.get("eta_s"))
    memory = _number(event.get("memory_bytes"))
    progress.memory_bytes = int(memory) if memory is not None else progress.memory_bytes


def _eval(progress: Progress, event: Event) -> None:
    step = int(_number(event.get("step")) or 0)
    metrics = event.get("metrics")
    while progress.evals and progress.evals[-1][0] >= step:
        progress.evals.pop()
    progress.evals.append((step, _numbers(metrics) if isinstance(metrics, dict) else {}))


def _checkpoint(progress: Progress, event: Event) -> None:
    progress.saved_step = int(_number(event.get("step")) or 0)


def _sample(progress: Progress, event: Event) -> None:
    progress.sampled_step = int(_number(event.get("step")) or 0)


def _notice(progress: Progress, event: Event) -> None:
    progress.last_notice = str(event.get("message", ""))


def _error(progress: Progress, event: Event) -> None:
    progress.last_error = event


_FOLDS = {
    "step": _step,
    "eval": _eval,
    "checkpoint": _checkpoint,
    "sample": _sample,
    "notice": _notice,
    "error": _error,
}


def _numbers(found: dict[str, Any]) -> dict[str, float]:
    return {name: number for name, value in found.items() if (number := _number(value)) is not None}


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def progress_of(run_dir: Path) -> Progress:
    """Everything that a run directory's events say up to now."""
    progress = Progress()
    progress.add(EventReader(run_dir / "events.jsonl").read())
    return progress
