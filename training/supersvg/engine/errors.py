"""Why a trainer ended: the reasons of docs/run-contract.md, their exit codes, and the errors that carry
them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import torch

from supersvg.recipes import RecipeError
from supersvg_data.errors import DataError

EXIT_CODES: Final[Mapping[str, int]] = {
    "done": 0,
    "bad-arguments": 64,
    "bad-data": 65,
    "diverged": 66,
    "bug": 70,
    "out-of-memory": 71,
    "busy": 73,
    "cannot-write": 74,
    "saved": 75,
}


class TrainingError(Exception):
    """An end that is not ``done``. Subclasses fix the exit reason; ``advice`` is what to type or check
    next.
    """

    exit_reason = "bug"

    def __init__(self, message: str, *, advice: str) -> None:
        super().__init__(message)
        self.message = message
        self.advice = advice


class BadArguments(TrainingError):
    exit_reason = "bad-arguments"


class BadData(TrainingError):
    exit_reason = "bad-data"


class Diverged(TrainingError):
    exit_reason = "diverged"


class OutOfMemory(TrainingError):
    exit_reason = "out-of-memory"


class Busy(TrainingError):
    exit_reason = "busy"


class CannotWrite(TrainingError):
    exit_reason = "cannot-write"


class Bug(TrainingError):
    exit_reason = "bug"


BY_REASON: Final[Mapping[str, type[TrainingError]]] = {
    kind.exit_reason: kind for kind in (BadArguments, BadData, Diverged, OutOfMemory, Busy, CannotWrite, Bug)
}


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turns the operating system's refusal to write ``path`` into ``CannotWrite``."""
    try:
        yield
    except OSError as error:
        raise CannotWrite(
            f"cannot write {path}: {error.strerror or error}",
            advice="free some space or fix the permissions there, then run again with --resume",
        ) from error


def as_training_error(error: BaseException) -> TrainingError:
    """What ``error`` means for the run; anything that is nobody's fault but ours is a ``Bug``."""
    if isinstance(error, TrainingError):
        return error
    if isinstance(error, RecipeError):
        return BadArguments(error.message, advice=error.advice)
    if isinstance(error, DataError):
        return BadData(error.message, advice=error.advice)
    if _is_out_of_memory(error):
        return OutOfMemory(
            f"out of memory: {str(error).splitlines()[0] if str(error) else type(error).__name__}",
            advice="resume keeps the batch, so start a new run with a smaller --batch-size and a larger "
            "--accum-iter (their product is what counts), or use a machine with more memory",
        )
    return Bug(
        f"{type(error).__name__}: {error}",
        advice="this is a defect of the trainer; the traceback is in events.jsonl and above this line. "
        "The last checkpoint is intact: --resume goes on from it",
    )


def _is_out_of_memory(error: BaseException) -> bool:
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    # torch has no type of its own for these: the CPU allocator, and a loader process that the system killed.
    text = str(error)
    return isinstance(error, RuntimeError) and (
        "DefaultCPUAllocator" in text or ("DataLoader worker" in text and ("Killed" in text or "Bus error" in text))
    )
