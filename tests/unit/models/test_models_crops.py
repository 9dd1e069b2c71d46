"""Crops: geometry, masks, flips, blank superpixels."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from supersvg.models.supersvg.crops import cut, find_superpixels


def quarters(size: int = 32) -> NDArray[np.uint8]:
    """Four square superpixels: 0 1 / 2 3."""
    half = np.arange(size) >= size // 2
    return (half[:, None] * 2 + half[None]).astype(np.uint8)


def ramps(size: int = 32) -> NDArray[np.uint8]:
    """Red rises to the right, green downwards."""
    ramp = (np.arange(size) * 4 + 20).astype(np.uint8)
    red, green = np.broadcast_arrays(ramp[None], ramp[:, None])
    return np.stack([red, green, np.zeros_like(red)], axis=-1)


def crops(wanted: list[int], *, size: int = 16, border: int = 0, **options: object) -> tuple[Tensor, Tensor]:
    picture, labels = ramps(), quarters()
    boxes = find_superpixels(picture, labels, background=255, size=size, border=border).boxes[wanted]
    return cut(
        torch.from_numpy(picture)[None],
        torch.from_numpy(labels)[None],
        torch.zeros(len(wanted), dtype=torch.int64),
        torch.tensor(wanted),
        torch.from_numpy(boxes),
        size,
        **{"overlap": 0, **options},  # type: ignore[arg-type]
    )


def test_a_crop_as_large_as_its_superpixel_is_its_pixels() -> None:
    image, mask = crops([3])
    expected = torch.from_numpy(ramps()[16:, 16:]).permute(2, 0, 1) / 255
    torch.testing.assert_close(image[0], expected)
    assert mask.all()


def test_the_border_is_left_free_and_the_box_stays_square() -> None:
    labels = np.zeros((32, 32), np.uint8)
    labels[10:14, 4:24] = 1
    found = find_superpixels(ramps(), labels, background=255, size=24, border=2)
    left, top, side = found.boxes[1]
    assert side == pytest.approx(20 * 24 / 20)
    assert (left + side / 2, top + side / 2) == pytest.approx((14, 12))
    _, mask = crops([0], size=24, border=2)
    assert mask[0, 0, 2:-2, 2:-2].all()
    assert not mask[0, 0, :2].any()


def test_overlap_grows_masks_inside_the_picture_only() -> None:
    _, mask = crops([0], size=24, border=4, overlap=2)
    rows = mask[0, 0].any(dim=1).nonzero().flatten()
    assert (rows.min().item(), rows.max().item()) == (4, 21), "4 is the picture's edge, 20 the superpixel's"


def test_flips_turn_image_and_mask_together() -> None:
    straight, straight_mask = crops([1] * 8, size=24, border=3)
    turns = torch.tensor([[bool(code & 1), bool(code & 2), bool(code & 4)] for code in range(8)])
    image, mask = crops([1] * 8, size=24, border=3, flips=turns)
    for code in range(8):
        expected, expected_mask = straight[code], straight_mask[code]
        if code & 1:
            expected, expected_mask = expected.flip(2), expected_mask.flip(2)
        if code & 2:
            expected, expected_mask = expected.flip(1), expected_mask.flip(1)
        if code & 4:
            expected, expected_mask = expected.transpose(1, 2), expected_mask.transpose(1, 2)
        torch.testing.assert_close(image[code], expected, atol=1e-4, rtol=0)
        assert torch.equal(mask[code], expected_mask)


def test_stencil_shows_the_whole_picture_behind_the_shape() -> None:
    image, mask = crops([0], size=16, mode="stencil")
    assert image[0, 0, 0, 0] < 0.15
    assert image[0, 0, 0, -1] > 0.5, "the right end of the whole ramp, not of the quarter"
    assert mask.all()


def test_a_crop_depends_on_its_own_sample_only() -> None:
    together, _ = crops([0, 1, 2, 3], size=20, border=2, overlap=1)
    for label in range(4):
        alone, _ = crops([label], size=20, border=2, overlap=1)
        assert torch.equal(alone[0], together[label])


def test_blank_means_background_throughout() -> None:
    picture = np.full((32, 32, 3), 255, np.uint8)
    picture[20, 20] = 250  # one pixel of superpixel 3
    picture[0, 0] = 254  # too near to count
    found = find_superpixels(picture, quarters(), background=255, size=16, border=1)
    assert found.blank.tolist() == [True, True, True, False]
    assert not find_superpixels(picture, quarters(), background=0, size=16, border=1).blank.any()


def test_labels_that_are_missing_are_blank_and_without_a_box() -> None:
    found = find_superpixels(ramps(), quarters() * 2, background=255, size=16, border=1)
    assert found.boxes[1].tolist() == [0, 0, 0]
    assert found.blank.tolist() == [False, True] * 3 + [False]


def test_grey_pictures_become_three_equal_channels() -> None:
    grey = ramps()[..., :1]
    image, _ = cut(
        torch.from_numpy(grey)[None],
        torch.from_numpy(quarters())[None],
        torch.zeros(1, dtype=torch.int64),
        torch.tensor([0]),
        torch.tensor([[0.0, 0.0, 16.0]]),
        16,
        overlap=0,
    )
    assert image.shape == (1, 3, 16, 16)
    assert torch.equal(image[:, 0], image[:, 2])


def test_a_border_that_fills_the_crop_is_refused() -> None:
    with pytest.raises(ValueError, match="leaves nothing"):
        find_superpixels(ramps(), quarters(), background=255, size=8, border=4)
