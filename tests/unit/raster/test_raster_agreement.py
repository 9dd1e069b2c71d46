"""Layouts agree with each other, runs with runs, and the picture with resvg's drawing of the SVG."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import torch

from supersvg.raster import render, torch_backend
from supersvg.raster.supersampled import supersampled_render
from supersvg.svg import SvgDocument, SvgPath, draw_svg, quantise, write_svg

HASH = """
import hashlib, torch
from supersvg.raster import render
torch.set_num_threads(2)
random = torch.Generator().manual_seed(0)
for size in ((40, 40), (120, 130)):
    points = (torch.rand(3, 6, 12, 2, generator=random) * 150 - 10).requires_grad_()
    colors, opacity = torch.rand(3, 6, 3, generator=random), torch.rand(3, 6, generator=random)
    picture = render(points, colors, opacity, size)
    (picture.image.square().sum() + picture.union.sum()).backward()
    content = picture.image.detach().numpy().tobytes() + points.grad.numpy().tobytes()
    print(hashlib.sha256(content).hexdigest())
"""


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 2e-4), (torch.float64, 1e-11)])
@pytest.mark.parametrize("fill_rule", ["nonzero", "evenodd"])
def test_windows_and_planes(fill_rule, dtype, tolerance, simple_shapes, tangled_shapes):
    """Values and every gradient; paths across, beyond and far beyond the border included."""
    size = (30, 50)
    points = torch.cat([simple_shapes(0, 2, 6, size), tangled_shapes(0, 2, 3, size)], dim=1)
    points[0, 1] -= 90
    points[1, 2] = points[1, 2] * 2e3 - 3e4
    points = points.to(dtype).requires_grad_()
    random = torch.Generator().manual_seed(3)
    colors, opacity, background = (
        torch.rand(*shape, generator=random, dtype=dtype).requires_grad_() for shape in ((2, 9, 4), (2, 9), (2, 4))
    )
    weights = torch.randn(2, 5, *size, generator=random, dtype=dtype)
    results = []
    for layout, budget in (("dense", 2**26), ("dense", 10_000), ("windows", 2**26)):
        image, union = torch_backend.paint(
            points, colors, opacity, background, size, fill_rule, True, layout=layout, budget=budget
        )
        assert union is not None
        loss = (torch.cat([image, union], dim=1) * weights).sum()
        results.append([image, union, *torch.autograd.grad(loss, (points, colors, opacity, background))])
    for other in results[1:]:
        for ours, theirs in zip(results[0], other, strict=True):
            torch.testing.assert_close(ours, theirs, rtol=tolerance, atol=tolerance)


def test_the_same_bits_in_every_process():
    """Resuming a run bit for bit rests on this."""
    command = [sys.executable, "-c", HASH]
    runs = {subprocess.run(command, capture_output=True, text=True, check=True).stdout for _ in range(2)}
    assert len(runs) == 1
    assert len(runs.pop().split()) == 2


def test_alpha_and_union(simple_shapes):
    """Union ignores opacity; alpha does not; without union it is alpha."""
    points = simple_shapes(1, 1, 3, (20, 20), torch.float32)
    colors, opacity = torch.rand(1, 3, 3), torch.tensor([[0.0, 0.5, 1.0]])
    full = render(points, colors, torch.ones(1, 3), (20, 20))
    part = render(points, colors, opacity, (20, 20))
    torch.testing.assert_close(part.union, full.alpha)
    assert part.alpha.sum() < part.union.sum()
    torch.testing.assert_close(render(points, colors, opacity, (20, 20), need_union=False).union, part.alpha)


@pytest.mark.parametrize("size", [48, 128])
@pytest.mark.parametrize("seed", range(3))
def test_resvg_draws_what_the_loss_saw(seed, size, simple_shapes):
    """PSNR against resvg is within 0.5 dB of what 16 x 16 samples per pixel score against it."""
    random = torch.Generator().manual_seed(seed)
    shapes = simple_shapes(seed, 1, 20, (size, size))[0].numpy()
    colors, opacity = torch.rand(20, 3, generator=random), 0.3 + 0.7 * torch.rand(20, generator=random)
    document = quantise(
        SvgDocument(
            size,
            size,
            tuple(
                SvgPath(shape, (float(r), float(g), float(b)), float(o))
                for shape, (r, g, b), o in zip(shapes, colors, opacity, strict=True)
            ),
            background=(1.0, 1.0, 1.0),
        )
    )
    points = np.stack([path.points for path in document.paths])
    fills = np.array([path.fill for path in document.paths])
    shares = np.array([path.opacity for path in document.paths])
    white = np.ones(3)
    theirs = draw_svg(write_svg(document), size, size) / 255
    ours = render(
        *(torch.tensor(array, dtype=torch.float32)[None] for array in (points, fills, shares)),
        (size, size),
        background=torch.ones(3),
    ).image[0].permute(1, 2, 0).numpy()  # fmt: skip
    sampled = supersampled_render(points, fills, shares, (size, size), background=white)

    def psnr(picture: np.ndarray) -> float:
        return float(-10 * np.log10(np.square(picture - theirs).mean()))

    assert psnr(ours) > psnr(sampled) - 0.5
    assert psnr(ours) > 35


@pytest.mark.parametrize("size", [(20, 20), (120, 130)])
def test_mixed_precision_around_it_changes_nothing(size, simple_shapes):
    """Autocast at the call, and at the call of backward, leaves values and gradients at full precision."""
    points = simple_shapes(1, 1, 3, size, torch.float32).requires_grad_()
    colors, opacity = torch.full((1, 3, 3), 0.3), torch.full((1, 3), 0.7)

    def run(mixed: bool) -> tuple[torch.Tensor, torch.Tensor]:
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=mixed):
            image = render(points, colors, opacity, size).image
            return image, torch.autograd.grad(image.square().sum(), points)[0]

    for ours, theirs in zip(run(True), run(False), strict=True):
        assert torch.equal(ours, theirs)


def test_half_precision_input_is_computed_in_float32(simple_shapes):
    """And its gradients come back in its own type."""
    points = simple_shapes(1, 1, 3, (20, 20), torch.bfloat16).requires_grad_()
    picture = render(points, torch.ones(1, 3, 3).bfloat16(), torch.ones(1, 3).bfloat16(), (20, 20))
    assert picture.image.dtype == torch.float32
    picture.image.sum().backward()
    assert points.grad is not None
    assert points.grad.dtype == torch.bfloat16


def test_inference_mode_first_does_not_spoil_training_later(simple_shapes):
    """Tables kept between calls serve both."""
    points = simple_shapes(2, 1, 3, (20, 20), torch.float32)
    with torch.inference_mode():
        drawn = render(points, torch.ones(1, 3, 3), torch.ones(1, 3), (20, 20)).image
    points.requires_grad_()
    image = render(points, torch.ones(1, 3, 3), torch.ones(1, 3), (20, 20)).image
    image.sum().backward()
    assert torch.equal(image, drawn)
