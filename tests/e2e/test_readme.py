"""The README's commands, in its words: small real trainings of generated pictures, in a home of their own."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from supersvg_data.recipes import RECIPES

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
SMALL = shlex.split(
    "--steps 12 --batch-size 8 --eval-pictures 4 --sample-pictures 2 --num-workers 0 --threads 1 --checkpoint-every 4"
)
PLACES = {"icons": "test", "~/Pictures/logos": "logos"}
"""What stands for what, so that no network and no home is needed."""

ELSEWHERE = {
    "supersvg-cloud demo": "tests/e2e/test_cli_demo.py",
    "supersvg-cloud train --data icons --preset small --epochs 20 --batch-size 64": "takes hours",
}


def readme_commands() -> Iterator[str]:
    inside = False
    for line in README.splitlines():
        if line.startswith("```"):
            inside = line == "```sh"
        elif inside and line.startswith("supersvg-cloud "):
            yield line.split(" #")[0].strip()


class House:
    """A home and a working directory in which the README is followed."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.followed: list[str] = []
        clean = {name: value for name, value in os.environ.items() if not name.startswith("SUPERSVG_")}
        own = {"SUPERSVG_HOME": str(root / "home"), "SUPERSVG_DATA": str(root / "data")}
        self.env = {**clean, **own, "OMP_NUM_THREADS": "1"}

    def follow(self, start: str, *more: str, code: int = 0) -> str:
        """Runs the README's first command that begins so and was not run yet, and ``more`` after it."""
        command = next(line for line in readme_commands() if line.startswith(start) and line not in self.followed)
        self.followed.append(command)
        return self.run(*(PLACES.get(word, word) for word in shlex.split(command)[1:]), *more, code=code)

    def run(self, *words: str, code: int = 0) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "supersvg_cloud", *words],
            cwd=self.root, env=self.env, capture_output=True, text=True, timeout=180, check=False,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
        assert done.returncode == code, (words, done.stdout, done.stderr)
        return done.stdout

    def until_step(self, name: str) -> None:
        """Waits until the run's trainer has told about a step."""
        events = self.root / "home/runs" / name / "events.jsonl"
        deadline = time.monotonic() + 90
        pause = threading.Event()
        while not (events.exists() and '"kind":"step"' in events.read_text(encoding="utf-8")):
            assert time.monotonic() < deadline, (events.parent / "trainer.log").read_text(encoding="utf-8")
            pause.wait(0.05)


@pytest.mark.slow
def test_the_readme_can_be_followed(tmp_path: Path) -> None:
    house = House(tmp_path)
    runs = house.root / "home/runs"
    assert "test" in house.follow("supersvg-cloud data list")
    house.follow("supersvg-cloud data get")
    house.follow("supersvg-cloud data verify")
    house.follow("supersvg-cloud doctor")

    # Enough steps that it cannot end before it is stopped; then it is stopped, as told.
    long = [word if word != "12" else "60" for word in SMALL]
    house.follow("supersvg-cloud train --data icons --preset tiny", *long)
    house.until_step("friday")
    house.follow("supersvg-cloud stop friday")
    summary = json.loads((runs / "friday/summary.json").read_text(encoding="utf-8"))
    assert summary["exit_reason"] == "saved" and summary["step"] < 60
    house.follow("supersvg-cloud resume friday")
    assert json.loads((runs / "friday/summary.json").read_text(encoding="utf-8"))["step"] == 60
    house.follow("supersvg-cloud monitor friday")
    assert "resumed from step" in house.follow("supersvg-cloud logs friday")
    assert "friday" in house.follow("supersvg-cloud runs")

    house.follow("supersvg-cloud report friday")
    page = (runs / "friday/report.html").read_text(encoding="utf-8")
    assert "held-out pictures, MSE is" in page and RECIPES["test"].licence in page
    assert "ink" in house.follow("supersvg-cloud evaluate friday", "--limit", "4")
    house.follow("supersvg-cloud fetch friday")
    assert list((house.root / "results").rglob("complete.json"))

    logos = house.root / "logos"
    logos.mkdir()
    for sample in (runs / "friday/samples").rglob("*.target.png"):
        (logos / sample.name.replace(".target", "")).write_bytes(sample.read_bytes())
    (logos / "notes.txt").write_text("no picture", encoding="utf-8")
    picture = next(logos.glob("*.png"))
    (house.root / "photo.png").write_bytes(picture.read_bytes())
    for number in range(24):
        (logos / f"again-{number}.png").write_bytes(picture.read_bytes())
    assert "--superpixels" in house.follow("supersvg-cloud train --help")
    house.follow("supersvg-cloud train --data ~/Pictures/logos", *SMALL)

    house.follow("supersvg-cloud vectorize")
    svg = (house.root / "out.svg").read_text(encoding="utf-8")
    assert svg.startswith("<svg") and 0 < svg.count("<path") <= 128

    left_out = set(readme_commands()) - {*house.followed, *ELSEWHERE}
    assert not left_out, "a new command in the README is followed here, or has its reason in ELSEWHERE"
