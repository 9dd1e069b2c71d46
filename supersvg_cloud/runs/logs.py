"""A run's trainer.log, whole or as it grows."""

from __future__ import annotations

import threading
from collections.abc import Iterator

from supersvg_cloud.errors import NotNow
from supersvg_cloud.model import Run
from supersvg_cloud.providers.base import Provider
from supersvg_cloud.runs.journal import label
from supersvg_cloud.runs.watch import POLL_S


def read_log(run: Run, provider: Provider, claim: str | None, *, lines: int, follow: bool) -> Iterator[str]:
    """The log's text, from its last ``lines`` lines (0: all) on; with ``follow`` until the trainer has ended.

    Raises:
        NotNow: no trainer was started yet.
    """
    path = run.run_dir / "trainer.log"
    if not path.exists():
        raise NotNow(
            f"run {label(run)} has no log: its trainer was not started",
            advice=f"supersvg-cloud resume {run.name or run.id}",
        )
    pause = threading.Event()
    with path.open(encoding="utf-8", errors="replace", newline="") as file:
        text = file.read()
        yield "".join(text.splitlines(keepends=True)[-lines:]) if lines else text
        while follow:
            process = provider.find(claim) if claim else None
            over = process is None or not process.alive
            yield file.read()
            if over:
                return
            pause.wait(POLL_S)
