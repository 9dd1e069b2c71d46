"""Your own pictures: any tree of image files."""

from __future__ import annotations

from supersvg_data.recipes.base import DatasetRecipe

RECIPE = DatasetRecipe(
    name="folder",
    summary="any folder of pictures on this machine, nested as it is; odd files are skipped and counted",
    source="folder",
    revision="1",
    licence="unknown",
    attribution="the owner of the pictures",
    channels=3,
    held_out_share=0.05,
    held_out_minimum=8,
    expected_count=None,
    expected_bytes=0,
    needs_source=True,
)
