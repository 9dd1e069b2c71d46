"""Batches for the loop, in an order and with contents that do not depend on how many processes prepare
them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from supersvg.engine.errors import BadData
from supersvg.engine.schedule import Batches
from supersvg.engine.signals import leave_to_parent
from supersvg.engine.task import Task
from supersvg.recipes import TrainingConfig
from supersvg_data.errors import DataError


@dataclass(frozen=True)
class Work:
    """One forward pass's samples on the device."""

    batch: dict[str, Tensor]
    weight: float
    """By which its mean loss counts; see ``schedule.Slice``."""


@dataclass(frozen=True)
class _Failed:
    message: str
    advice: str


class _Passes(Dataset[Any]):
    def __init__(self, task: Task, batches: Batches) -> None:
        self.task, self.batches = task, batches

    def __getitem__(self, position: int) -> tuple[dict[str, Tensor], float] | _Failed:
        part = self.batches[position]
        try:
            return self.task.batch(part.epoch, part.indices), part.weight
        except DataError as error:
            # Sent as data: an exception with its own constructor does not survive the way out of a loader
            # process.
            return _Failed(error.message, error.advice)


def feed(
    task: Task, batches: Batches, config: TrainingConfig, device: torch.device, *, from_step: int
) -> Iterator[Work]:
    """Every forward pass from ``from_step`` to the end of the run.

    Raises:
        BadData: the task could not make a batch.
    """
    positions = range(from_step * config.accum_iter, len(batches))
    loader = DataLoader(
        _Passes(task, batches),
        batch_size=None,
        sampler=positions,
        num_workers=config.num_workers,
        prefetch_factor=config.prefetch_factor if config.num_workers else None,
        pin_memory=config.pin_mem and device.type == "cuda",
        worker_init_fn=leave_to_parent if config.num_workers else None,
        # The loader draws a seed for its workers; from its own generator, so that torch's is left alone.
        generator=torch.Generator(),
    )
    for item in loader:
        if isinstance(item, _Failed):
            raise BadData(item.message, advice=item.advice)
        batch, weight = item
        yield Work({name: value.to(device, non_blocking=True) for name, value in batch.items()}, weight)
