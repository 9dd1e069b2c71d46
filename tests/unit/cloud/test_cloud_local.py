"""The provider `local`, with real processes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from supersvg_cloud.errors import CannotWrite
from supersvg_cloud.platform import this_platform
from supersvg_cloud.providers.base import CAPABILITIES, Job, Process
from supersvg_cloud.providers.launcher import stop_file, wait
from supersvg_cloud.providers.local import START_PATIENCE_S, Local

WAITS = """
import signal, sys
signal.signal(signal.SIGTERM, lambda *_: sys.exit(75))
print("up", flush=True)
signal.pause()
"""


@pytest.fixture
def local(tmp_path: Path) -> Local:
    return Local(tmp_path / "records")


def job(tmp_path: Path, script: str, claim: str = "claim") -> Job:
    return Job(claim=claim, command=(sys.executable, "-c", script), log=tmp_path / "trainer.log")


def counting(folder: Path) -> str:
    """A script that leaves a mark each time it is run."""
    return f"with open({str(folder / 'started')!r}, 'a') as file: file.write('x')\n"


def until(look: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not look():
        assert time.monotonic() < deadline, "it did not happen within 20 s"
        time.sleep(0.01)


def over(local: Local, claim: str = "claim") -> Process:
    until(lambda: not _found(local, claim).alive)
    return _found(local, claim)


def _found(local: Local, claim: str) -> Process:
    found = local.find(claim)
    assert found is not None
    return found


def test_nothing_is_found_where_nothing_was_started(local: Local) -> None:
    assert local.find("claim") is None
    local.ask_to_stop("claim")


def test_a_trainer_is_started_once_per_claim_and_its_exit_code_is_kept(local: Local, tmp_path: Path) -> None:
    script = counting(tmp_path) + "raise SystemExit(66)"
    first = local.start(job(tmp_path, script))
    assert first.pid is not None
    ended = over(local)
    assert (ended.exit_code, ended.pid) == (66, first.pid)
    assert ended.ended is not None
    local.start(job(tmp_path, script))
    assert (tmp_path / "started").read_text() == "x"


def test_two_that_start_the_same_claim_at_once_get_one_trainer(local: Local, tmp_path: Path) -> None:
    script = counting(tmp_path)
    with ThreadPoolExecutor(3) as terminals:
        found = list(terminals.map(local.start, [job(tmp_path, script)] * 3))
    assert len({process.pid for process in found}) == 1
    over(local)
    assert (tmp_path / "started").read_text() == "x"


def test_stopping_asks_and_the_trainer_leaves_in_its_own_way(local: Local, tmp_path: Path) -> None:
    process = local.start(job(tmp_path, WAITS))
    assert process.alive
    until(lambda: "up" in (tmp_path / "trainer.log").read_text())
    local.ask_to_stop("claim")
    assert over(local).exit_code == 75
    local.ask_to_stop("claim")


def test_the_trainer_has_a_session_of_its_own(local: Local, tmp_path: Path) -> None:
    pid = local.start(job(tmp_path, WAITS)).pid
    assert pid is not None
    assert os.getsid(pid) != os.getsid(0)
    os.kill(pid, signal.SIGKILL)
    assert over(local).exit_code == -signal.SIGKILL


def test_a_trainer_outlives_its_launcher_and_is_seen_to_end(local: Local, tmp_path: Path) -> None:
    process = local.start(job(tmp_path, WAITS))
    assert process.pid is not None
    record = json.loads((local.records / "claim.json").read_text())
    os.kill(record["launcher"]["pid"], signal.SIGKILL)
    assert _found(local, "claim").alive
    os.kill(process.pid, signal.SIGKILL)
    ended = over(local)
    assert (ended.exit_code, ended.ended) == (None, None)


def test_a_pid_that_was_given_to_another_process_is_not_the_trainer(local: Local, tmp_path: Path) -> None:
    process = local.start(job(tmp_path, WAITS))
    assert process.pid is not None
    path = local.records / "claim.json"
    record = json.loads(path.read_text())
    stranger = {"pid": process.pid, "started": "boot:another"}
    path.write_text(json.dumps({**record, "trainer": stranger, "launcher": stranger}))
    signals: list[int] = []
    watching = Local(local.records, replace(this_platform(), kill=lambda pid, _number: signals.append(pid)))
    assert not _found(watching, "claim").alive
    watching.ask_to_stop("claim")
    assert signals == [], "a stranger was asked to stop"
    os.kill(process.pid, signal.SIGKILL)


def test_a_command_that_does_not_exist_is_told(local: Local, tmp_path: Path) -> None:
    process = local.start(Job("claim", ("/no/such/trainer", "train"), tmp_path / "trainer.log"))
    assert (process.pid, process.alive) == (None, False)
    assert "no/such/trainer" in process.problem


def test_a_launcher_that_was_killed_before_it_wrote_anything_is_over(local: Local) -> None:
    local.records.mkdir()
    path = local.records / "claim.json"
    path.touch()
    assert local.find("claim") is None, "it may be about to write"
    long_ago = time.time() - START_PATIENCE_S - 1
    os.utime(path, (long_ago, long_ago))
    assert not _found(local, "claim").alive


def test_records_that_cannot_be_written_are_explained(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(CannotWrite, match="no trainer can be started"):
        Local(tmp_path / "file" / "records").start(job(tmp_path, "pass"))


def test_on_windows_the_launcher_passes_the_request_on(local: Local, tmp_path: Path) -> None:
    process = local.start(job(tmp_path, WAITS))
    assert process.pid is not None
    until(lambda: "up" in (tmp_path / "trainer.log").read_text())
    # This machine's processes, seen as Windows would: only what is sent, and by whom, differs.
    here = this_platform()
    started = here.started(process.pid)
    windows = replace(here, name="win32", run=lambda _command: started)
    Local(local.records, windows).ask_to_stop("claim")
    assert _found(local, "claim").alive, "nothing was sent from here"
    trainer = subprocess.Popen([sys.executable, "-c", WAITS], stdout=subprocess.PIPE)
    assert trainer.stdout is not None
    assert trainer.stdout.readline() == b"up\n"
    sent: list[tuple[int, int]] = []

    def kill(pid: int, number: int) -> None:
        sent.append((pid, number))
        trainer.terminate()

    stop = stop_file(local.records / "claim.json")
    assert stop.exists()
    assert wait(trainer, stop, replace(windows, kill=kill)) == 75
    assert sent == [(0, getattr(signal, "CTRL_C_EVENT", 0))]
    assert not stop.exists()
    trainer.stdout.close()
    os.kill(process.pid, signal.SIGKILL)


def test_capabilities_are_declared(local: Local) -> None:
    assert CAPABILITIES[local.name] is local.capabilities
    assert not local.capabilities.rents
