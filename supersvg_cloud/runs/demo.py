"""The demo: icons, the preset tiny, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from supersvg_cloud.errors import DemoBelowTarget
from supersvg_cloud.runs.journal import Status

NAME = "demo"
MOST_RATIO, LEAST_IOU = 1 / 3, 0.6
"""What the demo promises on icons: error against the best flat colour's, and overlap of the ink."""


@dataclass(frozen=True)
class Result:
    """Held-out means; ``ratio`` is the squared error as a share of that of the best single flat colour."""

    pictures: int | None
    mse: float | None
    flat_mse: float | None
    ratio: float | None
    ink_iou: float | None
    paths: float | None
    svg_bytes: float | None

    def misses(self) -> list[str]:
        """What it falls short of; a number that is not there falls short."""
        found = []
        if self.ratio is None or self.ratio > MOST_RATIO:
            found.append(f"error / flat colour {_shown(self.ratio)}, promised at most {MOST_RATIO:.3f}")
        if self.ink_iou is None or self.ink_iou < LEAST_IOU:
            found.append(f"ink IoU {_shown(self.ink_iou)}, promised at least {LEAST_IOU}")
        return found


def _shown(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.3f}"


def result(status: Status) -> Result:
    """The last evaluation of the run, from its summary, or from its events."""
    metrics: dict[str, Any] = ((status.summary or {}).get("metrics") or {}).get("last") or status.progress.metrics

    def number(name: str) -> float | None:
        value = metrics.get(name)
        return float(value) if isinstance(value, (int, float)) else None

    mse, flat, ratio = number("mse"), number("flat_mse"), number("mse_ratio")
    if ratio is None and mse is not None and flat:
        ratio = mse / flat
    pictures = number("pictures")
    return Result(
        pictures=None if pictures is None else int(pictures),
        mse=mse,
        flat_mse=flat,
        ratio=ratio,
        ink_iou=number("ink_iou"),
        paths=number("paths"),
        svg_bytes=number("svg_bytes"),
    )


def require_promised(status: Status) -> None:
    """Raises DemoBelowTarget where the demo on icons is worse than promised; other data have no promise."""
    misses = result(status).misses()
    if status.run.workload.dataset == "icons" and misses:
        raise DemoBelowTarget(
            "the demo is worse than it promises: " + "; ".join(misses),
            advice=f"look at {status.run.run_dir / 'report.html'}, and report it with that page",
        )
