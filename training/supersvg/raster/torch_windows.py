"""The torch backend for many small paths on a CPU: every path works on its own bounding box only.

Geometry is done for all paths at once; compositing then walks over the paths, with a few operations on a
small rectangle each. That beats whole planes as soon as the rectangles are much smaller than the canvas.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from supersvg.raster.curves import flatten
from supersvg.raster.layout import Layout, Window, windows
from supersvg.raster.precision import full_precision
from supersvg.raster.winding import accumulate, fold, fold_backward, gather


def _own(cells: Tensor, window: Window) -> Tensor:
    """A path's pixels in the flat buffer: ``[h, w]`` view."""
    return cells.as_strided((window.height, window.width), (window.stride, 1), window.offset)


def _canvas(canvas: Tensor, window: Window) -> Tensor:
    """The same rectangle of a ``[..., H, W]`` canvas: ``[..., h, w]`` view."""
    return canvas[..., window.top : window.top + window.height, window.left : window.left + window.width]


def _visible(layout: Layout, batch: int, paths: int) -> list[list[tuple[int, Window]]]:
    """For every picture its paths (index, window) that touch the canvas, back to front."""
    found = []
    for picture in range(batch):
        row = layout.windows[picture * paths : (picture + 1) * paths]
        found.append([(path, window) for path, window in enumerate(row) if window.height and window.width])
    return found


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
    ) -> tuple[Tensor, Tensor | None]:
        batch, paths = opacity.shape
        outline = flatten(points.flatten(0, 1), size, bounds=True)
        layout = windows(outline.low, outline.high, size)
        cells, crossings = accumulate(outline, layout)
        folded = fold(cells, fill_rule)
        coverage = folded.abs()
        visible = _visible(layout, batch, paths)
        shares = opacity.tolist()

        image = points.new_zeros(batch, 4, *size)
        light = points.new_ones(batch, *size)
        empty = torch.ones_like(light) if need_union else None
        reaching = torch.zeros_like(coverage)
        vacant = torch.zeros_like(coverage) if need_union else None
        for picture, row in enumerate(visible):
            for path, window in reversed(row):
                covered, through = _own(coverage, window), _canvas(light[picture], window)
                _own(reaching, window).copy_(through)
                weight = (covered * shares[picture][path]).mul_(through)
                _canvas(image[picture], window).addcmul_(colors[picture, path, :, None, None], weight)
                through.sub_(weight)
                if empty is not None and vacant is not None:
                    free = _canvas(empty[picture], window)
                    _own(vacant, window).copy_(free)
                    free.addcmul_(free, covered, value=-1.0)
        image.addcmul_(background[:, :, None, None], light[:, None])

        ctx.save_for_backward(points, colors, opacity, background, light)
        ctx.geometry = outline, crossings, folded, coverage, reaching, vacant
        ctx.visible, ctx.shares = visible, shares
        ctx.set_materialize_grads(False)
        return image, None if empty is None else (1 - empty)[:, None]

    @staticmethod
    @torch.autograd.function.once_differentiable
    @full_precision
    def backward(ctx: Any, grad_image: Tensor | None, grad_union: Tensor | None) -> tuple[Tensor | None, ...]:
        points, colors, opacity, background, light = ctx.saved_tensors
        outline, crossings, folded, coverage, reaching, vacant = ctx.geometry
        batch = points.shape[0]
        grad = light.new_zeros(batch, 4, *light.shape[1:]) if grad_image is None else grad_image
        grad_colors, grad_opacity = torch.zeros_like(colors), torch.zeros_like(opacity)
        grad_cells = torch.zeros_like(folded)
        behind = (grad * background[:, :, None, None]).sum(dim=1)
        grad_background = (grad * light[:, None]).sum(dim=(2, 3))
        empty = torch.ones_like(light)
        for picture, row in enumerate(ctx.visible):
            for path, window in row:
                share = ctx.shares[picture][path]
                covered, through = _own(coverage, window), _own(reaching, window)
                seen = _canvas(grad[picture], window).reshape(4, -1)
                alpha = covered * share
                grad_colors[picture, path] = seen @ (alpha * through).view(-1)
                back = _canvas(behind[picture], window)
                contrast = (colors[picture, path] @ seen).view(window.height, window.width).sub_(back)
                back.addcmul_(alpha, contrast)
                contrast.mul_(through)
                grad_opacity[picture, path] = (contrast * covered).sum()
                own = torch.mul(contrast, share, out=_own(grad_cells, window))
                if grad_union is not None:
                    free = _canvas(empty[picture], window)
                    others = free * _own(vacant, window)
                    own.addcmul_(others, _canvas(grad_union[picture, 0], window))
                    free.addcmul_(free, covered, value=-1.0)
        grad_points = gather(fold_backward(grad_cells, folded), outline, crossings).view_as(points)
        return grad_points, grad_colors, grad_opacity, grad_background, None, None, None
