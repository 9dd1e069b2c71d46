"""Archives that mean harm, and archives that are broken."""

from __future__ import annotations

import gzip
import tarfile
from pathlib import Path

import pytest

from supersvg_data import archives
from supersvg_data.archives import MAX_ICON_BYTES, read_icons
from supersvg_data.errors import UnsafeArchive

FOLDERS = {"outline": "icons/outline", "filled": "icons/filled"}
Member = tuple[str, bytes, bytes]  # name, type, link target


def pack(path: Path, files: dict[str, bytes], *members: Member) -> Path:
    from io import BytesIO

    with tarfile.open(path, "w:gz") as tar:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, BytesIO(data))
        for name, kind, target in members:
            member = tarfile.TarInfo(name)
            member.type = kind
            member.linkname = target.decode()
            tar.addfile(member)
    return path


def test_only_icons_of_the_folders_are_read(tmp_path: Path) -> None:
    archive = pack(
        tmp_path / "a.tgz",
        {
            "package/icons/outline/a.svg": b"<1/>",
            "package/icons/filled/a.svg": b"<2/>",
            "package/icons/outline/deeper/b.svg": b"no",
            "package/icons/outline/B.SVG": b"no",
            "package/icons/outline/read me.svg": b"no",
            "package/icons.json": b"no",
            "outline/c.svg": b"no",
        },
    )
    assert read_icons(archive, FOLDERS) == {"outline/a": "<1/>", "filled/a": "<2/>"}


@pytest.mark.parametrize(
    "name", ["../evil.svg", "package/../../evil", "/etc/passwd", "C:/windows/evil", "package\\..\\evil", "a/.."]
)
def test_a_member_that_points_outside_is_refused(tmp_path: Path, name: str) -> None:
    archive = pack(tmp_path / "a.tgz", {"package/icons/outline/a.svg": b"<1/>", name: b"evil"})
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(UnsafeArchive, match="refused"):
        read_icons(archive, FOLDERS)
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE])
def test_a_link_or_device_in_place_of_an_icon_is_refused(tmp_path: Path, kind: bytes) -> None:
    archive = pack(tmp_path / "a.tgz", {}, ("package/icons/outline/a.svg", kind, b"/etc/passwd"))
    with pytest.raises(UnsafeArchive) as caught:
        read_icons(archive, FOLDERS)
    assert "no regular file" in caught.value.cause


def test_a_link_elsewhere_is_not_followed(tmp_path: Path) -> None:
    archive = pack(
        tmp_path / "a.tgz",
        {"package/icons/outline/a.svg": b"<1/>"},
        ("package/icons/filled", tarfile.SYMTYPE, b"outline"),
    )
    assert read_icons(archive, FOLDERS) == {"outline/a": "<1/>"}


def test_an_archive_that_never_ends_is_refused(tmp_path: Path) -> None:
    archive = pack(tmp_path / "a.tgz", {"package/zeros": bytes(4 << 20)})
    assert archive.stat().st_size < 8 << 10
    with pytest.raises(UnsafeArchive) as caught:
        read_icons(archive, FOLDERS, max_unpacked=1 << 20)
    assert "unpacks to more" in caught.value.cause


def test_a_huge_icon_is_refused(tmp_path: Path) -> None:
    archive = pack(tmp_path / "a.tgz", {"package/icons/outline/a.svg": bytes(MAX_ICON_BYTES + 1)})
    with pytest.raises(UnsafeArchive):
        read_icons(archive, FOLDERS)


def test_too_many_members_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MAX_MEMBERS", 3)
    archive = pack(tmp_path / "a.tgz", {f"package/{number}": b"" for number in range(4)})
    with pytest.raises(UnsafeArchive):
        read_icons(archive, FOLDERS)


def test_the_same_icon_twice_is_refused(tmp_path: Path) -> None:
    archive = pack(tmp_path / "a.tgz", {"package/icons/outline/a.svg": b"<1/>", "other/icons/outline/a.svg": b"<2/>"})
    with pytest.raises(UnsafeArchive, match="refused"):
        read_icons(archive, FOLDERS)


def test_text_that_is_no_utf8_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnsafeArchive):
        read_icons(pack(tmp_path / "a.tgz", {"package/icons/outline/a.svg": b"\xff\xfe"}), FOLDERS)


@pytest.mark.parametrize("keep", [0, 1, 10, 0.5, 0.99])
def test_a_cut_archive_is_refused(tmp_path: Path, keep: float) -> None:
    import random

    noise = random.Random(1).randbytes(20_000)
    archive = pack(tmp_path / "a.tgz", {"package/noise": noise, "package/icons/outline/a.svg": b"<1/>"})
    data = archive.read_bytes()
    archive.write_bytes(data[: int(keep if keep >= 1 or keep == 0 else keep * len(data))])
    with pytest.raises(UnsafeArchive):
        read_icons(archive, FOLDERS)


@pytest.mark.parametrize("data", [b"no archive", gzip.compress(b"no tar"), gzip.compress(b"x" * 5000)])
def test_what_is_no_archive_is_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a.tgz").write_bytes(data)
    with pytest.raises(UnsafeArchive):
        read_icons(tmp_path / "a.tgz", FOLDERS)
