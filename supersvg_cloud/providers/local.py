"""This machine: trainers as detached processes that outlive the terminal."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from supersvg_cloud.errors import CannotWrite, TrainerBug
from supersvg_cloud.platform import Platform, this_platform
from supersvg_cloud.providers.base import CAPABILITIES, Capabilities, Job, Process
from supersvg_cloud.providers.launcher import stop_file

START_PATIENCE_S = 30.0
"""How long a launcher may take to say that its trainer exists; a cold disk needs a few seconds."""


class Local:
    """The provider ``local``. ``records`` is the directory of the launchers' records, one file per claim."""

    def __init__(self, records: Path, platform: Platform | None = None) -> None:
        self.records = records
        self.platform = platform or this_platform()

    @property
    def name(self) -> str:
        return "local"

    @property
    def capabilities(self) -> Capabilities:
        return CAPABILITIES["local"]

    def start(self, job: Job) -> Process:
        """See ``Provider.start``.

        Raises:
            CannotWrite: no record can be written.
            TrainerBug: the launcher died, or did not answer in time.
        """
        found = self.find(job.claim)
        if found is not None:
            return found
        try:
            self.records.mkdir(parents=True, exist_ok=True)
            launcher = self._spawn(job)
        except OSError as error:
            raise CannotWrite(
                f"no trainer can be started from {self.records}",
                cause=str(error),
                advice="check the directory's permissions and free space, or set SUPERSVG_HOME",
            ) from error
        try:
            return self._wait(job, launcher)
        finally:
            if launcher.poll() is None:
                # Popen complains when it is deleted before its process ends; here that is the point.
                launcher.returncode = 0

    def _wait(self, job: Job, launcher: subprocess.Popen[bytes]) -> Process:
        deadline = time.monotonic() + START_PATIENCE_S
        while time.monotonic() < deadline:
            found = self.find(job.claim)
            if found is not None and (found.pid is not None or not found.alive):
                return found
            if launcher.poll() not in (None, 0):
                break
            time.sleep(0.01)
        raise TrainerBug(
            "the trainer's launcher did not start",
            cause=f"exit code {launcher.poll()}",
            advice=f"look into {job.log}, then repeat the command: nothing is started twice",
        )

    def _spawn(self, job: Job) -> subprocess.Popen[bytes]:
        command = [
            sys.executable,
            "-m",
            "supersvg_cloud.providers.launcher",
            str(self._record(job.claim)),
            str(job.log),
            job.claim,
            *job.command,
        ]
        with job.log.open("ab") as log:
            return subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, **job.environ},
                **self.platform.detached(),
            )

    def find(self, claim: str) -> Process | None:
        """What was started under ``claim``, or None.

        A trainer whose launcher still runs counts as alive, since its exit code is about to be written.
        """
        record = self._read(claim)
        if record is None:
            return None
        alive = "ended" not in record and self._anyone_alive(record)
        if not alive:
            # Between the reading and the looking the launcher may have written the end and left.
            record = self._read(claim) or record
        return Process(
            claim=claim,
            pid=(record.get("trainer") or {}).get("pid"),
            alive=alive,
            exit_code=record.get("exit_code"),
            ended=record.get("ended"),
            problem=record.get("problem", ""),
        )

    def _anyone_alive(self, record: dict[str, Any]) -> bool:
        return any(self._is_alive(record.get(who) or {}) for who in ("launcher", "trainer"))

    def ask_to_stop(self, claim: str) -> None:
        """See ``Provider.ask_to_stop``. A process that merely has the same number is left alone."""
        trainer = (self._read(claim) or {}).get("trainer") or {}
        if not self._is_alive(trainer):
            return
        if self.platform.windows:
            # Only the launcher shares the trainer's console, over which Windows sends a Ctrl-C.
            stop_file(self._record(claim)).touch()
            return
        try:
            self.platform.ask_to_stop(int(trainer["pid"]))
        except ProcessLookupError:
            return

    def _is_alive(self, mark: dict[str, Any]) -> bool:
        return bool(mark) and self.platform.is_alive(int(mark["pid"]), str(mark["started"]))

    def _record(self, claim: str) -> Path:
        return self.records / f"{claim}.json"

    def _read(self, claim: str) -> dict[str, Any] | None:
        """The launcher's record. Created but still empty counts as just being written, for a moment."""
        path = self._record(claim)
        try:
            text = path.read_text(encoding="utf-8")
            if not text:
                # The launcher fills it at once; one that stays empty belongs to a launcher killed in between.
                fresh = time.time() - path.stat().st_mtime < START_PATIENCE_S
                return {"launcher": {}} if not fresh else None
            found = json.loads(text)
        except (FileNotFoundError, NotADirectoryError):
            return None
        return found if isinstance(found, dict) else {}
