"""Exact box-filtered winding numbers of polygons, by signed-area accumulation, and their gradient.

An edge is cut where it crosses from one pixel into the next. A piece inside one pixel, rising by `h` with
its middle at the fraction `f` of the pixel's width, covers ``h * (1 - f)`` of that pixel and ``h`` of every
pixel to its right. Writing ``h * (1 - f)`` into the pixel and ``h * f`` into the next one makes the running
sum along the row the polygon's winding number, averaged over each pixel. Nothing is sampled.

Backward needs no second scan. Moving a piece sideways changes only the pixel that it lies in: the others
gain on one side of the closed path what they lose on the other. So the gradient is an integral along the
boundary: gather dL/dwinding where the edges are.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from supersvg.raster.curves import Outline
from supersvg.raster.layout import Layout


@dataclass(frozen=True)
class Crossings:
    """The three parts of every edge (some of length zero), each within one cell."""

    cell: Tensor  # [3, E] index into the layout's buffer
    length: Tensor  # [3, E] share of the edge, 0..1
    middle: Tensor  # [3, E] parameter of the part's middle on the edge, 0..1


def _per_edge(value: Tensor | float, path: Tensor) -> Tensor | float:
    return value[path] if isinstance(value, Tensor) else value


def _clamp(value: Tensor, low: float, high: Tensor | float) -> Tensor:
    """In place; the upper limit may differ from edge to edge."""
    if isinstance(high, Tensor):
        return torch.minimum(value.clamp_(min=low), high, out=value)
    return value.clamp_(low, high)


def accumulate(outline: Outline, layout: Layout) -> tuple[Tensor, Crossings]:
    """Winding numbers of all cells (flat) and what `gather` needs later."""
    start, delta, path = outline.start, outline.delta, outline.path
    if layout.origin is not None:
        start = start - layout.origin[:, path]

    # The parameter at which an edge crosses a column's or row's border. An edge that stays within a column
    # gets some parameter in 0..1, where cutting does no harm.
    border = torch.maximum(start.floor(), (start + delta).floor())
    crossing = border.sub_(start).div_(delta.masked_fill(delta == 0, 1.0)).clamp_(0.0, 1.0)
    early, late = torch.minimum(crossing[0], crossing[1]), torch.maximum(crossing[0], crossing[1])

    length, middle = start.new_empty(3, early.numel()), start.new_empty(3, early.numel())
    length[0] = early
    torch.sub(late, early, out=length[1])
    torch.sub(1.0, late, out=length[2])
    torch.mul(early, 0.5, out=middle[0])
    torch.add(early, late, out=middle[1]).mul_(0.5)
    torch.add(late, 1.0, out=middle[2]).mul_(0.5)

    x = _clamp(torch.addcmul(start[0], middle, delta[0]), -1.0, _per_edge(layout.width, path))
    row = _clamp(torch.addcmul(start[1], middle, delta[1]), -1.0, _per_edge(layout.height, path)).floor_()
    column = x.floor()
    fraction = x.sub_(column)
    if start.dtype == torch.float32 and layout.largest >= 2**24:  # float32 no longer counts every cell
        row, column = row.long(), column.long()
    stride = _per_edge(layout.stride, path)
    if not row.is_floating_point():
        stride = stride.long() if isinstance(stride, Tensor) else int(stride)
    cell = row.add_(1).mul_(stride).add_(column.add_(1)).long().add_(layout.base[path])
    cell.clamp_(max=layout.cells - 1)  # below the last rectangle: any spare cell will do

    rise = length * delta[1]
    beyond = fraction.mul_(rise)
    cells = layout.buffer(start)
    cells.scatter_add_(0, cell.view(-1), rise.sub_(beyond).view(-1))
    cells.scatter_add_(0, (cell + 1).view(-1), beyond.view(-1))
    for strip in layout.strips:
        stop = strip.offset + strip.rows * strip.stride
        cells[strip.offset : stop].view(strip.rows, strip.stride).cumsum_(dim=1)
    return cells[: layout.cells], Crossings(cell, length, middle)


def gather(grad: Tensor, outline: Outline, crossings: Crossings) -> Tensor:
    """Gradient of the points ``[Q, K, 2]`` from dL/dwinding of all cells; spare cells must hold zero."""
    weight = grad[crossings.cell].mul_(crossings.length)
    late = (weight * crossings.middle).sum(dim=0)
    early = weight.sum(dim=0).sub_(late)
    dx, dy = outline.delta
    first = torch.stack([-early * dy, early * dx])
    last = torch.stack([-late * dy, late * dx])
    return outline.backward(first, last)


def fold(winding: Tensor, fill_rule: str) -> Tensor:
    """Signed coverage -1..1 in place; its magnitude is the pixel's coverage under the fill rule."""
    if fill_rule == "evenodd":
        return winding.sub_((winding * 0.5).round_().mul_(2.0))
    return winding.clamp_(-1.0, 1.0)


def fold_backward(grad: Tensor, folded: Tensor) -> Tensor:
    """dL/dwinding from dL/dcoverage, in place. Saturated pixels have no gradient."""
    slope = folded.sign().mul_(folded.abs() < 1.0)
    return grad.mul_(slope)
