"""Every gradient equals the central difference of the value."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from supersvg.raster import coverage, render, torch_backend

SIZE = (9, 11)
STEP = 1e-6


def central_difference(function, inputs: list[Tensor], which: int) -> Tensor:
    result = torch.zeros_like(inputs[which])
    for index in range(result.numel()):
        values = []
        for sign in (1, -1):
            moved = [tensor.detach().clone() for tensor in inputs]
            moved[which].view(-1)[index] += sign * STEP
            with torch.no_grad():
                values.append(float(function(*moved)))
        result.view(-1)[index] = (values[0] - values[1]) / (2 * STEP)
    return result


def check(function, inputs: list[Tensor]) -> None:
    inputs = [tensor.requires_grad_() for tensor in inputs]
    gradients = torch.autograd.grad(function(*inputs), inputs)
    for which, gradient in enumerate(gradients):
        expected = central_difference(function, inputs, which)
        assert expected.abs().max() > 0.01, "the test itself must have something to measure"
        torch.testing.assert_close(gradient, expected, rtol=1e-6, atol=1e-6)


def scene(seed: int, shapes) -> list[Tensor]:
    random = torch.Generator().manual_seed(seed)

    def uniform(*shape: int) -> Tensor:
        return torch.rand(*shape, generator=random, dtype=torch.float64)

    return [shapes(seed, 2, 3, SIZE), uniform(2, 3, 3), 0.1 + 0.8 * uniform(2, 3), uniform(2, 3)]


@pytest.mark.parametrize("layout", ["dense", "grouped", "windows"])
@pytest.mark.parametrize("fill_rule", ["nonzero", "evenodd"])
@pytest.mark.parametrize("seed", range(4))
def test_all_outputs_of_render(seed, fill_rule, layout, simple_shapes, tangled_shapes, monkeypatch):
    """Image, alpha and union together, for every input, in every layout."""
    options = {"dense": ("dense", 2**26), "grouped": ("dense", 500), "windows": ("windows", 2**26)}[layout]
    original = torch_backend.paint
    monkeypatch.setattr(torch_backend, "paint", lambda *given: original(*given, layout=options[0], budget=options[1]))
    shapes = simple_shapes if seed % 2 else tangled_shapes
    weights = torch.randn(2, 5, *SIZE, generator=torch.Generator().manual_seed(seed + 100), dtype=torch.float64)

    def value(points: Tensor, colors: Tensor, opacity: Tensor, background: Tensor) -> Tensor:
        drawn = render(points, colors, opacity, SIZE, background=background, fill_rule=fill_rule)
        return (torch.cat([drawn.image, drawn.alpha, drawn.union], dim=1) * weights).sum()

    check(value, scene(seed, shapes))


@pytest.mark.parametrize("output", ["image", "alpha", "union"])
def test_one_output_at_a_time(output, simple_shapes):
    """A loss on one output alone does not need the others' gradients."""

    def value(points: Tensor) -> Tensor:
        drawn = render(points, torch.full((2, 3, 3), 0.7).double(), torch.full((2, 3), 0.5).double(), SIZE)
        return getattr(drawn, output).square().sum()

    check(value, [simple_shapes(5, 2, 3, SIZE)])


@pytest.mark.parametrize("fill_rule", ["nonzero", "evenodd"])
def test_coverage(fill_rule, tangled_shapes):
    """Coverage alone, path by path."""
    weights = torch.randn(2, 3, *SIZE, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    check(
        lambda points: (coverage(points, SIZE, fill_rule=fill_rule) * weights).sum(),
        [tangled_shapes(7, 2, 3, SIZE)],
    )


def test_segments_longer_than_the_ladder(simple_shapes):
    """Gradients pass through halved segments; parts left out have none to give."""
    huge = simple_shapes(3, 1, 2, SIZE)
    huge = torch.cat([huge, (huge - 5) * 300 + 5], dim=1)
    weights = torch.randn(1, 4, *SIZE, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    check(lambda points: (coverage(points, SIZE) * weights).sum(), [huge])
