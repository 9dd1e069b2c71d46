"""The rasteriser in plain torch: the readable reference, and fast enough to train with on a CPU."""

from __future__ import annotations

import torch
from torch import Tensor

from supersvg.raster import torch_dense


def coverage(points: Tensor, size: tuple[int, int], fill_rule: str) -> Tensor:
    """``[B, P, K, 2]`` checked points -> ``[B, P, H, W]``."""
    result: Tensor = torch_dense.Coverage.apply(points, size, fill_rule)
    return result


def paint(
    points: Tensor,
    colors: Tensor,
    opacity: Tensor,
    background: Tensor,
    size: tuple[int, int],
    fill_rule: str,
    need_union: bool,
) -> tuple[Tensor, Tensor | None]:
    """Checked tensors (colours ``[B, P, 4]``, background ``[B, 4]``) -> image ``[B, 4, H, W]``, union."""
    image, union = torch_dense.Paint.apply(
        points, colors, opacity, background, size, fill_rule, need_union, torch_dense.BUDGET
    )
    return image, union
