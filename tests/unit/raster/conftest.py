"""Random shapes for the rasteriser's tests."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

Shapes = Callable[..., Tensor]


@pytest.fixture
def simple_shapes() -> Shapes:
    """Star-shaped closed paths, which never cross themselves, some beyond the border: ``[B, P, 12, 2]``."""

    def make(seed: int, batch: int, paths: int, size: tuple[int, int], dtype: torch.dtype = torch.float64) -> Tensor:
        random = torch.Generator().manual_seed(seed)

        def uniform(*shape: int) -> Tensor:
            return torch.rand(*shape, generator=random, dtype=torch.float64)

        extent = torch.tensor([size[1], size[0]], dtype=torch.float64)
        center = uniform(batch, paths, 1, 2) * extent
        radius = (0.1 + 0.5 * uniform(batch, paths, 1, 1)) * min(size)
        angle = torch.arange(12, dtype=torch.float64) / 12 * 2 * math.pi + uniform(batch, paths, 1) * 6
        ring = torch.stack([angle.cos(), angle.sin()], dim=-1)
        return (center + radius * (0.85 + 0.3 * uniform(batch, paths, 12, 1)) * ring).to(dtype)

    return make


@pytest.fixture
def tangled_shapes() -> Shapes:
    """Closed paths of independent random points, which cross themselves all over: ``[B, P, 12, 2]``."""

    def make(seed: int, batch: int, paths: int, size: tuple[int, int], dtype: torch.dtype = torch.float64) -> Tensor:
        random = torch.Generator().manual_seed(seed)
        extent = torch.tensor([size[1], size[0]], dtype=torch.float64)
        unit = torch.rand(batch, paths, 12, 2, generator=random, dtype=torch.float64)
        return ((unit * 1.4 - 0.2) * extent).to(dtype)

    return make
