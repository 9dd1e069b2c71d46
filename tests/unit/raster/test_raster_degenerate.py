"""Input that draws nothing, or should not be there, has a defined result and harms no neighbour."""

from __future__ import annotations

import math

import pytest
import torch

from supersvg.raster import coverage, render, torch_backend
from supersvg.raster.curves import flatten

SIZE = (20, 24)


def drawn(points, size=SIZE, **options):
    batch, paths = points.shape[:2]
    colors = torch.full((batch, paths, 3), 0.5, dtype=points.dtype)
    return render(points, colors, torch.ones(batch, paths, dtype=points.dtype), size, **options)


def test_no_paths_is_the_background():
    """P = 0: the background, alpha and union zero; B = 0: empty tensors."""
    result = drawn(torch.zeros(2, 0, 12, 2), background=torch.tensor([0.1, 0.2, 0.3]))
    assert torch.equal(result.image, torch.tensor([0.1, 0.2, 0.3])[None, :, None, None].expand(2, 3, *SIZE))
    assert not result.alpha.any()
    assert not result.union.any()
    assert drawn(torch.zeros(0, 3, 12, 2)).image.shape == (0, 3, *SIZE)
    assert drawn(torch.zeros(0, 3, 12, 2), size=(200, 200)).image.shape == (0, 3, 200, 200)
    assert drawn(torch.zeros(2, 0, 12, 2), size=(200, 200)).image.shape == (2, 3, 200, 200)


@pytest.mark.parametrize("size", [SIZE, (120, 130)])
@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("where", ["points", "colors", "opacity"])
def test_not_finite_is_not_painted(where, bad, size, simple_shapes):
    """The path vanishes; every other path's pixels and gradients are as if it had never been."""
    points = simple_shapes(0, 1, 3, size, torch.float32)
    colors, opacity = torch.rand(1, 3, 3), torch.full((1, 3), 0.5)
    kept = [0, 2]

    def result(p, c, o):
        p, c, o = (t.clone().requires_grad_() for t in (p, c, o))
        picture = render(p, c, o, size)
        (picture.image.square().sum() + picture.union.sum()).backward()
        return picture, p.grad, c.grad, o.grad

    clean, *expected = result(points[:, kept], colors[:, kept], opacity[:, kept])
    {"points": points[0, 1, 4], "colors": colors[0, 1], "opacity": opacity[0, 1:2]}[where][0] = bad
    picture, *gradients = result(points, colors, opacity)
    torch.testing.assert_close(picture.image, clean.image)
    for gradient, other in zip(gradients, expected, strict=True):
        assert gradient.isfinite().all()
        torch.testing.assert_close(gradient[:, kept], other, rtol=1e-4, atol=1e-4)


def test_a_point_and_a_line_cover_nothing():
    """Zero length and zero area: no coverage, finite gradients."""
    point = torch.full((1, 1, 12, 2), 7.0)
    line = torch.linspace(2, 9, 12)[None, None, :, None].expand(1, 1, 12, 2)
    points = torch.cat([point, line], dim=1).double().requires_grad_()
    covered = coverage(points, SIZE)
    assert covered.abs().max() < 1e-9
    covered.sum().backward()
    assert points.grad is not None
    assert points.grad.isfinite().all()


@pytest.mark.parametrize("shift", [(-100, 0), (100, 0), (0, -100), (0, 100), (-1e9, 1e9)])
def test_out_of_sight(shift, simple_shapes):
    """Off the canvas on any side: nothing drawn and nothing to learn, whatever the layout."""
    points = (simple_shapes(1, 1, 2, SIZE) + torch.tensor(shift).double()).requires_grad_()
    result = coverage(points, SIZE)
    assert result.abs().max() < 1e-9
    result.sum().backward()
    assert not points.grad.any()
    image, _ = torch_backend.paint(
        points.detach().clamp(-(2**20), 2**20), torch.ones(1, 2, 4).double(), torch.ones(1, 2).double(),
        torch.zeros(1, 4).double(), SIZE, "nonzero", False, layout="windows",
    )  # fmt: skip
    assert image.abs().max() < 1e-9


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("radius", [1e2, 1e4, 1e6, 1e12])
@pytest.mark.parametrize("layout", ["dense", "windows"])
def test_a_huge_disc_covers_everything(radius, layout, dtype):
    """Coordinates far beyond the canvas cost no memory and leave no seams."""
    angle = torch.arange(12, dtype=torch.float64) / 12 * 2 * math.pi
    ring = torch.stack([angle.cos(), angle.sin()], dim=-1)
    points = (ring * radius + 10)[None, None].to(dtype).clamp(-(2**20), 2**20)
    image, _ = torch_backend.paint(
        points, torch.ones(1, 1, 4, dtype=dtype), torch.ones(1, 1, dtype=dtype),
        torch.zeros(1, 4, dtype=dtype), SIZE, "nonzero", False, layout=layout,
    )  # fmt: skip
    assert (image - 1).abs().max() < 1e-4


def test_a_huge_half_plane_keeps_its_border():
    """The visible border of a path of a million pixels is where it should be."""
    big = float(2**19)
    corners = torch.tensor([[-big, -big], [10.5, -big], [10.5, big], [-big, big]], dtype=torch.float64)
    steps = torch.arange(3, dtype=torch.float64)[None, :, None] / 3
    points = (corners[:, None] + (corners.roll(-1, 0) - corners)[:, None] * steps).reshape(1, 1, 12, 2)
    expected = (10.5 - torch.arange(24).double()).clamp(0, 1).expand(20, 24)
    torch.testing.assert_close(coverage(points, SIZE)[0, 0], expected, rtol=0, atol=1e-9)
    mirrored = points * torch.tensor([-1.0, 1.0]).double() + torch.tensor([21.0, 0.0]).double()
    torch.testing.assert_close(coverage(mirrored, SIZE)[0, 0], 1 - expected, rtol=0, atol=1e-9)


def test_edges_are_bounded_however_large_the_coordinates(tangled_shapes):
    """Work grows with what can be seen: huge paths make no more edges than large ones."""
    points = (tangled_shapes(0, 1, 50, SIZE)[0] - 8) * 4e4
    outline = flatten(points.clamp(-(2**20), 2**20), SIZE, bounds=True)
    assert outline.start.shape[1] < 50 * 4 * 4 * 256
    assert outline.delta.abs().max() <= 1 + 1e-9


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"points": torch.zeros(1, 2, 11, 2)}, r"K = 3 \* segments"),
        ({"points": torch.zeros(1, 2, 12, 2, dtype=torch.int64)}, "floating point"),
        ({"colors": torch.zeros(1, 3, 3)}, r"colors must be .*\[1, 2, 3\]"),
        ({"opacity": torch.zeros(1, 3)}, r"opacity must be .*\[1, 2\]"),
        ({"background": torch.zeros(4)}, "background must be"),
        ({"size": (0, 4)}, "at least 1"),
        ({"fill_rule": "winding"}, "'nonzero' or 'evenodd'"),
        ({"backend": "cuda"}, "no rasteriser backend is called 'cuda'; choose from: auto, torch"),
    ],
)
def test_what_does_not_fit_is_refused(change, message):
    """The message says what was expected."""
    arguments = {
        "points": torch.zeros(1, 2, 12, 2),
        "colors": torch.zeros(1, 2, 3),
        "opacity": torch.zeros(1, 2),
        "size": SIZE,
    } | change
    with pytest.raises(ValueError, match=message):
        render(**arguments)  # type: ignore[arg-type]
