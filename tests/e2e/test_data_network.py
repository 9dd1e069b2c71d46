"""The real icons, through the real npm. Needs a package registry."""

from __future__ import annotations

import shutil
from collections import defaultdict
from pathlib import Path

import pytest

import supersvg_data
from supersvg_data.errors import FetchFailed


@pytest.mark.network
@pytest.mark.slow
def test_the_real_icons(tmp_path: Path) -> None:
    if shutil.which("npm") is None:
        pytest.skip("npm is not installed")
    try:
        made = supersvg_data.get("icons", tmp_path)
    except FetchFailed as error:
        if error.reason not in ("offline", "timeout"):
            raise
        pytest.skip(f"no package registry: {error.cause}")
    manifest = made.manifest
    assert (manifest.count, manifest.size, manifest.channels, manifest.skipped) == (6574, 128, 1, {})
    assert set(manifest.source.values()) == {"npm"}
    assert len(manifest.indices("held-out")) >= 200
    sides = defaultdict(set)
    for item in manifest.items:
        sides[item.group].add(item.split)
    assert all(len(splits) == 1 for splits in sides.values())
    pictures = made.pictures()
    blank = [item.key for item, picture in zip(manifest.items, pictures, strict=True) if picture.min() == 255]
    assert blank == []
    ink = float((pictures < 128).mean())
    assert 0.05 < ink < 0.3  # black on white, not the other way round
    assert supersvg_data.verify("icons", tmp_path).ok
    assert supersvg_data.get("icons", tmp_path, offline=True) == made
