"""`get` killed at every one of its renames, and in the middle of drawing: the next `get` gives the same dataset."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import supersvg_data

SIZE = 16

# Leaves without any clean-up, as a power cut does, when the n-th file or folder is about to get its final name.
AT_RENAME = """
import os, sys
from pathlib import Path
import supersvg_data

left = int(sys.argv[2])
rename = Path.replace

def counted(self, target):
    global left
    if left == 0:
        os._exit(42)
    left -= 1
    return rename(self, target)

Path.replace = counted
made = supersvg_data.get("test", Path(sys.argv[1]), size=int(sys.argv[3]), workers=1)
"""

# Tells every step, so that the test can kill it at one; works in other processes, as it does for a person.
TELLING = """
import sys
from pathlib import Path
import supersvg_data

def tell(stage, done, total):
    print(stage, done, total, flush=True)
    if [stage, str(done)] == sys.argv[3:5]:
        sys.stdin.read()  # Wait here to be killed.

supersvg_data.get("test", Path(sys.argv[1]), size=int(sys.argv[2]), workers=2, progress=tell)
"""


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> str:
    return supersvg_data.get("test", tmp_path_factory.mktemp("data"), size=SIZE, workers=1).manifest.content_hash


def assert_whole(root: Path, expected: str) -> None:
    made = supersvg_data.get("test", root, size=SIZE, workers=1)
    assert made.manifest.content_hash == expected
    assert supersvg_data.verify(made.path.name, root).ok
    assert {path.name for path in root.iterdir()} == {made.path.name, f".{made.path.name}.lock"}


def killed_at_rename(root: Path, number: int) -> bool:
    command = [sys.executable, "-c", AT_RENAME, str(root), str(number), str(SIZE)]
    status = subprocess.run(command, check=False).returncode
    assert status in (0, 42)
    return status == 42


@pytest.mark.slow
def test_killed_at_every_rename(tmp_path: Path, expected: str) -> None:
    number = 0
    while killed_at_rename(root := tmp_path / str(number), number):
        # What is there is either whole or not there.
        assert len(supersvg_data.list_prepared(root)) == 0
        assert_whole(root, expected)
        number += 1
    assert number >= 6  # two parts with their notes, the pictures, the manifest, the folder


@pytest.mark.slow
def test_killed_at_every_rename_of_a_repair(tmp_path: Path, expected: str) -> None:
    number = 0
    while True:
        root = tmp_path / str(number)
        made = supersvg_data.get("test", root, size=SIZE, workers=1)
        (made.path / "pictures.npy").write_bytes(b"damaged")
        if not killed_at_rename(root, number):
            break
        assert_whole(root, expected)
        number += 1
    assert number >= 7


@pytest.mark.parametrize("moment", [("draw", "0"), ("draw", "128"), ("draw", "256"), ("assemble", "1")])
def test_killed_in_the_middle(tmp_path: Path, expected: str, moment: tuple[str, str]) -> None:
    command = [sys.executable, "-c", TELLING, str(tmp_path), str(SIZE), *moment]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        told = next((line for line in process.stdout if line.split()[:2] == list(moment)), None)
        process.kill()
    assert told is not None
    assert supersvg_data.list_prepared(tmp_path) == []
    assert_whole(tmp_path, expected)


def test_what_was_drawn_is_not_drawn_again(tmp_path: Path, expected: str) -> None:
    command = [sys.executable, "-c", TELLING, str(tmp_path), str(SIZE), "draw", "256"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("draw 256"):
                break
        process.kill()
    parts = list(tmp_path.glob(".partial-*/parts/*.npy"))
    drawn = {path: path.stat().st_mtime_ns for path in parts}
    assert len(drawn) == 2
    seen = False

    def look(stage: str, done: int, _: int) -> None:
        nonlocal seen
        if (stage, done) == ("draw", 256):
            seen = True
            assert {path: path.stat().st_mtime_ns for path in parts} == drawn

    made = supersvg_data.get("test", tmp_path, size=SIZE, workers=1, progress=look)
    assert seen
    assert made.manifest.content_hash == expected


def test_two_at_once_make_one(tmp_path: Path, expected: str) -> None:
    code = (
        "import sys, supersvg_data; from pathlib import Path;"
        "print(supersvg_data.get('test', Path(sys.argv[1]), size=int(sys.argv[2]), workers=1).manifest.content_hash)"
    )
    command = [sys.executable, "-c", code, str(tmp_path), str(SIZE)]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    assert [process.communicate()[0].strip() for process in both] == [expected, expected]
    assert_whole(tmp_path, expected)
