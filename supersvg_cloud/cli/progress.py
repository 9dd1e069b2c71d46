"""A progress bar for fetching and converting: on a terminal, on stderr; silent elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from supersvg_cloud.console import console
from supersvg_cloud.runs.datasets import Told


@contextmanager
def told(*, quiet: bool) -> Iterator[Told]:
    """Gives a function to be called with (what, done, total)."""
    from rich.progress import Progress, TaskID

    screen = console(stderr=True)
    with Progress(console=screen, transient=True, disable=quiet or not screen.is_terminal) as bars:
        tasks: dict[str, TaskID] = {}

        def tell(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(what, total=total or None)
            bars.update(tasks[what], completed=done, total=total or None)

        yield tell
