"""A run may die between any two lines, or in the middle of one, and loses no work that it had saved.

Runs of a toy recipe are killed at seeded random moments and resumed; the weights, the optimiser and what is
recorded about the steps must end bit for bit as in a run that nobody touched.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="the trainer needs the [train] extra")

from supersvg.engine.checkpoint import find_checkpoints, load_checkpoint  # noqa: E402

HERE = Path(__file__).parent
TOYS = HERE.parent / "unit" / "engine"

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="kills processes by POSIX signals")

STEPS = 150
FLAGS = [
    "--recipe=toy_task:RECIPE",
    *("--steps=150", "--samples=45", "--batch-size=4", "--accum-iter=2", "--lr=0.01", "--warmup-steps=5"),
    *("--checkpoint-every=4", "--eval-every=6", "--sample-every=50", "--log-every=1", "--no-tensorboard"),
    *("--device=cpu", "--threads=1"),
]


class Server:
    """A process that has imported torch and forks trainers on request."""

    def __init__(self) -> None:
        environment = {**os.environ, "PYTHONPATH": str(TOYS), "OMP_NUM_THREADS": "1"}
        self.process = subprocess.Popen(
            [sys.executable, str(HERE / "trainer_server.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
            text=True,
        )

    def run(self, argv: list[str], **request: Any) -> dict[str, Any]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps({"argv": ["train", *argv], **request}) + "\n")
        self.process.stdin.flush()
        answer: dict[str, Any] = json.loads(self.process.stdout.readline())
        return answer

    def close(self) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    this = Server()
    yield this
    this.close()


@pytest.fixture(scope="module")
def undisturbed(server: Server, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int]:
    """A run that nobody touched, and how many crash points it passed."""
    path = tmp_path_factory.mktemp("undisturbed") / "run"
    answer = server.run([f"--run-dir={path}", *FLAGS])
    assert answer["code"] == 0, answer["stderr"]
    return path, answer["points"]


def go_on(path: Path) -> list[str]:
    """The arguments of the next attempt: from the start where the last one died before run.json was there."""
    started = (path / "run.json").exists()
    return [f"--run-dir={path}", "--resume"] if started else [f"--run-dir={path}", *FLAGS]


def events(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (path / "events.jsonl").read_text().splitlines()]


def assert_same_run(path: Path, wanted: Path) -> None:
    """The same final weights and optimiser, bit for bit, and the same losses and metrics at every step."""
    ends = [load_checkpoint(find_checkpoints(run / "checkpoints")[-1]) for run in (path, wanted)]
    assert ends[0].step == ends[1].step == STEPS
    for mine, theirs in zip(*(flatten(end.model) + flatten(end.optimizer) for end in ends), strict=True):
        assert mine[0] == theirs[0]
        assert torch.equal(torch.as_tensor(mine[1]), torch.as_tensor(theirs[1])), mine[0]
    for kind, field in (("step", "losses"), ("eval", "metrics")):
        told = [
            {event["step"]: event[field] for event in events(run) if event["kind"] == kind} for run in (path, wanted)
        ]
        assert told[0] == told[1]
        assert len(told[0]) == (STEPS if kind == "step" else STEPS // 6)
    summary = json.loads((path / "summary.json").read_text())
    assert (summary["exit_reason"], summary["step"]) == ("done", STEPS)
    assert summary["metrics"] == json.loads((wanted / "summary.json").read_text())["metrics"]


def flatten(value: Any, name: str = "") -> list[tuple[str, Any]]:
    if isinstance(value, dict):
        return [leaf for key, item in value.items() for leaf in flatten(item, f"{name}.{key}")]
    if isinstance(value, list | tuple):
        return [leaf for index, item in enumerate(value) for leaf in flatten(item, f"{name}.{index}")]
    return [] if value is None else [(name, value)]


def test_twenty_kills_change_nothing(server: Server, undisturbed: tuple[Path, int], tmp_path: Path) -> None:
    """SIGKILL at 20 random moments, ten of them inside a write, sync or rename, then left alone."""
    wanted, points = undisturbed
    chance, path, resumed = random.Random(20), tmp_path / "run", 0
    for kill in range(20):
        if kill % 2:
            request = {"kill_at": chance.randint(1, points // 12)}
        else:
            request = {"signal": "SIGKILL", "after": chance.randint(1, 2 * STEPS // 12)}
        answer = server.run(go_on(path), **request)
        assert answer["code"] == -9, f"kill {kill} came too late: {answer['stderr']}"
        assert not (path / "summary.json").exists(), "a run that was killed must not look ended"
    answer = server.run(go_on(path))
    assert answer["code"] == 0, answer["stderr"]
    resumed = sum(event.get("code") == "resumed" for event in events(path))
    assert resumed >= 10
    assert_same_run(path, wanted)
    assert not list((path / "checkpoints").glob(".*")), "leftovers of kills are cleared"


@pytest.mark.parametrize("seed", range(3))
def test_killed_while_saving(server: Server, undisturbed: tuple[Path, int], tmp_path: Path, seed: int) -> None:
    """Every kind of crash point of the first checkpoint in turn, by thirds: none may cost the run."""
    wanted, _ = undisturbed
    path = tmp_path / "run"
    for kill_at in range(10 + seed, 34, 3):
        assert server.run(go_on(path), kill_at=kill_at)["code"] == -9
    assert server.run(go_on(path))["code"] == 0
    assert_same_run(path, wanted)


def test_terminated_again_and_again(server: Server, undisturbed: tuple[Path, int], tmp_path: Path) -> None:
    """SIGTERM and SIGINT save and leave with 75; USR1 saves and goes on; no step is done twice."""
    wanted, _ = undisturbed
    chance, path = random.Random(7), tmp_path / "run"
    for turn in range(6):
        name = "SIGINT" if turn % 2 else "SIGTERM"
        answer = server.run(go_on(path), signal=name, after=chance.randint(1, 30))
        assert answer["code"] == 75, answer["stderr"]
        assert json.loads((path / "summary.json").read_text())["exit_reason"] == "saved"
    assert server.run(go_on(path), signal="SIGUSR1", after=3)["code"] == 0
    steps = [event["step"] for event in events(path) if event["kind"] == "step"]
    assert steps == sorted(set(steps)), "a run that was asked to leave does no step twice"
    assert_same_run(path, wanted)


def test_a_save_on_request_goes_on(server: Server, tmp_path: Path) -> None:
    """SIGUSR1 makes a checkpoint at a step where none was due, and the run ends as done."""
    path = tmp_path / "run"
    flags = [flag for flag in FLAGS if not flag.startswith(("--checkpoint-every", "--eval-every"))]
    answer = server.run([f"--run-dir={path}", *flags, "--checkpoint-every=1000"], signal="SIGUSR1", after=21)
    assert answer["code"] == 0, answer["stderr"]
    saved = [event["step"] for event in events(path) if event["kind"] == "checkpoint"]
    assert len(saved) == 2
    assert 0 < saved[0] < STEPS
    assert saved[1] == STEPS


def test_a_damaged_checkpoint_is_passed_over(server: Server, undisturbed: tuple[Path, int], tmp_path: Path) -> None:
    """One flipped byte in the newest checkpoint: resume goes back to the one before, says so, and ends so."""
    wanted, _ = undisturbed
    path = tmp_path / "run"
    assert server.run(go_on(path), signal="SIGKILL", after=40)["code"] == -9
    newest = find_checkpoints(path / "checkpoints")[-1]
    data = bytearray((newest / "model.pt").read_bytes())
    data[len(data) // 2] ^= 1
    (newest / "model.pt").write_bytes(data)
    answer = server.run(go_on(path))
    assert answer["code"] == 0
    assert newest.name in answer["stderr"]
    assert any(event.get("code") == "damaged-checkpoint" for event in events(path))
    assert_same_run(path, wanted)
