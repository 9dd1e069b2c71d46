"""How many steps, which samples in which, and at what learning rate: pure functions of the config."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from supersvg.recipes import TrainingConfig


@dataclass(frozen=True)
class Horizon:
    """The real length of a run."""

    samples: int
    """Training samples per epoch."""
    steps_per_epoch: int
    total_steps: int
    warmup_steps: int

    def position(self, step: int) -> tuple[int, int]:
        """(epoch, step within it) of a step, both 0 based."""
        return divmod(step, self.steps_per_epoch)


def horizon(config: TrainingConfig, samples: int) -> Horizon:
    """The last, uneven batch of an epoch counts as a step: no sample is dropped.

    A warm-up longer than half the run is cut to half, so that a short trial of a long preset still decays.
    """
    per_epoch = math.ceil(samples / config.effective_batch)
    total = config.steps or config.epochs * per_epoch
    warmup = config.warmup_steps if config.warmup_steps is not None else round(config.warmup_epochs * per_epoch)
    return Horizon(samples, per_epoch, total, min(warmup, total // 2))


def learning_rate(config: TrainingConfig, length: Horizon, step: int) -> float:
    """Linear warm-up, then half a cosine that reaches ``min_lr`` at the last step and stays there."""
    if step < length.warmup_steps:
        return config.base_lr * (step + 1) / length.warmup_steps
    done = (step - length.warmup_steps) / max(1, length.total_steps - 1 - length.warmup_steps)
    cosine = 0.5 * (1 + math.cos(math.pi * min(1.0, done)))
    return config.min_lr + (config.base_lr - config.min_lr) * cosine


def epoch_order(seed: int, epoch: int, samples: int) -> NDArray[np.int64]:
    """The permutation [samples] in which an epoch visits its samples, from a counter-based generator."""
    generator = np.random.Generator(np.random.Philox(key=[seed, epoch]))
    return generator.permutation(samples)


@dataclass(frozen=True)
class Slice:
    """One rank's part of one forward pass."""

    epoch: int
    indices: tuple[int, ...]
    weight: float
    """By which this rank's mean loss counts, so that the mean over ranks of the sum over a step's passes is
    the mean over the step's samples. 0 where the pass had fewer samples than ranks: such a rank repeats one
    sample, since every rank must take part in joining gradients."""


class Batches:
    """All forward passes of a run for one rank: ``len`` = steps x accumulation, item = ``Slice``.

    A step's samples are cut into passes and each pass into contiguous parts by rank, in rank order, so that
    the union over ranks is the same batch whatever their number.
    """

    def __init__(self, config: TrainingConfig, length: Horizon, *, rank: int = 0, ranks: int = 1) -> None:
        self.config, self.length, self.rank, self.ranks = config, length, rank, ranks
        self._order: tuple[int, NDArray[np.int64]] | None = None

    def __len__(self) -> int:
        return self.length.total_steps * self.config.accum_iter

    def passes(self, step: int) -> range:
        """Positions of a step's forward passes."""
        return range(step * self.config.accum_iter, (step + 1) * self.config.accum_iter)

    def __getitem__(self, position: int) -> Slice:
        step, turn = divmod(position, self.config.accum_iter)
        epoch, within = self.length.position(step)
        if self._order is None or self._order[0] != epoch:
            self._order = (epoch, epoch_order(self.config.seed, epoch, self.length.samples))
        batch = self._order[1][within * self.config.effective_batch :][: self.config.effective_batch]
        part = _share(batch, turn, self.config.accum_iter)
        mine = _share(part, self.rank, self.ranks)
        weight = len(mine) * self.ranks / len(batch)
        chosen = mine if len(mine) else batch[:1]
        return Slice(epoch, tuple(int(index) for index in chosen), weight)


def _share(samples: NDArray[np.int64], part: int, parts: int) -> NDArray[np.int64]:
    """The ``part``-th of ``parts`` contiguous, nearly equal shares."""
    return samples[len(samples) * part // parts : len(samples) * (part + 1) // parts]
