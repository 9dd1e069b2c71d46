"""What a recipe hands to the loop. The loop knows no model, no picture and no loss beyond this page."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn


@dataclass(frozen=True)
class Progress:
    """Where training is, for losses whose weights move."""

    step: int
    """Optimiser steps already taken, 0 based."""
    total_steps: int
    epoch: float
    """Epochs already seen, with the fraction: ``step / steps_per_epoch``."""


@dataclass(frozen=True)
class Sample:
    """One picture of the fixed validation grid."""

    name: str
    svg: str
    picture: NDArray[np.uint8]
    """[H, W, 3]: that SVG as the loss saw it."""
    target: NDArray[np.uint8]
    """[H, W, 3]"""


class Task(Protocol):
    """A recipe's model, data and losses. Made by calling ``Recipe.task`` with the config."""

    def build_model(self) -> nn.Module:
        """The model on the CPU in float32; its weights are a function of ``config.seed`` alone."""
        ...

    def sample_count(self) -> int:
        """Training samples in an epoch, at least 1."""
        ...

    def batch(self, epoch: int, indices: Sequence[int]) -> dict[str, Tensor]:
        """The samples ``indices`` (0 <= i < sample_count) of ``epoch``, first dimension = len(indices), on
        the CPU.

        A pure function of (seed, epoch, each index): called in any order, in any process, for any grouping
        of indices.
        The task must survive pickling where ``num_workers`` > 0.

        Raises:
            supersvg_data.errors.DataError: exit reason ``bad-data``.
        """
        ...

    def losses(self, model: nn.Module, batch: dict[str, Tensor], progress: Progress) -> dict[str, Tensor]:
        """Scalars by name; ``loss`` is what is minimised, the others are logged.

        Each is a mean over the samples of the batch, every sample normalised by itself, so that means over
        ranks and over accumulated batches, weighted by their sizes, are the mean over the whole. ``model``
        must be called (its ``forward``, once): on several processes it is wrapped, and the wrapper's forward
        is what joins the gradients.
        Runs under autocast; what needs float32, such as a rasteriser, converts its inputs.
        """
        ...

    def evaluate(self, model: nn.Module, *, limit: int | None) -> dict[str, float]:
        """Metrics over at most ``limit`` held-out pictures (None: all); ``model`` is unwrapped and in eval
        mode.
        """
        ...

    def samples(self, model: nn.Module) -> Iterable[Sample]:
        """The validation grid: the same pictures every time."""
        ...

    def parameter_groups(self, model: nn.Module) -> list[dict[str, Any]]:
        """Groups for AdamW; ``supersvg.engine.optimizer.decay_groups`` makes the usual two."""
        ...


class Vectorizer(Protocol):
    """How a trained recipe draws pictures it has not seen; needs no dataset."""

    def __call__(
        self, config: Any, weights: dict[str, Tensor], device: torch.device
    ) -> Callable[[NDArray[np.uint8], int | None], str]:
        """A function from a picture [H, W, 3] and an exact number of paths (None: the model's choice) to SVG
        text.
        """
        ...


@runtime_checkable
class Fingerprinted(Protocol):
    """A task that can say which data it trains on."""

    def data_hash(self) -> str:
        """Changes exactly when the training data does; compared before a run is resumed."""
        ...


@runtime_checkable
class Described(Protocol):
    """A task with more to say in ``run.json``: licences, counts, sizes."""

    def describe(self) -> Mapping[str, Any]:
        """JSON values."""
        ...
