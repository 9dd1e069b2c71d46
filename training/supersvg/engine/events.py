"""events.jsonl: append-only, one JSON object a line, and valid after a kill at any byte.

A line goes to the operating system in one write before the trainer goes on, so a killed process loses none.
What a kill can leave is a torn last line; opening the log again cuts it off.
"""

from __future__ import annotations

import json
import math
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from supersvg.engine.durable import write_all
from supersvg.engine.errors import CannotWrite, writing

TAIL = 1 << 20
"""Bytes looked at from the end for the last whole event; far longer than any line."""


class EventLog:
    """The open event file of a run.

    ``last`` is the last whole event that was there on opening, {} in a new run; ``repaired`` the torn bytes
    cut off.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        with writing(path):
            flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0)
            self._handle = os.open(path, flags, 0o644)
            self.last, self.repaired = self._repair()

    def _repair(self) -> tuple[dict[str, Any], int]:
        size = os.fstat(self._handle).st_size
        start = max(0, size - TAIL)
        os.lseek(self._handle, start, os.SEEK_SET)
        tail = b""
        while chunk := os.read(self._handle, TAIL):
            tail += chunk
        lines = tail.split(b"\n")
        kept = size - len(lines.pop())  # what follows the last newline is torn, or nothing
        last: dict[str, Any] = {}
        while lines:
            # A power cut may also leave lines of zeros where the file's length was synced and its data were
            # not.
            line = lines.pop()
            event = _parsed(line)
            if event is not None:
                last = event
                break
            if start > 0 and not lines:
                break
            kept -= len(line) + 1
        if kept < size:
            os.ftruncate(self._handle, kept)
        return last, size - kept

    def append(self, kind: str, **fields: Any) -> None:
        """Writes one event; NaN and infinities become null, since JSON has none.

        Raises:
            CannotWrite: the disk refused; the file is left as it was before.
        """
        event = {"t": datetime.now(UTC).isoformat(timespec="milliseconds"), "kind": kind, **fields}
        line = json.dumps(_finite(event), separators=(",", ":")).encode() + b"\n"
        before = os.fstat(self._handle).st_size
        try:
            with writing(self.path):
                write_all(self._handle, line)
        except CannotWrite:
            os.ftruncate(self._handle, before)
            raise

    def sync(self) -> None:
        """Makes everything appended survive a power cut; done at checkpoints, not at every line."""
        with writing(self.path):
            os.fsync(self._handle)

    def close(self) -> None:
        os.close(self._handle)


def _parsed(line: bytes) -> dict[str, Any] | None:
    try:
        event = json.loads(line)
    except ValueError:
        return None
    return event if isinstance(event, dict) else None


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return value
