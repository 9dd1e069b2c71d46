"""The losses: their values by hand, their normalisation, their schedule."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from supersvg.models.supersvg.losses import (
    boundary_loss,
    boundary_weight,
    coarse_losses,
    draw,
    fold_loss,
    pixel_loss,
)
from supersvg.models.supersvg.network import Paths
from supersvg.recipes.coarse import CoarseConfig


def square_paths(boxes: list[tuple[float, float, float, float]], *, color: float = 0.0, visible: float = 1.0) -> Paths:
    """Axis-parallel rectangles (left, top, right, bottom; 0..1) as one sample's paths."""
    corners = torch.tensor([[(a, b), (c, b), (c, d), (a, d)] for a, b, c, d in boxes])
    following = corners.roll(-1, dims=1)
    points = torch.stack([corners, corners + (following - corners) / 3, following - (following - corners) / 3], dim=2)
    count = len(boxes)
    seen = torch.full((1, count), visible)
    return Paths(points.reshape(1, count, 12, 2), torch.full((1, count, 3), color), seen, seen)


def half_mask(size: int = 16) -> Tensor:
    mask = torch.zeros(1, 1, size, size)
    mask[..., : size // 2] = 1
    return mask


def test_pixel_loss_is_the_mean_inside_the_mask() -> None:
    target, image = torch.zeros(1, 3, 16, 16), torch.zeros(1, 3, 16, 16)
    image[..., :4] = 0.5  # half of the mask
    image[..., 12:] = 1.0  # outside: does not count
    assert pixel_loss(image, target, half_mask()).item() == pytest.approx(0.125)


def test_boundary_loss_is_the_paint_outside_the_grown_mask() -> None:
    union = torch.zeros(1, 1, 16, 16)
    union[..., 8:10] = 1  # within the dilation
    union[..., 12:16] = 1
    assert boundary_loss(union, half_mask(), 2).item() == pytest.approx(4 / 6)


def test_a_mask_that_fills_its_crop_gives_zero_and_no_nan(small: CoarseConfig) -> None:
    full, empty = torch.ones(1, 1, 16, 16), torch.zeros(1, 1, 16, 16)
    paths = square_paths([(0.1, 0.1, 0.9, 0.9)])
    for mask in (full, empty):
        losses = coarse_losses(paths, torch.rand(1, 3, 16, 16), mask, small, 0.0)
        assert all(torch.isfinite(value) for value in losses.values())
    assert boundary_loss(torch.ones(1, 1, 16, 16), full, 2).item() == 0


def test_means_over_parts_are_the_mean_over_the_whole(small: CoarseConfig) -> None:
    """What several processes and accumulated passes rely on; masks of very different areas."""
    random = torch.Generator().manual_seed(0)
    paths = Paths(
        torch.rand(6, 4, 12, 2, generator=random),
        torch.rand(6, 4, 3, generator=random),
        (torch.rand(6, 4, generator=random) > 0.3).float(),
        torch.ones(6, 4),
    )
    target = torch.rand(6, 3, 16, 16, generator=random)
    mask = (torch.rand(6, 1, 16, 16, generator=random) > torch.linspace(0, 0.99, 6).view(6, 1, 1, 1)).float()

    def of(rows: slice) -> dict[str, Tensor]:
        part = Paths(paths.points[rows], paths.colors[rows], paths.visible[rows], paths.confidence[rows])
        return coarse_losses(part, target[rows], mask[rows], small, 0.0)

    whole, first, rest = of(slice(None)), of(slice(0, 2)), of(slice(2, 6))
    for name in whole:
        torch.testing.assert_close((2 * first[name] + 4 * rest[name]) / 6, whole[name])


def test_loss_is_the_weighted_sum(small: CoarseConfig) -> None:
    config = replace(small, boundary_weight=0.3, boundary_decay=0.0, count_weight=0.01)
    paths = square_paths([(0.0, 0.0, 1.0, 1.0), (0.2, 0.2, 0.4, 0.4)])
    losses = coarse_losses(paths, torch.ones(1, 3, 16, 16), half_mask(), config, 0.0)
    assert losses["pixel"].item() == pytest.approx(1.0, abs=1e-5)
    assert losses["boundary"].item() == pytest.approx(1.0, abs=1e-5)
    assert losses["visible"].item() == 2
    assert losses["loss"].item() == pytest.approx(1.0 + 0.3 + 0.02, abs=1e-4)


def test_hidden_paths_are_not_drawn_but_kept_at_home(small: CoarseConfig) -> None:
    paths = square_paths([(0.5, 0.0, 1.0, 1.0)], visible=0.0)
    losses = coarse_losses(paths, torch.ones(1, 3, 16, 16), half_mask(), small, 0.0)
    assert losses["pixel"].item() == 0
    assert losses["boundary"].item() > 0.9


@pytest.mark.parametrize(("background", "value"), [("white", 1.0), ("black", 0.0)])
def test_uncovered_pixels_show_the_background(background: str, value: float) -> None:
    image = draw(square_paths([(0.0, 0.0, 0.25, 0.25)], color=0.5), 16, background).image
    assert image[0, :, 12:, 12:].unique().tolist() == [value]
    assert image[0, :, 1:3, 1:3].unique().tolist() == [0.5]


def test_boundary_weight_falls_as_published() -> None:
    config = CoarseConfig(boundary_weight=0.05, boundary_decay=0.005, boundary_floor=0.01)
    weights = [boundary_weight(config, epoch) for epoch in (0, 0.99, 1, 6, 7, 8, 100)]
    assert weights == pytest.approx([0.045, 0.045, 0.04, 0.015, 0.01, 0.01, 0.01])


def test_a_weight_below_the_floor_is_kept() -> None:
    """``--boundary-weight 0`` turns the loss off; the floor does not bring it back."""
    assert boundary_weight(CoarseConfig(boundary_weight=0.0), 0) == 0


def test_descends_to_a_square() -> None:
    """The gradients, put together, move a misplaced path onto its target."""
    config = CoarseConfig(input_size=16, boundary_weight=0.0)
    target = draw(square_paths([(0.25, 0.25, 0.75, 0.75)]), 16, "white").image
    start = square_paths([(0.1, 0.2, 0.5, 0.6)], color=0.4)
    points, colors = start.points.clone().requires_grad_(), start.colors.clone().requires_grad_()
    optimizer = torch.optim.Adam([points, colors], lr=0.01)
    mask = torch.ones(1, 1, 16, 16)
    for _ in range(200):
        paths = Paths(points, colors, start.visible, start.confidence)
        loss = coarse_losses(paths, target, mask, config, 0.0)["pixel"]
        pixel = coarse_losses(paths, target, mask, config, 0.0)["loss"]
        optimizer.zero_grad()
        pixel.backward()
        optimizer.step()
    assert loss.item() < 1e-3


def test_fold_loss_is_zero_for_paths_that_go_around_once_and_high_for_knots() -> None:
    square = square_paths([(0.2, 0.2, 0.8, 0.8)]).points
    bowtie = square[:, :, [0, 1, 2, 6, 7, 8, 3, 4, 5, 9, 10, 11]]
    shown = torch.ones(1, 1)
    assert fold_loss(square, shown).item() == 0
    assert fold_loss(square * 0.01, shown).item() == 0
    assert fold_loss(bowtie, shown).item() > 0.05
    assert fold_loss(bowtie * 0.01, shown).item() == pytest.approx(fold_loss(bowtie, shown).item(), rel=1e-3)
    assert fold_loss(bowtie, torch.zeros(1, 1)).item() == 0, "hidden paths may fold"


def test_fold_loss_unfolds_a_knot() -> None:
    """Its gradient alone turns a path that runs the wrong way in places into one that goes around once."""
    random = torch.Generator().manual_seed(3)
    points = square_paths([(0.2, 0.2, 0.8, 0.8)]).points
    points = (points + 0.25 * torch.randn(points.shape, generator=random)).requires_grad_()
    shown = torch.ones(1, 1)
    before = fold_loss(points, shown).item()
    optimizer = torch.optim.Adam([points], lr=0.01)
    for _ in range(300):
        optimizer.zero_grad()
        fold_loss(points, shown).sum().backward()
        optimizer.step()
    assert before > 0.02
    assert fold_loss(points, shown).item() < 1e-3
