"""Picture metrics against scikit-image and against values known by hand."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from supersvg.engine import metrics


def pair(seed: int, kind: type) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    smooth = np.cumsum(random.normal(size=(40, 53, 3)), axis=1)
    target = (smooth - smooth.min()) / np.ptp(smooth)
    picture = np.clip(target + random.normal(scale=0.1, size=target.shape), 0, 1)
    if kind is np.uint8:
        return (picture * 255).round().astype(np.uint8), (target * 255).round().astype(np.uint8)
    return picture.astype(kind), target.astype(kind)


@pytest.mark.parametrize("kind", [np.uint8, np.float32, np.float64])
@pytest.mark.parametrize("seed", range(3))
def test_ssim_and_psnr_agree_with_scikit_image(seed: int, kind: type) -> None:
    picture, target = pair(seed, kind)
    reach = 255 if kind is np.uint8 else 1.0
    expected = structural_similarity(
        picture.astype(np.float64),
        target.astype(np.float64),
        channel_axis=2,
        data_range=reach,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
    )
    assert metrics.ssim(picture, target) == pytest.approx(expected, abs=1e-6)
    expected = peak_signal_noise_ratio(target, picture, data_range=reach)
    assert metrics.psnr(picture, target) == pytest.approx(expected, abs=1e-4)


def test_equal_pictures_are_perfect() -> None:
    picture, _ = pair(0, np.uint8)
    assert metrics.mse(picture, picture) == 0
    assert metrics.psnr(picture, picture) == math.inf
    assert metrics.ssim(picture, picture) == pytest.approx(1)
    assert metrics.ink_iou(picture, picture) == 1


def test_no_flat_color_beats_the_mean() -> None:
    _, target = pair(1, np.float64)
    best = metrics.flat_mse(target)
    mean = np.broadcast_to(target.mean(axis=(0, 1)), target.shape)
    assert best == pytest.approx(metrics.mse(mean, target))
    assert best < metrics.mse(mean + 0.01, target)


def test_ink_iou_counts_dark_pixels() -> None:
    target, picture = np.ones((4, 4, 3)), np.ones((4, 4, 3))
    assert metrics.ink_iou(picture, target) == 1, "two blank pages agree"
    target[:2] = 0
    assert metrics.ink_iou(picture, target) == 0
    picture[1:3] = 0.49
    assert metrics.ink_iou(picture, target) == pytest.approx(4 / 12)


def test_ssim_needs_a_whole_window() -> None:
    with pytest.raises(ValueError, match="at least 11"):
        metrics.ssim(np.zeros((10, 30, 3)), np.zeros((10, 30, 3)))


def test_lpips_is_absent_with_a_reason_and_never_downloads(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    with pytest.raises(metrics.NoLpips, match=r"not installed|not in"):
        metrics.load_lpips()
    assert list(tmp_path.iterdir()) == []
