"""Ordered alpha compositing of equally large planes, front to back, and its gradient.

Planes are flat: `L` cells, whatever they mean. Path ``p`` shows ``w = T * a`` of itself, with ``a`` its
opacity times its coverage and ``T`` the light let through by all paths in front of it; the image is then one
matrix product of weights and colours. Backward sweeps back to front and needs one scalar per cell: with ``s``
the picture behind a path, seen along dL/dimage, the gradient of ``a`` is ``T * (colour . dL/dimage - s)``.

The fourth colour channel is alpha: every path is 1 there and the background 0.
"""

from __future__ import annotations

import torch
from torch import Tensor


def through(alpha: Tensor, entering: Tensor) -> tuple[Tensor, Tensor]:
    """Light that reaches each path from the front, ``[B, P, L]``, and what passes them all, ``[B, L]``.

    `alpha` is ``[B, P, L]``; `entering`, ``[B, L]``, is the light that paths in front of these let through.
    """
    paths = alpha.shape[1]
    reaching = torch.empty_like(alpha)
    light = entering
    for path in reversed(range(paths)):
        reaching[:, path] = light
        light = torch.addcmul(light, light, alpha[:, path], value=-1.0)
    return reaching, light


def shown(alpha: Tensor, reaching: Tensor, colors: Tensor) -> Tensor:
    """The paths' own part of the image: ``[B, P, L]``, ``[B, P, L]``, ``[B, P, 4]`` -> ``[B, 4, L]``."""
    return torch.bmm(colors.transpose(1, 2), alpha * reaching)


def shown_backward(
    grad: Tensor, behind: Tensor, alpha: Tensor, reaching: Tensor, colors: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Gradients of alpha ``[B, P, L]`` and colours ``[B, P, 4]``; then `behind` for the paths in front.

    `grad` is dL/dimage, ``[B, 4, L]``; `behind`, ``[B, L]``, the picture behind these paths along `grad`.
    """
    grad_colors = torch.bmm(alpha * reaching, grad.transpose(1, 2))
    contrast = torch.bmm(colors, grad)  # [B, P, L]
    for path in range(alpha.shape[1]):
        contrast[:, path].sub_(behind)
        behind = torch.addcmul(behind, alpha[:, path], contrast[:, path])
    return contrast.mul_(reaching), grad_colors, behind


def union_backward(grad: Tensor, coverage: Tensor, reaching: Tensor, behind: Tensor) -> tuple[Tensor, Tensor]:
    """Gradient of ``1 - prod(1 - coverage)`` for each path, ``[B, P, L]``, and `behind` for those in front.

    `grad` is ``[B, L]``; `reaching` the product of ``1 - coverage`` over the paths in front;
    `behind` over those behind.
    """
    grad_coverage = reaching * grad[:, None]
    for path in range(coverage.shape[1]):
        grad_coverage[:, path].mul_(behind)
        behind = torch.addcmul(behind, behind, coverage[:, path], value=-1.0)
    return grad_coverage, behind
