"""Coverage against a winding test of 64 x 64 points per pixel that shares nothing with the package."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from supersvg.raster import coverage
from supersvg.raster.supersampled import supersampled_coverage

SIZE = (14, 17)


def winding_test(points: np.ndarray, size: tuple[int, int], fill_rule: str, samples: int = 64) -> np.ndarray:
    """For every sample point, count signed crossings of a ray to the left with a fine polyline."""
    t = np.linspace(0, 1, 400, endpoint=False)[:, None]
    ring = np.concatenate([points, points[:1]])
    line = np.concatenate(
        [
            ring[i] * (1 - t) ** 3
            + ring[i + 1] * 3 * t * (1 - t) ** 2
            + ring[i + 2] * 3 * t * t * (1 - t)
            + ring[i + 3] * t**3
            for i in range(0, len(points), 3)
        ]
    )
    following = np.roll(line, -1, axis=0)
    xs = (np.arange(size[1] * samples) + 0.5) / samples
    inside = np.zeros((size[0] * samples, size[1] * samples))
    for row in range(len(inside)):
        y = (row + 0.5) / samples
        up, down = (line[:, 1] <= y) & (following[:, 1] > y), (line[:, 1] > y) & (following[:, 1] <= y)
        winding = np.zeros(len(xs), dtype=int)
        for edge in np.flatnonzero(up | down):
            (x0, y0), (x1, y1) = line[edge], following[edge]
            winding += np.where(x0 + (y - y0) / (y1 - y0) * (x1 - x0) < xs, 1 if up[edge] else -1, 0)
        inside[row] = winding % 2 if fill_rule == "evenodd" else winding != 0
    return inside.reshape(size[0], samples, size[1], samples).mean(axis=(1, 3))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("fill_rule", ["nonzero", "evenodd"])
def test_simple_shapes(fill_rule, dtype, simple_shapes):
    """Without self-crossings: 0.002 in the mean, 0.05 at worst."""
    points = simple_shapes(0, 1, 6, SIZE)
    ours = coverage(points.to(dtype), SIZE, fill_rule=fill_rule)[0].double().numpy()
    for path, share in zip(points[0].numpy(), ours, strict=True):
        error = np.abs(share - winding_test(path, SIZE, fill_rule))
        assert error.mean() < 0.002
        assert error.max() < 0.05


@pytest.mark.parametrize(("fill_rule", "bound"), [("nonzero", 0.02), ("evenodd", 0.03)])
def test_self_crossings_deviate_little_in_the_mean(fill_rule, bound, tangled_shapes):
    """Pixels that hold a crossing are off (docs/rasteriser.md); the mean over the canvas stays bounded."""
    points = tangled_shapes(0, 1, 6, SIZE)
    ours = coverage(points, SIZE, fill_rule=fill_rule)[0].numpy()
    for path, share in zip(points[0].numpy(), ours, strict=True):
        assert np.abs(share - winding_test(path, SIZE, fill_rule)).mean() < bound


@pytest.mark.parametrize("fill_rule", ["nonzero", "evenodd"])
def test_the_oracle_agrees_with_the_winding_test(fill_rule, tangled_shapes):
    """`supersampled_coverage` counts the same sample points, up to its polyline."""
    path = tangled_shapes(3, 1, 1, SIZE)[0, 0].numpy()
    error = supersampled_coverage(path, SIZE, samples=64, fill_rule=fill_rule) - winding_test(path, SIZE, fill_rule)
    assert np.abs(error).max() < 0.005


def test_a_rectangle_is_exact():
    """Straight edges on fractions of a pixel give the fractions."""
    corners = torch.tensor([[1.25, 1.5], [4.0, 1.5], [4.0, 3.75], [1.25, 3.75]], dtype=torch.float64)
    steps = torch.arange(3, dtype=torch.float64)[None, :, None] / 3
    points = (corners[:, None] + (corners.roll(-1, 0) - corners)[:, None] * steps).reshape(1, 1, 12, 2)
    expected = torch.tensor([0, 0.5, 1, 0.75, 0]).double()[:, None] * torch.tensor([0, 0.75, 1, 1, 0, 0]).double()
    torch.testing.assert_close(coverage(points, (5, 6))[0, 0], expected, rtol=0, atol=1e-12)
    torch.testing.assert_close(coverage(points.flip(2).roll(1, 2), (5, 6))[0, 0], expected, rtol=0, atol=1e-12)
