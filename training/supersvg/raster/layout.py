"""Where each path's pixels lie in one flat buffer.

Every path owns a rectangle of the canvas: all of it (`dense`), or its own bounding box (`windows`). A
rectangle is stored row by row with one spare row above, one spare column on the left and one on the right.
The spare cells take what lies outside, so that no edge has to be clipped or masked: what is to the left is
carried into the row by the scan, what is to the right or above or below reaches no pixel. The row below a
rectangle is the spare row of the next one.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

# Windows are stored with their widths rounded up to a multiple of this, so that few widths exist and each
# is scanned in one operation.
WIDTH_STEP = 16


@dataclass(frozen=True)
class Window:
    """One path's rectangle: its place on the canvas and in the buffer (offset of its first real pixel)."""

    top: int
    left: int
    height: int
    width: int
    offset: int
    stride: int


@dataclass(frozen=True)
class Strip:
    """A run of rectangles of one width: ``rows`` rows of ``stride`` cells from ``offset``."""

    offset: int
    rows: int
    stride: int


@dataclass(frozen=True)
class Layout:
    """Rectangles of ``Q`` paths. `limits`, `stride`, `origin` and `base` are ``[Q]`` tensors or, where all
    paths share the value, numbers."""

    cells: int
    largest: int  # cells of the largest rectangle
    strips: tuple[Strip, ...]
    base: Tensor  # [Q] first cell of a path's rectangle, spare row included
    height: Tensor | float
    width: Tensor | float
    stride: Tensor | float
    origin: Tensor | None  # [2, Q] x, y of the rectangle's first pixel; None: the canvas's own
    windows: tuple[Window, ...]  # empty for the dense layout

    def buffer(self, like: Tensor) -> Tensor:
        """Zeroed cells, and one more that nothing is ever written to but zero."""
        return like.new_zeros(self.cells + 1)


def dense(paths: int, size: tuple[int, int], device: torch.device) -> Layout:
    """Every path owns the whole canvas: rectangles are ``[Q, H + 1, W + 2]`` cells."""
    height, width = size
    stride = width + 2
    plane = (height + 1) * stride
    base = torch.arange(paths, device=device) * plane
    strip = Strip(0, paths * (height + 1), stride)
    return Layout(paths * plane, plane, (strip,), base, float(height), float(width), float(stride), None, ())


def windows(low: Tensor, high: Tensor, size: tuple[int, int]) -> Layout:
    """Every path owns the pixels that its bounds ``[2, Q]`` touch; a path out of sight owns none."""
    limit = torch.tensor([size[1], size[0]], dtype=low.dtype, device=low.device)[:, None]
    first = torch.minimum(low.floor().clamp(min=0), limit).nan_to_num(0.0)
    stop = torch.minimum(high.ceil().clamp(min=0), limit).nan_to_num(0.0)
    extent = (stop - first).clamp_(min=0)
    lefts, tops = first.to(torch.int64).tolist()
    wides, highs = extent.to(torch.int64).tolist()

    by_stride: dict[int, list[int]] = {}
    for path, wide in enumerate(wides):
        rounded = min(-(-wide // WIDTH_STEP) * WIDTH_STEP, max(size[1], wide))
        by_stride.setdefault(rounded + 2, []).append(path)

    strips: list[Strip] = []
    found: list[Window | None] = [None] * len(wides)
    cursor = 0
    for stride in sorted(by_stride):
        begin, rows = cursor, 0
        for path in by_stride[stride]:
            offset = begin + rows * stride
            found[path] = Window(tops[path], lefts[path], highs[path], wides[path], offset + stride + 1, stride)
            rows += highs[path] + 1
        # A strip ends with a spare row of its own: what is below its last window must not leak into the next
        # strip, whose rows have another length.
        strips.append(Strip(begin, rows + 1, stride))
        cursor = begin + (rows + 1) * stride
    placed = tuple(window for window in found if window is not None)
    strides = torch.tensor([window.stride for window in placed], dtype=torch.int64)
    offsets = torch.tensor([window.offset for window in placed], dtype=torch.int64)
    device = low.device
    return Layout(
        cursor,
        max(((w.height + 1) * w.stride for w in placed), default=0),
        tuple(strips),
        (offsets - strides - 1).to(device),
        extent[1],
        extent[0],
        strides.to(device=device, dtype=low.dtype),
        first,
        placed,
    )
