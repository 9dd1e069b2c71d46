"""This machine against what training needs: each point is ok, warn or missing, with what to do about it."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from supersvg_cloud.platform import Platform

GB = 1024**3
CORES, MEMORY_GB, DISK_GB, GPU_GB, CLOUD_GPU_GB = 4, 16, 50, 8, 16
"""The project's minimum for this machine; a GPU is optional, and a rented one has ``CLOUD_GPU_GB``."""

EXTRAS = {"data": ("numpy", "PIL", "resvg"), "train": ("torch", "skimage", "tensorboard")}


@dataclass(frozen=True)
class Check:
    """``level`` is ok, warn or missing; ``needed`` whether nothing can be trained here without it."""

    name: str
    level: str
    found: str
    advice: str = ""
    needed: bool = False


@dataclass(frozen=True)
class Machine:
    """What the checks look at; tests hand in machines that this one is not."""

    platform: Platform
    cores: int
    memory_bytes: int
    free_bytes: int
    python: tuple[int, int]
    which: Callable[[str], str | None]
    has_package: Callable[[str], bool]


def this_machine(platform: Platform, home: Path) -> Machine:
    # The directory may not exist yet; its nearest existing parent is on the same disk.
    where = next(path for path in (home, *home.parents) if path.exists())
    affinity = getattr(os, "sched_getaffinity", None)
    return Machine(
        platform=platform,
        cores=len(affinity(0)) if affinity else os.cpu_count() or 1,
        memory_bytes=platform.memory_bytes(),
        free_bytes=shutil.disk_usage(where).free,
        python=sys.version_info[:2],
        which=shutil.which,
        has_package=lambda name: find_spec(name) is not None,
    )


def examine(machine: Machine) -> list[Check]:
    """All checks, in reading order."""
    return [
        _cores(machine),
        _memory(machine),
        _disk(machine),
        _gpu(machine),
        _python(machine),
        *(_extra(machine, name, packages) for name, packages in EXTRAS.items()),
        _npm(machine),
        _docker(machine),
    ]


def _cores(machine: Machine) -> Check:
    enough = machine.cores >= CORES
    advice = "" if enough else f"{CORES} or more are recommended; use --preset tiny, or rent a machine"
    return Check("CPU cores", "ok" if enough else "warn", str(machine.cores), advice)


def _memory(machine: Machine) -> Check:
    if not machine.memory_bytes:
        return Check("memory", "warn", "unknown", f"see that there are {MEMORY_GB} GB or more")
    # A machine sold with 16 GB reports a little less than that.
    enough = machine.memory_bytes >= (MEMORY_GB - 1) * GB
    advice = "" if enough else f"{MEMORY_GB} GB are recommended; use a smaller --batch-size and --num-workers 0"
    return Check("memory", "ok" if enough else "warn", f"{machine.memory_bytes / GB:.1f} GB", advice)


def _disk(machine: Machine) -> Check:
    enough = machine.free_bytes >= DISK_GB * GB
    advice = "" if enough else f"{DISK_GB} GB are recommended; set SUPERSVG_HOME and SUPERSVG_DATA to a larger disk"
    return Check("free disk", "ok" if enough else "warn", f"{machine.free_bytes / GB:.0f} GB", advice)


def _gpu(machine: Machine) -> Check:
    if machine.platform.name == "darwin":
        return Check("GPU", "ok", "Apple (MPS, for small trainings)")
    listed = machine.platform.run(["nvidia-smi", "--query-gpu=name,memory.total", "--format=csv,noheader,nounits"])
    name, _, megabytes = listed.strip().partition("\n")[0].rpartition(",")
    if not name or not megabytes.strip().isdigit():
        return Check(
            "GPU",
            "warn",
            "none",
            f"optional: the CPU trains --preset tiny; else one with {GPU_GB} GB or more",
        )
    size = int(megabytes) / 1024
    found = f"{name.strip()}, {size:.0f} GB"
    if size < GPU_GB - 0.5:
        return Check("GPU", "warn", found, f"{GPU_GB} GB are recommended here, {CLOUD_GPU_GB} GB where rented")
    return Check("GPU", "ok", found)


def _python(machine: Machine) -> Check:
    found = ".".join(str(part) for part in machine.python)
    if machine.python >= (3, 11):
        return Check("Python", "ok", found, needed=True)
    return Check("Python", "missing", found, "install Python 3.11 or newer", needed=True)


def _extra(machine: Machine, name: str, packages: tuple[str, ...]) -> Check:
    missing = [package for package in packages if not machine.has_package(package)]
    if not missing:
        return Check(f"extra {name}", "ok", "installed", needed=True)
    advice = f"pip install 'supersvg-cloud[{name}]'"
    return Check(f"extra {name}", "missing", f"without {', '.join(missing)}", advice, needed=True)


def _npm(machine: Machine) -> Check:
    if machine.which("npm"):
        return Check("npm", "ok", "installed")
    return Check("npm", "warn", "none", "optional: the dataset icons then comes from its projects' release archives")


def _docker(machine: Machine) -> Check:
    if not machine.which("docker"):
        return Check("Docker", "warn", "none", "optional: training in a container needs it; install Docker")
    version = machine.platform.run(["docker", "version", "--format", "{{.Server.Version}}"]).strip()
    if not version:
        return Check("Docker", "warn", "installed, not running", "start Docker, or join the group that may use it")
    return Check("Docker", "ok", version)
