"""The default data root on each platform."""

from __future__ import annotations

from pathlib import Path, PurePosixPath, PureWindowsPath

import pytest

from supersvg_data.location import default_root, user_data_dir


@pytest.mark.parametrize(
    ("platform", "environ", "home", "expected"),
    [
        ("linux", {}, "/home/a", PurePosixPath("/home/a/.local/share")),
        ("linux", {"XDG_DATA_HOME": "/data"}, "/home/a", PurePosixPath("/data")),
        ("linux", {"XDG_DATA_HOME": "relative"}, "/home/a", PurePosixPath("/home/a/.local/share")),
        ("darwin", {"XDG_DATA_HOME": "/data"}, "/Users/a", PurePosixPath("/Users/a/Library/Application Support")),
        ("win32", {"LOCALAPPDATA": r"D:\Local"}, r"C:\Users\a", PureWindowsPath("D:/Local")),
        ("win32", {}, r"C:\Users\a", PureWindowsPath("C:/Users/a/AppData/Local")),
    ],
)
def test_the_users_data_folder(platform: str, environ: dict[str, str], home: str, expected: PurePosixPath) -> None:
    assert user_data_dir(platform, environ, home) == expected


def test_the_root_is_below_the_users_data_folder() -> None:
    root = default_root(platform="darwin", environ={}, home="/Users/a")
    assert root == Path("/Users/a/Library/Application Support/supersvg-cloud/datasets")


def test_the_environment_decides(tmp_path: Path) -> None:
    assert default_root(environ={"SUPERSVG_DATA": str(tmp_path)}) == tmp_path


def test_an_empty_variable_counts_as_none() -> None:
    assert default_root(platform="linux", environ={"SUPERSVG_DATA": ""}, home="/h").is_relative_to("/h")
