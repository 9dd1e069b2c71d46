"""Everything that can go wrong between a recipe and a prepared dataset, as one small tree.

Each error is a message (what happened), a cause (why, as far as is known) and advice (what to do or type next).
Callers map ``DataError`` as a whole: the trainer to exit reason ``bad-data``, the command line to its exit code.
"""

from __future__ import annotations

import contextlib
import errno
from collections.abc import Iterator
from pathlib import Path


class DataError(Exception):
    """A dataset cannot be fetched, prepared or read."""

    def __init__(self, message: str, *, cause: str = "", advice: str = "") -> None:
        self.message = message
        self.cause = cause
        self.advice = advice
        super().__init__(message)

    def __str__(self) -> str:
        parts = [self.message]
        if self.cause:
            parts.append(f"Cause: {self.cause}")
        if self.advice:
            parts.append(f"Next: {self.advice}")
        return "\n".join(parts)


class UnknownRecipe(DataError):
    """No recipe has that name."""


class MissingFolder(DataError):
    """The folder of pictures does not exist, or is not a folder."""


class MissingDataset(DataError):
    """Nothing has been prepared there yet."""


class EmptyDataset(DataError):
    """The source holds no picture that could be read."""


class DamagedDataset(DataError):
    """A prepared dataset does not match its own manifest."""


class FetchFailed(DataError):
    """The source could not be fetched. ``reason`` is one of ``FetchFailed.REASONS``."""

    REASONS = ("no-npm", "offline", "not-found", "timeout", "failed")

    def __init__(self, message: str, *, reason: str = "failed", cause: str = "", advice: str = "") -> None:
        if reason not in self.REASONS:
            raise ValueError(f"unknown reason {reason!r}")
        self.reason = reason
        super().__init__(message, cause=cause, advice=advice)


class IntegrityMismatch(DataError):
    """What was fetched is not what the recipe locks."""


class UnsafeArchive(DataError):
    """An archive wants to write outside its folder, holds links where files belong, or unpacks without end."""


class NoSpace(DataError):
    """The disk, or the user's quota on it, is full."""


class CannotWrite(DataError):
    """The data root cannot be written."""


class Busy(DataError):
    """Another process is preparing the same dataset."""


class MissingPackage(DataError):
    """A Python package of an optional extra is not installed."""


FULL = frozenset(code for code in (errno.ENOSPC, getattr(errno, "EDQUOT", None)) if code is not None)


def cannot_write(error: OSError, path: Path) -> DataError:
    """The DataError for an operating system error met while writing at or below ``path``."""
    if error.errno in FULL:
        return NoSpace(
            f"The disk is full: {path}",
            cause=str(error),
            advice="free some space, or set SUPERSVG_DATA to a folder on a larger disk; what is complete is kept",
        )
    return CannotWrite(
        f"Cannot write to {path}",
        cause=str(error),
        advice="check the folder's permissions, or set SUPERSVG_DATA to a folder that you may write to",
    )


@contextlib.contextmanager
def writing(path: Path) -> Iterator[None]:
    """Translate operating system errors in the block to DataErrors about ``path``; the original stays chained."""
    try:
        yield
    except OSError as error:
        raise cannot_write(error, path) from error
