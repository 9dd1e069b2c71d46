"""The curves of a report: which series share a chart, and few enough points to draw."""

from __future__ import annotations

from typing import Any

from supersvg_cloud.runs.story import Story, thinned

MOST_POINTS = 400
MOST_CHARTS = 24
MOST_SERIES = 8
LOG_RANGE = 20.0

CHARTS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("held-out squared error", ("metrics.mse", "metrics.flat_mse")),
    ("held-out error / flat colour's", ("metrics.mse_ratio",)),
    ("held-out overlap and likeness", ("metrics.ink_iou", "metrics.ssim")),
    ("held-out PSNR, dB", ("metrics.psnr",)),
    ("held-out LPIPS", ("metrics.lpips",)),
    ("training loss", ("losses.loss",)),
    ("learning rate", ("lr",)),
    ("images a second", ("images_per_s",)),
    ("gradient norm", ("grad_norm",)),
    ("peak memory, bytes", ("memory_bytes",)),
)
NAMES = {
    "metrics.flat_mse": "best flat colour",
    "metrics.mse": "MSE",
    "metrics.ink_iou": "ink IoU",
    "metrics.ssim": "SSIM",
}
CONSTANT = ("metrics.pictures",)


def curves_of(story: Story) -> list[dict[str, Any]]:
    """Charts as JSON values: title, whether the axis is logarithmic, a note, and series of [step, value]."""
    series = {name: points for name, points in story.series.items() if name not in CONSTANT}
    parts = tuple(sorted(name for name in series if name.startswith("losses.") and name != "losses.loss"))
    charts = [*CHARTS[:6], ("parts of the loss", parts[:MOST_SERIES]), *CHARTS[6:]]
    told = {name for _, names in charts for name in names} | set(parts)
    charts += [(_title(name), (name,)) for name in sorted(series) if name not in told]
    made = []
    for title, names in charts:
        lines = [name for name in names if name in series]
        if lines:
            made.append(_chart(title, lines, story))
    return made[:MOST_CHARTS]


def _title(name: str) -> str:
    held_out = name.startswith("metrics.")
    words = name.removeprefix("metrics.").replace("svg_", "SVG ").replace("_", " ")
    return f"held-out {words[:60]}" if held_out else words[:60]


def _chart(title: str, names: list[str], story: Story) -> dict[str, Any]:
    values = [value for name in names for _, value in story.series[name]]
    low, high = min(values), max(values)
    notes = []
    if any(len(story.series[name]) > MOST_POINTS for name in names):
        most = max(len(story.series[name]) for name in names)
        notes.append(f"{MOST_POINTS} of {most:,} points are drawn")
    unusable = sum(story.not_finite.get(name, 0) for name in names)
    if unusable:
        notes.append(f"{unusable:,} values were not finite")
    return {
        "title": title,
        "log": low > 0 and high / low > LOG_RANGE and not title.startswith("learning"),
        "note": "; ".join(notes),
        "series": [
            {
                "name": NAMES.get(name, name.split(".", 1)[-1].replace("_", " "))[:60],
                "points": [[step, float(f"{value:.5g}")] for step, value in thinned(story.series[name], MOST_POINTS)],
            }
            for name in names
        ],
    }
