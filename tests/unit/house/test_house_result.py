"""The script that writes the README's numbers."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[3]
SCRIPT = runpy.run_path(str(REPOSITORY / "benchmarks" / "demo_result.py"))

SUMMARY = {
    "metrics": {
        "last": {
            "pictures": 300.0, "mse": 0.0225, "flat_mse": 0.104, "mse_ratio": 0.2163, "ink_iou": 0.809, "psnr": 16.48,
            "ssim": 0.773, "paths": 64.0, "svg_bytes": 9120.0,
        },
    },
    "wall_s": 360.0,
    "images_per_s": 701.5,
    "ended": "2026-03-01T09:36:00+00:00",
}  # fmt: skip
RUN = {"versions": {"threads": 2, "device": "cpu", "torch": "2.13.0"}}


def test_the_numbers_are_those_of_the_summary() -> None:
    written = SCRIPT["block"](SUMMARY, RUN, "abc1234")
    for told in ("300 held-out", "0.0225", "**0.216**", "**0.809**", "64, 9.1 kB", "6.0 min", "2026-03-01", "abc1234"):
        assert told in written


def test_only_what_is_between_the_markers_is_replaced() -> None:
    text = f"before\n{SCRIPT['BEGIN']}\nold\n{SCRIPT['END']}\nafter\n"
    new = SCRIPT["block"](SUMMARY, RUN, "abc1234")
    once = SCRIPT["filled"](text, new)
    assert once == f"before\n{new}\nafter\n"
    assert SCRIPT["filled"](once, new) == once


def test_a_readme_without_markers_is_refused() -> None:
    with pytest.raises(SystemExit, match="demo result"):
        SCRIPT["filled"]("no markers", "new")


def test_the_readme_has_the_markers() -> None:
    readme = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    assert SCRIPT["filled"](readme, "new") != readme
