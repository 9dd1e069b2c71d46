"""Install the locked torch into the environment that runs this file.

The wheel is checked by hash and taken without its dependencies, which dev.txt has already locked. Where there is no
NVIDIA driver the CPU build is asked for first: pip finds it if its configuration names a place that has it. Otherwise
the ordinary wheel is taken. On Linux that is a CUDA build, which needs gigabytes of NVIDIA's packages; only then are
they fetched, by name. Run by `make`; run it by hand to repair an environment.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent


def pip(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run this environment's pip and keep what it prints."""
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def must(done: subprocess.CompletedProcess[str]) -> None:
    """End with pip's own words if it failed."""
    if done.returncode:
        sys.exit(done.stdout + done.stderr)


def install(lock: str) -> subprocess.CompletedProcess[str]:
    return pip("install", "--quiet", "--require-hashes", "--no-deps", "-r", str(HERE / lock))


def names_missing_packages() -> bool:
    """Whether the installed torch names packages that are not here: CUDA's and Triton, beside a CUDA build."""
    return any(line.startswith("torch ") for line in pip("check").stdout.splitlines())


def main() -> None:
    if shutil.which("nvidia-smi") or install("torch-cpu.txt").returncode:
        must(install("torch.txt"))
    if names_missing_packages():
        print("this torch is a CUDA build: fetching the gigabytes of packages that it names", flush=True)
        must(pip("install", "torch==2.13.0"))


if __name__ == "__main__":
    main()
