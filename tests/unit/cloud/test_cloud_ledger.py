"""The ledger: what it keeps, and what it refuses."""

from __future__ import annotations

import os
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from supersvg_cloud.errors import CannotWrite, LedgerDamaged, LedgerNewer, NameTaken
from supersvg_cloud.model import Electricity, Outcome, Run, Workload
from supersvg_cloud.runs.ledger import SCHEMA, Ledger, from_json, to_json


def a_run(number: int = 1, name: str = "") -> Run:
    return Run(
        id=f"20260101-00000{number}-abcd",
        name=name,
        workload=Workload("supersvg-coarse", "icons", ("--epochs=3",), 2),
        run_dir=Path(f"/runs/{number}").absolute(),
        created="2026-01-01T00:00:00+00:00",
        watts=100.0,
        price_per_kwh=0.3,
        trainer=("python3", "t.py"),
    )


def test_a_run_survives_the_ledger_and_its_launch_file(tmp_path: Path) -> None:
    with Ledger(tmp_path / "l.sqlite") as ledger:
        ledger.add_run(a_run())
        ledger.update_run(replace(a_run(), data_path="/data"))
    with Ledger(tmp_path / "l.sqlite") as ledger:
        assert ledger.runs() == [replace(a_run(), data_path="/data")]
    assert from_json(to_json(a_run())) == a_run()


def test_names_and_directories_belong_to_one_run(tmp_path: Path) -> None:
    with Ledger(tmp_path / "l.sqlite") as ledger:
        ledger.add_run(a_run(1, "first"))
        with pytest.raises(NameTaken, match="name 'first'"):
            ledger.add_run(a_run(2, "first"))
        with pytest.raises(NameTaken, match="directory"):
            ledger.add_run(replace(a_run(3), run_dir=a_run(1).run_dir))
        ledger.add_run(a_run(4))
        ledger.add_run(a_run(5))
        assert [run.id[14] for run in ledger.runs()] == ["1", "4", "5"]


def test_an_attempt_is_an_intent_until_it_is_started_and_a_bill_when_it_ends(tmp_path: Path) -> None:
    with Ledger(tmp_path / "l.sqlite") as ledger:
        ledger.add_run(a_run())
        attempt = ledger.begin_attempt(a_run(), "claim", 1000.0)
        assert (attempt.number, attempt.pid, attempt.ended) == (1, None, None)
        ledger.started(attempt, 4711)
        bill = Electricity(hours=2.0, watts=100.0, price_per_kwh=0.3)
        ledger.end_attempt(attempt, ended=8200.0, outcome=Outcome.STOPPED, exit_reason="saved", bill=bill)
        (ended,) = ledger.attempts(a_run().id)
        assert (ended.pid, ended.ended, ended.outcome, ended.exit_reason) == (
            4711,
            8200.0,
            Outcome.STOPPED,
            "saved",
        )
        assert ended.hours(99999.0) == 2.0
        assert ledger.spent(a_run().id) == pytest.approx(0.06)
        assert ledger.begin_attempt(a_run(), "other", 9000.0).number == 2


def test_a_newer_ledger_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "l.sqlite"
    with Ledger(path) as ledger:
        ledger.add_run(a_run())
    with sqlite3.connect(path) as db:
        db.execute(f"PRAGMA user_version = {SCHEMA + 1}")
    db.close()
    before = path.read_bytes()
    with pytest.raises(LedgerNewer, match=f"schema {SCHEMA + 1}") as raised:
        Ledger(path)
    assert "upgrade" in raised.value.advice
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    "content",
    [b"this is no database, but long enough to be looked at" * 40, b"SQLite format 3\0" + b"\xff" * 5000],
)
def test_a_damaged_ledger_is_refused_with_the_way_out(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "l.sqlite"
    path.write_bytes(content)
    with pytest.raises(LedgerDamaged) as raised:
        Ledger(path)
    assert "move it away" in raised.value.advice
    assert "status RUN_DIR" in raised.value.advice
    assert path.read_bytes() == content


def test_damage_inside_the_tables_is_found_on_opening(tmp_path: Path) -> None:
    path = tmp_path / "l.sqlite"
    with Ledger(path) as ledger:
        for number in range(1, 10):
            ledger.add_run(a_run(number))
    content = bytearray(path.read_bytes())
    content[4096:] = b"\x07" * (len(content) - 4096)
    path.write_bytes(content)
    with pytest.raises(LedgerDamaged):
        Ledger(path)


def test_a_ledger_that_cannot_be_written_is_explained(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(CannotWrite, match="cannot be opened") as raised:
        Ledger(tmp_path / "file" / "l.sqlite")
    assert "SUPERSVG_HOME" in raised.value.advice


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="permissions do not bind this user")
def test_a_ledger_without_permission_is_explained(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(CannotWrite):
        Ledger(tmp_path / "l.sqlite")


def test_an_unfinished_upgrade_leaves_nothing_behind(tmp_path: Path) -> None:
    path = tmp_path / "l.sqlite"
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("BEGIN IMMEDIATE")
    db.execute("CREATE TABLE runs (id TEXT)")
    db.close()  # killed before COMMIT
    with Ledger(path) as ledger:
        ledger.add_run(a_run())
        assert ledger.runs() == [a_run()]
