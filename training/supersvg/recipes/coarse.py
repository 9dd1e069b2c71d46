"""supersvg-coarse: one superpixel in, a fixed number of closed cubic paths out.

Names and the ``paper`` preset follow the published coarse stage; where ours differs the help text says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from supersvg.recipes.schema import RecipeError, Value, option
from supersvg.recipes.training import TrainingConfig


@dataclass(frozen=True, kw_only=True)
class CoarseConfig(TrainingConfig):
    """Settings of the coarse stage."""

    # Pictures and superpixels
    picture_size: int = option(128, "pictures are squared to this many pixels", unit="pixels", group="pictures")
    input_size: int = option(64, "side of a superpixel's crop", unit="pixels", group="pictures")
    background: str = option(
        "white",
        "what lies under transparent pictures and outside",
        choices=("white", "black"),
        group="pictures",
    )
    superpixels: int = option(16, "SLIC segments per picture", aliases=("n_segments",), group="pictures")
    compactness: float = option(30.0, "SLIC: space against colour", group="pictures")
    sigma: float = option(5.0, "SLIC: blur before clustering", unit="pixels", group="pictures")
    dilate: int = option(
        2,
        "radius by which a superpixel's mask grows before paths count as outside",
        unit="crop pixels",
        group="pictures",
    )
    overlap: int = option(
        1,
        "radius by which a superpixel's mask grows before anything else, so that neighbours meet without a seam",
        unit="crop pixels",
        group="pictures",
    )
    recolor: float = option(
        0.0, "share of training samples whose channels are stretched to random limits", group="pictures"
    )
    crop: str = option(
        "crop",
        "crop: train on the superpixel's own pixels, as inference does; stencil: on the whole picture "
        "squeezed behind the superpixel's shape, as the published training code does",
        choices=("crop", "stencil"),
        group="pictures",
    )

    # Network
    patch_size: int = option(8, "side of a patch token", unit="pixels", group="network")
    width: int = option(192, "width of the encoder", aliases=("embed_dim",), group="network")
    depth: int = option(6, "encoder blocks", group="network")
    heads: int = option(3, "encoder attention heads", aliases=("num_heads",), group="network")
    head_width: int = option(128, "width of the path tokens", group="network")
    head_heads: int = option(4, "attention heads over the path tokens", group="network")
    head_blocks: int = option(1, "self-attention blocks over the path tokens", group="network")
    tokens: str = option(
        "path",
        "path: one query per path; parameter: one per number of a path with a channel per path, as published "
        "(needs --head-width equal to --paths)",
        choices=("path", "parameter"),
        group="network",
    )
    paths: int = option(32, "paths per superpixel", aliases=("num_paths",), group="network")
    segments: int = option(4, "cubic segments per path", group="network")

    # Losses
    boundary_weight: float = option(0.05, "weight of paint outside the superpixel at the start", group="losses")
    boundary_decay: float = option(0.005, "by which it falls every epoch", group="losses")
    boundary_floor: float = option(0.01, "down to this", group="losses")
    count_weight: float = option(1e-5, "weight of the number of visible paths", group="losses")

    fold_weight: float = option(
        0.1, "weight of paths that run backwards around their centre, which self-crossings come from", group="losses"
    )

    # Samples
    sample_pictures: int = option(8, "pictures in a sample grid", group="record", operational=True)
    sample_size: int = option(128, "side of a sample picture", unit="pixels", group="record", operational=True)

    REFUSED: ClassVar[Mapping[str, str]] = {
        **TrainingConfig.REFUSED,
        "type": "there is one architecture, the attention head; the published code ignored this flag too",
        "control_num": "the published code parsed it and never used it; --paths sets the number of paths",
    }

    PRESETS: ClassVar[Mapping[str, Mapping[str, Value]]] = {
        # For two CPU cores and a few minutes.
        "tiny": {
            "picture_size": 128,
            "input_size": 32,
            "superpixels": 36,
            "compactness": 30.0,
            "sigma": 1.0,
            "overlap": 2,
            "recolor": 0.1,
            "patch_size": 8,
            "width": 192,
            "depth": 2,
            "heads": 4,
            "head_width": 128,
            "head_heads": 4,
            "paths": 6,
            "batch_size": 128,
            "steps": 2400,
            "warmup_steps": 100,
            "blr": 2e-3,
            "clip_grad": 1.0,
            "boundary_weight": 0.3,
            "boundary_decay": 0.0,
            "count_weight": 1e-3,
            "eval_every": 800,
            "eval_pictures": 200,
            "sample_every": 400,
            "sample_pictures": 8,
            "sample_size": 256,
            "checkpoint_every": 400,
        },
        # For one small GPU and an hour or two.
        "small": {
            "picture_size": 224,
            "input_size": 64,
            "superpixels": 64,
            "compactness": 30.0,
            "sigma": 1.0,
            "overlap": 2,
            "recolor": 0.1,
            "patch_size": 8,
            "width": 192,
            "depth": 6,
            "heads": 3,
            "head_width": 128,
            "head_heads": 4,
            "paths": 12,
            "boundary_weight": 0.3,
            "boundary_decay": 0.0,
            "count_weight": 1e-3,
            "batch_size": 256,
            "epochs": 40,
            "warmup_epochs": 2.0,
            "clip_grad": 1.0,
            "num_workers": 4,
            "eval_every": 1000,
            "eval_pictures": 128,
            "sample_every": 1000,
            "checkpoint_every": 500,
        },
        # The published coarse stage: ViT-S/16 on 224 pixel crops, 128 paths of 4 segments, 200 epochs.
        "paper": {
            "picture_size": 512,
            "input_size": 224,
            "background": "black",
            "superpixels": 16,
            "overlap": 0,
            "crop": "stencil",
            "fold_weight": 0.0,
            "patch_size": 16,
            "width": 384,
            "depth": 12,
            "heads": 6,
            "head_width": 128,
            "head_heads": 8,
            "tokens": "parameter",
            "paths": 128,
            "batch_size": 64,
            "epochs": 200,
            "warmup_epochs": 6.0,
            "num_workers": 10,
            "eval_every": 5000,
            "eval_pictures": 256,
            "sample_every": 5000,
            "checkpoint_every": 1000,
        },
    }

    def __post_init__(self) -> None:
        super().__post_init__()
        self._at_least(
            1,
            "picture_size",
            "input_size",
            "superpixels",
            "patch_size",
            "width",
            "depth",
            "heads",
            "head_width",
            "head_heads",
            "paths",
            "sample_size",
        )
        self._at_least(
            0,
            "dilate",
            "overlap",
            "recolor",
            "head_blocks",
            "sample_pictures",
            "sigma",
            "boundary_weight",
            "boundary_decay",
            "boundary_floor",
            "count_weight",
            "fold_weight",
        )
        self._above_zero("compactness")
        if self.segments < 2:
            self._refuse("segments", "cannot enclose an area", "--segments 4")
        if self.recolor > 1:
            self._refuse("recolor", "is a share and must be at most 1", "--recolor 0.1")
        if 2 * (self.dilate + self.overlap + 1) >= self.input_size:
            self._refuse("input_size", "leaves no room between --dilate and --overlap on both sides", "--input-size 64")
        if self.tokens == "parameter" and self.head_width != self.paths:
            self._refuse(
                "head_width",
                f"differs from --paths {self.paths}: with --tokens parameter every channel is a path",
                f"--head-width {self.paths}",
            )
        self._divides("input_size", "patch_size", "crops are cut into whole patches")
        self._divides("width", "heads", "every attention head has the same width")
        self._divides("head_width", "head_heads", "every attention head has the same width")

    def _divides(self, whole: str, part: str, why: str) -> None:
        total, piece = getattr(self, whole), getattr(self, part)
        if total % piece == 0:
            return
        lower, flag = total // piece * piece, "--" + whole.replace("_", "-")
        fixes = " or ".join(f"{flag} {fix}" for fix in (lower, lower + piece) if fix > 0)
        raise RecipeError(
            f"{flag} {total} is no multiple of --{part.replace('_', '-')} {piece}: {why}",
            advice=f"use {fixes}",
        )
