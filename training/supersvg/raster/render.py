"""The public functions: check what comes in, choose a backend, name what goes out.

Conventions (``docs/rasteriser.md``): pixels, x to the right, y down; pixel (row i, column j) is the square
``[j, j + 1] x [i, i + 1]``, so its centre is at (j + 0.5, i + 0.5). Colours are composited as they are,
without gamma, later paths over earlier ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from supersvg.raster.backends import backend_named

FillRule = Literal["nonzero", "evenodd"]

# Coordinates are clamped to +-LIMIT pixels: at 2**20 float32 still resolves an eighth of a pixel.
LIMIT = float(2**20)


@dataclass(frozen=True)
class Rendering:
    """What `render` returns; every tensor is differentiable."""

    image: Tensor  # [B, 3, H, W] colours over the background
    alpha: Tensor  # [B, 1, H, W] 1 - prod(1 - opacity * coverage)
    union: Tensor  # [B, 1, H, W] 1 - prod(1 - coverage), opacity ignored; alpha itself if need_union was False


def render(
    points: Tensor,
    colors: Tensor,
    opacity: Tensor,
    size: tuple[int, int],
    *,
    background: Tensor | None = None,
    fill_rule: FillRule = "nonzero",
    backend: str = "auto",
    need_union: bool = True,
) -> Rendering:
    """Draw closed cubic paths, later ones over earlier ones.

    Args:
        points: ``[B, P, K, 2]`` pixels; ``K = 3 * segments`` control points of a closed path: anchor, handle,
            handle, next anchor, ... The last segment returns to the first anchor.
        colors: ``[B, P, 3]``, 0..1 (not clamped).
        opacity: ``[B, P]``, 0..1 (not clamped).
        size: (height, width) of the canvas in pixels.
        background: ``[3]`` or ``[B, 3]``; black if omitted.
        fill_rule: "nonzero" or "evenodd".
        backend: "auto" or a name from `supersvg.raster.backends.BACKENDS`.
        need_union: whether `Rendering.union` is wanted; without it, it costs nothing.

    A path with a NaN or an infinity among its points, colours or opacity is not painted and gets zero
    gradients; check for them where they are made. Coordinates are clamped to +-LIMIT pixels.
    float16 and bfloat16 are computed in float32. CPU results are the same bits for the same thread count.

    Raises:
        ValueError: shapes, types or devices that do not fit, an unknown fill rule or backend.
    """
    batch, paths = _check_points(points, size, fill_rule)
    if tuple(colors.shape) != (batch, paths, 3):
        raise ValueError(f"colors must be [B, P, 3] = [{batch}, {paths}, 3], got {list(colors.shape)}")
    if tuple(opacity.shape) != (batch, paths):
        raise ValueError(f"opacity must be [B, P] = [{batch}, {paths}], got {list(opacity.shape)}")
    if background is None:
        background = points.new_zeros(3)
    if tuple(background.shape) not in {(3,), (batch, 3)}:
        raise ValueError(f"background must be [3] or [{batch}, 3], got {list(background.shape)}")
    for name, tensor in (("colors", colors), ("opacity", opacity), ("background", background)):
        if tensor.device != points.device:
            raise ValueError(f"{name} is on {tensor.device} but points are on {points.device}")

    kind = _computed_in(points)
    points, colors, opacity, background = (t.to(kind) for t in (points, colors, opacity, background))
    drawn = points.isfinite().all(dim=3).all(dim=2) & colors.isfinite().all(dim=2) & opacity.isfinite()
    points = _tame(points, drawn)
    colors = torch.where(drawn[..., None], colors, 0.0)
    opacity = torch.where(drawn, opacity, 0.0)
    colors = torch.cat([colors, colors.new_ones(batch, paths, 1)], dim=2)
    background = torch.cat([background, background.new_zeros(*background.shape[:-1], 1)], dim=-1)
    background = background.expand(batch, 4)

    chosen = backend_named(backend, points.device)
    image, union = chosen.paint(points, colors, opacity, background, size, fill_rule, need_union)
    alpha = image[:, 3:]
    return Rendering(image[:, :3], alpha, alpha if union is None else union)


def coverage(
    points: Tensor, size: tuple[int, int], *, fill_rule: FillRule = "nonzero", backend: str = "auto"
) -> Tensor:
    """Share of every pixel that each path covers: ``[B, P, K, 2]`` -> ``[B, P, H, W]``, 0..1, differentiable.

    Exact (box filter) but for pixels in which the path crosses or folds over itself. Arguments and
    errors as for `render`.
    """
    _check_points(points, size, fill_rule)
    points = points.to(_computed_in(points))
    points = _tame(points, points.isfinite().all(dim=3).all(dim=2))
    return backend_named(backend, points.device).coverage(points, size, fill_rule)


def _check_points(points: Tensor, size: tuple[int, int], fill_rule: str) -> tuple[int, int]:
    if points.dim() != 4 or points.shape[3] != 2 or points.shape[2] % 3 or points.shape[2] == 0:
        raise ValueError(
            f"points must be [B, P, K, 2] with K = 3 * segments, got {list(points.shape)}; "
            "give every segment its anchor and two handles, the last one closes the path"
        )
    if not points.is_floating_point():
        raise ValueError(f"points must be floating point, got {points.dtype}")
    if len(size) != 2 or min(size) < 1:
        raise ValueError(f"size must be (height, width), at least 1 each, got {size}")
    if fill_rule not in {"nonzero", "evenodd"}:
        raise ValueError(f"fill_rule must be 'nonzero' or 'evenodd', got {fill_rule!r}")
    return points.shape[0], points.shape[1]


def _computed_in(points: Tensor) -> torch.dtype:
    return points.dtype if points.dtype == torch.float64 else torch.float32


def _tame(points: Tensor, drawn: Tensor) -> Tensor:
    """Paths that are not drawn become a point at the origin; the others stay within the coordinate limit."""
    return torch.where(drawn[..., None, None], points, 0.0).clamp(-LIMIT, LIMIT)
