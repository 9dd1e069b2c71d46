"""Using what was trained: evaluate and vectorize, their output, and the ends they share with training."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="the trainer needs the [train] extra")

from PIL import Image

TOYS = Path(__file__).parent.parent / "unit" / "engine"


def supersvg(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "supersvg", *map(str, words)],
        env={**os.environ, "PYTHONPATH": str(TOYS), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("trained") / "run"
    flags = [
        "--recipe=toy_task:RECIPE",
        "--steps=4",
        "--batch-size=8",
        "--lr=0.01",
        "--device=cpu",
        "--tensorboard",
    ]
    ran = supersvg("train", "--run-dir", path, *flags)
    assert ran.returncode == 0, ran.stderr
    return path


def test_tensorboard_files_are_there(trained: Path) -> None:
    """Event files where it is installed, a notice where it is not."""
    if list((trained / "tensorboard").glob("events.out.*")):
        return
    assert "no-tensorboard" in (trained / "events.jsonl").read_text()


def test_evaluate_says_what_training_said(trained: Path) -> None:
    """The same held-out metrics as the run's last evaluation, as a table and as JSON."""
    ran = supersvg("evaluate", "--run_dir", trained, "--json")
    assert ran.returncode == 0, ran.stderr
    told = json.loads(ran.stdout)
    last = json.loads((trained / "summary.json").read_text())["metrics"]["last"]
    assert (told["step"], told["metrics"]["mse"]) == (4, pytest.approx(last["mse"]))
    assert "mse" in supersvg("evaluate", "--run-dir", trained).stdout


def test_vectorize_writes_one_svg_a_picture(trained: Path, tmp_path: Path) -> None:
    """Paths are printed one a line; transparency becomes white; the number of paths is passed on."""
    Image.new("RGBA", (5, 3), (0, 0, 0, 0)).save(tmp_path / "clear.png")
    Image.new("CMYK", (4, 4)).save(tmp_path / "cmyk.jpg")
    pictures = [tmp_path / "clear.png", tmp_path / "cmyk.jpg"]
    ran = supersvg("vectorize", "--run-dir", trained, *pictures, "--output", tmp_path / "out", "--paths", "9")
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.splitlines() == [str(tmp_path / "out" / name) for name in ("clear.svg", "cmyk.svg")]
    assert "(3, 5, 3)-9-[255, 255, 255]" in (tmp_path / "out" / "clear.svg").read_text()
    ran = supersvg("vectorize", "--run-dir", trained, tmp_path / "clear.png", "-o", tmp_path / "one.svg")
    assert (ran.returncode, ran.stdout.strip()) == (0, str(tmp_path / "one.svg"))


def test_mistakes(trained: Path, tmp_path: Path) -> None:
    """Exit codes are those of training, and the last two lines are what happened and what to do."""
    (tmp_path / "text.png").write_text("not a picture")
    for code, says, words in (
        (65, "no picture", ["vectorize", "--run-dir", trained, tmp_path / "text.png"]),
        (64, "no complete checkpoint", ["evaluate", "--run-dir", tmp_path]),
        (64, "--output a directory", ["vectorize", "--run-dir", trained, "a.png", "b.png", "-o", "c.svg"]),
        (64, "--help", ["evaluate", "--run-dir", trained, "--bogus"]),
        (64, "--paths", ["vectorize", "--run-dir", trained, "a.png", "--paths", "0"]),
        (64, "commands:", ["trian"]),
    ):
        ran = supersvg(*words)
        assert ran.returncode == code, ran.stderr
        assert says in ran.stderr
        assert "Traceback" not in ran.stderr
