"""Operating systems that this machine is not, by injection."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from supersvg_cloud.platform import Platform, this_platform


def platform(name: str, *, answers: dict[str, str] | None = None, **environ: str) -> Platform:
    """A platform whose commands print what ``answers`` says, by the command's first word."""
    return Platform(
        name=name,
        environ=environ,
        home=Path("/home/me"),
        run=lambda command: (answers or {}).get(command[0], ""),
    )


@pytest.mark.parametrize(
    ("name", "environ", "folder"),
    [
        ("linux", {}, "/home/me/.local/share"),
        ("linux", {"XDG_DATA_HOME": "/data"}, "/data"),
        ("linux", {"XDG_DATA_HOME": "relative"}, "/home/me/.local/share"),
        ("darwin", {"XDG_DATA_HOME": "/data"}, "/home/me/Library/Application Support"),
        ("win32", {}, "/home/me/AppData/Local"),
        ("win32", {"LOCALAPPDATA": "D:/local"}, "D:/local"),
    ],
)
def test_user_data_folders(name: str, environ: dict[str, str], folder: str) -> None:
    assert platform(name, **environ).user_data_dir().as_posix() == folder


def test_detached_processes_get_a_session_or_a_process_group_of_their_own() -> None:
    assert platform("linux").detached() == platform("darwin").detached() == {"start_new_session": True}
    assert platform("win32").detached() == {"creationflags": 0x08000000}


def test_stopping_is_sigterm_and_on_windows_ctrl_c() -> None:
    sent: list[tuple[int, int]] = []
    for name in ("linux", "darwin", "win32"):
        Platform(name=name, environ={}, home=Path(), kill=lambda pid, number: sent.append((pid, number))).ask_to_stop(7)
    assert sent == [(7, signal.SIGTERM), (7, signal.SIGTERM), (0, getattr(signal, "CTRL_C_EVENT", 0))]


def test_start_times_tell_a_process_from_a_later_one_with_its_pid() -> None:
    for name, command in (("darwin", "ps"), ("win32", "powershell")):
        first = platform(name, answers={command: "S    Fri Nov 21 03:00:00 2025\n"}).started(5)
        assert first
        assert platform(name, answers={command: "S    Fri Nov 21 03:00:00 2025\n"}).is_alive(5, first)
        assert not platform(name, answers={command: "S    Fri Nov 21 09:00:00 2025\n"}).is_alive(5, first)
        assert not platform(name).is_alive(5, first)


def test_a_zombie_is_not_alive_on_macos() -> None:
    assert platform("darwin", answers={"ps": "Z+   Fri Nov 21 03:00:00 2025"}).started(5) == ""


def fake_proc(root: Path, state: str, ticks: int, boot: str = "boot-1") -> Platform:
    (root / "5").mkdir(parents=True, exist_ok=True)
    fields = " ".join(["1"] * 18)
    (root / "5" / "stat").write_text(f"5 (a (b) c) {state} {fields} {ticks} 0\n")
    (root / "sys/kernel/random").mkdir(parents=True, exist_ok=True)
    (root / "sys/kernel/random/boot_id").write_text(boot + "\n")
    return Platform(name="linux", environ={}, home=Path(), proc=root)


def test_linux_marks_hold_the_boot_and_the_start(tmp_path: Path) -> None:
    mark = fake_proc(tmp_path, "S", 4711).started(5)
    assert mark == "boot-1:4711"
    assert fake_proc(tmp_path, "S", 4711).is_alive(5, mark)
    assert not fake_proc(tmp_path, "S", 4712).is_alive(5, mark), "the pid was given to another process"
    assert not fake_proc(tmp_path, "S", 4711, boot="boot-2").is_alive(5, mark), "the machine was started anew"
    assert not fake_proc(tmp_path, "Z", 4711).is_alive(5, mark), "a zombie does not train"
    assert not fake_proc(tmp_path, "S", 4711).is_alive(6, mark)
    assert not fake_proc(tmp_path, "S", 4711).is_alive(5, "")


def test_this_process_is_alive() -> None:
    here = this_platform()
    assert here.is_alive(os.getpid(), here.started(os.getpid()))


def test_memory_on_each_platform(tmp_path: Path) -> None:
    (tmp_path / "meminfo").write_text("MemFree: 1 kB\nMemTotal:       16000000 kB\n")
    linux = Platform(name="linux", environ={}, home=Path(), proc=tmp_path)
    assert linux.memory_bytes() == 16_384_000_000
    assert platform("darwin", answers={"sysctl": "17179869184\n"}).memory_bytes() == 16 * 1024**3
    assert platform("win32", answers={"powershell": "17179869184\r\n"}).memory_bytes() == 16 * 1024**3
    assert platform("win32").memory_bytes() == 0
