"""The run directory of docs/run-contract.md: its lock, run.json, events, and the room kept for
summary.json.
"""

from __future__ import annotations

import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from supersvg.engine.durable import rename, replace_file, sync_directory, write_all
from supersvg.engine.errors import EXIT_CODES, Busy, CannotWrite, writing
from supersvg.engine.events import EventLog

SUMMARY_ROOM = 64 * 1024
"""Bytes kept for summary.json from the start, so that a full disk cannot keep a run from saying why it
ended.
"""


class RunDirectory:
    """A run directory held by this process. Everything under it is written by this trainer alone until
    ``close``.
    """

    def __init__(self, path: Path) -> None:
        """Creates the directory where needed and takes its lock.

        Raises:
            Busy: another trainer holds it; nothing in it has been touched.
            CannotWrite: it cannot be created or written.
        """
        self.path = path
        with writing(path):
            path.mkdir(parents=True, exist_ok=True)
        self._lock = _lock(path / ".lock")
        self.checkpoints = path / "checkpoints"
        self.previous = self._read("summary.json")
        self.recorded = self._read("run.json")
        self._events: EventLog | None = None

    def begin(self) -> EventLog:
        """Reserves the summary's room, takes the old summary away and opens the event log.

        From here on a run directory without summary.json is one whose trainer ended by force.
        """
        _reserve(self.path / ".summary.reserved")
        with writing(self.path / "summary.json"):
            (self.path / "summary.json").unlink(missing_ok=True)
        sync_directory(self.path)
        self._events = EventLog(self.path / "events.jsonl")
        return self._events

    def record(self, run: dict[str, Any]) -> None:
        """Writes run.json, once."""
        if self.recorded is None:
            replace_file(self.path / "run.json", json.dumps(run, indent=2).encode())
            self.recorded = run

    def finish(self, exit_reason: str, summary: dict[str, Any]) -> None:
        """Writes summary.json into the room kept for it; what the last attempt knew and this one does not is
        kept.
        """
        whole = {
            **(self.previous or {}),
            **summary,
            "exit_reason": exit_reason,
            "exit_code": EXIT_CODES[exit_reason],
            "ended": datetime.now(UTC).isoformat(timespec="milliseconds"),
        }
        reserved = self.path / ".summary.reserved"
        data = json.dumps(whole, indent=2).encode()
        with writing(reserved):
            # In place and without O_TRUNC: the blocks are already ours.
            handle = os.open(reserved, os.O_WRONLY | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o644)
            try:
                write_all(handle, data)
                os.ftruncate(handle, len(data))
                os.fsync(handle)
            finally:
                os.close(handle)
        rename(reserved, self.path / "summary.json")

    def close(self) -> None:
        """Gives the lock back."""
        if self._events is not None:
            self._events.close()
        os.close(self._lock)

    def _read(self, name: str) -> dict[str, Any] | None:
        try:
            found = json.loads((self.path / name).read_bytes())
        except (FileNotFoundError, ValueError):
            return None
        except OSError as error:
            raise CannotWrite(
                f"cannot read {self.path / name}: {error.strerror}", advice="fix its permissions"
            ) from error
        return found if isinstance(found, dict) else None


def _reserve(path: Path) -> None:
    with writing(path):
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o644)
        try:
            # Written out rather than only allocated: every file system then has the blocks, sparse ones
            # included.
            write_all(handle, b" " * SUMMARY_ROOM)
            os.fsync(handle)
        finally:
            os.close(handle)


def _lock(path: Path) -> int:
    """An open, locked descriptor; the lock goes with the process however it ends."""
    with writing(path):
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        _try_lock(handle)
    except OSError as error:
        os.close(handle)
        raise Busy(
            f"another trainer is at work in {path.parent}",
            advice="wait for it, stop it with SIGTERM (it saves first), or use another --run-dir",
        ) from error
    return handle


def _try_lock(handle: int) -> None:
    if sys.platform == "win32":
        import msvcrt

        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        # A record lock, not flock: loader processes inherit a flock and would hold it after the trainer was
        # killed.
        fcntl.lockf(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
