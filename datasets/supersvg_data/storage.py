"""Writes that are whole or absent, and the lock against two writers.

A file is written under a temporary name beside its target, synced, and renamed; the folder is synced last
(the order that keeps the target whole across a crash at any point). The lock belongs to the operating
system, so it dies with its holder: there are no stale locks to break.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

from supersvg_data.errors import Busy, writing

LOCK_POLL_SECONDS = 0.1
Progress = Callable[[str, int, int], None]  # (stage, done, total)


def no_progress(stage: str, done: int, total: int) -> None:
    """The Progress of callers that want none."""


def sync_folder(path: Path) -> None:
    """Make renames in ``path`` durable. Windows has no such call, and does it by itself."""
    if sys.platform == "win32":
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_atomic(path: Path, write: Callable[[IO[bytes]], object]) -> None:
    """Call ``write`` with a binary file; ``path`` then holds all of it, or what it held before."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with writing(path):
        try:
            with temporary.open("wb") as file:
                write(file)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        sync_folder(path.parent)


def write_bytes(path: Path, data: bytes) -> None:
    """``write_atomic`` for bytes at hand."""
    write_atomic(path, lambda file: file.write(data))


def sha256_file(path: Path) -> str:
    """Hex digest of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sync_tree(path: Path) -> None:
    """Make every file below ``path`` durable before the folder gets its final name."""
    if hasattr(os, "sync"):
        os.sync()  # One call for thousands of small files, where a sync of each would take minutes on a disk.
        return
    for file in path.rglob("*"):
        if file.is_file():
            with file.open("rb+") as handle:
                os.fsync(handle.fileno())


def _try_lock(file: IO[bytes]) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            file.seek(0)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    return True


@contextlib.contextmanager
def lock(path: Path, *, wait_seconds: float, what: str) -> Iterator[None]:
    """Hold an exclusive lock on the file ``path``; wait for another holder at most ``wait_seconds``.

    Raises: Busy when the holder is still there after that.
    """
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("ab")
    with file:
        deadline = time.monotonic() + wait_seconds
        while not _try_lock(file):
            if time.monotonic() >= deadline:
                raise Busy(
                    f"Another process is working on {what}.",
                    cause=f"it holds {path}",
                    advice="wait for it to finish, then try again; the lock goes when that process ends",
                )
            time.sleep(LOCK_POLL_SECONDS)
        yield  # Closing the file gives the lock back.
