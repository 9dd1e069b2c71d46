"""The coarse recipe itself, on real crops: killed and resumed it ends bit for bit, and two ranks equal one process."""

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

import supersvg_data  # noqa: E402
from supersvg.engine.checkpoint import find_checkpoints, load_checkpoint  # noqa: E402

HERE = Path(__file__).parent

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not hasattr(os, "fork"), reason="kills processes by POSIX signals")]

STEPS = 12
FLAGS = [
    *("--preset=tiny", f"--steps={STEPS}", "--batch-size=8", "--width=32", "--depth=1", "--heads=2"),
    *("--head-width=16", "--head-heads=2", "--paths=3", "--warmup-steps=2", "--checkpoint-every=2"),
    *("--eval-every=6", "--eval-pictures=2", "--sample-every=6", "--sample-pictures=2", "--log-every=1"),
    *("--no-tensorboard", "--device=cpu", "--threads=1", "--num-workers=0"),
]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return supersvg_data.get("test", tmp_path_factory.mktemp("data"), limit=48).path


def train(path: Path, data: Path, *more: str, ranks: int = 1) -> subprocess.CompletedProcess[str]:
    starter = ["-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={ranks}"] if ranks > 1 else []
    command = [sys.executable, *starter, "-m", "supersvg", "train", f"--run-dir={path}", f"--data-path={data}"]
    return subprocess.run(
        [*command, *FLAGS, *more], capture_output=True, text=True, timeout=300, check=False
    )  # fmt: skip


@pytest.fixture(scope="module")
def server() -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, str(HERE / "trainer_server.py")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        text=True,
    )
    yield process
    process.communicate()


def ask(server: subprocess.Popen[str], argv: list[str], **request: Any) -> dict[str, Any]:
    assert server.stdin is not None
    assert server.stdout is not None
    server.stdin.write(json.dumps({"argv": ["train", *argv], **request}) + "\n")
    server.stdin.flush()
    answer: dict[str, Any] = json.loads(server.stdout.readline())
    return answer


def weights(path: Path) -> dict[str, Any]:
    end = load_checkpoint(find_checkpoints(path / "checkpoints")[-1])
    assert end.step == STEPS
    return dict(end.model)


@pytest.fixture(scope="module")
def undisturbed(
    server: subprocess.Popen[str], data: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, int]:
    path = tmp_path_factory.mktemp("coarse") / "run"
    answer = ask(server, [f"--run-dir={path}", f"--data-path={data}", *FLAGS])
    assert answer["code"] == 0, answer["stderr"]
    return path, answer["points"]


def test_killed_and_resumed_it_ends_bit_for_bit(
    server: subprocess.Popen[str], undisturbed: tuple[Path, int], data: Path, tmp_path: Path
) -> None:
    wanted, points = undisturbed
    chance, path, kills = random.Random(3), tmp_path / "run", 0
    for _ in range(20):
        started = (path / "run.json").exists()
        flags = [f"--run-dir={path}", "--resume"] if started else [f"--run-dir={path}", f"--data-path={data}", *FLAGS]
        answer = ask(server, flags, kill_at=chance.randint(points // 20, points // 5))
        kills += answer["code"] == -9
        if answer["code"] == 0:
            break
    else:
        assert ask(server, [f"--run-dir={path}", "--resume"])["code"] == 0
    assert kills >= 5
    mine, theirs = weights(path), weights(wanted)
    assert mine.keys() == theirs.keys()
    assert all(torch.equal(mine[name], theirs[name]) for name in theirs)
    summaries = [json.loads((run / "summary.json").read_text()) for run in (path, wanted)]
    assert summaries[0]["metrics"] == summaries[1]["metrics"]


def test_the_samples_agree_with_an_independent_renderer(undisturbed: tuple[Path, int]) -> None:
    """NAME.png is what the loss saw; resvg's drawing of NAME.svg agrees about as well as exact coverage could."""
    import numpy as np
    from PIL import Image

    from supersvg.engine.metrics import psnr
    from supersvg.raster.supersampled import supersampled_render
    from supersvg.svg import draw_svg, read_svg

    wanted, _ = undisturbed
    last = sorted((wanted / "samples").iterdir())[-1]
    svgs = sorted(last.glob("*.svg"))
    assert len(svgs) == 2
    for svg in svgs:
        seen = np.asarray(Image.open(svg.with_suffix(".png")).convert("RGB"))
        text = svg.read_text()
        height, width = seen.shape[:2]
        drawn = draw_svg(text, width, height)
        document = read_svg(text)
        scale = np.array([width / document.width, height / document.height])
        exact = supersampled_render(
            np.stack([path.points * scale for path in document.paths]),
            np.array([path.fill for path in document.paths]),
            np.array([path.opacity for path in document.paths]),
            (height, width),
            background=np.array(document.background),
        )
        exact = (exact * 255).round().astype(np.uint8)
        assert psnr(seen, drawn) >= psnr(exact, drawn) - 0.5


def test_two_ranks_end_as_one_process(undisturbed: tuple[Path, int], data: Path, tmp_path: Path) -> None:
    wanted, _ = undisturbed
    done = train(tmp_path / "run", data, ranks=2)
    assert done.returncode == 0, done.stderr
    mine, theirs = weights(tmp_path / "run"), weights(wanted)
    for name, tensor in theirs.items():
        torch.testing.assert_close(mine[name], tensor, rtol=1e-3, atol=2e-5)
