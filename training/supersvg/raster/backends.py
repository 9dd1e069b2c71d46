"""Which implementation draws. All of them pass the same tests as the torch one."""

from __future__ import annotations

from typing import Protocol, cast

import torch
from torch import Tensor

from supersvg.raster import torch_backend


class Backend(Protocol):
    """What an implementation provides. Arguments have been checked and are float32 or float64."""

    def coverage(self, points: Tensor, size: tuple[int, int], fill_rule: str) -> Tensor:
        """``[B, P, K, 2]`` -> ``[B, P, H, W]``, differentiable."""
        ...

    def paint(
        self,
        points: Tensor,
        colors: Tensor,
        opacity: Tensor,
        background: Tensor,
        size: tuple[int, int],
        fill_rule: str,
        need_union: bool,
    ) -> tuple[Tensor, Tensor | None]:
        """Shapes as in `supersvg.raster.torch_backend.paint`; union is None where it is not needed."""
        ...


BACKENDS: dict[str, Backend] = {"torch": cast(Backend, torch_backend)}


def backend_named(name: str, device: torch.device) -> Backend:
    """The backend to use on `device`; "auto" takes the fastest that can.

    Raises:
        ValueError: no backend has that name.
    """
    del device  # torch runs on all of them
    if name == "auto":
        name = "torch"
    if name not in BACKENDS:
        raise ValueError(f"no rasteriser backend is called {name!r}; choose from: auto, {', '.join(sorted(BACKENDS))}")
    return BACKENDS[name]
