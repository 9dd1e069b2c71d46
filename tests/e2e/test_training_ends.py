"""Every way a training can end: exit code, exit reason, and what is left on the disk."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

resource = pytest.importorskip("resource", reason="limits and signals are POSIX's")
pytest.importorskip("torch", reason="the trainer needs the [train] extra")

from supersvg.engine.checkpoint import find_checkpoints, load_checkpoint  # noqa: E402

TOYS = Path(__file__).parent.parent / "unit" / "engine"
FLAGS = [
    "--recipe=toy_task:RECIPE",
    *("--steps=8", "--batch-size=8", "--lr=0.01", "--checkpoint-every=3", "--no-tensorboard", "--device=cpu"),
]


def train(path: Path, *flags: str, **options: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "supersvg", "train", f"--run-dir={path}", *flags],
        env={**os.environ, "PYTHONPATH": str(TOYS), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        **options,
    )


def summary(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((path / "summary.json").read_text())
    return found


def last_event(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((path / "events.jsonl").read_text().splitlines()[-1])
    return found


@pytest.mark.parametrize(
    ("flags", "code", "reason", "says"),
    [
        (["--raises=data"], 65, "bad-data", "the toy data are spoilt"),
        (["--raises=data", "--num-workers=1"], 65, "bad-data", "the toy data are spoilt"),
        (["--raises=memory"], 71, "out-of-memory", "--accum-iter"),
        (["--raises=bug"], 70, "bug", "ZeroDivisionError"),
        (["--device=cuda:99"], 64, "bad-arguments", "CUDA devices"),
        (["--batch-sise=3"], 64, "bad-arguments", "did you mean --batch-size?"),
        (["--local_rank=0"], 64, "bad-arguments", "torchrun"),
    ],
)
def test_failures_say_why(tmp_path: Path, flags: list[str], code: int, reason: str, says: str) -> None:
    """The exit code, summary.json, the error event and the terminal agree."""
    ran = train(tmp_path / "run", *FLAGS, *flags)
    assert ran.returncode == code, ran.stderr
    assert summary(tmp_path / "run")["exit_reason"] == reason
    assert (last_event(tmp_path / "run")["kind"], last_event(tmp_path / "run")["exit_reason"]) == (
        "error",
        reason,
    )
    assert says in ran.stderr
    assert ("Traceback" in ran.stderr) == (reason == "bug")
    assert ("traceback" in last_event(tmp_path / "run")) == (reason == "bug")


def test_divergence_keeps_the_last_good_state(tmp_path: Path) -> None:
    """NaN at the sixth step: exit 66 names it, and the weights before it are saved and finite."""
    path = tmp_path / "run"
    ran = train(path, *FLAGS, "--nan-at=5")
    assert ran.returncode == 66
    assert "step 6" in ran.stderr
    assert summary(path)["exit_reason"] == "diverged"
    kept = load_checkpoint(find_checkpoints(path / "checkpoints")[-1])
    assert kept.step == 5
    assert all(bool(value.isfinite().all()) for value in kept.model.values())


def test_a_held_directory_is_busy_and_untouched(tmp_path: Path) -> None:
    """A second trainer leaves with 73 and changes no byte; the first is not disturbed."""
    path = tmp_path / "run"
    out, into = os.pipe()
    steps, told = os.pipe()
    os.close(out)
    first = subprocess.Popen(
        [sys.executable, "-m", "supersvg", "train", f"--run-dir={path}", *FLAGS, "--steps=100000000"],
        env={**os.environ, "PYTHONPATH": str(TOYS), "OMP_NUM_THREADS": "1", "TOY_PROGRESS": str(told)},
        pass_fds=(told,),
        stderr=subprocess.DEVNULL,
    )
    os.close(told)
    try:
        os.read(steps, 1)  # it is in its first step
        first.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, first.pid, os.WSTOPPED)
        before = {file: file.stat().st_mtime_ns for file in sorted(path.rglob("*"))}
        ran = train(path, "--resume")
        assert ran.returncode == 73, ran.stderr
        assert "another trainer" in ran.stderr
        assert {file: file.stat().st_mtime_ns for file in sorted(path.rglob("*"))} == before
    finally:
        first.kill()
        first.send_signal(signal.SIGCONT)
        first.wait()
        os.close(into)
        os.close(steps)


def test_a_directory_that_cannot_be_written(tmp_path: Path) -> None:
    """Where the run directory cannot be made, 74 alone says so."""
    (tmp_path / "file").write_text("in the way")
    ran = train(tmp_path / "file" / "run", *FLAGS)
    assert ran.returncode == 74
    assert "cannot write" in ran.stderr


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 8 MB."""
    path = tmp_path / "disk"
    path.mkdir()
    if os.name == "nt" or os.geteuid() != 0:
        pytest.skip("mounting a small tmpfs needs root; test_a_file_too_large covers the same path")
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", path], capture_output=True, check=False)
    if mounted.returncode:
        pytest.skip(f"no tmpfs here: {mounted.stderr.decode().strip()}; test_a_file_too_large covers the same path")
    yield path
    subprocess.run(["umount", path], check=True)


def test_a_full_disk_keeps_the_old_checkpoint(small_disk: Path) -> None:
    """No room for the second checkpoint: 74, the first survives, and the summary has its room."""
    path = small_disk / "run"
    ran = train(path, *FLAGS, "--bulk=5")
    assert ran.returncode == 74, ran.stderr
    check_kept(path)


def test_a_file_too_large(tmp_path: Path) -> None:
    """The same by a limit on file sizes, where no small disk can be had."""
    path = tmp_path / "run"
    assert train(path, *FLAGS, "--steps=3", "--bulk=1").returncode == 0
    # The run grows by hand: a resumed run's horizon may not change, so its recorded one is set back.
    for name in ("run.json", "checkpoints/step-000003/state.json"):
        text = (path / name).read_text().replace('"steps": 3', '"steps": 8')
        (path / name).write_text(text)
    seal(path / "checkpoints" / "step-000003")
    limit = 500_000

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    ran = train(path, "--resume", preexec_fn=limited)
    assert ran.returncode == 74, ran.stderr
    check_kept(path)


def seal(checkpoint: Path) -> None:
    """Writes complete.json anew for files changed on purpose."""
    import hashlib

    complete = json.loads((checkpoint / "complete.json").read_text())
    for name in complete["files"]:
        data = (checkpoint / name).read_bytes()
        complete["files"][name] = {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    (checkpoint / "complete.json").write_text(json.dumps(complete))


def check_kept(path: Path) -> None:
    assert summary(path)["exit_reason"] == "cannot-write"
    kept = find_checkpoints(path / "checkpoints")
    assert [load_checkpoint(one).step for one in kept] == [3]
    assert not list((path / "checkpoints").glob(".*"))
    for line in (path / "events.jsonl").read_text().splitlines():
        json.loads(line)


def test_refusals_leave_a_run_alone(tmp_path: Path) -> None:
    """A finished run survives every kind of mistaken command line, and each says what to do."""
    path = tmp_path / "run"
    assert train(path, *FLAGS).returncode == 0
    before = {file: file.read_bytes() for file in path.rglob("*") if file.is_file()}
    for flags, says in (
        (FLAGS, "--resume"),
        (["--resume", "--seed=3"], "--seed was 0 and is now 3"),
        (["--resume", "--epochs=9"], "--steps was 8 and is now 0"),
        (["--resume", "--bogus"], "unknown flag --bogus"),
        (["--resume", "--recipe=supersvg-coarse"], "toy_task:RECIPE"),
    ):
        ran = train(path, *flags)
        assert ran.returncode == 64, ran.stderr
        assert says in ran.stderr
    assert {file: file.read_bytes() for file in path.rglob("*") if file.is_file()} == before
    ran = train(path, "--resume", "--data-path=elsewhere")
    assert ran.returncode == 64
    assert "the data differ" in ran.stderr
    assert train(tmp_path / "none", "--resume").returncode == 64
    assert not (tmp_path / "none").exists()


def test_workers_and_files_change_nothing(tmp_path: Path) -> None:
    """Worker count, and settings from a printed YAML file, make the same weights bit for bit."""
    one, two = tmp_path / "one", tmp_path / "two"
    assert train(one, *FLAGS).returncode == 0
    printed = train(one, *FLAGS, "--print-config")
    assert printed.returncode == 0, printed.stderr
    (tmp_path / "settings.yaml").write_text(printed.stdout)
    ran = train(two, f"--config={tmp_path / 'settings.yaml'}", "--num-workers=2", "--prefetch-factor=3")
    assert ran.returncode == 0, ran.stderr
    ends = [load_checkpoint(find_checkpoints(run / "checkpoints")[-1]).model for run in (one, two)]
    assert all(bool((ends[0][name] == ends[1][name]).all()) for name in ends[0])
