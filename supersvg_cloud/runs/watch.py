"""Following a trainer that runs on its own: its events as they come, and what a Ctrl-C means."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType

from supersvg_cloud.model import Run
from supersvg_cloud.providers.base import Provider
from supersvg_cloud.runs.events import Event, EventReader, Progress

POLL_S = 0.2


class LeftRunning(Exception):
    """The person went away; the trainer goes on."""


@dataclass
class Watcher:
    """Who is told while a trainer is followed. ``interrupts`` counts the Ctrl-C so far."""

    on_progress: Callable[[Progress, list[Event]], None] = lambda _progress, _events: None
    on_interrupt: Callable[[], None] = lambda: None
    stops_trainer: bool = True
    interrupts: int = 0
    progress: Progress = field(default_factory=Progress)
    wake: threading.Event = field(default_factory=threading.Event)

    def interrupted(self, _number: int, _frame: FrameType | None) -> None:
        self.interrupts += 1
        self.wake.set()


def watch(run: Run, provider: Provider, claim: str, watcher: Watcher) -> None:
    """Returns when the trainer has ended and all its events were told.

    The first Ctrl-C asks the trainer to save and leave, and goes on watching; a second leaves it alone. Where
    the watcher does not stop the trainer (`monitor`), the first Ctrl-C already leaves it running.

    Raises:
        LeftRunning: the person went away.
    """
    reader = EventReader(run.run_dir / "events.jsonl")
    answered = 0
    with _ctrl_c(watcher):
        while True:
            process = provider.find(claim)
            over = process is not None and not process.alive
            # Read after looking: what a trainer wrote before it ended is then always told.
            events = reader.read()
            watcher.progress.add(events)
            watcher.on_progress(watcher.progress, events)
            if over:
                return
            if watcher.interrupts > answered:
                answered += 1
                if answered > 1 or not watcher.stops_trainer:
                    raise LeftRunning
                provider.ask_to_stop(claim)
                watcher.on_interrupt()
            watcher.wake.wait(POLL_S)
            watcher.wake.clear()


@contextmanager
def _ctrl_c(watcher: Watcher) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, watcher.interrupted)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def wait_for_end(provider: Provider, claim: str, patience_s: float) -> bool:
    """Whether the trainer ended within ``patience_s`` seconds."""
    deadline = time.monotonic() + patience_s
    pause = threading.Event()
    while True:
        process = provider.find(claim)
        if process is None or not process.alive:
            return True
        if time.monotonic() > deadline:
            return False
        pause.wait(POLL_S)
