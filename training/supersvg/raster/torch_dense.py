"""The torch backend with one canvas-sized plane per path: few large paths, small canvases, and any GPU.

Paths are taken in groups from front to back, so that memory stays within a budget; backward goes the other
way and computes a group's coverage again unless there was only one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import pad

from supersvg.raster import painting
from supersvg.raster.curves import Outline, flatten
from supersvg.raster.layout import dense
from supersvg.raster.precision import full_precision
from supersvg.raster.winding import Crossings, accumulate, fold, fold_backward, gather

# Cells of coverage held at a time: 2**26 are 256 MiB of float32 for each of the three or four buffers in use.
BUDGET = 2**26


@dataclass(frozen=True)
class Planes:
    """Coverage of ``[B, P]`` paths on padded planes of `L` cells, with the way back to their points."""

    folded: Tensor  # [B, P, L] signed coverage
    outline: Outline
    crossings: Crossings

    def backward(self, grad: Tensor) -> Tensor:
        """dL/dcoverage ``[B, P, L]``, zero in spare cells, overwritten -> dL/dpoints ``[B, P, K, 2]``."""
        batch, paths, _ = grad.shape
        knots = self.outline.shape[1]
        grad = fold_backward(grad, self.folded)
        return gather(grad.view(-1), self.outline, self.crossings).view(batch, paths, knots, 2)


def planes(points: Tensor, size: tuple[int, int], fill_rule: str) -> Planes:
    """Coverage of ``[B, P, K, 2]`` points."""
    batch, paths = points.shape[:2]
    layout = dense(batch * paths, size, points.device)
    outline = flatten(points.flatten(0, 1), size, bounds=False)
    cells, crossings = accumulate(outline, layout)
    folded = fold(cells, fill_rule).view(batch, paths, layout.largest)
    return Planes(folded, outline, crossings)


def crop(cells: Tensor, size: tuple[int, int]) -> Tensor:
    """``[..., L]`` padded cells -> ``[..., H, W]`` pixels (a view)."""
    height, width = size
    return cells.view(*cells.shape[:-1], height + 1, width + 2)[..., 1:, 1:-1]


def spread(pixels: Tensor) -> Tensor:
    """``[..., H, W]`` pixels -> ``[..., L]`` cells with zeros in the spare ones."""
    return pad(pixels, (1, 1, 1, 0)).flatten(-2)


def groups(batch: int, paths: int, size: tuple[int, int], budget: int) -> list[tuple[int, int]]:
    """Ranges of path indices, back to front, each within `budget` cells (at least one path)."""
    each = max(1, budget // max(1, batch * (size[0] + 1) * (size[1] + 2)))
    return [(first, min(first + each, paths)) for first in range(0, paths, each)]


class Coverage(torch.autograd.Function):
    """``[B, P, K, 2]`` -> ``[B, P, H, W]``."""

    @staticmethod
    @full_precision
    def forward(ctx: Any, points: Tensor, size: tuple[int, int], fill_rule: str) -> Tensor:
        result = planes(points, size, fill_rule)
        ctx.result = result
        ctx.size = size
        return crop(result.folded, size).abs()

    @staticmethod
    @torch.autograd.function.once_differentiable
    @full_precision
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        return ctx.result.backward(spread(grad)), None, None


class Paint(torch.autograd.Function):
    """Points, colours ``[B, P, 4]``, opacity ``[B, P]``, background ``[B, 4]`` -> image, union.

    Image is ``[B, 4, H, W]``, union ``[B, 1, H, W]`` or None.
    """

    @staticmethod
    @full_precision
    def forward(
        ctx: Any,
        points: Tensor,
        colors: Tensor,
        opacity: Tensor,
        background: Tensor,
        size: tuple[int, int],
        fill_rule: str,
        need_union: bool,
        budget: int,
    ) -> tuple[Tensor, Tensor | None]:
        batch, paths = opacity.shape
        ranges = groups(batch, paths, size, budget)
        light = points.new_ones(batch, (size[0] + 1) * (size[1] + 2))
        empty = torch.ones_like(light)
        image = None
        kept: list[Planes | None] = []
        entering: list[tuple[Tensor, Tensor]] = []
        for first, stop in reversed(ranges):
            group = planes(points[:, first:stop], size, fill_rule)
            coverage = group.folded.abs()
            entering.append((light, empty))
            if need_union:
                for path in reversed(range(stop - first)):
                    empty = torch.addcmul(empty, empty, coverage[:, path], value=-1.0)
            alpha = coverage.mul_(opacity[:, first:stop, None])
            reaching, light = painting.through(alpha, light)
            part = painting.shown(alpha, reaching, colors[:, first:stop])
            image = part if image is None else image.add_(part)
            kept.append(group if len(ranges) == 1 else None)
        image = light.new_zeros(batch, 4, light.shape[1]) if image is None else image
        image.addcmul_(background[:, :, None], light[:, None])
        ctx.save_for_backward(points, colors, opacity, background, light)
        ctx.ranges, ctx.kept, ctx.entering = ranges, kept[::-1], entering[::-1]
        ctx.size, ctx.fill_rule, ctx.need_union = size, fill_rule, need_union
        ctx.set_materialize_grads(False)
        union = crop(1 - empty, size)[:, None] if need_union else None
        return crop(image, size), union

    @staticmethod
    @torch.autograd.function.once_differentiable
    @full_precision
    def backward(ctx: Any, grad_image: Tensor | None, grad_union: Tensor | None) -> tuple[Tensor | None, ...]:
        points, colors, opacity, background, light = ctx.saved_tensors
        batch = points.shape[0]
        grad = light.new_zeros(batch, 4, light.shape[1]) if grad_image is None else spread(grad_image)
        union = None if grad_union is None else spread(grad_union[:, 0])
        grad_points, grad_colors = torch.empty_like(points), torch.empty_like(colors)
        grad_opacity = torch.empty_like(opacity)
        grad_background = torch.bmm(grad, light[:, :, None])[:, :, 0]
        behind = torch.bmm(background[:, None], grad)[:, 0]
        empty = torch.ones_like(light)
        for (first, stop), group, entering in zip(ctx.ranges, ctx.kept, ctx.entering, strict=True):
            if group is None:
                group = planes(points[:, first:stop], ctx.size, ctx.fill_rule)
            coverage = group.folded.abs()
            alpha = coverage * opacity[:, first:stop, None]
            reaching, _ = painting.through(alpha, entering[0])
            grad_alpha, grad_colors[:, first:stop], behind = painting.shown_backward(
                grad, behind, alpha, reaching, colors[:, first:stop]
            )
            grad_opacity[:, first:stop] = torch.linalg.vecdot(grad_alpha, coverage)
            grad_coverage = grad_alpha.mul_(opacity[:, first:stop, None])
            if union is not None:
                reaching, _ = painting.through(coverage, entering[1])
                part, empty = painting.union_backward(union, coverage, reaching, empty)
                grad_coverage.add_(part)
            grad_points[:, first:stop] = group.backward(grad_coverage)
        return grad_points, grad_colors, grad_opacity, grad_background, None, None, None, None
