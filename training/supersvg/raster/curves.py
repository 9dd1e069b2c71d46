"""Closed cubic paths to short straight edges, and gradients of edges back to control points.

Shapes: `Q` paths, `S` cubic segments, `E` edges. Coordinates are planar, ``[2, ...]`` with x first,
because every later operation works on one axis at a time.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor

# Edges a segment may be cut into. A segment takes the first entry that keeps its edges within one pixel on
# both axes; segments with the same entry share one matrix product. The steps waste about a tenth.
LADDER = (2, 4, 6, 8, 12, 16, 20, 24, 32, 40, 48, 64, 80, 96, 128, 160, 192, 256)


@cache
def _bernstein(edges: int, dtype: torch.dtype, device: torch.device) -> Tensor:
    """Cubic Bernstein weights at ``edges + 1`` even parameters: ``[4, edges + 1]``; the ends are exact."""
    t = torch.arange(edges + 1, dtype=torch.float64) / edges
    s = 1 - t
    weights = torch.stack([s * s * s, 3 * s * s * t, 3 * s * t * t, t * t * t])
    return weights.to(device=device, dtype=dtype)


def _halving(dtype: torch.dtype, device: torch.device) -> Tensor:
    """De Casteljau at one half: ``[2, 4, 4]``, from a segment's controls to those of its two halves."""
    first: list[list[float]] = [
        [1, 0, 0, 0],
        [0.5, 0.5, 0, 0],
        [0.25, 0.5, 0.25, 0],
        [0.125, 0.375, 0.375, 0.125],
    ]
    second = [row[::-1] for row in first[::-1]]
    return torch.tensor([first, second], dtype=dtype, device=device)


def segments(points: Tensor) -> Tensor:
    """``[Q, K, 2]`` control points of closed paths -> ``[2, Q * K / 3, 4]`` controls, segment by segment."""
    paths, controls, _ = points.shape
    knots = points.reshape(paths, controls // 3, 3, 2)
    following = knots[:, :, :1].roll(-1, dims=1)
    return torch.cat([knots, following], dim=2).permute(3, 0, 1, 2).reshape(2, -1, 4)


def segments_backward(grad: Tensor, paths: int, controls: int) -> Tensor:
    """Transpose of `segments`: ``[2, S, 4]`` -> ``[Q, K, 2]``."""
    grad = grad.reshape(2, paths, controls // 3, 4).permute(1, 2, 3, 0)
    knots = grad[:, :, :3].contiguous()
    knots[:, :, 0] += grad[:, :, 3].roll(1, dims=1)
    return knots.reshape(paths, controls, 2)


def reach(controls: Tensor) -> Tensor:
    """Upper bound of the distance travelled along the faster axis, in pixels: ``[2, S, 4]`` -> ``[S]``.

    A cubic's derivative stays within three times the differences of its control points.
    """
    return 3 * controls.diff(dim=2).abs().amax(dim=(0, 2))


@dataclass(frozen=True)
class Pieces:
    """Segments no longer than the ladder's last entry, and how they came from the given ones."""

    controls: Tensor  # [2, S', 4]
    path: Tensor  # [S'] index of the path
    source: Tensor | None  # [S'] index of the given segment; None: nothing had to be split
    blend: Tensor | None  # [S', 4, 4] controls of the source -> controls of the piece


def split_long(controls: Tensor, path: Tensor, size: tuple[int, int]) -> Pieces:
    """Halve segments too long for the ladder, leaving out what cannot be seen.

    Only parts that may touch the canvas are halved again, so that the number of pieces is bounded by the
    length inside the canvas and not by the coordinates. A part wholly above, below or to the right adds
    nothing to any pixel. A part wholly to the left only adds its rise to the rows that it passes: a
    vertical line does the same.
    """
    if controls.shape[1] == 0 or bool(reach(controls).amax() <= LADDER[-1]):
        return Pieces(controls, path, None, None)
    height, width = size
    halves = _halving(controls.dtype, controls.device)
    source = torch.arange(controls.shape[1], device=controls.device)
    blend = torch.eye(4, dtype=controls.dtype, device=controls.device).expand(controls.shape[1], 4, 4)
    done: list[tuple[Tensor, Tensor, Tensor]] = []
    while controls.shape[1]:
        long = reach(controls) > LADDER[-1]
        done.append((controls[:, ~long], source[~long], blend[~long]))
        low, high = controls.amin(dim=2), controls.amax(dim=2)  # [2, S]
        unseen = (high[1] <= 0) | (low[1] >= height) | (low[0] >= width)
        keep = long & ~unseen
        left = (high[0] <= 0)[keep]
        controls, source, blend = controls[:, keep], source[keep], blend[keep]
        controls = torch.where(left[None, :, None], _upright(controls, height), controls)
        controls = torch.einsum("hij,csj->cshi", halves, controls).reshape(2, -1, 4)
        blend = torch.einsum("hij,sjk->shik", halves, blend).reshape(-1, 4, 4)
        source = source.repeat_interleave(2)
    controls = torch.cat([part[0] for part in done], dim=1)
    source = torch.cat([part[1] for part in done])
    return Pieces(controls, path[source], source, torch.cat([part[2] for part in done]))


def _upright(controls: Tensor, height: int) -> Tensor:
    """The vertical line left of the canvas that rises as the given segments do, row by row."""
    first, last = controls[1, :, 0].clamp(0, height), controls[1, :, 3].clamp(0, height)
    steps = torch.arange(4, dtype=controls.dtype, device=controls.device) / 3
    y = torch.lerp(first[:, None], last[:, None], steps)
    return torch.stack([torch.full_like(y, -1.0), y])


@dataclass(frozen=True)
class Outline:
    """Edges of many paths, grouped by how finely their segments were cut."""

    start: Tensor  # [2, E] pixels
    delta: Tensor  # [2, E] at most one pixel on each axis
    path: Tensor  # [E]
    low: Tensor  # [2, Q] bounds of everything that can be seen of a path, +-inf where there is nothing
    high: Tensor  # [2, Q]
    order: Tensor  # [S'] segments sorted by fineness
    groups: tuple[tuple[int, int], ...]  # (edges per segment, number of segments)
    pieces: Pieces
    shape: tuple[int, int]  # (Q, K) of the points it was made from

    def backward(self, first: Tensor, last: Tensor) -> Tensor:
        """Gradients of the edges' two ends, ``[2, E]`` each -> gradient of the points, ``[Q, K, 2]``."""
        grad = first.new_empty(2, self.order.numel(), 4)
        edge = segment = 0
        for fine, count in self.groups:
            weights = _bernstein(fine, first.dtype, first.device)
            stop = edge + fine * count
            begin = first[:, edge:stop].reshape(2 * count, fine)
            end = last[:, edge:stop].reshape(2 * count, fine)
            group = torch.addmm(begin @ weights[:, :-1].T, end, weights[:, 1:].T)
            grad[:, segment : segment + count] = group.view(2, count, 4)
            edge, segment = stop, segment + count
        controls = torch.empty_like(grad)
        controls[:, self.order] = grad
        if self.pieces.source is not None and self.pieces.blend is not None:
            controls = torch.einsum("sij,csi->csj", self.pieces.blend, controls)
            whole = controls.new_zeros(2, self.shape[0] * self.shape[1] // 3, 4)
            controls = whole.index_add_(1, self.pieces.source, controls)
        return segments_backward(controls, *self.shape)


def flatten(points: Tensor, size: tuple[int, int], *, bounds: bool) -> Outline:
    """Cut closed cubic paths ``[Q, K, 2]`` into edges no longer than a pixel on each axis.

    With `bounds` the extent of every path is measured too (on the edges themselves, so that it is tight).
    """
    paths, knots, _ = points.shape
    given = segments(points)
    path = torch.arange(paths, device=points.device).repeat_interleave(knots // 3)
    pieces = split_long(given, path, size)
    ladder = torch.tensor(LADDER, dtype=points.dtype, device=points.device)
    level = torch.bucketize(reach(pieces.controls), ladder).clamp_(max=len(LADDER) - 1)
    order = level.argsort(stable=True)
    counts = torch.bincount(level, minlength=len(LADDER)).tolist()
    groups = tuple((fine, count) for fine, count in zip(LADDER, counts, strict=True) if count)
    total = sum(fine * count for fine, count in groups)

    controls, owner = pieces.controls[:, order], pieces.path[order]
    start, delta = points.new_empty(2, total), points.new_empty(2, total)
    of_path = torch.empty(total, dtype=torch.int64, device=points.device)
    low, high = points.new_full((2, paths), torch.inf), points.new_full((2, paths), -torch.inf)
    edge = segment = 0
    for fine, count in groups:
        stop, last = edge + fine * count, segment + count
        corners = controls[:, segment:last].reshape(2 * count, 4) @ _bernstein(fine, points.dtype, points.device)
        corners = corners.view(2, count, fine + 1)
        start[:, edge:stop].view(2, count, fine).copy_(corners[..., :-1])
        torch.sub(corners[..., 1:], corners[..., :-1], out=delta[:, edge:stop].view(2, count, fine))
        of_path[edge:stop].view(count, fine).copy_(owner[segment:last, None])
        if bounds:
            _widen(low, high, owner[segment:last], corners)
        edge, segment = stop, last
    if bounds and pieces.source is not None:
        _widen(low, high, path, given)  # what was left out may still bound the area, e.g. on the right
    return Outline(start, delta, of_path, low, high, order, groups, pieces, (paths, knots))


def _widen(low: Tensor, high: Tensor, path: Tensor, corners: Tensor) -> None:
    """Grow the bounds ``[2, Q]`` in place to hold ``corners`` ``[2, n, m]`` of the paths ``[n]``."""
    index = path.expand(2, -1)
    low.scatter_reduce_(1, index, corners.amin(dim=2), "amin")
    high.scatter_reduce_(1, index, corners.amax(dim=2), "amax")
