"""Fetching results, the demo's promise, the doctor, and numbers in words."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import pytest

from supersvg_cloud.cli.words import duration, money, number, size, sparkline
from supersvg_cloud.errors import BadArguments, CannotWrite, DemoBelowTarget, Mismatch, NotNow
from supersvg_cloud.model import Electricity, Run, State, Workload
from supersvg_cloud.platform import Platform
from supersvg_cloud.runs.demo import require_promised, result
from supersvg_cloud.runs.doctor import GB, Machine, examine
from supersvg_cloud.runs.events import Progress
from supersvg_cloud.runs.fetch import SUMS, fetch
from supersvg_cloud.runs.journal import Status


@pytest.fixture
def run_dir(tmp_path: Path) -> Path:
    path = tmp_path / "run"
    checkpoint = path / "checkpoints" / "step-000005"
    checkpoint.mkdir(parents=True)
    (checkpoint / "model.pt").write_bytes(b"weights")
    files = {"model.pt": {"bytes": 7, "sha256": hashlib.sha256(b"weights").hexdigest()}}
    (checkpoint / "complete.json").write_text(json.dumps({"files": files}))
    (path / "summary.json").write_text("{}")
    (path / ".lock").touch()
    (path / "checkpoints" / ".step-000006.tmp").mkdir()
    (path / "checkpoints" / ".step-000006.tmp" / "model.pt").touch()
    return path


def test_results_are_copied_whole_and_only_once(run_dir: Path, tmp_path: Path) -> None:
    output = tmp_path / "out"
    copied = fetch(run_dir, output)
    assert (copied.files, copied.already) == (3, 0)
    assert (output / "checkpoints/step-000005/model.pt").read_bytes() == b"weights"
    listed = {line.split("  ")[1] for line in (output / SUMS).read_text().splitlines()}
    assert listed == {
        "summary.json",
        "checkpoints/step-000005/model.pt",
        "checkpoints/step-000005/complete.json",
    }
    (output / "summary.json").write_text("[]")
    assert fetch(run_dir, output).already == 2
    assert (output / "summary.json").read_text() == "{}"


def test_a_damaged_checkpoint_is_told(run_dir: Path, tmp_path: Path) -> None:
    (run_dir / "checkpoints/step-000005/model.pt").write_bytes(b"wEights")
    with pytest.raises(Mismatch, match=r"model\.pt is not what"):
        fetch(run_dir, tmp_path / "out")


def test_fetching_nothing_into_itself_or_nowhere_is_explained(run_dir: Path, tmp_path: Path) -> None:
    with pytest.raises(BadArguments, match="contain each other"):
        fetch(run_dir, run_dir / "out")
    with pytest.raises(NotNow, match="nothing in"):
        fetch(tmp_path / "empty", tmp_path / "out")
    (tmp_path / "file").touch()
    with pytest.raises(CannotWrite, match="cannot be copied"):
        fetch(run_dir, tmp_path / "file" / "out")


def demo_status(metrics: dict[str, float], dataset: str = "icons") -> Status:
    run = Run("id", "demo", Workload("supersvg-coarse", dataset, ()), Path("/runs/demo"), "")
    summary = {"metrics": {"last": metrics}}
    return Status(run, State.DONE, "done", [], Progress(), Electricity(0, 0, 0), summary)


def test_the_demo_keeps_or_breaks_its_promise() -> None:
    good = {"mse": 0.01, "flat_mse": 0.05, "ink_iou": 0.8}
    require_promised(demo_status(good))
    assert result(demo_status(good)).ratio == pytest.approx(0.2)
    for bad in ({"mse": 0.02}, {"ink_iou": 0.59}):
        with pytest.raises(DemoBelowTarget):
            require_promised(demo_status({**good, **bad}))
    with pytest.raises(DemoBelowTarget, match="unknown"):
        require_promised(demo_status({}))
    require_promised(demo_status({}, dataset="test"))


def machine(name: str = "linux", **answers: str) -> Machine:
    return Machine(
        platform=Platform(
            name=name,
            environ={},
            home=Path(),
            run=lambda command: answers.get(command[0].replace("-", "_"), ""),
        ),
        cores=8,
        memory_bytes=32 * GB,
        free_bytes=100 * GB,
        python=(3, 12),
        which=lambda name: f"/bin/{name}",
        has_package=lambda _name: True,
    )


def levels(looked_at: Machine) -> dict[str, str]:
    return {check.name: check.level for check in examine(looked_at)}


def test_a_good_machine_is_ok_throughout() -> None:
    good = machine(nvidia_smi="NVIDIA A10G, 23028\n", docker="27.0\n")
    assert set(levels(good).values()) == {"ok"}
    assert levels(machine("darwin", docker="27.0"))["GPU"] == "ok"


@pytest.mark.parametrize(
    ("change", "name", "level"),
    [
        ({"cores": 2}, "CPU cores", "warn"),
        ({"memory_bytes": 8 * GB}, "memory", "warn"),
        ({"memory_bytes": 0}, "memory", "warn"),
        ({"free_bytes": 20 * GB}, "free disk", "warn"),
        ({"python": (3, 10)}, "Python", "missing"),
        ({"has_package": lambda name: name != "torch"}, "extra train", "missing"),
        ({"which": lambda _name: None}, "npm", "warn"),
        ({"which": lambda _name: None}, "Docker", "warn"),
        ({}, "Docker", "warn"),
        ({}, "GPU", "warn"),
    ],
)
def test_each_shortcoming_is_named_with_what_to_do(change: dict[str, object], name: str, level: str) -> None:
    (check,) = [check for check in examine(replace(machine(), **change)) if check.name == name]  # type: ignore[arg-type]
    assert check.level == level
    assert check.advice


def test_a_small_gpu_is_a_warning() -> None:
    assert levels(machine(nvidia_smi="GTX 1050, 4096"))["GPU"] == "warn"


def test_words() -> None:
    assert [duration(value) for value in (None, 7.4, 725, 10929)] == ["-", "0:07", "12:05", "3:02:09"]
    assert [size(value) for value in (None, 999, 123_000_000, 2e15)] == [
        "-",
        "999 B",
        "123.0 MB",
        "2000.0 TB",
    ]
    assert [money(value) for value in (0, 0.001, 0.25)] == ["0.00", "under 0.01", "0.25"]
    assert [number(value) for value in (None, 0.123456, 1500)] == ["-", "0.1235", "1500"]


def test_sparklines_hold_the_whole_curve_in_their_width() -> None:
    assert sparkline([], 5) == ""
    assert sparkline([1.0, 1.0], 5) == "▁▁"
    assert sparkline([0.0, 1.0], 5) == "▁█"
    assert sparkline([float(value) for value in range(80)], 8) == "▁▂▃▄▅▆▇█"
