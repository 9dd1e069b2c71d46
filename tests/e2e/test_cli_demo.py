"""The demo, and one run from the dataset to the SVG with the trainer of this repository."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("numpy", reason="the [data] extra is not installed")
pytest.importorskip("resvg", reason="the [data] extra is not installed")

TRAINER = Path(__file__).parents[1] / "unit" / "cloud" / "fake_trainer.py"


def cli(root: Path, *words: str, **extra: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("SUPERSVG_", "FAKE_"))}
    environ = {
        **clean,
        "SUPERSVG_HOME": str(root / "home"),
        "SUPERSVG_DATA": str(root / "datasets"),
        "OMP_NUM_THREADS": "1",
        # What npm has cached on this machine would let the icons be had without a network.
        "npm_config_cache": str(root / "npm"),
        **extra,
    }
    return subprocess.run(
        [sys.executable, "-m", "supersvg_cloud", *words],
        cwd=root,
        env=environ,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
        stdin=subprocess.DEVNULL,
    )


def told(done: subprocess.CompletedProcess[str]) -> Any:
    assert done.returncode == 0, done.stderr + done.stdout
    return json.loads(done.stdout)


def test_without_a_network_the_demo_goes_on_with_generated_pictures_and_says_so(tmp_path: Path) -> None:
    fake = {"SUPERSVG_TRAINER_COMMAND": f"{sys.executable} {TRAINER}"}
    first = cli(tmp_path, "demo", "--offline", **fake)
    assert first.returncode == 0, first.stderr
    assert "generated dataset `test`" in first.stderr
    assert "ratio (promised: 0.333 or less)" in first.stdout
    found = told(cli(tmp_path, "demo", "--json", **fake))
    assert found["dataset"] == "test"
    assert found["result"]["ratio"] == pytest.approx(0.1)
    assert len(found["attempts"]) == 1, "a finished demo is shown, not done again"
    assert Path(found["report"]).exists()


def test_a_demo_that_was_stopped_goes_on(tmp_path: Path) -> None:
    fake = {"SUPERSVG_TRAINER_COMMAND": f"{sys.executable} {TRAINER}"}
    assert cli(tmp_path, "demo", "--offline", FAKE_END="kill", **fake).returncode == 67
    found = told(cli(tmp_path, "demo", "--offline", "--json", **fake))
    assert [attempt["exit_reason"] for attempt in found["attempts"]] == ["force", "done"]


def test_the_data_commands_with_the_generated_dataset(tmp_path: Path) -> None:
    names = [row["name"] for row in told(cli(tmp_path, "data", "list", "--json"))]
    assert {"test", "icons"} <= set(names)
    got = told(cli(tmp_path, "data", "get", "test", "--limit", "40", "--json"))
    assert got["manifest"]["count"] == 40
    assert told(cli(tmp_path, "data", "verify", got["prepared"], "--json"))["ok"]
    assert "licence" in cli(tmp_path, "data", "show", "test").stdout
    pictures = Path(got["prepared"]) / "pictures.npy"
    content = bytearray(pictures.read_bytes())
    content[-1] ^= 0xFF
    pictures.write_bytes(content)
    damaged = cli(tmp_path, "data", "verify", got["prepared"], "--json")
    error = json.loads(damaged.stdout)["error"]
    assert (damaged.returncode, error["code"]) == (7, "mismatch")


@pytest.mark.slow
def test_from_pictures_to_svg_with_the_real_trainer(tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="the [train] extra is not installed")
    flags = ("--preset", "tiny", "--steps", "4", "--eval-pictures", "2", "--device", "cpu")
    done = cli(tmp_path, "train", "--data", "test", "--name", "real", *flags)
    assert done.returncode == 0, done.stderr + done.stdout
    status = told(cli(tmp_path, "status", "--json"))
    assert (status["state"], status["progress"]["step"]) == ("done", 4)
    assert {"mse", "flat_mse", "mse_ratio", "ink_iou", "paths", "svg_bytes"} <= set(status["progress"]["metrics"])
    assert told(cli(tmp_path, "evaluate", "--limit", "2", "--json"))["metrics"]["pictures"] == 2
    (picture,) = list((tmp_path / "home/runs/real/samples").glob("*/*.target.png"))[:1]
    svg = tmp_path / "out.svg"
    made = told(cli(tmp_path, "vectorize", str(picture), "-o", str(svg), "--paths", "12", "--json"))
    assert made["svgs"] == [str(svg)]
    assert svg.read_text().startswith(("<svg", "<?xml"))
    assert told(cli(tmp_path, "fetch", "-o", str(tmp_path / "out"), "--json"))["files"] > 10
