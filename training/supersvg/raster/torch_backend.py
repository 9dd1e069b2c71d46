"""The rasteriser in plain torch: the readable reference, and fast enough to train with on a CPU.

Two ways to lay out the work give the same result: `torch_dense` and `torch_windows`.
"""

from __future__ import annotations

from typing import Any, Literal

import torch
from torch import Tensor

from supersvg.raster import torch_dense, torch_windows

LayoutName = Literal["auto", "dense", "windows"]

# A window saves work in proportion to the canvas outside it, and costs some 20 small operations. Below this
# many pixels there is too little to save.
SMALL_CANVAS = 96 * 96


def coverage(points: Tensor, size: tuple[int, int], fill_rule: str) -> Tensor:
    """``[B, P, K, 2]`` checked points -> ``[B, P, H, W]``."""
    function: Any = torch_dense.Coverage
    result: Tensor = function.apply(points, size, fill_rule)
    return result


def paint(
    points: Tensor,
    colors: Tensor,
    opacity: Tensor,
    background: Tensor,
    size: tuple[int, int],
    fill_rule: str,
    need_union: bool,
    *,
    layout: LayoutName = "auto",
    budget: int = torch_dense.BUDGET,
) -> tuple[Tensor, Tensor | None]:
    """Checked tensors (colours ``[B, P, 4]``, background ``[B, 4]``) -> image
    ``[B, 4, H, W]`` and union ``[B, 1, H, W]``.

    `layout` and `budget` (cells of coverage in memory at a time, dense layout) are for tests.
    """
    if layout == "auto":
        layout = "windows" if _windows_pay(points, size) else "dense"
    function: Any
    if layout == "windows":
        function = torch_windows.Paint
        image, union = function.apply(points, colors, opacity, background, size, fill_rule, need_union)
    else:
        function = torch_dense.Paint
        image, union = function.apply(points, colors, opacity, background, size, fill_rule, need_union, budget)
    return image, union


def _windows_pay(points: Tensor, size: tuple[int, int]) -> bool:
    """On a CPU, with a canvas that is not small, and if all windows together fit into memory."""
    if points.device.type != "cpu" or size[0] * size[1] <= SMALL_CANVAS or points.numel() == 0:
        return False
    limit = torch.tensor([size[1], size[0]], dtype=points.dtype)
    corners = points.detach()
    low, high = corners.amin(dim=2).clamp(min=0), torch.minimum(corners.amax(dim=2), limit)
    cells = float((high - low + 2).clamp(min=0).prod(dim=-1).sum())
    return cells <= torch_dense.BUDGET
