"""One process or many: started by ``torchrun``, joined by NCCL on CUDA and by gloo elsewhere."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import torch
import torch.distributed as dist
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from supersvg.engine.errors import BY_REASON, BadArguments, TrainingError

WAIT = timedelta(hours=2)
"""How long ranks wait for one another; the first evaluates while the others wait."""
FAILED = "supersvg/failed"


@dataclass(frozen=True)
class World:
    """This process among all of the run."""

    rank: int
    size: int
    device: torch.device

    @property
    def is_main(self) -> bool:
        return self.rank == 0

    def any(self, *flags: bool) -> tuple[bool, ...]:
        """Each flag, true where it is so on some rank: how all ranks come to the same decision."""
        if self.size == 1:
            return flags
        found = torch.tensor([float(flag) for flag in flags], device=self.device)
        dist.all_reduce(found, op=dist.ReduceOp.MAX)
        return tuple(bool(flag) for flag in found.tolist())

    def mean(self, values: Sequence[float]) -> list[float]:
        """Each value's mean over ranks."""
        if self.size == 1:
            return list(values)
        found = torch.tensor(list(values), dtype=torch.float64, device=self.device)
        dist.all_reduce(found)
        return [float(value) / self.size for value in found.tolist()]

    def wrap(self, model: nn.Module) -> nn.Module:
        """The model whose forward joins gradients over ranks; the model itself where there is one process."""
        if self.size == 1:
            return model
        devices = [self.device] if self.device.type == "cuda" else None
        return DistributedDataParallel(model, device_ids=devices)

    def tell(self, error: TrainingError) -> None:
        """Leaves the reason where the main rank finds it, before this rank's end breaks the others off."""
        if self.size > 1 and not self.is_main:
            _store().set(FAILED, json.dumps([error.exit_reason, self.rank, error.message, error.advice]))

    def told(self) -> TrainingError | None:
        """What another rank left with ``tell``."""
        if self.size == 1 or not dist.is_initialized() or not _store().check([FAILED]):
            return None
        reason, rank, message, advice = json.loads(_store().get(FAILED))
        return BY_REASON[reason](f"rank {rank}: {message}", advice=advice)


def _store() -> Any:
    return dist.distributed_c10d._get_default_store()


def main_rank() -> bool:
    """Whether this process is the one that owns the run directory; known before anything is joined."""
    return int(os.environ.get("RANK", "0")) == 0


@contextmanager
def joined(wanted: str) -> Iterator[World]:
    """Joins the processes that torchrun started, if it did, and picks this one's device.

    Raises:
        BadArguments: ``wanted`` (auto, cpu, cuda, cuda:N, mps) is not a device of this machine.
    """
    rank, size = int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1"))
    device = pick_device(wanted, int(os.environ.get("LOCAL_RANK", "0")))
    if size == 1:
        yield World(0, 1, device)
        return
    if device.type == "cuda":
        torch.cuda.set_device(device)
    dist.init_process_group("nccl" if device.type == "cuda" else "gloo", timeout=WAIT)
    try:
        yield World(rank, size, device)
    finally:
        dist.destroy_process_group()


def pick_device(wanted: str, local_rank: int = 0) -> torch.device:
    """The torch device for ``auto``, ``cpu``, ``cuda``, ``cuda:N`` or ``mps``.

    Raises:
        BadArguments: this machine has no such device.
    """
    if wanted == "auto":
        wanted = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    try:
        device = torch.device(wanted)
    except RuntimeError as error:
        raise BadArguments(f"{wanted!r} is no device", advice="use --device auto, cpu, cuda, cuda:0 or mps") from error
    if device.type == "cuda":
        count = torch.cuda.device_count() if torch.cuda.is_available() else 0
        index = local_rank if device.index is None else device.index
        if index >= count:
            raise BadArguments(
                f"this machine has {count} CUDA devices that torch can use; number {index} was asked for",
                advice="use --device auto, or check the driver with nvidia-smi",
            )
        return torch.device("cuda", index)
    if device.type == "mps" and not torch.backends.mps.is_available():
        raise BadArguments("this machine has no MPS device", advice="use --device auto")
    if device.type not in ("cpu", "mps"):
        raise BadArguments(f"{wanted!r} is not supported", advice="use --device auto, cpu, cuda or mps")
    return device
