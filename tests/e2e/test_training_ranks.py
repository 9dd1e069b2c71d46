"""Two processes train the same model as one at the same global batch, and end with equal weights."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="the trainer needs the [train] extra")

from supersvg.engine.checkpoint import find_checkpoints, load_checkpoint  # noqa: E402

TOYS = Path(__file__).parent.parent / "unit" / "engine"
pytestmark = pytest.mark.skipif(os.name == "nt", reason="gloo under torchrun is tested on POSIX")

# 23 samples in batches of 5 x 2: the last step of an epoch has 3 samples, whose passes share out as 1 and 2,
# and a pass of one sample leaves one rank with none.
FLAGS = [
    "--recipe=toy_task:RECIPE",
    *("--steps=12", "--samples=23", "--batch-size=5", "--accum-iter=2", "--lr=0.01", "--dropout=0"),
    *("--no-tensorboard", "--device=cpu", "--threads=1", "--log-every=1"),
]


def train(path: Path, *flags: str, processes: int) -> subprocess.CompletedProcess[str]:
    launcher = ["-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={processes}"] if processes > 1 else []
    return subprocess.run(
        [sys.executable, *launcher, "-m", "supersvg", "train", f"--run-dir={path}", *flags],
        env={**os.environ, "PYTHONPATH": str(TOYS), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def weights(path: Path) -> dict[str, torch.Tensor]:
    return load_checkpoint(find_checkpoints(path / "checkpoints")[-1]).model


def test_two_processes_equal_one(tmp_path: Path) -> None:
    """Weights agree within float tolerance, logged losses too, and both ranks hold the same weights."""
    one, two = tmp_path / "one", tmp_path / "two"
    assert (ran := train(one, *FLAGS, processes=1)).returncode == 0, ran.stderr
    assert (ran := train(two, *FLAGS, "--ranks-agree", processes=2)).returncode == 0, ran.stderr
    mine, theirs = weights(one), weights(two)
    assert mine.keys() == theirs.keys()
    for name in mine:
        torch.testing.assert_close(mine[name], theirs[name], rtol=1e-4, atol=1e-6)
    lines = [
        [
            event["losses"]["loss"]
            for event in map(json.loads, (run / "events.jsonl").read_text().splitlines())
            if event["kind"] == "step"
        ]
        for run in (one, two)
    ]
    assert len(lines[0]) == 12
    assert lines[0] == pytest.approx(lines[1], rel=1e-4)
    ranks = [torch.load(two / f"rank{rank}.pt", weights_only=True) for rank in (0, 1)]
    for name in ranks[0]:
        assert torch.equal(ranks[0][name], ranks[1][name]), name


def test_the_failing_rank_names_the_reason(tmp_path: Path) -> None:
    """Bad data on rank 1 alone end the run as bad-data, not as a broken connection."""
    path = tmp_path / "run"
    ran = train(path, *FLAGS, "--raises=data-rank1", processes=2)
    assert ran.returncode != 0
    summary = json.loads((path / "summary.json").read_text())
    assert summary["exit_reason"] == "bad-data", summary
    assert "rank 1" in summary["message"]


def test_accumulation_equals_the_big_batch(tmp_path: Path) -> None:
    """Two passes of five make the step that one pass of ten makes, at the end of an epoch too."""
    halves, whole = tmp_path / "halves", tmp_path / "whole"
    assert (ran := train(halves, *FLAGS, processes=1)).returncode == 0, ran.stderr
    big = [flag for flag in FLAGS if not flag.startswith(("--batch-size", "--accum-iter"))]
    assert (ran := train(whole, *big, "--batch-size=10", processes=1)).returncode == 0, ran.stderr
    mine, theirs = weights(halves), weights(whole)
    for name in mine:
        torch.testing.assert_close(mine[name], theirs[name], rtol=1e-4, atol=1e-6)


def test_ranks_leave_together_and_go_on_apart(tmp_path: Path) -> None:
    """SIGTERM to one rank saves and ends both; one process then goes on to where two would have come."""
    path, whole = tmp_path / "run", tmp_path / "whole"
    train(path, *FLAGS, "--term-at=4", processes=2)
    summary = json.loads((path / "summary.json").read_text())
    assert (summary["exit_reason"], summary["step"]) == ("saved", 5)
    assert (ran := train(path, "--resume", "--term-at=-1", processes=1)).returncode == 0, ran.stderr
    assert "processes 2 -> 1" in ran.stderr
    assert (ran := train(whole, *FLAGS, processes=1)).returncode == 0, ran.stderr
    mine, theirs = weights(path), weights(whole)
    for name in mine:
        torch.testing.assert_close(mine[name], theirs[name], rtol=1e-4, atol=1e-6)
