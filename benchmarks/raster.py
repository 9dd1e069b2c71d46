"""Time and memory of the rasteriser.

    python benchmarks/raster.py [--json] [--threads 2] [--repeats 7] [--case a --case train]

Cases: a, b, c are those of many small, very many small, and several large paths; train is the training step
of the smallest preset. Wall and CPU milliseconds are the best of the repeats; memory is the growth of the
process's peak over the case, each case in a fresh process. diffvg is measured too where
`pydiffvg` can be imported.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import json
import math
import platform
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from supersvg.raster import render


@dataclass(frozen=True)
class Case:
    """`batch` pictures of `paths` closed paths of four cubics; radii in shares of the width."""

    title: str
    batch: int
    paths: int
    size: int
    smallest: float
    largest: float


CASES = {
    "a": Case("128 paths at 224 px", 1, 128, 224, 0.04, 0.15),
    "b": Case("512 paths at 512 px", 1, 512, 512, 0.02, 0.08),
    "c": Case("16 pictures of 32 paths at 224 px", 16, 32, 224, 0.05, 0.25),
    "train": Case("64 pictures of 8 paths at 48 px", 64, 8, 48, 0.10, 0.60),
}


@dataclass(frozen=True)
class Timing:
    """One row of the result."""

    case: str
    title: str
    renderer: str
    forward_wall_ms: float
    forward_cpu_ms: float
    both_wall_ms: float
    both_cpu_ms: float
    peak_growth_mib: float | None


def blobs(case: Case, device: str) -> list[Tensor]:
    """Points, colours and opacity of the case's random rounded shapes."""
    random = torch.Generator().manual_seed(0)
    shape = (case.batch, case.paths)
    center = torch.rand(*shape, 1, 2, generator=random)
    radius = case.smallest + (case.largest - case.smallest) * torch.rand(*shape, 1, 1, generator=random)
    angle = torch.arange(12) / 12 * 2 * math.pi
    ring = torch.stack([angle.cos(), angle.sin()], dim=-1)
    jitter = 0.85 + 0.3 * torch.rand(*shape, 12, 1, generator=random)
    points = (center + radius * jitter * ring) * case.size
    colors, opacity = torch.rand(*shape, 3, generator=random), torch.rand(*shape, generator=random)
    return [tensor.to(device).requires_grad_() for tensor in (points, colors, opacity)]


def best(function: Callable[[], object], repeats: int, device: str) -> tuple[float, float]:
    """Smallest wall and CPU milliseconds, after two runs to warm up."""
    walls, cpus = [], []
    for index in range(repeats + 2):
        wall, cpu = time.perf_counter(), time.process_time()
        function()
        if device == "cuda":
            torch.cuda.synchronize()  # otherwise only the launches would be timed
        if index >= 2:
            walls.append(time.perf_counter() - wall)
            cpus.append(time.process_time() - cpu)
    return round(min(walls) * 1e3, 2), round(min(cpus) * 1e3, 2)


def peak_mib() -> float | None:
    """Peak resident memory of this process; None where the system does not say."""
    if importlib.util.find_spec("resource") is None:
        return None
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)


def measure(name: str, repeats: int, device: str) -> Timing:
    """Our renderer on one case: forward alone without gradients, then forward, loss and backward."""
    case = CASES[name]
    points, colors, opacity = blobs(case, device)
    size = (case.size, case.size)
    before = peak_mib()

    def forward() -> None:
        with torch.no_grad():
            render(points, colors, opacity, size, need_union=False)

    def both() -> None:
        loss = render(points, colors, opacity, size, need_union=False).image.square().mean()
        torch.autograd.backward(loss)

    ahead, step = best(forward, repeats, device), best(both, repeats, device)
    after = peak_mib()
    growth = None if before is None or after is None else round(after - before, 1)
    return Timing(name, case.title, "supersvg", *ahead, *step, growth)


def measure_diffvg(name: str, repeats: int) -> Timing:
    """diffvg, 2 x 2 samples, picture by picture as it must be."""
    pydiffvg: Any = importlib.import_module("pydiffvg")

    case = CASES[name]
    points, colors, opacity = blobs(case, "cpu")
    pydiffvg.set_use_gpu(False)
    segments = torch.full((4,), 2, dtype=torch.int32)

    def picture(index: int) -> Tensor:
        shapes = [
            pydiffvg.Path(num_control_points=segments, points=points[index, path], is_closed=True)
            for path in range(case.paths)
        ]
        fills = torch.cat([colors[index], opacity[index, :, None]], dim=1)
        groups = [
            pydiffvg.ShapeGroup(shape_ids=torch.tensor([path]), fill_color=fills[path]) for path in range(case.paths)
        ]
        scene = pydiffvg.RenderFunction.serialize_scene(case.size, case.size, shapes, groups)
        drawn: Tensor = pydiffvg.RenderFunction.apply(case.size, case.size, 2, 2, 0, None, *scene)
        return drawn

    def forward() -> None:
        with torch.no_grad():
            for index in range(case.batch):
                picture(index)

    def both() -> None:
        losses = [picture(index).square().mean() for index in range(case.batch)]
        torch.autograd.backward(torch.stack(losses).mean())

    ahead, step = best(forward, repeats, "cpu"), best(both, repeats, "cpu")
    return Timing(name, case.title, "diffvg", *ahead, *step, None)


def machine(threads: int, device: str) -> dict[str, str | int]:
    """What the numbers depend on."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    commit = subprocess.run(
        ["git", "describe", "--always", "--dirty"],
        cwd=Path(__file__).parent, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return {
        "processor": names[0] if names else platform.processor() or platform.machine(),
        "system": platform.platform(),
        "device": torch.cuda.get_device_name() if device == "cuda" else device,
        "threads": threads,
        "python": platform.python_version(),
        "torch": torch.__version__,
        "commit": commit.stdout.strip() or "unknown",
    }


def main() -> None:
    """Parse, measure every case in its own process, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of a table")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--device", default="cpu", choices=["cpu", "cuda", "mps"])
    parser.add_argument("--case", action="append", choices=sorted(CASES), help="all if omitted")
    parser.add_argument("--one", choices=["supersvg", "diffvg"], help=argparse.SUPPRESS)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    names = given.case or list(CASES)
    if given.one:
        row = (
            measure(names[0], given.repeats, given.device)
            if given.one == "supersvg"
            else measure_diffvg(names[0], given.repeats)
        )
        print(json.dumps(asdict(row)))
        return
    renderers = ["supersvg"] + (["diffvg"] if importlib.util.find_spec("pydiffvg") else [])
    rows = []
    for name in names:
        for renderer in renderers:
            command = [sys.executable, __file__, "--one", renderer, "--case", name, "--device", given.device]
            command += ["--threads", str(given.threads), "--repeats", str(given.repeats)]
            done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
            rows.append(json.loads(done.stdout))
    about = machine(given.threads, given.device)
    if given.json:
        print(json.dumps({"machine": about, "rows": rows}, indent=2))
        return
    print(", ".join(f"{key}: {value}" for key, value in about.items()))
    print("| case | renderer | forward wall / CPU ms | forward + backward wall / CPU ms | peak growth MiB |")
    print("|---|---|---|---|---|")
    for row in rows:
        ahead = f"{row['forward_wall_ms']} / {row['forward_cpu_ms']}"
        step = f"{row['both_wall_ms']} / {row['both_cpu_ms']}"
        label = f"{row['case']}: {row['title']} | {row['renderer']}"
        print(f"| {label} | {ahead} | {step} | {row['peak_growth_mib']} |")


if __name__ == "__main__":
    main()
