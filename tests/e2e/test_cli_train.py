"""The command line as a person and a script use it: real processes, a stand-in trainer that keeps the contract."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

TRAINER = Path(__file__).parents[1] / "unit" / "cloud" / "fake_trainer.py"
CLI = [sys.executable, "-m", "supersvg_cloud"]


@dataclass
class House:
    """A home, a working directory and a dataset of their own."""

    root: Path
    environ: dict[str, str] = field(default_factory=dict)

    @property
    def gate(self) -> Path:
        return self.root / "gate"

    def env(self, **extra: str) -> dict[str, str]:
        base = {
            "SUPERSVG_HOME": str(self.root / "home"),
            "SUPERSVG_DATA": str(self.root / "datasets"),
            "SUPERSVG_TRAINER_COMMAND": f"{sys.executable} {TRAINER}",
            "COLUMNS": "120",
        }
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("SUPERSVG_", "FAKE_"))}
        return {**clean, **base, **self.environ, **extra}

    def run(self, *words: str, **extra: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*CLI, *words],
            cwd=self.root,
            env=self.env(**extra),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            stdin=subprocess.DEVNULL,
        )

    def begin(self, *words: str, **extra: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [*CLI, *words],
            cwd=self.root,
            env=self.env(**extra),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            stdin=subprocess.DEVNULL,
        )

    def json(self, *words: str, **extra: str) -> Any:
        return json.loads(self.run(*words, "--json", **extra).stdout)

    def error(self, *words: str, **extra: str) -> tuple[int, dict[str, Any]]:
        done = self.run(*words, "--json", **extra)
        return done.returncode, json.loads(done.stdout)["error"]

    def at_gate(self, name: str) -> Path:
        """Waits until the run's trainer stands at the gate; its directory."""
        run_dir = self.root / "home" / "runs" / name
        events = run_dir / "events.jsonl"
        until(lambda: events.exists() and "waiting at the gate" in events.read_text())
        return run_dir


def until(look: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not look():
        assert time.monotonic() < deadline, "it did not happen within a minute"
        time.sleep(0.02)


@pytest.fixture
def house(tmp_path: Path) -> House:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "manifest.json").write_text("{}")
    return House(tmp_path)


def test_train_follows_to_the_end_and_says_where_the_report_is(house: House) -> None:
    done = house.run("train", "--data", "./data", "--name", "first", "--epochs", "3", FAKE_STEP_S="0.05")
    assert done.returncode == 0, done.stderr
    assert "step 20  held-out: mse" in done.stdout
    last = done.stdout.splitlines()[-4:]
    assert last[0].startswith("Done: first (")
    assert "step 20/20" in last[0]
    assert "electricity" in last[1]
    report = house.root / "home/runs/first/report.html"
    assert last[3].split() == ["report:", str(report)]
    assert report.exists()
    status = house.json("status")
    assert (status["state"], status["reason"], status["progress"]["step"]) == ("done", "done", 20)
    assert status["cost"]["total"] > 0
    assert "--epochs=3" in house.run("logs").stdout
    (listed,) = house.json("runs")
    assert listed["name"] == "first"


@pytest.mark.parametrize(
    ("reason", "code"),
    [("bad-data", 65), ("diverged", 66), ("bug", 70), ("out-of-memory", 71), ("cannot-write", 74)],
)
def test_the_exit_reason_decides_whatever_the_trainers_exit_code(house: House, reason: str, code: int) -> None:
    done = house.run("train", "--data", "./data", "--name", "bad", FAKE_END=reason, FAKE_CODE="1")
    assert done.returncode == code
    assert f"fake {reason}" in done.stderr
    assert f"next: {'read supersvg-cloud logs bad' if reason == 'bug' else 'do something else'}" in done.stderr
    assert house.json("status")["reason"] == reason


def test_a_killed_trainer_is_ended_by_force_and_resume_goes_on(house: House) -> None:
    code, error = house.error("train", "--data", "./data", "--name", "k", FAKE_END="kill")
    assert (code, error["code"]) == (67, "ended-by-force")
    assert "supersvg-cloud resume k" in error["advice"]
    assert "failed (ended by force)" in house.run("status", "k").stdout
    resumed = house.run("resume", "k")
    assert resumed.returncode == 0, resumed.stderr
    assert "starting from step 10" in resumed.stdout
    attempts = house.json("status")["attempts"]
    assert [attempt["exit_reason"] for attempt in attempts] == ["force", "done"]
    code, error = house.error("resume", "k")
    assert (code, error["code"]) == (6, "not-now")


def test_detached_runs_go_on_alone_and_are_stopped_and_resumed(house: House) -> None:
    house.environ["FAKE_GATE"] = str(house.gate)
    begun = house.run("train", "--data", "./data", "--name", "d", "--detach")
    assert begun.returncode == 0, begun.stderr
    assert "supersvg-cloud monitor d" in begun.stdout
    house.at_gate("d")
    assert house.json("status")["state"] == "running"
    stopped = house.run("stop")
    assert stopped.returncode == 0, stopped.stderr
    assert "go on:     supersvg-cloud resume d" in stopped.stdout
    assert house.json("status")["state"] == "saved"
    assert house.error("stop", "d")[1]["code"] == "not-now"
    house.gate.touch()
    assert house.run("resume", "d", "--device", "cpu").returncode == 0
    assert "--resume --device cpu" in house.run("logs").stdout
    assert house.json("status")["state"] == "done"


def test_monitor_attaches_ctrl_c_leaves_it_running_and_the_end_is_settled(house: House) -> None:
    house.environ["FAKE_GATE"] = str(house.gate)
    house.run("train", "--data", "./data", "--name", "m", "--detach")
    house.at_gate("m")
    watching = house.begin("monitor", "m")
    assert watching.stdout is not None
    line = watching.stdout.readline()
    assert line.startswith("notice: starting from step 0")
    watching.send_signal(signal.SIGINT)
    rest, _ = watching.communicate(timeout=60)
    assert watching.returncode == 130
    assert "goes on in the background" in rest
    assert house.json("status")["state"] == "running"
    again = house.begin("monitor")
    assert again.stdout is not None
    assert again.stdout.readline().startswith("notice: starting from step 0")
    house.gate.touch()
    said, _ = again.communicate(timeout=60)
    assert again.returncode == 0, said
    assert "Done: m" in said
    assert "m (" in house.run("monitor", "m").stdout


def test_a_run_that_ended_unwatched_gets_its_report_when_somebody_looks(house: House) -> None:
    house.run("train", "--data", "./data", "--name", "alone", "--detach")
    until(lambda: house.json("status", "alone")["state"] == "done")
    report = house.root / "home/runs/alone/report.html"
    assert not report.exists()
    assert "Done: alone" in house.run("monitor", "alone").stdout
    assert report.exists()


def test_ctrl_c_saves_and_says_how_to_go_on(house: House) -> None:
    train = house.begin("train", "--data", "./data", "--name", "c", FAKE_GATE=str(house.gate))
    house.at_gate("c")
    train.send_signal(signal.SIGINT)
    said, _ = train.communicate(timeout=60)
    assert train.returncode == 75, said
    assert "Saving, then leaving. Ctrl-C again" in said
    assert "go on:     supersvg-cloud resume c" in said
    assert house.run("resume", "c").returncode == 0


def test_a_second_ctrl_c_leaves_a_trainer_that_does_not_listen(house: House) -> None:
    train = house.begin("train", "--data", "./data", "--name", "t", FAKE_GATE=str(house.gate), FAKE_DEAF="1")
    house.at_gate("t")
    assert train.stdout is not None
    train.send_signal(signal.SIGINT)
    while "Saving, then leaving" not in train.stdout.readline():
        pass
    train.send_signal(signal.SIGINT)
    said, _ = train.communicate(timeout=60)
    assert train.returncode == 130, said
    assert "goes on in the background" in said
    code, error = house.error("stop", "t", SUPERSVG_STOP_PATIENCE="0")
    assert (code, error["code"]) == (6, "not-now")
    assert "still at it" in error["message"]
    house.gate.touch()
    assert house.run("monitor", "t").returncode == 0


def test_logs_follow_until_the_end(house: House) -> None:
    house.run("train", "--data", "./data", "--name", "l", "--detach", FAKE_GATE=str(house.gate))
    house.at_gate("l")
    following = house.begin("logs", "-f", "l")
    assert following.stdout is not None
    assert following.stdout.readline().startswith("fake trainer:")
    house.gate.touch()
    following.communicate(timeout=60)
    assert following.returncode == 0
    assert house.run("logs", "-n", "1").stdout.count("\n") == 1


def test_a_dry_run_names_the_steps_and_does_nothing(house: House) -> None:
    done = house.run("train", "--data", "./data", "--name", "dry", "--dry-run", "--batch_size", "8")
    assert done.returncode == 0, done.stderr
    steps = [line.split(":")[0] for line in done.stdout.splitlines()[:-1]]
    assert steps == [
        "1. dataset",
        "2. run directory",
        "3. intent",
        "4. trainer",
        "5. watch",
        "6. settle",
        "7. report",
    ]
    assert "--batch-size=8" in done.stdout
    assert house.json("runs") == []
    assert not (house.root / "home/runs").exists()


def test_results_are_fetched_reported_and_used(house: House) -> None:
    house.run("train", "--data", "./data", "--name", "u")
    fetched = house.json("fetch", "-o", "out")
    assert fetched["files"] > 5
    assert (house.root / "out" / "SHA256SUMS").exists()
    assert house.json("report")["report"] == str(house.root / "home/runs/u/report.html")
    assert house.json("evaluate", "--limit", "3", "--best")["mse"] == 0.01
    (house.root / "cat.png").write_bytes(b"png")
    done = house.run("vectorize", "cat.png", "-o", "cat.svg", "--paths", "12")
    assert done.returncode == 0, done.stderr
    assert (house.root / "cat.svg").exists()
    assert house.error("vectorize", "dog.png")[1]["code"] == "bad-data"


def test_a_lost_ledger_is_begun_anew_and_runs_are_read_back_in(house: House) -> None:
    house.run("train", "--data", "./data", "--name", "kept")
    ledger = house.root / "home" / "ledger.sqlite"
    ledger.write_bytes(b"not a database at all " * 100)
    code, error = house.error("runs")
    assert (code, error["code"]) == (76, "ledger-damaged")
    ledger.rename(ledger.with_suffix(".damaged"))
    status = house.json("status", str(house.root / "home/runs/kept"))
    assert (status["name"], status["state"]) == ("kept", "done")
    assert len(house.json("runs")) == 1
