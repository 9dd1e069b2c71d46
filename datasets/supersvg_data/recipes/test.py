"""Generated icon-like pictures: no network, the same on every machine."""

from __future__ import annotations

from supersvg_data.recipes.base import DatasetRecipe

RECIPE = DatasetRecipe(
    name="test",
    summary="256 generated icon-like drawings, SVG and pixels, black on white and coloured; needs no network",
    source="generated",
    revision="1",
    licence="Apache-2.0",
    attribution="supersvg-cloud",
    channels=3,
    held_out_share=0.125,
    held_out_minimum=32,
    expected_count=256,
    expected_bytes=0,
    seed=20240229,
)
