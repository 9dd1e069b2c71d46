"""Finding runs, telling how they ended, and what they cost."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from supersvg_cloud.errors import AmbiguousRun, BadArguments, NameTaken, UnknownRun
from supersvg_cloud.model import Outcome, Run, State, Workload
from supersvg_cloud.providers.base import CAPABILITIES, Capabilities, Job, Process
from supersvg_cloud.runs import journal
from supersvg_cloud.runs.ledger import Ledger, to_json


@dataclass
class Table:
    """A provider whose processes are a table."""

    processes: dict[str, Process] = field(default_factory=dict)
    name: str = "local"
    capabilities: Capabilities = CAPABILITIES["local"]

    def start(self, job: Job) -> Process:
        raise AssertionError(f"nothing is started here: {job}")

    def find(self, claim: str) -> Process | None:
        return self.processes.get(claim)

    def ask_to_stop(self, claim: str) -> None:
        raise AssertionError(f"nothing is stopped here: {claim}")


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger(tmp_path / "l.sqlite") as opened:
        yield opened


def add(ledger: Ledger, tmp_path: Path, number: int, name: str = "") -> Run:
    run = Run(
        id=f"2026010{number}-000000-abcd",
        name=name,
        workload=Workload("supersvg-coarse", "icons", ()),
        run_dir=tmp_path / f"run-{number}",
        created="2026-01-01T00:00:00+00:00",
        watts=100.0,
        price_per_kwh=0.5,
    )
    run.run_dir.mkdir()
    ledger.add_run(run)
    return run


def dead(code: int | None = None, ended: float | None = None, problem: str = "") -> Process:
    return Process("c", 1, alive=False, exit_code=code, ended=ended, problem=problem)


def find(ledger: Ledger, wanted: str | None) -> Run:
    return journal.find(ledger, wanted, fits=lambda _run: True, choose=None)


def test_a_run_is_found_by_name_id_start_of_id_and_directory(ledger: Ledger, tmp_path: Path) -> None:
    first, second = add(ledger, tmp_path, 1, "one"), add(ledger, tmp_path, 2)
    assert find(ledger, "one") == find(ledger, first.id) == find(ledger, "20260101") == first
    assert find(ledger, str(second.run_dir)) == second


def test_unknown_and_ambiguous_runs_are_explained(ledger: Ledger, tmp_path: Path) -> None:
    with pytest.raises(UnknownRun, match="no run was started yet"):
        find(ledger, None)
    add(ledger, tmp_path, 1, "first")
    assert find(ledger, None).name == "first"
    add(ledger, tmp_path, 2, "second")
    with pytest.raises(AmbiguousRun, match="2 runs fit") as ambiguous:
        find(ledger, None)
    assert "name one" in ambiguous.value.advice
    with pytest.raises(AmbiguousRun, match="begins 2 run ids"):
        find(ledger, "2026")
    with pytest.raises(UnknownRun, match="no run 'frist'") as unknown:
        find(ledger, "frist")
    assert "did you mean first?" in unknown.value.advice
    assert journal.find(ledger, None, fits=lambda _run: True, choose=lambda runs: runs[1]).name == "second"


def test_a_run_is_read_back_in_from_its_directory(ledger: Ledger, tmp_path: Path) -> None:
    run = replace(add(ledger, tmp_path, 1), id="20250101-000000-ffff", name="lost", run_dir=tmp_path / "elsewhere")
    moved = tmp_path / "moved"
    moved.mkdir()
    (moved / journal.LAUNCH_FILE).write_text(json.dumps(to_json(run)))
    found = find(ledger, str(moved))
    assert (found.id, found.name, found.run_dir) == (run.id, "lost", moved)
    (moved / "summary.json").write_text(json.dumps({"exit_reason": "saved"}))
    assert journal.status(found, ledger, Table()).state is State.SAVED
    assert find(ledger, "lost") == found
    (tmp_path / "run-1" / journal.LAUNCH_FILE).write_text("{}")
    with pytest.raises(UnknownRun, match="describes no run"):
        journal.adopt(ledger, tmp_path / "run-1" / journal.LAUNCH_FILE)
    with pytest.raises(NameTaken):
        journal.adopt(ledger, moved / journal.LAUNCH_FILE)


@pytest.mark.parametrize(
    ("said", "process", "reason"),
    [
        ("done", dead(0), "done"),
        ("done", dead(1), "done"),  # torchrun replaced the code
        ("diverged", dead(1), "diverged"),
        ("saved", dead(None), "saved"),
        (None, dead(64), "bad-arguments"),
        (None, dead(73), "busy"),
        (None, dead(74), "cannot-write"),
        (None, dead(1), "bug"),
        (None, dead(0), "force"),
        (None, dead(75), "force"),
        (None, dead(-9), "force"),
        (None, dead(None), "force"),
        ("nonsense", dead(-9), "force"),
        (None, dead(None, problem="no such file"), "bug"),
    ],
)
def test_why_an_attempt_ended(tmp_path: Path, said: str | None, process: Process, reason: str) -> None:
    if said:
        (tmp_path / "summary.json").write_text(json.dumps({"exit_reason": said}))
    assert journal.exit_reason(tmp_path, process, since=time.time()) == reason


def test_a_run_from_plan_to_bill(ledger: Ledger, tmp_path: Path) -> None:
    run, table = add(ledger, tmp_path, 1, "r"), Table()
    assert journal.status(run, ledger, table).state is State.PLANNED
    attempt = ledger.begin_attempt(run, "c", 1000.0)
    assert journal.status(run, ledger, table).state is State.PLANNED
    table.processes["c"] = Process("c", 1, alive=True, exit_code=None, ended=None)
    assert journal.status(run, ledger, table).state is State.STARTING
    (run.run_dir / "events.jsonl").touch()
    running = journal.status(run, ledger, table, now=4600.0)
    assert running.state is State.RUNNING
    assert (running.bill.hours, running.bill.kwh, running.bill.price) == (1.0, 0.1, 0.05)
    table.processes["c"] = dead(-9, ended=8200.0)
    ended = journal.status(run, ledger, table, now=99999.0)
    assert (ended.state, ended.text) == (State.FAILED, "failed (ended by force)")
    assert ended.bill.hours == 2.0
    (settled,) = ledger.attempts(run.id)
    assert (settled.number, settled.outcome, settled.ended) == (attempt.number, Outcome.FAILED, 8200.0)
    assert ledger.spent(run.id) == pytest.approx(0.1)
    error = journal.failure(ended)
    assert (error.code, error.exit_code) == ("ended-by-force", 67)
    assert "supersvg-cloud resume r" in error.advice


def test_a_trainer_nobody_saw_end_is_billed_to_its_last_sign_of_life(ledger: Ledger, tmp_path: Path) -> None:
    run = add(ledger, tmp_path, 1)
    events = run.run_dir / "events.jsonl"
    events.touch()
    seen = events.stat().st_mtime
    ledger.begin_attempt(run, "c", seen - 3600)
    status = journal.status(run, ledger, Table({"c": dead()}), now=seen + 99999)
    assert status.bill.hours == pytest.approx(1.0)


def test_a_failure_says_what_the_trainer_said(ledger: Ledger, tmp_path: Path) -> None:
    run = add(ledger, tmp_path, 1)
    ledger.begin_attempt(run, "c", time.time())
    told = {"exit_reason": "diverged", "message": "loss is not finite", "advice": "use a lower --blr"}
    (run.run_dir / "summary.json").write_text(json.dumps(told))
    error = journal.failure(journal.status(run, ledger, Table({"c": dead(66)})))
    assert (error.code, error.cause, error.advice) == ("diverged", "loss is not finite", "use a lower --blr")
    (run.run_dir / "summary.json").unlink()
    other = replace(journal.status(run, ledger, Table()), reason="bug", summary=None)
    (run.run_dir / "trainer.log").write_text("Traceback\nboom\n")
    assert journal.failure(other).cause == "Traceback / boom"


def test_recipe_flags_are_checked_with_a_suggestion() -> None:
    assert journal.require_recipe_flags("supersvg-coarse", ["--batch_size=8", "--lr", "1e-3"]) == {
        "batch_size": 8,
        "lr": 1e-3,
    }
    with pytest.raises(BadArguments, match="unknown flag --batchsiz") as raised:
        journal.require_recipe_flags("supersvg-coarse", ["--batchsiz", "8"])
    assert "did you mean" in raised.value.advice
    assert "supersvg-cloud train --help" in raised.value.advice
    with pytest.raises(BadArguments, match="no recipe called"):
        journal.require_recipe_flags("supersvg-corse", [])
