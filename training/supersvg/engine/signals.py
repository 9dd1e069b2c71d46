"""Requests from outside: SIGUSR1 = save and go on; SIGTERM or SIGINT = save and leave.

A handler only notes the request. The loop looks between two steps, where the state is whole; so a signal
that arrives while a checkpoint is written or pictures are evaluated is as safe as any other.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Requests:
    """What has been asked of this process since the loop last looked."""

    def __init__(self) -> None:
        self.leave = False
        self._saves = 0
        self._answered = 0

    def take_save(self) -> bool:
        """Whether saving was asked for since the last call; counted, so that no request is lost in
        between.
        """
        asked = self._saves
        new, self._answered = asked > self._answered, asked
        return new

    @contextmanager
    def listening(self) -> Iterator[Requests]:
        """Handles the signals until the block ends; outside the main thread, where Python has none, does
        nothing.
        """
        if threading.current_thread() is not threading.main_thread():
            yield self
            return
        before = {number: signal.signal(number, self._note) for number in _handled()}
        try:
            yield self
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _note(self, number: int, _frame: FrameType | None) -> None:
        if number in (signal.SIGTERM, signal.SIGINT):
            self.leave = True
        else:
            self._saves += 1


def leave_to_parent(_worker: int = 0) -> None:
    """For loader processes: a signal to the whole group is the trainer's to answer; they end when it ends."""
    for number in _handled():
        signal.signal(number, signal.SIG_IGN)


def _handled() -> list[signal.Signals]:
    # Windows has no SIGUSR1; there, saving without leaving is by --checkpoint-every alone.
    names = ("SIGTERM", "SIGINT", "SIGUSR1")
    return [getattr(signal, name) for name in names if hasattr(signal, name)]
