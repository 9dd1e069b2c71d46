"""Whole pictures: superpixels, one forward pass for each, and all their paths on one canvas.

Nothing here looks at the result to improve it: no optimisation, no second pass. Superpixels that hold nothing but
background are not asked. Paths that change no pixel by even one of 256 steps are left out, and where a budget leaves
room for fewer paths than the model wants, those that change least go first.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from supersvg.models.supersvg.crops import as_labels, cut, find_superpixels
from supersvg.models.supersvg.losses import BACKGROUNDS
from supersvg.models.supersvg.network import CoarseNetwork, Paths, build_network
from supersvg.raster import coverage, render
from supersvg.recipes.coarse import CoarseConfig
from supersvg.svg import SvgDocument, SvgPath, quantise, write_svg

# A path that changes every colour of every pixel by less than this is not worth writing.
ONE_STEP = 1 / 255

# Crops per forward pass: bounds the memory, not the result.
CROPS_AT_ONCE = 256

# Numbers of path coverage in memory at a time, likewise.
CELLS_AT_ONCE = 2**24

# Share of a superpixel's paths that a first guess expects to be worth keeping.
EXPECTED_SHARE = 0.7
# Superpixels may grow by this much per try, so often, until the model offers as many paths as were asked for.
GROWTH, TRIES = 1.6, 6


@dataclass(frozen=True)
class Painting:
    """Paths of a whole picture in painter's order."""

    points: NDArray[np.float64]
    """[Q, 3 * segments, 2], picture pixels."""
    colors: NDArray[np.float64]
    """[Q, 3], 0..1."""
    importance: NDArray[np.float64]
    """[Q]: squared change of colour that the path makes, summed over picture pixels."""

    def strongest(self, count: int) -> Painting:
        """The ``count`` most important paths, still in painter's order."""
        kept = np.sort(np.argsort(-self.importance, kind="stable")[: max(0, count)])
        return Painting(self.points[kept], self.colors[kept], self.importance[kept])

    def document(self, config: CoarseConfig, width: float, height: float, scale: tuple[float, float]) -> SvgDocument:
        """The paths over a background, on a canvas of ``width`` x ``height``; ``scale`` = units per picture pixel."""
        under = BACKGROUNDS[config.background]
        paths = tuple(
            SvgPath(points * np.array(scale), (float(red), float(green), float(blue)))
            for points, (red, green, blue) in zip(self.points, self.colors, strict=True)
        )
        return SvgDocument(width, height, paths, background=(under, under, under))


@torch.no_grad()
def paint(
    network: CoarseNetwork,
    picture: NDArray[np.uint8],
    labels: NDArray[np.integer],
    config: CoarseConfig,
    device: torch.device,
) -> Painting:
    """One forward pass per superpixel that is not blank.

    Args:
        picture: [H, W, C], C = 1 or 3.
        labels: [H, W] superpixels.
    """
    found = find_superpixels(
        picture,
        labels,
        background=round(255 * BACKGROUNDS[config.background]),
        size=config.input_size,
        border=crop_border(config),
    )
    wanted = np.flatnonzero(~found.blank)
    # Copies: pictures from files and memory maps are read-only, which torch does not like.
    pictures, label_planes = torch.tensor(picture)[None], as_labels(labels[None])
    points, colors, importance = [], [], []
    for begin in range(0, len(wanted), CROPS_AT_ONCE):
        part = wanted[begin : begin + CROPS_AT_ONCE]
        boxes = torch.from_numpy(found.boxes[part])
        image, mask = cut(
            pictures,
            label_planes,
            torch.zeros(len(part), dtype=torch.int64),
            torch.from_numpy(part),
            boxes,
            config.input_size,
            overlap=config.overlap,
        )
        said = network(image.to(device), mask.to(device))
        changed, worth = changes(said, config)
        worth = worth.cpu() * boxes[:, None, 2].square()
        keep = (said.visible > 0).cpu() & (changed.cpu() >= ONE_STEP)
        placed = said.points.cpu().double() * boxes[:, None, None, 2:] + boxes[:, None, None, :2]
        points.append(placed[keep])
        colors.append(said.colors.cpu().double().clamp(0, 1)[keep])
        importance.append(worth.double()[keep])
    if not points:
        return Painting(np.zeros((0, 3 * config.segments, 2)), np.zeros((0, 3)), np.zeros(0))
    return Painting(torch.cat(points).numpy(), torch.cat(colors).numpy(), torch.cat(importance).numpy())


def crop_border(config: CoarseConfig) -> int:
    """Room around a superpixel in its crop, in crop pixels: the overlap and one to spare."""
    return config.overlap + 1


def changes(paths: Paths, config: CoarseConfig) -> tuple[Tensor, Tensor]:
    """What each path changes in its crop, all the others staying: (largest change of a colour, squared change).

    Both [B, P]; the square is a mean over the crop's pixels and channels. Exact, since a composited picture is
    linear in each path's alpha: a path adds ``light through all in front * coverage * (its colour - what is behind)``.
    """
    size = (config.input_size, config.input_size)
    at_once = max(1, CELLS_AT_ONCE // (config.paths * size[0] * size[1]))
    largest, squared = torch.zeros_like(paths.confidence), torch.zeros_like(paths.confidence)
    for begin in range(0, len(paths.points), at_once):
        part = slice(begin, begin + at_once)
        alpha = coverage(paths.points[part] * config.input_size, size) * paths.visible[part, :, None, None]
        ahead = torch.cumprod((1 - alpha).flip(1), dim=1).flip(1)
        through = torch.cat([ahead[:, 1:], torch.ones_like(ahead[:, :1])], dim=1)
        behind = alpha.new_full((len(alpha), 3, *size), BACKGROUNDS[config.background])
        for path, color in enumerate(paths.colors[part].unbind(1)):
            cover = alpha[:, path, None]
            contrast = color[:, :, None, None] - behind
            change = through[:, path, None] * cover * contrast
            largest[part, path] = change.abs().amax(dim=(1, 2, 3))
            squared[part, path] = change.square().mean(dim=(1, 2, 3))
            behind = behind + cover * contrast
    return largest, squared


def draw_document(document: SvgDocument, height: int, width: int) -> NDArray[np.uint8]:
    """A document by our own rasteriser, the one in the loss: uint8 [height, width, 3].

    The numbers drawn are those that are written. Paths must be opaque, as all of ours are.
    """
    written = quantise(document)
    stretch = torch.tensor([width / document.width, height / document.height])
    under = torch.tensor(written.background or (1.0, 1.0, 1.0))
    if not written.paths:
        image = under[:, None, None].expand(3, height, width)
    else:
        points = torch.tensor(np.stack([path.points for path in written.paths])).float() * stretch
        colors = torch.tensor([path.fill for path in written.paths])
        opacity = torch.ones(1, len(colors))
        image = render(points[None], colors[None], opacity, (height, width), background=under, need_union=False).image[
            0
        ]
    drawn: NDArray[np.uint8] = image.clamp(0, 1).mul(255).round().to(torch.uint8).permute(1, 2, 0).numpy()
    return drawn


def vectorizer(
    config: CoarseConfig, weights: dict[str, Tensor], device: torch.device
) -> Callable[[NDArray[np.uint8], int | None], str]:
    """A function from a picture [H, W, 3] and a number of SVG elements (None: as many as it takes) to SVG text.

    The background rectangle counts as one. The text never holds more, and holds fewer only where the model, asked about
    ever smaller superpixels, finds no more to paint (an empty page has nothing for 100 paths).
    """
    network = build_network(config)
    network.load_state_dict(weights)
    network.to(device).eval()

    def vectorize(picture: NDArray[np.uint8], budget: int | None) -> str:
        return write_svg(vectorize_picture(network, picture, config, device, budget))

    return vectorize


def vectorize_picture(
    network: CoarseNetwork,
    picture: NDArray[np.uint8],
    config: CoarseConfig,
    device: torch.device,
    budget: int | None = None,
) -> SvgDocument:
    """A picture [H, W, 3] of any size to a document of the same size; see `vectorizer` for ``budget``.

    Raises:
        ValueError: a budget below 1.
    """
    if budget is not None and budget < 1:
        raise ValueError(f"a budget must be at least 1, got {budget}")
    height, width = picture.shape[:2]
    segments = config.superpixels
    if budget is not None:
        segments = math.ceil(max(1, budget - 1) / (EXPECTED_SHARE * config.paths))
    best = None
    for _ in range(TRIES if budget is not None else 1):
        scaled = resize_for(picture, segments, config)
        painting = paint(network, scaled, _superpixels(scaled, segments, config), config, device)
        scale = (width / scaled.shape[1], height / scaled.shape[0])
        if best is None or len(painting.points) > len(best[0].points):
            best = painting, scale
        if budget is None or len(painting.points) >= budget - 1:
            break
        segments = math.ceil(segments * GROWTH)
    assert best is not None
    painting, scale = best
    if budget is not None:
        painting = painting.strongest(budget - 1)
    return painting.document(config, width, height, scale)


def resize_for(picture: NDArray[np.uint8], segments: int, config: CoarseConfig) -> NDArray[np.uint8]:
    """The picture at the scale at which ``segments`` superpixels are as large as they were in training.

    Proportions stay. With fewer superpixels than in training it keeps training's resolution: crops then shrink.
    """
    from PIL import Image

    height, width = picture.shape[:2]
    area = config.picture_size**2 * max(1.0, segments / config.superpixels)
    scale = math.sqrt(area / (height * width))
    size = max(8, round(width * scale)), max(8, round(height * scale))
    return np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.LANCZOS))


def _superpixels(picture: NDArray[np.uint8], segments: int, config: CoarseConfig) -> NDArray[np.integer]:
    from supersvg_data.superpixels import superpixel_labels

    return superpixel_labels(picture, segments, config.compactness, config.sigma)
