"""The coarse stage as the training loop sees it: data in, losses and metrics out."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from supersvg.engine.metrics import NoLpips, flat_mse, ink_iou, load_lpips, mse, psnr, ssim
from supersvg.engine.optimizer import decay_groups
from supersvg.engine.task import Progress, Sample
from supersvg.models.supersvg.crops import Superpixels, as_labels, cut, find_superpixels
from supersvg.models.supersvg.inference import crop_border, draw_document, paint
from supersvg.models.supersvg.losses import BACKGROUNDS, coarse_losses
from supersvg.models.supersvg.network import CoarseNetwork, build_network
from supersvg.recipes.coarse import CoarseConfig
from supersvg.svg import SvgDocument, draw_svg, write_svg
from supersvg_data import load
from supersvg_data.errors import DataError
from supersvg_data.sampling import random_bits, uniform
from supersvg_data.superpixels import cached_superpixels

# PSNR of a picture without any error is infinite; in a mean it counts as this.
PSNR_CAP = 100.0

# What a random number is for: keeps the choices of one sample independent of each other.
CHOICE, FLIPS, RECOLOR, COLORS = range(4)


class CoarseTask:
    """Implements ``supersvg.engine.task.Task`` (and ``Fingerprinted``, ``Described``).

    An epoch shows every training picture once, by one of its superpixels; which one, how it is turned and how it is
    coloured are functions of (seed, epoch, index).

    Raises:
        supersvg_data.errors.DataError: no dataset there, a damaged one, one without pictures for both splits, or of
            another picture size.
    """

    def __init__(self, config: CoarseConfig) -> None:
        self.config = config
        self.prepared = load(Path(config.data_path))
        manifest = self.prepared.manifest
        if manifest.size != config.picture_size:
            raise DataError(
                f"The dataset's pictures are {manifest.size} pixels, but --picture-size is {config.picture_size}.",
                advice=f"use --picture-size {manifest.size}, or prepare the dataset at {config.picture_size}",
            )
        self.training, self.held_out = manifest.indices("train"), manifest.indices("held-out")
        if not self.training or not self.held_out:
            raise DataError(
                f"{manifest.name} has {len(self.training)} pictures to train on and {len(self.held_out)} held out.",
                cause="both are needed",
                advice="add pictures: at least 3 are needed",
            )
        self.pictures = self.prepared.pictures()
        self.labels: NDArray[np.integer] = cached_superpixels(
            self.prepared, config.superpixels, config.compactness, config.sigma
        )
        self._found: dict[int, Superpixels] = {}

    def build_model(self) -> nn.Module:
        """A `CoarseNetwork` whose weights are a function of the seed."""
        return build_network(self.config)

    def sample_count(self) -> int:
        """One superpixel of every training picture."""
        return len(self.training)

    def data_hash(self) -> str:
        """The dataset's identity, whatever path it lies at."""
        return self.prepared.manifest.content_hash

    def describe(self) -> Mapping[str, Any]:
        """For run.json: where the pictures come from and what cannot be measured."""
        manifest = self.prepared.manifest
        try:
            load_lpips()
            lpips = "measured"
        except NoLpips as absent:
            lpips = f"absent: {absent}"
        return {
            "dataset": manifest.name,
            "revision": manifest.revision,
            "licence": manifest.licence,
            "attribution": manifest.attribution,
            "pictures": {"train": len(self.training), "held-out": len(self.held_out)},
            "parameters": sum(weights.numel() for weights in self.build_model().parameters()),
            "lpips": lpips,
        }

    def parameter_groups(self, model: nn.Module) -> list[dict[str, Any]]:
        """Weight decay for matrices only."""
        return decay_groups(model, self.config.weight_decay)

    def batch(self, epoch: int, indices: Sequence[int]) -> dict[str, Tensor]:
        """``image`` [B, 3, S, S] 0..1 and ``mask`` [B, 1, S, S]; see `CoarseTask`."""
        config = self.config
        rows = [self.training[index] for index in indices]
        keys = [(config.seed, epoch, index) for index in indices]
        wanted, boxes = [], []
        for row, key in zip(rows, keys, strict=True):
            found = self._superpixels(row)
            # Blank superpixels are never painted, so there is nothing to learn from them, unless all are.
            choices = np.flatnonzero(~found.blank)
            if not len(choices):
                choices = np.flatnonzero(found.boxes[:, 2] > 0)
            wanted.append(int(choices[int(uniform(*key, CHOICE) * len(choices))]))
            boxes.append(found.boxes[wanted[-1]])
        turns = torch.tensor([random_bits(*key, FLIPS) & 7 for key in keys])
        image, mask = cut(
            torch.from_numpy(self.pictures[rows]),
            as_labels(self.labels[rows]),
            torch.arange(len(rows)),
            torch.tensor(wanted),
            torch.from_numpy(np.stack(boxes)),
            config.input_size,
            overlap=config.overlap,
            mode=config.crop,
            flips=torch.stack([turns & 1, turns & 2, turns & 4], dim=1) > 0,
        )
        return {"image": self._recolored(image, keys), "mask": mask}

    def _recolored(self, image: Tensor, keys: Sequence[tuple[int, int, int]]) -> Tensor:
        """Some samples with every channel stretched to limits of its own: black on white becomes any two colours."""
        limits = torch.tensor([[0.0, 1.0]]).repeat(len(keys), 3, 1)
        for sample, key in enumerate(keys):
            if uniform(*key, RECOLOR) < self.config.recolor:
                drawn = [uniform(*key, COLORS, number) for number in range(6)]
                limits[sample] = torch.tensor(drawn).view(3, 2)
        low, high = limits[..., 0, None, None], limits[..., 1, None, None]
        return low + (high - low) * image

    def losses(self, model: nn.Module, batch: dict[str, Tensor], progress: Progress) -> dict[str, Tensor]:
        """See `coarse_losses`."""
        paths = model(batch["image"], batch["mask"])
        return coarse_losses(paths, batch["image"], batch["mask"], self.config, progress.epoch)

    def evaluate(self, model: nn.Module, *, limit: int | None) -> dict[str, float]:
        """Means over whole held-out pictures, each written as SVG and drawn by resvg at the picture's size.

        ``mse``; ``flat_mse``, what the best single colour scores; ``mse_ratio`` of those two; ``psnr`` in dB, ``ssim``,
        ``ink_iou``, ``paths`` (background rectangle included), ``svg_bytes``, and ``lpips`` where it can be measured.
        """
        totals: dict[str, float] = {}
        try:
            lpips = load_lpips()
        except NoLpips:
            lpips = None
        count = 0
        for row, document in self._documents(model, self.held_out[:limit]):
            target = self._target(row)
            text = write_svg(document)
            drawn = draw_svg(text, *target.shape[1::-1])
            told = {
                "mse": mse(drawn, target),
                "flat_mse": flat_mse(target),
                "psnr": min(PSNR_CAP, psnr(drawn, target)),
                "ssim": ssim(drawn, target),
                "ink_iou": ink_iou(drawn, target),
                "paths": float(len(document.paths) + 1),
                "svg_bytes": float(len(text.encode())),
            }
            if lpips is not None:
                told["lpips"] = lpips(drawn, target)
            for name, value in told.items():
                totals[name] = totals.get(name, 0.0) + value
            count += 1
        means = {name: total / count for name, total in totals.items()}
        means["mse_ratio"] = means["mse"] / means["flat_mse"] if means["flat_mse"] else math.inf
        return {**means, "pictures": float(count)}

    def samples(self, model: nn.Module) -> Iterable[Sample]:
        """The first held-out pictures, spread over the split, drawn by the loss's own rasteriser."""
        from PIL import Image

        side = self.config.sample_size
        for row, document in self._documents(model, spread(self.held_out, self.config.sample_pictures)):
            target = Image.fromarray(self._target(row)).resize((side, side), Image.Resampling.BICUBIC)
            name = self.prepared.manifest.items[row].key.replace("/", "-")
            yield Sample(name, write_svg(document), draw_document(document, side, side), np.asarray(target))

    def _documents(self, model: nn.Module, rows: Sequence[int]) -> Iterator[tuple[int, SvgDocument]]:
        if not isinstance(model, CoarseNetwork):
            raise TypeError(f"needs an unwrapped CoarseNetwork, got {type(model).__name__}")
        device = next(model.parameters()).device
        side = self.config.picture_size
        for row in rows:
            picture, labels = np.array(self.pictures[row]), np.array(self.labels[row])
            painting = paint(model, picture, labels, self.config, device)
            yield row, painting.document(self.config, side, side, (1.0, 1.0))

    def _target(self, row: int) -> NDArray[np.uint8]:
        """[S, S, 3]."""
        return np.ascontiguousarray(self.prepared.picture(row))

    def _superpixels(self, row: int) -> Superpixels:
        if row not in self._found:
            self._found[row] = find_superpixels(
                self.pictures[row],
                self.labels[row],
                background=round(255 * BACKGROUNDS[self.config.background]),
                size=self.config.input_size,
                border=crop_border(self.config),
            )
        return self._found[row]


def spread(rows: Sequence[int], count: int) -> list[int]:
    """At most ``count`` of ``rows``, evenly spread, in order."""
    count = min(count, len(rows))
    return [rows[place * len(rows) // count] for place in range(count)]
