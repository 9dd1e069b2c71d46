"""Whole pictures: the exact budget, what is left out, and that the SVG is what our rasteriser drew."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from supersvg.engine.metrics import psnr
from supersvg.models.supersvg.inference import (
    Painting,
    changes,
    draw_document,
    paint,
    resize_for,
    vectorize_picture,
    vectorizer,
)
from supersvg.models.supersvg.losses import draw
from supersvg.models.supersvg.network import CoarseNetwork, Paths
from supersvg.recipes.coarse import CoarseConfig
from supersvg.svg import SvgDocument, SvgPath, draw_svg, read_svg, write_svg
from supersvg_data.superpixels import superpixel_labels

CPU = torch.device("cpu")


@pytest.fixture
def photo() -> NDArray[np.uint8]:
    """Smooth colours, nowhere white, 60 x 90."""
    y, x = np.mgrid[:60, :90]
    waves = [120 + 100 * np.sin(x / 9 + channel) * np.cos(y / 7 - channel) for channel in range(3)]
    return np.stack(waves, axis=-1).astype(np.uint8)


@pytest.mark.parametrize("budget", [1, 2, 7, 30, 64, 700])
def test_a_budget_is_met_exactly(
    network: CoarseNetwork, small: CoarseConfig, photo: NDArray[np.uint8], budget: int
) -> None:
    """The background rectangle counts as one. 700 paths need more superpixels than 8 bits count."""
    text = vectorizer(small, network.state_dict(), CPU)(photo, budget)
    assert text.count("<path") + text.count("<rect") == budget


def test_without_a_budget_the_canvas_has_the_pictures_size(
    network: CoarseNetwork, small: CoarseConfig, photo: NDArray[np.uint8]
) -> None:
    document = vectorize_picture(network, photo, small, CPU)
    assert (document.width, document.height) == (90, 60)
    assert document.background == (1.0, 1.0, 1.0)
    assert 0 < len(document.paths) <= small.paths * small.superpixels * 1.5
    everything = np.concatenate([path.points for path in document.paths])
    assert everything[:, 0].max() > 70
    assert everything[:, 1].max() > 40


def test_a_blank_page_needs_no_paths_and_a_budget_does_not_invent_any(
    network: CoarseNetwork, small: CoarseConfig
) -> None:
    page = np.full((40, 40, 3), 255, np.uint8)
    assert vectorize_picture(network, page, small, CPU).paths == ()
    assert vectorize_picture(network, page, small, CPU, 50).paths == ()


@pytest.mark.parametrize("shape", [(1, 1), (1, 300), (7, 5), (400, 30)])
def test_any_size_of_picture_is_taken(network: CoarseNetwork, small: CoarseConfig, shape: tuple[int, int]) -> None:
    picture = np.random.default_rng(0).integers(0, 200, (*shape, 3)).astype(np.uint8)
    document = vectorize_picture(network, picture, small, CPU, 12)
    assert (document.height, document.width) == shape
    assert len(document.paths) <= 11


def test_a_budget_below_one_is_refused(network: CoarseNetwork, small: CoarseConfig, photo: NDArray[np.uint8]) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        vectorize_picture(network, photo, small, CPU, 0)


def test_over_budget_the_least_important_go_and_the_order_stays() -> None:
    points = np.arange(4)[:, None, None] * np.ones((4, 12, 2))
    painting = Painting(points, np.zeros((4, 3)), np.array([3.0, 1.0, 2.0, 4.0]))
    assert painting.strongest(3).points[:, 0, 0].tolist() == [0, 2, 3]
    assert len(painting.strongest(0).points) == 0
    assert len(painting.strongest(99).points) == 4


def test_changes_are_what_leaving_a_path_out_changes(small: CoarseConfig) -> None:
    """Compared with a render without the path, for every path of random, overlapping, partly hidden ones."""
    random = torch.Generator().manual_seed(1)
    paths = Paths(
        torch.rand(3, 4, 12, 2, generator=random),
        torch.rand(3, 4, 3, generator=random),
        torch.tensor([[1.0, 1, 1, 1], [1, 0, 1, 1], [1, 1, 1, 0]]),
        torch.ones(3, 4),
    )
    largest, squared = changes(paths, small)
    whole = draw(paths, small.input_size, small.background).image
    for path in range(4):
        fewer = paths.visible.clone()
        fewer[:, path] = 0
        without = draw(replace(paths, visible=fewer), small.input_size, small.background).image
        torch.testing.assert_close(largest[:, path], (whole - without).abs().amax(dim=(1, 2, 3)), atol=1e-5, rtol=0)
        torch.testing.assert_close(squared[:, path], (whole - without).square().mean(dim=(1, 2, 3)))


def test_paths_of_the_backgrounds_color_are_left_out(network: CoarseNetwork, small: CoarseConfig) -> None:
    """What cannot be seen is not written: every path is made white on white."""
    picture = np.full((48, 48, 3), 90, np.uint8)
    labels = superpixel_labels(picture, 9, 30.0, 1.0)
    seen = paint(network, picture, labels, small, CPU)
    assert len(seen.points) > 0
    white = {name: weights.clone() for name, weights in network.state_dict().items()}
    white["head.out.weight"][-4:-1] = 0
    white["head.start"][:, -4:-1] = 50.0
    silent = type(network)(small)
    silent.load_state_dict(white)
    assert len(paint(silent, picture, labels, small, CPU).points) == 0


def test_paths_land_where_their_superpixel_lies(network: CoarseNetwork, small: CoarseConfig) -> None:
    """One dark square in a white page: no point leaves the crop around its superpixels."""
    picture = np.full((48, 48, 1), 255, np.uint8)
    picture[34:44, 4:14] = 0
    labels = np.zeros((48, 48), np.uint8)
    labels[32:46, 2:16] = 1
    painting = paint(network, picture, labels, small, CPU)
    assert len(painting.points) > 0
    assert painting.points[..., 0].max() < 19
    assert painting.points[..., 1].min() > 29


def test_what_is_written_is_what_the_loss_saw(
    network: CoarseNetwork, small: CoarseConfig, photo: NDArray[np.uint8]
) -> None:
    """resvg, which shares no code with ours, draws the same picture from the text."""
    text = write_svg(vectorize_picture(network, photo, small, CPU, 40))
    ours = draw_document(read_svg(text), 128, 192)
    assert psnr(ours, draw_svg(text, 192, 128)) > 38


def test_draws_quantised_numbers_and_backgrounds_without_paths() -> None:
    empty = SvgDocument(4, 4, (), background=(0.5, 0.0, 1.0))
    assert draw_document(empty, 3, 2).shape == (3, 2, 3)
    assert draw_document(empty, 3, 2)[0, 0].tolist() == [128, 0, 255]
    square = np.array([[0, 0], [1, 0], [2, 0], [4, 0], [4, 1], [4, 2], [4, 4], [3, 4], [2, 4], [0, 4], [0, 3], [0, 1]])
    covering = SvgDocument(4, 4, (SvgPath(square.astype(float), (0.2, 0.4, 0.6)),), background=(1.0, 1.0, 1.0))
    assert draw_document(covering, 8, 8)[4, 4].tolist() == [51, 102, 153]


def test_larger_budgets_mean_larger_pictures_of_equal_proportions(small: CoarseConfig) -> None:
    picture = np.zeros((50, 100, 3), np.uint8)
    few, many = resize_for(picture, 9, small), resize_for(picture, 36, small)
    assert few.shape[0] * few.shape[1] == pytest.approx(48 * 48, rel=0.05)
    assert many.shape[0] * many.shape[1] == pytest.approx(4 * 48 * 48, rel=0.05)
    assert many.shape[1] / many.shape[0] == pytest.approx(2, rel=0.05)
