"""`verify` finds every kind of damage and names it; `get` repairs it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import supersvg_data
from supersvg_data import errors
from supersvg_data.manifest import MANIFEST, PICTURES, Prepared
from supersvg_data.verify import VerifyReport


def again(prepared: Prepared) -> Prepared:
    return supersvg_data.get("test", prepared.path.parent, size=32, workers=1)


def verified(prepared: Prepared) -> VerifyReport:
    return supersvg_data.verify(prepared.path.name, prepared.path.parent)


def flip(path: Path, position: int) -> None:
    data = bytearray(path.read_bytes())
    data[position] ^= 1
    path.write_bytes(data)


def test_verify_of_a_whole_dataset(copied: Prepared) -> None:
    report = verified(copied)
    assert (report.ok, report.pictures, report.files, report.damage) == (True, 256, 258, ())


def test_verify_names_the_damaged_picture_and_get_repairs_it(copied: Prepared) -> None:
    key = copied.manifest.items[3].key
    flip(copied.path / PICTURES, -1 - 252 * 32 * 32 * 3)
    report = verified(copied)
    assert report.damage == (f"{PICTURES}: picture 3 ({key})",)
    with pytest.raises(errors.DamagedDataset):
        supersvg_data.load(copied.path)
    repaired = again(copied)
    assert repaired.manifest.content_hash == copied.manifest.content_hash
    assert verified(repaired).ok


def test_verify_names_damaged_and_missing_svgs(copied: Prepared) -> None:
    first, second = (copied.manifest.items[index].file for index in (0, 1))
    flip(copied.path / first, 5)
    (copied.path / second).unlink()
    damage = verified(copied).damage
    assert damage[0] == f"{first}: content differs"
    assert damage[1].startswith(f"{second}: No such file")
    again(copied)
    assert verified(copied).ok


def test_a_changed_header_is_damage(copied: Prepared) -> None:
    flip(copied.path / PICTURES, 100)
    assert verified(copied).damage


@pytest.mark.parametrize("change", ["cut", "gone"])
def test_missing_bytes_are_noticed_without_verify(copied: Prepared, change: str) -> None:
    file = copied.path / PICTURES
    if change == "gone":
        file.unlink()
    else:
        file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(errors.DamagedDataset, match="damaged") as caught:
        supersvg_data.load(copied.path)
    assert "data get" in caught.value.advice
    assert PICTURES in verified(copied).damage[0]
    assert again(copied).manifest.content_hash == copied.manifest.content_hash


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "{}", '{"manifest_sha256": "0"}', '{"format": 1, "manifest_sha256": "x", "items": []}']
)
def test_a_damaged_manifest(copied: Prepared, text: str) -> None:
    (copied.path / MANIFEST).write_text(text)
    with pytest.raises(errors.DamagedDataset) as caught:
        supersvg_data.load(copied.path)
    assert MANIFEST in caught.value.cause
    assert not verified(copied).ok
    assert supersvg_data.list_prepared(copied.path.parent) == []
    assert again(copied).manifest.content_hash == copied.manifest.content_hash


def test_an_edited_manifest_is_noticed(copied: Prepared) -> None:
    content = json.loads((copied.path / MANIFEST).read_text())
    content["items"][0]["split"] = "train" if content["items"][0]["split"] == "held-out" else "held-out"
    (copied.path / MANIFEST).write_text(json.dumps(content))
    with pytest.raises(errors.DamagedDataset, match="damaged"):
        supersvg_data.load(copied.path)
