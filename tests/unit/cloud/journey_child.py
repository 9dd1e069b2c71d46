"""Takes a run's journey in a process of its own, and dies where it is told: STEP MOMENT, or nowhere.

Run by test_cloud_journey.py. STEP `start` dies inside the step that starts the trainer: before the launcher,
after it, or after the trainer. The report's page has its own tests; here a stand-in writes it. `os._exit` leaves
as abruptly as SIGKILL: no handler, no clean-up, no flush.
"""

from __future__ import annotations

import os
import subprocess
import sys
import types
from collections.abc import Mapping
from pathlib import Path

from supersvg_cloud import config
from supersvg_cloud.errors import NameTaken
from supersvg_cloud.providers.base import Job, Process
from supersvg_cloud.providers.local import Local
from supersvg_cloud.runs.ledger import Ledger
from supersvg_cloud.runs.train import Journey, new_run, take


def write_report(run_dir: Path, _context: Mapping[str, object]) -> Path:
    path = run_dir / "report.html"
    path.write_text("a report")
    return path


stand_in = types.ModuleType("supersvg_cloud.runs.report")
stand_in.write_report = write_report  # type: ignore[attr-defined]
sys.modules[stand_in.__name__] = stand_in


class Dying(Local):
    """Starts a trainer and takes this process away on the way: before, between or after."""

    moment = ""

    def _spawn(self, job: Job) -> subprocess.Popen[bytes]:
        if self.moment == "before":
            os._exit(9)
        launcher = super()._spawn(job)
        if self.moment == "between":
            os._exit(9)
        return launcher

    def start(self, job: Job) -> Process:
        process = super().start(job)
        if self.moment == "after":
            os._exit(9)
        return process


def main(dataset: str, step: str, moment: str) -> None:
    def die_there(name: str, when: str) -> None:
        if (name, when) == (step, moment):
            os._exit(9)

    settings = config.load(flags={"dataset": dataset}, cwd=Path(dataset))
    provider = Dying(settings.home / "attempts")
    provider.moment = moment if step == "start" else ""
    with Ledger(settings.ledger) as ledger:
        try:
            run = new_run(settings, ledger, name="journey", flags=["--epochs=2"])
        except NameTaken:
            return  # nothing is left to do
        if (step, moment) == ("", "planned"):
            os._exit(9)
        take(Journey(settings, ledger, provider, run), detach=False, notify=die_there)


main(*sys.argv[1:])
