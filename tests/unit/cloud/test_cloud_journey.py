"""The journey of a training survives being killed between any two of its lines."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from supersvg_cloud import config
from supersvg_cloud.model import Run, State, Workload
from supersvg_cloud.runs import journal
from supersvg_cloud.runs.ledger import Ledger
from supersvg_cloud.runs.steps import Step, preview, walk
from supersvg_cloud.runs.train import STEPS

HERE = Path(__file__).parent
MOMENTS = ("reached", "begun", "ran", "done")


@dataclass
class Home:
    """A home of its own, and a trainer that counts how often it is started."""

    path: Path
    data: Path

    @property
    def environ(self) -> dict[str, str]:
        trainer = f"{sys.executable} {HERE / 'fake_trainer.py'}"
        return {
            **os.environ,
            "SUPERSVG_HOME": str(self.path),
            "SUPERSVG_TRAINER_COMMAND": trainer,
            "FAKE_GATE": str(self.gate),
            # So that the trainer outlives the few milliseconds from its start to the next step.
            "FAKE_STEP_S": "0.01",
        }

    @property
    def gate(self) -> Path:
        """The trainer waits in the middle of its work while this file is missing."""
        return self.data / "gate"

    def take(self, step: str = "", moment: str = "") -> int:
        command = [sys.executable, str(HERE / "journey_child.py"), str(self.data), step, moment]
        done = subprocess.run(command, env=self.environ, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode in (0, 9), done.stderr
        return done.returncode

    def status(self) -> journal.Status:
        settings = config.load(environ=self.environ, cwd=self.data)
        with Ledger(settings.ledger) as ledger:
            (run,) = ledger.runs()
            return journal.status(run, ledger, journal.provider_of(settings))


@pytest.fixture
def home(tmp_path: Path) -> Home:
    data = tmp_path / "data"
    data.mkdir()
    (data / "manifest.json").write_text("{}")
    (data / "gate").touch()
    return Home(tmp_path / "home", data)


BOUNDARIES = [(step.name, moment) for step in STEPS for moment in MOMENTS]
INSIDE = [("start", "before"), ("start", "between"), ("start", "after")]


@pytest.mark.parametrize(("step", "moment"), [*BOUNDARIES, *INSIDE])
def test_killed_at_any_boundary_the_repeated_command_ends_the_run(home: Home, step: str, moment: str) -> None:
    assert home.take(step, moment) == 9
    assert home.take() == 0
    status = home.status()
    assert status.state is State.DONE
    assert (status.run.run_dir / "report.html").exists()
    assert [attempt.exit_reason for attempt in status.attempts] == ["done"]
    log = (status.run.run_dir / "trainer.log").read_text()
    assert log.count("fake trainer:") == 1, "the trainer was started twice"
    steps = [json.loads(line) for line in (status.run.run_dir / "events.jsonl").read_text().splitlines()]
    assert [event["step"] for event in steps if event["kind"] == "step"] == list(range(1, 21))


def test_killed_after_the_run_was_written_down_it_is_gone_on_with(home: Home) -> None:
    assert home.take("", "planned") == 9
    assert home.status().state is State.PLANNED
    assert home.take() == 0
    assert home.status().state is State.DONE


def test_killed_again_and_again_at_each_step_in_turn(home: Home) -> None:
    home.gate.unlink()
    for step in STEPS[:5]:
        assert home.take(step.name, "begun") == 9
    home.gate.touch()
    assert home.take() == 0
    assert (home.status().state, len(home.status().attempts)) == (State.DONE, 1)


def test_steps_are_marked_before_and_after_and_done_ones_are_passed_over(tmp_path: Path) -> None:
    done: set[str] = {"a"}

    def step(name: str) -> Step[None]:
        return Step(name, lambda _s: f"do {name}", lambda _s: name in done, lambda _s: done.add(name))

    steps = [step("a"), step("b"), step("c")]
    with Ledger(tmp_path / "l.sqlite") as ledger:
        ledger.add_run(Run("r", "", Workload("recipe", "data", ()), tmp_path, "2026-01-01T00:00:00+00:00"))
        assert preview(steps, None) == [("b", "do b"), ("c", "do c")]
        walk(steps, None, ledger, "r")
        assert ledger.marks("r") == [("b", "begun"), ("b", "done"), ("c", "begun"), ("c", "done")]
