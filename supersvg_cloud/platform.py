"""Every difference between operating systems that the orchestrator meets, in one place.

A ``Platform`` is data and a few functions chosen by ``sys.platform``; tests build those this machine is not.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Runner = Callable[[list[str]], str]
"""Runs a command and returns its stdout; empty where it fails or does not exist."""


def _run(command: list[str]) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout if done.returncode == 0 else ""


@dataclass(frozen=True)
class Platform:
    """One operating system as seen from here. ``name`` is a value of ``sys.platform``."""

    name: str
    environ: Mapping[str, str]
    home: Path
    run: Runner = _run
    proc: Path = Path("/proc")
    kill: Callable[[int, int], None] = field(default=os.kill)

    @property
    def windows(self) -> bool:
        return self.name == "win32"

    def user_data_dir(self) -> Path:
        """The folder for an application's data: XDG, Library/Application Support, or LOCALAPPDATA."""
        if self.windows:
            local = self.environ.get("LOCALAPPDATA")
            return Path(local) if local else self.home / "AppData" / "Local"
        if self.name == "darwin":
            return self.home / "Library" / "Application Support"
        xdg = self.environ.get("XDG_DATA_HOME", "")
        return Path(xdg) if xdg.startswith("/") else self.home / ".local" / "share"

    def detached(self) -> dict[str, Any]:
        """Arguments of ``subprocess.Popen`` for a process that outlives this one and its terminal.

        A session of its own keeps the terminal's Ctrl-C and hang-up away from the trainer.
        """
        if self.windows:
            # CREATE_NO_WINDOW: a console of its own, hidden. Without one (DETACHED_PROCESS), or in a new process
            # group, Windows has no way left to send the trainer a Ctrl-C.
            return {"creationflags": 0x08000000}
        return {"start_new_session": True}

    def ask_to_stop(self, pid: int) -> None:
        """SIGTERM: save and leave. On Windows a Ctrl-C to everybody on the caller's console, so that there only
        the trainer's launcher, which shares it, may call this.

        Raises:
            ProcessLookupError: it is gone.
        """
        if self.windows:
            self.kill(0, getattr(signal, "CTRL_C_EVENT", 0))
        else:
            self.kill(pid, signal.SIGTERM)

    def started(self, pid: int) -> str:
        """A mark that, with the pid, tells this process from a later one with the same pid.

        Linux: start time in clock ticks since boot, and the boot's id. Elsewhere: the start time as the
        system prints it. Empty: there is no such process.
        """
        if self.name.startswith("linux"):
            return self._started_linux(pid)
        if self.windows:
            script = f"(Get-Process -Id {pid}).StartTime.ToFileTimeUtc()"
            return self.run(["powershell", "-NoProfile", "-NonInteractive", "-Command", script]).strip()
        return self._alive_by_ps(pid)

    def _started_linux(self, pid: int) -> str:
        try:
            stat = (self.proc / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
            boot = (self.proc / "sys/kernel/random/boot_id").read_text(encoding="utf-8").strip()
        except OSError:
            return ""
        # The command's name may hold spaces and brackets; the fields after the last ")" are plain.
        fields = stat.rpartition(")")[2].split()
        return "" if fields[0] in ("Z", "X") else f"{boot}:{fields[19]}"

    def _alive_by_ps(self, pid: int) -> str:
        status, _, started = self.run(["ps", "-o", "stat=,lstart=", "-p", str(pid)]).strip().partition(" ")
        return "" if not status or status.startswith("Z") else " ".join(started.split())

    def is_alive(self, pid: int, started: str) -> bool:
        """Whether the process marked ``started`` still runs; a zombie or a reused pid does not count."""
        return bool(started) and self.started(pid) == started

    def memory_bytes(self) -> int:
        """Installed memory; 0 where it cannot be told."""
        if self.name.startswith("linux"):
            for line in _read(self.proc / "meminfo").splitlines():
                if line.startswith("MemTotal:"):
                    return int(line.split()[1]) * 1024
            return 0
        if self.windows:
            script = "(Get-CimInstance Win32_ComputerSystem).TotalPhysicalMemory"
            return _number(self.run(["powershell", "-NoProfile", "-NonInteractive", "-Command", script]))
        return _number(self.run(["sysctl", "-n", "hw.memsize"]))


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError:
        return ""


def _number(text: str) -> int:
    return int(text) if text.strip().isdigit() else 0


def this_platform() -> Platform:
    return Platform(name=sys.platform, environ=os.environ, home=Path.home())
