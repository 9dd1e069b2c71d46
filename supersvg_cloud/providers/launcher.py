"""Starts one trainer, stays beside it, and writes down who it is and how it ended. Standard library alone.

    python -m supersvg_cloud.providers.launcher RECORD LOG CLAIM COMMAND...

RECORD is created exclusively, so one claim starts one trainer, however often it is asked for and whenever the
asking process was killed. It is replaced as a whole each time: first with the launcher's own pid, then with
the trainer's, at last with its exit code, which nobody else could learn once the terminal is gone.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from supersvg_cloud.platform import Platform, this_platform

STOP_POLL_S = 0.5


def write_record(path: Path, record: dict[str, Any]) -> None:
    """Replaces the record in one step; a reader sees the old one or the new one."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    with temporary.open("w", encoding="utf-8") as file:
        json.dump(record, file)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def main(argv: list[str]) -> int:
    path, log_path, claim, command = Path(argv[0]), Path(argv[1]), argv[2], argv[3:]
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        return 0
    for name in ("SIGINT", "SIGHUP", "SIGTERM", "SIGBREAK"):
        if hasattr(signal, name):
            # Only the trainer is asked to stop; its exit code still has to be written down.
            signal.signal(getattr(signal, name), lambda *_: None)
    platform = this_platform()
    record: dict[str, Any] = {"claim": claim, "launcher": _mark(os.getpid())}
    write_record(path, record)
    try:
        with log_path.open("ab") as log:
            trainer = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, "SUPERSVG_CLAIM": claim},
            )
    except OSError as error:
        write_record(path, {**record, "problem": str(error), "ended": time.time()})
        return 1
    record["trainer"] = {"pid": trainer.pid, "started": platform.started(trainer.pid)}
    write_record(path, record)
    code = wait(trainer, stop_file(path), platform)
    write_record(path, {**record, "exit_code": code, "ended": time.time()})
    return 0


def stop_file(record: Path) -> Path:
    """The file whose appearance asks the launcher to ask the trainer to stop; used on Windows alone."""
    return record.with_suffix(".stop")


def wait(trainer: subprocess.Popen[bytes], stop: Path, platform: Platform) -> int:
    """The trainer's exit code, when it has ended."""
    if not platform.windows:
        return trainer.wait()
    while True:
        try:
            return trainer.wait(timeout=STOP_POLL_S)
        except subprocess.TimeoutExpired:
            if stop.exists():
                stop.unlink()
                platform.ask_to_stop(trainer.pid)


def _mark(pid: int) -> dict[str, Any]:
    return {"pid": pid, "started": this_platform().started(pid)}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
