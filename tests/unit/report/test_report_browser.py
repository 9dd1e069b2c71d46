"""The page in a real browser: its script runs under its own policy, and it fits a phone."""

from __future__ import annotations

import html
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from supersvg_cloud.runs.report import write_report

BROWSER = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
)
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--no-first-run", "--virtual-time-budget=3000",
    "--enable-logging=stderr",
)  # fmt: skip

pytestmark = pytest.mark.skipif(BROWSER is None, reason="no chromium here: apt-get install chromium")


def seen(page: Path, profile: Path) -> tuple[str, str]:
    """(the document after its script has run, what the console said)."""
    done = subprocess.run(
        [str(BROWSER), *FLAGS, f"--user-data-dir={profile}", "--dump-dom", page.as_uri()],
        capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    return done.stdout, "\n".join(line for line in done.stderr.splitlines() if "CONSOLE" in line)


def test_the_script_draws_the_curves_and_the_slider(maker, tmp_path: Path) -> None:
    maker.whole()
    document, console = seen(write_report(maker.path, {"name": "demo"}), tmp_path / "profile")
    assert 'data-ready="yes"' in document
    assert console == ""
    assert document.count('class="chart"') == 12
    assert len(re.findall(r'<path class="line k\d" d="M[\d.]+ [\d.]+L', document)) == 15
    assert "step 4,000 of 4,000</output>" in document
    assert "resumed from step 1,500" in document
    cells = re.findall(r'<img class="(?:target|svg)" alt="[^"]*"(?: src="(data:[^"]+)")?', document)
    assert len(cells) == 6 * 4 and all(cells), "every target, SVG and error has its picture"


def test_hostile_text_and_svgs_run_nothing(maker, tmp_path: Path) -> None:
    attack = "</script <img src=x onerror=\"document.title='taken'\"></script><script>document.title='taken'</script>"
    maker.asked(task={"dataset": attack}, versions={attack: attack})
    maker.tell("step", 0, step=1, total_steps=2, losses={attack: 1.0, "mse": 2.0})
    maker.tell("step", 1, step=2, total_steps=2, losses={attack: 2.0, "mse": 3.0})
    maker.events()
    folder = maker.path / "samples" / "step-000001"
    folder.mkdir(parents=True)
    script = "<script>parent.document.title='taken';document.title='taken'</script>"
    (folder / "x.svg").write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" onload="top.document.title=1">{script}</svg>'
    )
    document, console = seen(write_report(maker.path, {"name": "demo"}), tmp_path / "profile")
    assert 'data-ready="yes"' in document
    assert "<title>demo · supersvg-cloud</title>" in document
    assert console == ""


def test_it_fits_a_narrow_phone(maker, tmp_path: Path) -> None:
    maker.whole()
    page = write_report(maker.path, {"name": "a-rather-long-name-of-a-run-" * 3}).read_text(encoding="utf-8")
    frame = tmp_path / "frame.html"
    frame.write_text(
        f'<!doctype html><iframe style="width:340px;height:900px;border:0" srcdoc="{html.escape(page)}"></iframe>'
        "<script>onload = () => { const inner = document.querySelector('iframe').contentDocument.documentElement;"
        "document.title = inner.dataset.ready + ' ' + (inner.scrollWidth - inner.clientWidth); }</script>",
        encoding="utf-8",
    )
    document, _ = seen(frame, tmp_path / "profile")
    assert "<title>yes 0</title>" in document
