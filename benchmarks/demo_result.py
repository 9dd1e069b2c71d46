"""Write the README's demo result from a run directory, so that its numbers are those of a run.

python benchmarks/demo_result.py RUN_DIR [README]
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from pathlib import Path
from typing import Any

BEGIN, END = "<!-- demo result -->", "<!-- end of demo result -->"
REPOSITORY = Path(__file__).parents[1]


def block(summary: dict[str, Any], run: dict[str, Any], commit: str) -> str:
    """The table between the markers, from summary.json and run.json."""
    last, versions = summary["metrics"]["last"], run["versions"]
    rows = [
        (f"MSE on {last['pictures']:.0f} held-out pictures", f"{last['mse']:.4f}"),
        ("MSE of the best flat colour", f"{last['flat_mse']:.4f}"),
        ("ratio of the two", f"**{last['mse_ratio']:.3f}**"),
        ("ink IoU", f"**{last['ink_iou']:.3f}**"),
        ("PSNR, SSIM", f"{last['psnr']:.2f} dB, {last['ssim']:.3f}"),
        ("paths and bytes of an SVG", f"{last['paths']:.0f}, {last['svg_bytes'] / 1000:.1f} kB"),
        ("training time", f"{summary['wall_s'] / 60:.1f} min, {summary['images_per_s']:.0f} crops a second"),
    ]
    table = "\n".join(["| the demo | result |", "| --- | --- |", *(f"| {name} | {value} |" for name, value in rows)])
    machine = f"{versions['threads']} threads of {platform.machine()} {platform.system()} on {versions['device']}"
    made = f"{summary['ended'][:10]}, {machine}, torch {versions['torch']}, commit {commit}"
    return f"{BEGIN}\n{table}\n\nWritten by `benchmarks/demo_result.py` from a run of {made}.\n{END}"


def filled(text: str, new: str) -> str:
    """``text`` with what stood between the markers replaced."""
    before, _, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not end:
        sys.exit(f"there is no {BEGIN} ... {END} in the README")
    return before + new + after


def main() -> None:
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    run_dir = Path(sys.argv[1])
    readme = Path(sys.argv[2]) if len(sys.argv) > 2 else REPOSITORY / "README.md"
    summary, run = (json.loads((run_dir / name).read_text(encoding="utf-8")) for name in ("summary.json", "run.json"))
    if summary["exit_reason"] != "done":
        sys.exit(f"{run_dir} did not train to its end: {summary['exit_reason']}")
    commit = subprocess.run(
        ["git", "-C", os.fspath(REPOSITORY), "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=True
    ).stdout.strip()
    text = filled(readme.read_text(encoding="utf-8"), block(summary, run, commit))
    readme.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
