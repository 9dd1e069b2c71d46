"""Icon sets: npm first, the release archive where npm is no way, the cache before both."""

from __future__ import annotations

import io
import shutil
import urllib.error
import urllib.request
from dataclasses import replace
from email.message import Message
from pathlib import Path
from typing import Any

import pytest

from supersvg_data import fetch
from supersvg_data.errors import FetchFailed, IntegrityMismatch
from supersvg_data.fetch import download_archive, fetch_icons
from supersvg_data.recipes import RECIPES, IconPackage
from supersvg_data.storage import Progress, no_progress


class Archive:
    """Stands in for the download; counts its calls."""

    def __init__(self, file: Path | None) -> None:
        self.file = file
        self.calls = 0

    def __call__(self, package: IconPackage, folder: Path, progress: Progress) -> Path:
        self.calls += 1
        progress("download", 1, 1)
        if self.file is None:
            raise FetchFailed("The release archive could not be reached.", reason="offline", cause=package.archive_url)
        return Path(shutil.copy(self.file, folder / "archive.tar.gz"))


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    return tmp_path / "cache", tmp_path / "scratch"


def test_npm_and_archive_give_the_same_icons(
    fake_npm: Any, package: IconPackage, tmp_path: Path, folders: tuple[Path, Path]
) -> None:
    archive = Archive(tmp_path / "archive.tar.gz")
    fake_npm.tell(tarball=str(tmp_path / "package.tgz"))
    by_npm, source = fetch_icons(package, *folders, download=archive)
    assert (source, archive.calls) == ("npm", 0)
    shutil.rmtree(folders[0])
    fake_npm.tell(stderr="npm error code ENOTFOUND")
    by_archive, source = fetch_icons(package, *folders, download=archive)
    assert (source, archive.calls) == ("release archive", 1)
    assert by_npm == by_archive


@pytest.mark.usefixtures("no_npm")
def test_without_npm_the_archive_is_taken(package: IconPackage, tmp_path: Path, folders: tuple[Path, Path]) -> None:
    icons, source = fetch_icons(package, *folders, download=Archive(tmp_path / "archive.tar.gz"))
    assert source == "release archive"
    assert len(icons) == package.icons


def test_the_second_time_nothing_is_fetched(
    fake_npm: Any, package: IconPackage, tmp_path: Path, folders: tuple[Path, Path]
) -> None:
    fake_npm.tell(tarball=str(tmp_path / "package.tgz"))
    first, _ = fetch_icons(package, *folders)
    fake_npm.log.unlink()
    second, source = fetch_icons(package, *folders, offline=True)
    assert (second, source, fake_npm.called) == (first, "cache", False)
    assert not folders[1].exists()  # nothing temporary stays


@pytest.mark.parametrize("damage", [lambda text: text[:-20], lambda text: text.replace("M0 4", "M0 5"), lambda _: "[]"])
def test_a_damaged_cache_is_fetched_again(
    fake_npm: Any, package: IconPackage, tmp_path: Path, folders: tuple[Path, Path], damage: Any
) -> None:
    fake_npm.tell(tarball=str(tmp_path / "package.tgz"))
    first, _ = fetch_icons(package, *folders)
    (kept,) = folders[0].iterdir()
    kept.write_text(damage(kept.read_text()))
    second, source = fetch_icons(package, *folders)
    assert (second, source) == (first, "npm")


@pytest.mark.usefixtures("no_npm")
def test_an_archive_with_a_changed_icon_is_refused(
    package: IconPackage, tmp_path: Path, folders: tuple[Path, Path]
) -> None:
    for changed in (replace(package, icons_hash="0" * 64), replace(package, icons=package.icons + 1)):
        with pytest.raises(IntegrityMismatch, match="not those that the recipe locks"):
            fetch_icons(changed, *folders, download=Archive(tmp_path / "archive.tar.gz"))
    assert not folders[0].exists() or not list(folders[0].iterdir())


def test_a_wrong_tarball_does_not_fall_back(
    fake_npm: Any, package: IconPackage, tmp_path: Path, folders: tuple[Path, Path]
) -> None:
    archive = Archive(tmp_path / "archive.tar.gz")
    fake_npm.tell(tarball=str(tmp_path / "archive.tar.gz"))
    with pytest.raises(IntegrityMismatch):
        fetch_icons(package, *folders, download=archive)
    assert archive.calls == 0


def test_offline_downloads_nothing(fake_npm: Any, package: IconPackage, folders: tuple[Path, Path]) -> None:
    archive = Archive(None)
    fake_npm.tell(stderr="npm error code ENOTCACHED")
    with pytest.raises(FetchFailed) as caught:
        fetch_icons(package, *folders, offline=True, download=archive)
    assert (caught.value.reason, archive.calls) == ("offline", 0)
    assert "`test`" in caught.value.advice


@pytest.mark.parametrize(("stderr", "reason"), [("npm error code E404", "not-found"), ("ECONNREFUSED", "offline")])
def test_when_both_ways_fail_both_are_told(
    fake_npm: Any, package: IconPackage, folders: tuple[Path, Path], stderr: str, reason: str
) -> None:
    fake_npm.tell(stderr=stderr)
    with pytest.raises(FetchFailed) as caught:
        fetch_icons(package, *folders, download=Archive(None))
    assert caught.value.reason == reason
    assert stderr in caught.value.cause
    assert package.archive_url in caught.value.cause


class Response(io.BytesIO):
    headers: dict[str, str] = {}  # noqa: RUF012 - as urllib's


def answer(monkeypatch: pytest.MonkeyPatch, result: bytes | Exception) -> None:
    def urlopen(url: str, timeout: float) -> Response:
        assert url.startswith("https://")
        assert timeout > 0
        if isinstance(result, Exception):
            raise result
        return Response(result)

    monkeypatch.setattr(urllib.request, "urlopen", urlopen)


def test_the_download_is_written(package: IconPackage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answer(monkeypatch, b"x" * 600_000)
    told: list[tuple[int, int]] = []
    path = download_archive(package, tmp_path, lambda _, done, total: told.append((done, total)))
    assert path.read_bytes() == b"x" * 600_000
    assert told[-1] == (600_000, 600_000)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (urllib.error.HTTPError("https://x", 404, "Not Found", Message(), None), "not-found"),
        (urllib.error.HTTPError("https://x", 503, "Busy", Message(), None), "failed"),
        (urllib.error.URLError("no route"), "offline"),
        (TimeoutError("slow"), "offline"),
        (ConnectionResetError("reset"), "offline"),
    ],
)
def test_a_download_that_fails(
    package: IconPackage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, reason: str
) -> None:
    answer(monkeypatch, error)
    with pytest.raises(FetchFailed) as caught:
        download_archive(package, tmp_path, no_progress)
    assert caught.value.reason == reason


def test_a_download_without_end_is_stopped(
    package: IconPackage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetch, "MAX_ARCHIVE_BYTES", 1000)
    answer(monkeypatch, b"x" * 2000)
    with pytest.raises(FetchFailed, match="larger than"):
        download_archive(package, tmp_path, no_progress)


def test_the_real_recipes_are_locked() -> None:
    for package in RECIPES["icons"].packages:
        assert package.integrity.startswith("sha512-")
        assert len(package.icons_hash) == 64
        assert package.archive_url.startswith("https://github.com/")
        assert package.version in package.archive_url
    assert RECIPES["icons"].expected_count == 6574
