"""The network: shapes, start, gate, determinism."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from supersvg.models.supersvg.network import CoarseNetwork, build_network, gate, positions, starting_logits
from supersvg.raster import coverage
from supersvg.recipes import RecipeError
from supersvg.recipes.coarse import CoarseConfig


@pytest.mark.parametrize("changes", [{}, {"tokens": "parameter", "head_width": 8, "paths": 8}, {"segments": 3}])
def test_says_paths_of_the_documented_shapes_and_ranges(small: CoarseConfig, changes: dict[str, object]) -> None:
    config = replace(small, **changes)
    network = build_network(config)
    said = network(torch.rand(3, 3, 16, 16), torch.ones(3, 1, 16, 16))
    assert said.points.shape == (3, config.paths, 3 * config.segments, 2)
    assert said.colors.shape == (3, config.paths, 3)
    assert said.visible.shape == said.confidence.shape == (3, config.paths)
    for numbers in (said.points, said.colors, said.confidence):
        assert ((numbers >= 0) & (numbers <= 1)).all()
    assert set(said.visible.unique().tolist()) <= {0.0, 1.0}


def test_every_weight_gets_a_gradient(small: CoarseConfig) -> None:
    """Nothing in the network is dead weight."""
    network = build_network(small)
    said = network(torch.rand(3, 3, 16, 16), torch.ones(3, 1, 16, 16))
    (said.points.square().sum() + said.colors.square().sum() + said.visible.sum()).backward()
    silent = [name for name, weights in network.named_parameters() if weights.grad is None or not weights.grad.any()]
    assert silent == []


def test_gate_is_hard_forward_and_sigmoid_backward() -> None:
    logits = torch.tensor([-30.0, -0.1, 0.1, 2.0], requires_grad=True)
    out = gate(logits)
    assert out.tolist() == [0.0, 0.0, 1.0, 1.0]
    out.sum().backward()
    soft = torch.sigmoid(logits.detach())
    torch.testing.assert_close(logits.grad, soft * (1 - soft))


def test_starts_as_visible_separate_discs() -> None:
    """Every path covers the area of its disc, and no two overlap."""
    start = torch.sigmoid(starting_logits(6, 4, -2.0))
    covered = coverage(start[None, :, :24].reshape(1, 6, 12, 2) * 64, (64, 64))[0]
    radius = 0.35 / 3 * 64
    torch.testing.assert_close(covered.sum(dim=(1, 2)), torch.full((6,), torch.pi * radius**2), rtol=0.02, atol=0)
    assert covered.sum(dim=0).max() <= 1 + 1e-5
    assert (start[:, -1] > 0.5).all()


@pytest.mark.parametrize("background", ["white", "black"])
def test_starting_colors_are_unlike_the_background(small: CoarseConfig, background: str) -> None:
    network = build_network(replace(small, background=background))
    said = network(torch.rand(2, 3, 16, 16), torch.ones(2, 1, 16, 16))
    assert (said.colors > 0.5).all() == (background == "black")


def test_weights_are_a_function_of_the_seed_alone(small: CoarseConfig) -> None:
    torch.manual_seed(5)
    first = build_network(small).state_dict()
    state = torch.random.get_rng_state()
    torch.manual_seed(6)
    second = build_network(small).state_dict()
    other = build_network(replace(small, seed=1)).state_dict()
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert any(not torch.equal(first[name], other[name]) for name in first)
    torch.manual_seed(5)
    assert torch.equal(torch.random.get_rng_state(), state), "building leaves the global generator alone"


def test_sees_nothing_outside_the_mask(network: CoarseNetwork) -> None:
    mask = torch.zeros(1, 1, 16, 16)
    mask[..., 4:12, 4:12] = 1
    inside = torch.rand(1, 3, 16, 16)
    outside = torch.where(mask > 0, inside, torch.rand(1, 3, 16, 16))
    first, second = network(inside, mask), network(outside, mask)
    assert torch.equal(first.points, second.points)
    assert not torch.equal(network(inside, 1 - mask).points, first.points)


def test_numbers_stay_float32_under_autocast(network: CoarseNetwork) -> None:
    with torch.autocast("cpu", dtype=torch.bfloat16):
        said = network(torch.rand(2, 3, 16, 16), torch.ones(2, 1, 16, 16))
    assert said.points.dtype == said.colors.dtype == torch.float32


def test_positions_differ_between_all_patches() -> None:
    places = positions(8, 64)[0]
    assert places.shape == (64, 64)
    distance = torch.cdist(places, places) + 10 * torch.eye(64)
    assert distance.min() > 0.1


def test_published_layout_needs_a_channel_per_path(small: CoarseConfig) -> None:
    with pytest.raises(RecipeError, match="head-width"):
        replace(small, tokens="parameter", head_width=32, paths=8)


@pytest.mark.slow
def test_paper_preset_has_the_published_size() -> None:
    """ViT-S/16 of 21.67 million parameters and a head of 0.466 million, ours without the class token."""
    config = CoarseConfig(**CoarseConfig.PRESETS["paper"])  # type: ignore[arg-type]
    network = build_network(config)
    encoder = sum(weights.numel() for weights in network.encoder.parameters())
    head = sum(weights.numel() for weights in network.head.parameters())
    assert encoder == pytest.approx(21.67e6, rel=0.005)
    assert head == pytest.approx(0.466e6, rel=0.02)
