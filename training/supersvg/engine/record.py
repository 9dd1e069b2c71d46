"""What a run says about itself: events, TensorBoard, samples, totals. The main rank only."""

from __future__ import annotations

import io
import shutil
import sys
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from supersvg.engine.board import Board
from supersvg.engine.checkpoint import step_name
from supersvg.engine.durable import rename, sync_directory, write_synced
from supersvg.engine.errors import writing
from supersvg.engine.events import EventLog
from supersvg.engine.rundir import RunDirectory
from supersvg.engine.task import Sample


@dataclass
class Totals:
    """What a run has done over all its attempts; part of every checkpoint."""

    step: int = 0
    samples: int = 0
    elapsed_s: float = 0.0
    evaluated_at: int = -1
    sampled_at: int = -1
    losses: dict[str, dict[str, float]] = field(default_factory=dict)
    """``first`` and ``last`` step's loss parts."""
    metrics: dict[str, dict[str, float]] = field(default_factory=dict)
    """``first``, ``last`` and ``best`` evaluation, each with its ``step``."""


class Record:
    """Keeps the totals and tells everyone who listens."""

    def __init__(self, run: RunDirectory, log: EventLog, board: Board, totals: Totals, total_steps: int) -> None:
        self.run, self.log, self.board, self.totals = run, log, board, totals
        self.total_steps = total_steps
        self._began = time.monotonic() - totals.elapsed_s
        self._window: list[tuple[float, float, int]] = []

    def elapsed(self) -> float:
        """Seconds of training over all attempts, to now."""
        return time.monotonic() - self._began

    def say(self, text: str, **fields: Any) -> None:
        """A notice, to the events and to the terminal."""
        sys.stderr.write(f"supersvg: {text}\n")
        self.log.append("notice", message=text, **fields)

    def stepped(self, losses: Mapping[str, float], *, data_s: float, step_s: float, samples: int) -> None:
        """Counts a step."""
        self._window.append((data_s, step_s, samples))
        self.totals.samples += samples
        self.totals.losses.setdefault("first", dict(losses))
        self.totals.losses["last"] = dict(losses)

    def step(self, losses: Mapping[str, float], *, epoch: float, lr: float, grad_norm: float) -> None:
        """Tells about the step just counted, with means of time since the last telling."""
        step, count = self.totals.step, len(self._window)
        data_s, step_s, samples = (sum(column) for column in zip(*self._window, strict=True))
        self._window.clear()
        images_per_s = samples / step_s
        self.totals.elapsed_s = self.elapsed()
        self.log.append(
            "step",
            step=step,
            total_steps=self.total_steps,
            epoch=round(epoch, 6),
            losses=dict(losses),
            lr=lr,
            grad_norm=grad_norm,
            images_per_s=round(images_per_s, 3),
            data_s=round(data_s / count, 6),
            step_s=round(step_s / count, 6),
            memory_bytes=peak_memory(),
            elapsed_s=round(self.totals.elapsed_s, 3),
            eta_s=round((self.total_steps - step) * step_s / count, 3),
        )
        self.board.add(step, "train", {**losses, "lr": lr, "images_per_s": images_per_s})

    def evaluated(self, metrics: Mapping[str, float], *, better: bool, seconds: float) -> None:
        told = {"step": self.totals.step, **metrics}
        self.totals.evaluated_at = self.totals.step
        self.totals.metrics.setdefault("first", dict(told))
        self.totals.metrics["last"] = dict(told)
        if better:
            self.totals.metrics["best"] = dict(told)
        self.log.append("eval", step=self.totals.step, metrics=dict(metrics), best=better, seconds=round(seconds, 3))
        self.board.add(self.totals.step, "eval", metrics)

    def sampled(self, samples: Iterable[Sample]) -> None:
        """Writes the validation grid: each SVG, its picture as the loss saw it, and the target."""
        root = self.run.path / "samples"
        target = root / step_name(self.totals.step)
        temporary = root / f".{target.name}.tmp"
        shutil.rmtree(temporary, ignore_errors=True)
        with writing(temporary):
            temporary.mkdir(parents=True)
        names = []
        for sample in samples:
            write_synced(temporary / f"{sample.name}.svg", sample.svg.encode())
            write_synced(temporary / f"{sample.name}.png", _png(sample.picture))
            write_synced(temporary / f"{sample.name}.target.png", _png(sample.target))
            names.append(sample.name)
        sync_directory(temporary)
        shutil.rmtree(target, ignore_errors=True)  # from steps that are being done again after a kill
        rename(temporary, target)
        self.totals.sampled_at = self.totals.step
        self.log.append("sample", step=self.totals.step, path=f"samples/{target.name}", names=names)

    def summary(self) -> dict[str, Any]:
        """What summary.json holds besides the reason for ending."""
        totals, elapsed = self.totals, self.elapsed()
        return {
            "step": totals.step,
            "total_steps": self.total_steps,
            "metrics": totals.metrics,
            "losses": totals.losses,
            "images": totals.samples,
            "images_per_s": round(totals.samples / elapsed, 3) if elapsed > 0 else None,
            "wall_s": round(elapsed, 3),
            "memory_bytes": peak_memory(),
        }


def _png(picture: NDArray[np.uint8]) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, format="PNG")
    return buffer.getvalue()


def peak_memory() -> int | None:
    """Peak bytes so far: of the CUDA device where one is used, else resident; None where the platform won't
    say.
    """
    if torch.cuda.is_available() and torch.cuda.max_memory_allocated():
        return int(torch.cuda.max_memory_allocated())
    if sys.platform == "win32":
        return None
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(peak if sys.platform == "darwin" else peak * 1024)
