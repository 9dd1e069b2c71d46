"""The SQLite record of what was meant and done: runs, attempts, steps, spend. The truth about our intentions.

Every write is its own transaction with ``synchronous=FULL``, so that what a step recorded survives the
process and the power. A ledger of a newer version is refused untouched; an older one is brought up to date.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from supersvg_cloud.errors import CannotWrite, LedgerDamaged, LedgerNewer, NameTaken
from supersvg_cloud.model import Attempt, Electricity, Outcome, Run, Workload

MIGRATIONS: tuple[str, ...] = (
    """
    CREATE TABLE runs (
        id TEXT PRIMARY KEY, name TEXT NOT NULL, run_dir TEXT NOT NULL UNIQUE, body TEXT NOT NULL);
    CREATE UNIQUE INDEX names ON runs (name) WHERE name <> '';
    CREATE TABLE attempts (
        run_id TEXT NOT NULL REFERENCES runs (id), number INTEGER NOT NULL, claim TEXT NOT NULL UNIQUE,
        started REAL NOT NULL, ended REAL, outcome TEXT, exit_reason TEXT NOT NULL DEFAULT '', pid INTEGER,
        PRIMARY KEY (run_id, number));
    CREATE TABLE steps (
        run_id TEXT NOT NULL REFERENCES runs (id), step TEXT NOT NULL, moment TEXT NOT NULL,
        at REAL NOT NULL);
    CREATE TABLE spend (
        run_id TEXT NOT NULL, attempt INTEGER NOT NULL, kind TEXT NOT NULL, hours REAL NOT NULL,
        watts REAL NOT NULL, price_per_kwh REAL NOT NULL, total REAL NOT NULL, PRIMARY KEY (run_id, attempt));
    """,
)
"""Entry N brings a ledger of schema version N to N + 1."""

SCHEMA = len(MIGRATIONS)


class Ledger:
    """The open ledger. Use it as a context manager."""

    def __init__(self, path: Path) -> None:
        """Opens, creates or upgrades the ledger at ``path``.

        Raises:
            LedgerNewer: its schema is newer than this program's; it is left as it is.
            LedgerDamaged: it is no SQLite database, or fails SQLite's own check.
            CannotWrite: its directory cannot be written.
        """
        self.path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(path, timeout=10, isolation_level=None)
        except (OSError, sqlite3.OperationalError) as error:
            raise _unwritable(path, error) from error
        try:
            with self._translated():
                self._db.execute("PRAGMA synchronous = FULL")
                self._db.execute("PRAGMA foreign_keys = ON")
                self._upgrade()
        except BaseException:
            self._db.close()
            raise

    def _upgrade(self) -> None:
        version = self._version()
        if version > SCHEMA:
            raise LedgerNewer(
                f"the ledger {self.path} has schema {version}; this version knows schemas up to {SCHEMA}",
                advice="upgrade: pip install --upgrade supersvg-cloud",
            )
        problem = self._db.execute("PRAGMA quick_check(1)").fetchone()[0]
        if problem != "ok":
            raise _damaged(self.path, problem)
        if version == SCHEMA:
            return
        # Taken before looking again, since another process may be upgrading at this moment.
        self._db.execute("BEGIN IMMEDIATE")
        for number in range(self._version(), SCHEMA):
            for statement in MIGRATIONS[number].split(";"):
                if statement.strip():
                    self._db.execute(statement)
        self._db.execute(f"PRAGMA user_version = {SCHEMA}")
        self._db.execute("COMMIT")

    def _version(self) -> int:
        return int(self._db.execute("PRAGMA user_version").fetchone()[0])

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.IntegrityError:
            raise
        except sqlite3.OperationalError as error:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise _unwritable(self.path, error) from error
        except sqlite3.DatabaseError as error:
            raise _damaged(self.path, str(error)) from error

    def _execute(self, statement: str, values: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        with self._translated():
            return self._db.execute(statement, values).fetchall()

    def __enter__(self) -> Ledger:
        return self

    def __exit__(self, *_: object) -> None:
        self._db.close()

    # Runs

    def add_run(self, run: Run) -> None:
        """Raises NameTaken where another run has the name or the directory."""
        try:
            self._execute(
                "INSERT INTO runs VALUES (?, ?, ?, ?)",
                (run.id, run.name, str(run.run_dir), json.dumps(to_json(run))),
            )
        except sqlite3.IntegrityError as error:
            what = f"directory {run.run_dir}" if "run_dir" in str(error) else f"name {run.name!r}"
            raise NameTaken(
                f"another run already has the {what}",
                advice="choose another, or go on with it: supersvg-cloud resume " + (run.name or str(run.run_dir)),
            ) from error

    def update_run(self, run: Run) -> None:
        self._execute("UPDATE runs SET body = ? WHERE id = ?", (json.dumps(to_json(run)), run.id))

    def runs(self) -> list[Run]:
        """Every run, oldest first."""
        rows = self._execute("SELECT body FROM runs ORDER BY id")
        return [from_json(json.loads(body)) for (body,) in rows]

    # Attempts

    def begin_attempt(self, run: Run, claim: str, now: float) -> Attempt:
        """Writes the intent to start a trainer, before there is one."""
        number = len(self.attempts(run.id)) + 1
        self._execute(
            "INSERT INTO attempts (run_id, number, claim, started) VALUES (?, ?, ?, ?)",
            (run.id, number, claim, now),
        )
        return self.attempts(run.id)[-1]

    def started(self, attempt: Attempt, pid: int) -> None:
        self._execute("UPDATE attempts SET pid = ? WHERE claim = ?", (pid, attempt.claim))

    def end_attempt(
        self, attempt: Attempt, *, ended: float, outcome: Outcome, exit_reason: str, bill: Electricity
    ) -> None:
        """Closes the attempt and books what it cost, in one transaction."""
        with self._translated():
            self._db.execute("BEGIN IMMEDIATE")
            self._db.execute(
                "UPDATE attempts SET ended = ?, outcome = ?, exit_reason = ? WHERE claim = ?",
                (ended, outcome.value, exit_reason, attempt.claim),
            )
            self._db.execute(
                "INSERT OR REPLACE INTO spend VALUES (?, ?, 'electricity', ?, ?, ?, ?)",
                (attempt.run_id, attempt.number, bill.hours, bill.watts, bill.price_per_kwh, bill.price),
            )
            self._db.execute("COMMIT")

    def attempts(self, run_id: str) -> list[Attempt]:
        rows = self._execute(
            "SELECT number, run_id, claim, started, ended, outcome, exit_reason, pid"
            " FROM attempts WHERE run_id = ? ORDER BY number",
            (run_id,),
        )
        return [
            Attempt(
                number=row[0],
                run_id=row[1],
                claim=row[2],
                started=row[3],
                ended=row[4],
                outcome=Outcome(row[5]) if row[5] else None,
                exit_reason=row[6],
                pid=row[7],
            )
            for row in rows
        ]

    # Steps

    def mark(self, run_id: str, step: str, moment: str) -> None:
        """Notes that a step was begun or done."""
        self._execute("INSERT INTO steps VALUES (?, ?, ?, ?)", (run_id, step, moment, time.time()))

    def marks(self, run_id: str) -> list[tuple[str, str]]:
        """(step, moment) in the order they happened."""
        return [
            (row[0], row[1])
            for row in self._execute("SELECT step, moment FROM steps WHERE run_id = ? ORDER BY rowid", (run_id,))
        ]

    def spent(self, run_id: str) -> float:
        """What the ended attempts of a run have cost."""
        rows = self._execute("SELECT coalesce(sum(total), 0) FROM spend WHERE run_id = ?", (run_id,))
        return float(rows[0][0])


def to_json(run: Run) -> dict[str, Any]:
    """A run as it stands in the ledger and in its directory's launch.json."""
    return {**asdict(run), "run_dir": str(run.run_dir)}


def from_json(body: dict[str, Any]) -> Run:
    """The inverse of ``to_json``."""
    work = body["workload"]
    workload = Workload(work["recipe"], work["dataset"], tuple(work["flags"]), work["processes"])
    rest = {key: value for key, value in body.items() if key not in ("workload", "run_dir", "trainer")}
    return Run(workload=workload, run_dir=Path(body["run_dir"]), trainer=tuple(body["trainer"]), **rest)


def _unwritable(path: Path, error: Exception) -> CannotWrite:
    return CannotWrite(
        f"the ledger {path} cannot be opened or written",
        cause=str(error),
        advice="check the directory's permissions and free space, or point SUPERSVG_HOME at another one",
    )


def _damaged(path: Path, cause: str) -> LedgerDamaged:
    return LedgerDamaged(
        f"the ledger {path} is damaged",
        cause=cause,
        advice=f"move it away ({path.name} -> {path.name}.damaged); runs are read back in from their "
        "directories, which are unharmed: supersvg-cloud status RUN_DIR",
    )
