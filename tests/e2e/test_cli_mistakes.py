"""Everything that a person can get wrong: a message, the next step, and the documented exit code."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

TRAINER = Path(__file__).parents[1] / "unit" / "cloud" / "fake_trainer.py"


class Cli:
    def __init__(self, root: Path) -> None:
        self.root = root

    def run(self, *words: str, **extra: str) -> subprocess.CompletedProcess[str]:
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("SUPERSVG_", "FAKE_"))}
        environ = {
            **clean,
            "SUPERSVG_HOME": str(self.root / "home"),
            "SUPERSVG_DATA": str(self.root / "datasets"),
            "SUPERSVG_TRAINER_COMMAND": f"{sys.executable} {TRAINER}",
            **extra,
        }
        return subprocess.run(
            [sys.executable, "-m", "supersvg_cloud", *words],
            cwd=self.root,
            env=environ,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            stdin=subprocess.DEVNULL,
        )

    def error(self, *words: str, **extra: str) -> dict[str, Any]:
        done = self.run(*words, "--json", **extra)
        error: dict[str, Any] = json.loads(done.stdout)["error"]
        assert done.returncode == error["exit_code"]
        assert error["message"]
        assert error["advice"]
        assert done.stderr == ""
        return error


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "manifest.json").write_text("{}")
    return Cli(tmp_path)


TRAIN = ("train", "--data", "./data")


@pytest.mark.parametrize(
    ("words", "code", "message", "advice"),
    [
        (("status", "nobody"), "unknown-run", "no run 'nobody'", "supersvg-cloud runs"),
        (("status",), "unknown-run", "no run was started yet", "supersvg-cloud train"),
        (("resume",), "unknown-run", "no run was started yet", "supersvg-cloud train"),
        (("train", "--data", "./nowhere"), "bad-data", "there is no folder nowhere", "data list"),
        (("train", "--data", "icnos"), "bad-data", "no dataset 'icnos'", "did you mean icons?"),
        (("data", "show", "icnos"), "bad-data", "no dataset 'icnos'", "did you mean icons?"),
        (("data", "verify", "test"), "bad-data", "not prepared", "data get test"),
        ((*TRAIN, "--recipe", "supersvg-corse"), "bad-arguments", "no recipe called", "did you mean"),
        ((*TRAIN, "--batch-siz", "8"), "bad-arguments", "unknown flag --batch-siz", "did you mean --batch-size?"),
        ((*TRAIN, "--batch-size", "many"), "bad-arguments", "--batch-size", "--batch-size"),
        ((*TRAIN, "--preset", "tiney"), "bad-arguments", "no preset 'tiney'", "did you mean tiny?"),
        ((*TRAIN, "--epochs", "3", "--steps", "5"), "bad-arguments", "say the same thing twice", "keep one"),
        ((*TRAIN, "--input-size", "30", "--patch-size", "8"), "bad-arguments", "no multiple", "--input-size 32"),
        ((*TRAIN, "--local_rank", "0"), "bad-arguments", "--local_rank is not taken", "torchrun"),
        ((*TRAIN, "--resume"), "bad-arguments", "--resume is not for `train`", "supersvg-cloud resume RUN"),
        ((*TRAIN, "--name", "a/b"), "bad-arguments", "no name for a run", "letters, digits"),
        (("status", "--jsno"), "usage", "No such option", "did you mean --json?"),
        (("statsu",), "usage", "No such command", "--help"),
        (("data", "gte"), "usage", "No such command", "--help"),
        (("data", "get"), "usage", "Missing argument", "--help"),
        (("fetch",), "usage", "Missing option", "--help"),
        (("data", "get", "test", "--limit", "0"), "usage", "Invalid value", "--help"),
    ],
)
def test_mistakes_are_explained(cli: Cli, words: tuple[str, ...], code: str, message: str, advice: str) -> None:
    error = cli.error(*words)
    assert error["code"] == code
    assert message in error["message"]
    assert advice in error["advice"]
    # The same for a person: on stderr, without a traceback.
    told = cli.run(*words)
    assert told.returncode == error["exit_code"]
    assert "next: " in told.stderr
    assert "Traceback" not in told.stderr


def test_an_empty_folder_of_pictures(cli: Cli) -> None:
    pytest.importorskip("numpy", reason="the [data] extra is not installed")
    (cli.root / "empty").mkdir()
    assert cli.error("train", "--data", "./empty")["code"] == "bad-data"


def test_several_runs_and_nobody_to_ask(cli: Cli) -> None:
    for name in ("one", "two"):
        assert cli.run(*TRAIN, "--name", name).returncode == 0
    error = cli.error("status")
    assert (error["code"], error["exit_code"]) == ("ambiguous-run", 4)
    assert "one" in error["message"]
    assert "two" in error["message"]


def test_a_name_or_directory_that_is_taken(cli: Cli) -> None:
    assert cli.run(*TRAIN, "--name", "mine").returncode == 0
    error = cli.error(*TRAIN, "--name", "mine")
    assert error["code"] == "name-taken"
    assert "supersvg-cloud resume mine" in error["advice"]
    assert cli.error(*TRAIN, "--run-dir", str(cli.root / "home/runs/mine"))["code"] == "name-taken"
    foreign = cli.root / "foreign"
    (foreign / "checkpoints").mkdir(parents=True)
    assert "did not start" in cli.error(*TRAIN, "--run-dir", str(foreign))["message"]


def test_a_run_directory_that_cannot_be_written(cli: Cli) -> None:
    (cli.root / "file").write_text("in the way")
    error = cli.error(*TRAIN, "--run-dir", str(cli.root / "file" / "run"))
    assert error["code"] == "cannot-write"
    assert "--run-dir" in error["advice"]


def test_a_second_trainer_on_the_same_directory(cli: Cli) -> None:
    gate = cli.root / "gate"
    begun = cli.run(*TRAIN, "--name", "busy", "--detach", FAKE_GATE=str(gate))
    assert begun.returncode == 0, begun.stderr
    try:
        error = cli.error(*TRAIN, "--name", "busy", "--epochs", "7")
        assert error["code"] == "busy"
        assert "supersvg-cloud monitor busy" in error["advice"]
        assert cli.error("resume", "busy")["code"] == "busy"
        # Another ledger knows nothing of it; then the trainer itself refuses.
        status = cli.error("resume", str(cli.root / "home/runs/busy"), SUPERSVG_HOME=str(cli.root / "other"))
        assert status["code"] == "busy"
    finally:
        gate.touch()
        assert cli.run("monitor", "busy").returncode == 0


def test_a_missing_train_extra(cli: Cli) -> None:
    # A directory in front of site-packages hides torch without uninstalling it.
    script = (
        "import importlib.util as u, sys; found = u.find_spec; "
        "u.find_spec = lambda name, *a: None if name == 'torch' else found(name, *a); "
        "from supersvg_cloud.cli.app import run; sys.exit(run(sys.argv[1:]))"
    )
    environ = {**os.environ, "SUPERSVG_HOME": str(cli.root / "home"), "SUPERSVG_TRAINER_COMMAND": ""}
    command = [sys.executable, "-c", script, "train", "--data", "./data", "--json"]
    done = subprocess.run(command, cwd=cli.root, env=environ, capture_output=True, text=True, check=False)
    error = json.loads(done.stdout)["error"]
    assert (done.returncode, error["code"]) == (69, "missing-extra")
    assert "torch" in error["message"]
    assert error["advice"] == "pip install 'supersvg-cloud[train]'"


def test_a_trainer_that_cannot_be_started(cli: Cli) -> None:
    error = cli.error(*TRAIN, SUPERSVG_TRAINER_COMMAND="/no/such/program")
    assert error["code"] == "bug"
    assert "/no/such/program" in error["cause"]


def test_bad_yaml_and_unknown_settings(cli: Cli) -> None:
    (cli.root / "supersvg.yaml").write_text("dataset: [icons\n")
    assert "line 2" in cli.error("config", "show")["message"]
    (cli.root / "supersvg.yaml").write_text("datset: icons\n")
    error = cli.error("runs")
    assert (error["code"], error["exit_code"]) == ("bad-config", 78)
    assert "did you mean dataset?" in error["advice"]


def test_a_newer_ledger(cli: Cli) -> None:
    import sqlite3

    cli.run("runs")
    db = sqlite3.connect(cli.root / "home" / "ledger.sqlite")
    db.execute("PRAGMA user_version = 99")
    db.close()
    error = cli.error("runs")
    assert (error["code"], error["exit_code"]) == ("ledger-newer", 77)
    assert "upgrade" in error["advice"]


def test_a_secret_in_the_environment_is_never_printed(cli: Cli) -> None:
    said = cli.run("status", "hunter2-hunter2", MY_API_TOKEN="hunter2-hunter2")
    assert "hunter2" not in said.stderr + said.stdout
    assert "***" in said.stderr


def test_config_show_tells_origins(cli: Cli) -> None:
    (cli.root / "supersvg.yaml").write_text("local:\n  watts: 350\n")
    found = json.loads(cli.run("config", "show", "--json", SUPERSVG_DATASET="test").stdout)["settings"]
    assert found["local.watts"] == {"value": 350.0, "origin": str(cli.root / "supersvg.yaml")}
    assert found["dataset"]["origin"] == "environment SUPERSVG_DATASET"
    assert found["recipe"]["origin"] == "default"


def test_help_costs_no_heavy_import(cli: Cli) -> None:
    script = (
        "import sys; from supersvg_cloud.cli.app import run; code = run(['--help']); "
        "heavy = {'torch', 'numpy', 'yaml', 'sqlite3', 'supersvg', 'supersvg_data', 'subprocess_unused'}; "
        "sys.exit(str(heavy & set(sys.modules)) if heavy & set(sys.modules) else code)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, cwd=cli.root)
    assert done.returncode == 0, done.stderr
    for name in ("demo", "train", "resume", "stop", "runs", "status", "monitor", "logs", "report", "fetch"):
        assert f" {name} " in done.stdout


def test_train_help_lists_the_recipes_flags(cli: Cli) -> None:
    done = cli.run("train", "--help")
    assert done.returncode == 0
    for flag in ("--detach", "--batch-size", "--preset", "--boundary-weight"):
        assert flag in done.stdout


def test_doctor_answers_for_people_and_programs(cli: Cli) -> None:
    done = cli.run("doctor", "--json")
    found = json.loads(done.stdout)
    if done.returncode == 0:
        names = {check["name"] for check in found["checks"]}
        assert {"CPU cores", "memory", "free disk", "GPU", "Python", "Docker", "npm", "extra train"} <= names
    else:
        assert found["error"]["code"] == "machine-unfit"


def test_completion_offers_commands_and_runs(cli: Cli) -> None:
    assert cli.run(*TRAIN, "--name", "completed").returncode == 0
    completing = {"_SUPERSVG_CLOUD_COMPLETE": "complete_bash", "_TYPER_COMPLETE_ARGS": "supersvg-cloud status comp"}
    done = cli.run(COMP_WORDS="supersvg-cloud status comp", COMP_CWORD="2", **completing)
    assert "completed" in done.stdout, done.stderr
