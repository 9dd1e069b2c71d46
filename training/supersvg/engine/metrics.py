"""How near one picture is to another. All take uint8 or 0..1 float arrays [H, W, 3] and compute in float64.

MSE, PSNR and SSIM as usually published; ink IoU is for drawings on paper. LPIPS is measured where its package and
weights are at hand already: nothing is ever downloaded for it.
"""

from __future__ import annotations

import importlib.util
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional as F

Picture = NDArray[np.uint8] | NDArray[np.floating[Any]]

# Darker than this, on average over the channels, is ink.
INK = 0.5

# SSIM's constants and window (Wang et al. 2004): a Gaussian of sigma 1.5 on 11 x 11 pixels.
SSIM_K1, SSIM_K2, SSIM_SIGMA, SSIM_RADIUS = 0.01, 0.03, 1.5, 5


def unit(picture: Picture) -> NDArray[np.float64]:
    """float64 0..1; uint8 is divided by 255."""
    scale = 255.0 if picture.dtype == np.uint8 else 1.0
    return np.asarray(picture, np.float64) / scale


def mse(picture: Picture, target: Picture) -> float:
    """Mean squared error over all pixels and channels, 0..1."""
    return float(np.square(unit(picture) - unit(target)).mean())


def flat_mse(target: Picture) -> float:
    """The MSE of the best single flat colour, which is the channels' mean: what a picture model has to beat."""
    pixels = unit(target)
    return float(np.square(pixels - pixels.mean(axis=(0, 1))).mean())


def psnr(picture: Picture, target: Picture) -> float:
    """Peak signal-to-noise ratio in dB; infinite for equal pictures."""
    error = mse(picture, target)
    return math.inf if error == 0 else -10 * math.log10(error)


def ssim(picture: Picture, target: Picture) -> float:
    """Structural similarity, mean over channels and over all whole windows; 1 for equal pictures.

    Raises:
        ValueError: a side is below the window's 11 pixels.
    """
    side = 2 * SSIM_RADIUS + 1
    if min(target.shape[:2]) < side:
        raise ValueError(f"SSIM needs at least {side} x {side} pixels, got {target.shape[0]} x {target.shape[1]}")
    place = torch.arange(-SSIM_RADIUS, SSIM_RADIUS + 1, dtype=torch.float64)
    window = torch.exp(-place.square() / (2 * SSIM_SIGMA**2))
    window = window / window.sum()

    def local_mean(values: torch.Tensor) -> torch.Tensor:
        rows = F.conv2d(values, window.view(1, 1, -1, 1))
        return F.conv2d(rows, window.view(1, 1, 1, -1))

    x, y = (torch.from_numpy(unit(one)).permute(2, 0, 1)[:, None] for one in (picture, target))
    mean_x, mean_y = local_mean(x), local_mean(y)
    variance_x, variance_y = local_mean(x * x) - mean_x.square(), local_mean(y * y) - mean_y.square()
    covariance = local_mean(x * y) - mean_x * mean_y
    luminance = (2 * mean_x * mean_y + SSIM_K1**2) / (mean_x.square() + mean_y.square() + SSIM_K1**2)
    structure = (2 * covariance + SSIM_K2**2) / (variance_x + variance_y + SSIM_K2**2)
    return float((luminance * structure).mean())


def ink_iou(picture: Picture, target: Picture) -> float:
    """Intersection over union of what is dark (mean of the channels < 0.5); 1 where neither has any ink."""
    dark_picture, dark_target = (unit(one).mean(axis=2) < INK for one in (picture, target))
    either = int(np.count_nonzero(dark_picture | dark_target))
    return 1.0 if either == 0 else int(np.count_nonzero(dark_picture & dark_target)) / either


class NoLpips(Exception):
    """LPIPS cannot be measured here; the message says why."""


def load_lpips() -> Callable[[Picture, Picture], float]:
    """LPIPS with AlexNet, from an installed ``lpips`` package and weights in torch's own cache.

    Raises:
        NoLpips: one of the two is not at hand.
    """
    if importlib.util.find_spec("lpips") is None:
        raise NoLpips("the package lpips is not installed")
    cache = Path(torch.hub.get_dir()) / "checkpoints"
    if not list(cache.glob("alexnet-*.pth")):
        raise NoLpips(f"AlexNet's weights are not in {cache}")
    import lpips

    network = lpips.LPIPS(net="alex", verbose=False).eval()

    def distance(picture: Picture, target: Picture) -> float:
        first, second = (
            torch.from_numpy(unit(one)).float().permute(2, 0, 1)[None] * 2 - 1 for one in (picture, target)
        )
        with torch.no_grad():
            return float(network(first, second))

    return distance
