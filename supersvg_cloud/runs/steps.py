"""Long work as a list of small steps, with the ledger written before and after each.

A step looks at the world to tell whether it is done, so a process that is killed between any two lines goes
on, when its command is repeated, at the first step that is not.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from supersvg_cloud.runs.ledger import Ledger

StateT = TypeVar("StateT")

Notify = Callable[[str, str], None]
"""Called with a step's name and a moment: ``reached``, ``begun``, ``ran`` or ``done``."""


@dataclass(frozen=True)
class Step(Generic[StateT]):
    """One step of a journey. ``run`` may be repeated: it is idempotent."""

    name: str
    describe: Callable[[StateT], str]
    is_done: Callable[[StateT], bool]
    run: Callable[[StateT], None]


def walk(
    steps: Sequence[Step[StateT]],
    state: StateT,
    ledger: Ledger,
    run_id: str,
    notify: Notify = lambda _step, _moment: None,
) -> None:
    """Takes every step that is not done."""
    for step in steps:
        if step.is_done(state):
            continue
        notify(step.name, "reached")
        ledger.mark(run_id, step.name, "begun")
        notify(step.name, "begun")
        step.run(state)
        notify(step.name, "ran")
        ledger.mark(run_id, step.name, "done")
        notify(step.name, "done")


def preview(steps: Sequence[Step[StateT]], state: StateT) -> list[tuple[str, str]]:
    """(name, what it would do) of every step that is not done; nothing is changed."""
    return [(step.name, step.describe(state)) for step in steps if not step.is_done(state)]
