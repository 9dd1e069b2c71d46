"""Superpixels to square crops, many at a time. Training and inference cut with the same functions.

A crop's box is square, so that shapes keep their proportions, and leaves room around the superpixel for the overlap
and the dilation. Sampling is bilinear at pixel centres: crops are mostly enlargements.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

# A pixel this close to the background, in steps of 1/255, is background.
BLANK_TOLERANCE = 2


@dataclass(frozen=True)
class Superpixels:
    """Where the superpixels of one picture lie. ``L`` = largest label + 1."""

    boxes: NDArray[np.float32]
    """[L, 3]: left, top, side of the crop in picture pixels; may reach beyond the picture. Side 0: no such label."""
    blank: NDArray[np.bool_]
    """[L]: every pixel is background (or there is no pixel): nothing to paint."""


def find_superpixels(
    picture: NDArray[np.uint8], labels: NDArray[np.integer], *, background: int, size: int, border: int
) -> Superpixels:
    """Boxes of a picture's superpixels.

    Args:
        picture: [H, W, C].
        labels: [H, W], 0 or more.
        background: 0..255.
        size: side of a crop in crop pixels.
        border: room to leave on every side of the superpixel, in crop pixels.

    Raises:
        ValueError: the border leaves no room within the crop.
    """
    if 2 * border >= size:
        raise ValueError(f"a border of {border} pixels on both sides leaves nothing of a crop of {size}")
    flat = labels.reshape(-1).astype(np.int64)
    count = int(flat.max()) + 1
    by_label = np.argsort(flat, kind="stable")
    present, begins = np.unique(flat[by_label], return_index=True)
    row, column = np.divmod(by_label, labels.shape[1])
    painted = (np.abs(picture.astype(np.int16) - background) > BLANK_TOLERANCE).any(axis=-1).reshape(-1)[by_label]

    top, left = np.minimum.reduceat(row, begins), np.minimum.reduceat(column, begins)
    bottom, right = np.maximum.reduceat(row, begins) + 1, np.maximum.reduceat(column, begins) + 1
    side = np.maximum(bottom - top, right - left) * (size / (size - 2 * border))
    boxes = np.zeros((count, 3), np.float32)
    boxes[present] = np.stack([(left + right - side) / 2, (top + bottom - side) / 2, side], axis=1)
    blank = np.ones(count, np.bool_)
    blank[present] = ~np.logical_or.reduceat(painted, begins)
    return Superpixels(boxes, blank)


def as_labels(labels: NDArray[np.integer]) -> Tensor:
    """A copy in a type that torch can compare: it knows uint16 by name only."""
    return torch.from_numpy(labels.astype(np.uint8 if labels.dtype == np.uint8 else np.int32))


def cut(
    pictures: Tensor,
    labels: Tensor,
    owner: Tensor,
    wanted: Tensor,
    boxes: Tensor,
    size: int,
    *,
    overlap: int,
    mode: str = "crop",
    flips: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """Crops of superpixels and their masks.

    Args:
        pictures: [N, H, W, C] uint8, C = 1 or 3.
        labels: [N, H, W], integers.
        owner: [B] int64: the picture of each crop.
        wanted: [B]: the label of each crop.
        boxes: [B, 3]: left, top, side, picture pixels.
        size: side S of the crops.
        overlap: radius in crop pixels by which masks grow, so that neighbours meet without a seam.
        mode: "crop", or "stencil" for the whole picture squeezed behind the superpixel's shape.
        flips: [B, 3] bool: mirror left-right, mirror up-down, swap x and y (in this order).

    Returns:
        image [B, 3, S, S] float32 0..1 and mask [B, 1, S, S], 0 or 1; 0 outside the picture.
    """
    place = (torch.arange(size) + 0.5) / size
    across = down = place.expand(len(owner), size)
    if flips is not None:
        across = torch.where(flips[:, :1], 1 - place, place)
        down = torch.where(flips[:, 1:2], 1 - place, place)
    x, y = (boxes[:, axis, None] + along * boxes[:, 2, None] for axis, along in ((0, across), (1, down)))
    own = wanted[:, None, None, None]
    inside = _sample(labels, owner, x, y, lambda taken: taken == own, outside_is_zero=True)
    mask = (inside > 0.5).to(torch.float32)
    if overlap:
        on_picture = _within(y, labels.shape[1])[:, None, :, None] & _within(x, labels.shape[2])[:, None, None, :]
        mask = F.max_pool2d(mask, 2 * overlap + 1, stride=1, padding=overlap) * on_picture
    if mode == "stencil":
        height, width = pictures.shape[1:3]
        x, y = across * width, down * height
    image = _sample(pictures, owner, x, y, lambda taken: taken.to(torch.float32) / 255)
    if flips is not None:
        swapped = flips[:, 2, None, None, None]
        image, mask = (torch.where(swapped, t.transpose(2, 3), t) for t in (image, mask))
    return image.expand(-1, 3, -1, -1), mask


def _within(place: Tensor, length: int) -> Tensor:
    return (place >= 0) & (place < length)


def _sample(
    planes: Tensor,
    owner: Tensor,
    x: Tensor,
    y: Tensor,
    read: Callable[[Tensor], Tensor],
    *,
    outside_is_zero: bool = False,
) -> Tensor:
    """Bilinear samples of ``read(planes)`` at the grid x [B, S] by y [B, S]: [B, C, S, S].

    Beyond the planes the nearest pixel counts, or zero if ``outside_is_zero``.
    """
    planes = planes if planes.ndim == 4 else planes[..., None]
    rows, columns = planes.shape[1:3]
    left, above = (x - 0.5).floor(), (y - 0.5).floor()
    right_share, below_share = x - 0.5 - left, y - 0.5 - above
    total = torch.zeros(())
    for down in (0, 1):
        row = (above + down).long()
        row_share = below_share if down else 1 - below_share
        for along in (0, 1):
            column = (left + along).long()
            column_share = right_share if along else 1 - right_share
            taken = planes[
                owner[:, None, None], row.clamp(0, rows - 1)[:, :, None], column.clamp(0, columns - 1)[:, None, :]
            ]
            share = row_share[:, :, None] * column_share[:, None, :]
            if outside_is_zero:
                share = share * (_within(row, rows)[:, :, None] & _within(column, columns)[:, None, :])
            total = total + share[:, None] * read(taken.permute(0, 3, 1, 2))
    return total
