"""A data root, a fake npm on PATH, and archives made by hand."""

from __future__ import annotations

import io
import json
import shutil
import sys
import tarfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

import supersvg_data
from supersvg_data.canonical import canonical_svg, icons_hash
from supersvg_data.manifest import Prepared
from supersvg_data.npm import integrity_of
from supersvg_data.recipes import RECIPES, DatasetRecipe, IconPackage

FAKE_NPM = """\
import json, os, pathlib, shutil, sys, threading
told = json.loads(os.environ["FAKE_NPM"])
files = sorted(os.listdir("."))
pathlib.Path(told["log"]).write_text(json.dumps({"argv": sys.argv[1:], "cwd": os.getcwd(), "files": files}))
if told.get("hang"):
    threading.Event().wait()
if "stderr" in told:
    print(told["stderr"], file=sys.stderr)
    sys.exit(told.get("status", 1))
folder = pathlib.Path(sys.argv[sys.argv.index("--pack-destination") + 1])
if told.get("tarball"):
    shutil.copy(told["tarball"], folder / "package.tgz")
print(told.get("stdout") or json.dumps([{"name": told["name"], "version": told["version"]}]))
"""


@dataclass
class FakeNpm:
    """An executable named npm; ``tell`` says what it will do, ``call`` what it was asked."""

    log: Path
    monkeypatch: pytest.MonkeyPatch

    def tell(self, **told: Any) -> None:
        content = {"log": str(self.log), "name": "@test/icons", "version": "1.2.3", **told}
        self.monkeypatch.setenv("FAKE_NPM", json.dumps(content))

    @property
    def called(self) -> bool:
        return self.log.exists()

    @property
    def call(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.log.read_text())
        return found


@pytest.fixture
def fake_npm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeNpm:
    folder = tmp_path / "bin"
    folder.mkdir()
    script = folder / "fake_npm.py"
    script.write_text(FAKE_NPM)
    if sys.platform == "win32":
        (folder / "npm.cmd").write_text(f'@"{sys.executable}" "{script}" %*\n')
    else:
        (folder / "npm").write_text(f'#!/bin/sh\nexec "{sys.executable}" "{script}" "$@"\n')
        (folder / "npm").chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))
    return FakeNpm(tmp_path / "npm-call.json", monkeypatch)


@pytest.fixture
def no_npm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    empty = tmp_path / "empty-path"
    empty.mkdir()
    monkeypatch.setenv("PATH", str(empty))


Add = Callable[[tarfile.TarFile], None]


def add_file(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(data)
    tar.addfile(member, io.BytesIO(data))


def make_tar(path: Path, files: dict[str, bytes], *more: Add) -> Path:
    with tarfile.open(path, "w:gz") as tar:
        for name, data in files.items():
            add_file(tar, name, data)
        for add in more:
            add(tar)
    return path


def package_icon(name: str, body: str) -> str:
    """As a package holds it: a class, an invisible frame, line breaks."""
    return (
        '<svg\n  xmlns="http://www.w3.org/2000/svg"\n  width="24"\n  height="24"\n  viewBox="0 0 24 24"\n'
        f'  fill="none"\n  stroke="currentColor"\n  stroke-width="2"\n  class="icon icon-{name}"\n>\n'
        f'  <path stroke="none" d="M0 0h24v24H0z" fill="none" />\n  {body}\n</svg>'
    )


def repository_icon(body: str) -> str:
    """As its repository holds it: a comment on top, other order, no class and no frame."""
    return (
        '<!--\ntags: [a, b]\nversion: "1.0"\n-->\n<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" '
        f'width="24" height="24" fill="none" stroke="currentColor" stroke-width="2">{body}</svg>\n'
    )


BODIES = {
    **{f"outline/icon-{number}": f'<path d="M{number % 20} 4l9 9l3 -5"/>' for number in range(30)},
    **{f"filled/icon-{number}": f'<circle cx="12" cy="12" r="{3 + number % 7}"/>' for number in range(10)},
}


@pytest.fixture
def package(tmp_path: Path) -> IconPackage:
    """A small icon package, locked; its tarball is ``package.tgz`` and its release archive ``archive.tar.gz``."""
    icons = {name: package_icon(name.split("/")[1], body) for name, body in BODIES.items()}
    tarball = make_tar(
        tmp_path / "package.tgz",
        {"package/package.json": b"{}", **{f"package/icons/{key}.svg": text.encode() for key, text in icons.items()}},
    )
    make_tar(
        tmp_path / "archive.tar.gz",
        {f"icons-1.2.3/src/{key}.svg": repository_icon(body).encode() for key, body in BODIES.items()},
    )
    folders = {"outline": "icons/outline", "filled": "icons/filled"}
    return IconPackage(
        package="@test/icons",
        version="1.2.3",
        integrity=integrity_of(tarball.read_bytes()),
        archive_url="https://localhost/never-asked",
        folders=folders,
        archive_folders={name: folder.replace("icons", "src") for name, folder in folders.items()},
        icons=len(icons),
        icons_hash=icons_hash({key: canonical_svg(text) for key, text in icons.items()}),
        licence="MIT",
        attribution="a test",
    )


@pytest.fixture
def icons_recipe(package: IconPackage, monkeypatch: pytest.MonkeyPatch) -> DatasetRecipe:
    """The recipe ``icons`` with the small package in place of the real ones."""
    recipe = replace(RECIPES["icons"], packages=(package,), held_out_minimum=5)
    monkeypatch.setitem(RECIPES, "icons", recipe)
    return recipe


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    """The dataset `test`, made once; tests that change it copy it."""
    return supersvg_data.get("test", tmp_path_factory.mktemp("data"), size=32, workers=1)


@pytest.fixture
def copied(made: Prepared, tmp_path: Path) -> Prepared:
    root = tmp_path / "root"
    shutil.copytree(made.path.parent, root)
    return supersvg_data.load(root / made.path.name)
