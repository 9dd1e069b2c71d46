"""Writing so that a process or a machine may die between any two lines.

Everything that reaches a run directory goes through here. A file is complete under its own name or absent:
it is written under a temporary name, synced, renamed, and its directory synced. A refusal becomes
``CannotWrite``.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from supersvg.engine.errors import writing

CHUNK = 1 << 20


def write_all(handle: int, data: bytes) -> None:
    """Writes every byte of ``data``; ``os.write`` may take fewer."""
    view = memoryview(data)
    while view:
        view = view[os.write(handle, view[:CHUNK]) :]


def write_synced(path: Path, data: bytes) -> str:
    """Creates or overwrites ``path`` in place and syncs it; for files inside a directory yet to be renamed.

    Returns the sha256 of the data.
    """
    with writing(path):
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0), 0o644)
        try:
            write_all(handle, data)
            os.fsync(handle)
        finally:
            os.close(handle)
    return hashlib.sha256(data).hexdigest()


def replace_file(path: Path, data: bytes) -> None:
    """``path`` holds ``data``, or what it held before."""
    temporary = path.with_name(f".{path.name}.tmp")
    write_synced(temporary, data)
    rename(temporary, path)


def rename(source: Path, target: Path) -> None:
    """Renames and makes the new name survive a power cut."""
    with writing(target):
        os.replace(source, target)  # noqa: PTH105 - the tests stop the process inside this very call
    sync_directory(target.parent)


def sync_directory(path: Path) -> None:
    """Syncs a directory's entries, where the platform lets directories be opened (Windows does not)."""
    if os.name == "nt":
        return
    with writing(path):
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
