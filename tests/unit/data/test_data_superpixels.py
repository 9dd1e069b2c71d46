"""Superpixels: what SLIC gives, and that the cache is right, whole and shared."""

from __future__ import annotations

import json
from collections import deque
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from skimage.segmentation import slic

import supersvg_data
from supersvg_data import errors, parallel, superpixels
from supersvg_data.manifest import Prepared
from supersvg_data.storage import lock
from supersvg_data.superpixels import cached_superpixels, superpixel_labels

SETTINGS = (9, 20.0, 1.0)


def disc(size: int = 48, color: tuple[int, int, int] = (0, 0, 0)) -> npt.NDArray[np.uint8]:
    y, x = np.mgrid[:size, :size] - size / 2
    picture = np.full((size, size, 3), 255, np.uint8)
    picture[x**2 + y**2 < (size / 3) ** 2] = color
    return picture


def connected(mask: npt.NDArray[np.bool_]) -> bool:
    start = tuple(np.argwhere(mask)[0])
    seen, todo = {start}, deque([start])
    while todo:
        row, column = todo.popleft()
        for near in ((row + 1, column), (row - 1, column), (row, column + 1), (row, column - 1)):
            inside = all(0 <= at < side for at, side in zip(near, mask.shape, strict=True))
            if inside and near not in seen and mask[near]:
                seen.add(near)
                todo.append(near)
    return len(seen) == int(mask.sum())


@pytest.mark.parametrize("color", [(0, 0, 0), (200, 30, 40)])
def test_labels_have_no_gaps_and_superpixels_are_connected(color: tuple[int, int, int]) -> None:
    labels = superpixel_labels(disc(color=color), 9, 20.0, 1.0)
    assert labels.shape == (48, 48)
    assert labels.dtype == np.uint8
    assert np.array_equal(np.unique(labels), np.arange(labels.max() + 1))
    assert 4 <= labels.max() + 1 <= 18
    assert all(connected(labels == label) for label in range(labels.max() + 1))


def test_low_compactness_follows_the_edge() -> None:
    picture = disc()
    labels = superpixel_labels(picture, 9, 5.0, 0.5)
    ink = picture[..., 0] < 128
    mixed = [min(ink[labels == label].mean(), 1 - ink[labels == label].mean()) for label in range(labels.max() + 1)]
    assert np.mean(mixed) < 0.05


@pytest.mark.parametrize("compactness", [1.0, 20.0, 100.0])
@pytest.mark.parametrize("low", [0, 90])
def test_the_short_cut_for_grey_gives_what_lab_gives(compactness: float, low: int) -> None:
    # Nothing symmetric: between equally near superpixels the last digit would decide.
    picture = np.roll(np.maximum(disc(), low).astype(np.uint8), (3, 5), axis=(0, 1))
    picture[:19, :14] = 120
    picture[30:, 37:] = 180
    expected = slic(
        picture, n_segments=9, compactness=compactness, sigma=1.0, max_num_iter=superpixels.ITERATIONS, start_label=0
    )
    labels = superpixel_labels(picture, 9, compactness, 1.0)
    assert (labels == expected).mean() > 0.998
    assert np.array_equal(labels, superpixel_labels(picture[..., :1], 9, compactness, 1.0))


def test_a_blank_picture_is_cut_too() -> None:
    assert superpixel_labels(np.full((32, 32, 3), 255, np.uint8), 4, 30.0, 1.0).max() == 3


def test_many_segments_fit_their_type() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    labels = superpixel_labels(noise, 400, 1.0, 0.0)
    assert labels.dtype == np.uint16
    assert len(np.unique(labels)) == labels.max() + 1


def test_the_cache_holds_what_the_function_gives(copied: Prepared) -> None:
    labels = cached_superpixels(copied, *SETTINGS, workers=2)
    assert labels.shape == (256, 32, 32)
    for index in (0, 1, 100, 255):
        assert np.array_equal(labels[index], superpixel_labels(copied.picture(index), *SETTINGS))
    assert supersvg_data.verify(copied.path.name, copied.path.parent).ok


def test_the_second_call_computes_nothing(copied: Prepared, monkeypatch: pytest.MonkeyPatch) -> None:
    first = np.array(cached_superpixels(copied, *SETTINGS, workers=1))

    def refuse(*_: object) -> None:
        raise AssertionError("nothing is to be computed")

    monkeypatch.setattr(parallel, "run", refuse)
    assert np.array_equal(cached_superpixels(copied, *SETTINGS), first)
    with pytest.raises(AssertionError):
        cached_superpixels(copied, 10, 20.0, 1.0)


@pytest.mark.parametrize("other", [(8, 20.0, 1.0), (9, 21.0, 1.0), (9, 20.0, 1.5)])
def test_other_settings_have_files_of_their_own(copied: Prepared, other: tuple[int, float, float]) -> None:
    cached_superpixels(copied, *SETTINGS, workers=1)
    cached_superpixels(copied, *other, workers=1)
    assert len(list((copied.path / "superpixels").glob("*.npy"))) == 2


def test_interrupted_it_goes_on(copied: Prepared) -> None:
    class Interrupted(Exception):
        pass

    def interrupt(_: str, done: int, __: int) -> None:
        if done:
            raise Interrupted

    with pytest.raises(Interrupted):
        cached_superpixels(copied, *SETTINGS, workers=1, progress=interrupt)
    (partial,) = (copied.path / "superpixels").glob(".partial-*")
    kept = {path: path.stat().st_mtime_ns for path in partial.glob("*.npy")}
    assert len(kept) == 1
    told: list[int] = []

    def look(_: str, done: int, __: int) -> None:
        told.append(done)
        assert {path: path.stat().st_mtime_ns for path in kept} == kept

    labels = cached_superpixels(copied, *SETTINGS, workers=1, progress=look)
    assert told == [0, 128, 256]
    assert np.array_equal(labels[0], superpixel_labels(copied.picture(0), *SETTINGS))
    assert not partial.exists()


@pytest.mark.parametrize("damage", ["cut", "note", "gone"])
def test_a_damaged_cache_is_computed_again(copied: Prepared, damage: str) -> None:
    whole = np.array(cached_superpixels(copied, *SETTINGS, workers=1))
    (file,) = (copied.path / "superpixels").glob("*.npy")
    if damage == "cut":
        file.write_bytes(file.read_bytes()[:-1])
    elif damage == "note":
        file.with_suffix(".json").write_text("{")
    else:
        file.unlink()
    assert not supersvg_data.verify(copied.path.name, copied.path.parent).ok
    assert np.array_equal(cached_superpixels(copied, *SETTINGS, workers=1), whole)


def test_verify_finds_a_changed_label(copied: Prepared) -> None:
    cached_superpixels(copied, *SETTINGS, workers=1)
    (file,) = (copied.path / "superpixels").glob("*.npy")
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.write_bytes(data)
    report = supersvg_data.verify(copied.path.name, copied.path.parent)
    assert report.damage == (f"superpixels/{file.name}: content differs",)


def test_two_at_once(copied: Prepared) -> None:
    cached_superpixels(copied, *SETTINGS, workers=1)
    (file,) = (copied.path / "superpixels").glob("*.npy")
    key = file.stem.rsplit("-", 1)[1]
    file.unlink()
    with (
        lock(file.parent / f".{key}.lock", wait_seconds=0, what="it"),
        pytest.raises(errors.Busy, match="superpixels"),
    ):
        cached_superpixels(copied, *SETTINGS, wait_seconds=0)


def test_the_note_says_how_the_labels_were_made(copied: Prepared) -> None:
    cached_superpixels(copied, *SETTINGS, workers=1)
    (note,) = (copied.path / "superpixels").glob("*.json")
    content = json.loads(note.read_text())
    assert (content["n_segments"], content["compactness"], content["sigma"]) == SETTINGS
    assert content["content_hash"] == copied.manifest.content_hash


def test_without_scikit_image_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "skimage.segmentation", None)
    with pytest.raises(errors.MissingPackage) as caught:
        superpixel_labels(disc(), *SETTINGS)
    assert "supersvg-cloud[train]" in caught.value.advice


def test_a_dataset_that_cannot_be_written(copied: Prepared) -> None:
    (copied.path / "superpixels").write_text("a file where the folder belongs")
    with pytest.raises(errors.CannotWrite):
        cached_superpixels(copied, *SETTINGS, workers=1)
    assert isinstance(copied.path, Path)
