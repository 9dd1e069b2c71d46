"""What preparing a dataset and its superpixels costs.

    python benchmarks/data.py [--dataset icons] [--workers 2] [--superpixels 36] [--compactness 30] [--sigma 1] [--json]

Everything is made anew in a temporary folder; `icons` needs a package registry or the network. CPU time counts
the worker processes too, so it says what a quiet machine would need.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import supersvg_data
from supersvg_data.superpixels import cached_superpixels


def measured(work: Callable[[], object]) -> dict[str, float]:
    """Wall and CPU seconds of ``work``, children included."""
    wall, before = time.perf_counter(), os.times()
    work()
    after = os.times()
    return {
        "wall_s": round(time.perf_counter() - wall, 2),
        "cpu_s": round(sum(after[:4]) - sum(before[:4]), 2),
    }


def main() -> None:
    """Measure, and print one line for each step or one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dataset", default="icons", choices=["icons", "test"])
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--superpixels", type=int, default=36)
    parser.add_argument("--compactness", type=float, default=30.0)
    parser.add_argument("--sigma", type=float, default=1.0)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)

        def get() -> object:
            return supersvg_data.get(given.dataset, root, workers=given.workers)

        def superpixels() -> object:
            prepared = supersvg_data.load(root / given.dataset)
            settings = (given.superpixels, given.compactness, given.sigma)
            return cached_superpixels(prepared, *settings, workers=given.workers)

        steps = {
            "get": get,
            "get again": get,
            "verify": lambda: supersvg_data.verify(given.dataset, root),
            "superpixels": superpixels,
            "superpixels again": superpixels,
        }
        found = {name: measured(work) for name, work in steps.items()}
    if given.json:
        print(json.dumps({"dataset": given.dataset, "workers": given.workers, **found}))
        return
    for name, times in found.items():
        print(f"{name:20} {times['wall_s']:8.2f} s wall {times['cpu_s']:8.2f} s CPU")


if __name__ == "__main__":
    main()
