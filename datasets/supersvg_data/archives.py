"""Take icons out of a tar.gz that may be hostile.

Nothing is ever unpacked to a path that an archive names: the few members that are wanted are read into memory
and kept under a name made of letters, digits and hyphens. Refused: members that point outside, links where an
icon belongs, and anything that unpacks to more than its limit.
"""

from __future__ import annotations

import gzip
import io
import re
import tarfile
import zlib
from pathlib import Path, PurePosixPath

from supersvg_data.errors import UnsafeArchive

MAX_UNPACKED_BYTES = 1 << 30
MAX_MEMBERS = 200_000
MAX_ICON_BYTES = 256 << 10
ICON_NAME = re.compile(r"([a-z0-9][a-z0-9-]{0,99})\.svg")


class _Limited(io.RawIOBase):
    """Passes reads on, and refuses to go past a number of bytes: the guard against archives that never end."""

    def __init__(self, inner: gzip.GzipFile, limit: int) -> None:
        self._inner = inner
        self._left = limit

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        data = self._inner.read(min(size, self._left + 1) if size >= 0 else self._left + 1)
        self._left -= len(data)
        if self._left < 0:
            raise _refused("it unpacks to more than its limit")
        return data


def _refused(cause: str) -> UnsafeArchive:
    return UnsafeArchive(
        "The archive was refused and nothing was unpacked.",
        cause=cause,
        advice="delete it and fetch again; if it stays so, the source has been tampered with: report it",
    )


def _check_name(name: str) -> PurePosixPath:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name or re.match(r"[A-Za-z]:", name):
        raise _refused(f"a member points outside the archive: {name[:200]!r}")
    return path


def read_icons(archive: Path, folders: dict[str, str], *, max_unpacked: int = MAX_UNPACKED_BYTES) -> dict[str, str]:
    """SVG texts by key ``<set>/<name>`` from the ``folders`` (set to folder below the archive's top folder).

    Raises: UnsafeArchive for a hostile, truncated or otherwise unreadable archive.
    """
    sets = {PurePosixPath(folder).parts: name for name, folder in folders.items()}
    icons: dict[str, str] = {}
    try:
        with archive.open("rb") as file, gzip.open(file) as unpacked:
            stream = _Limited(unpacked, max_unpacked)
            # Mode "r|" reads once from front to back, so the limit sees every byte.
            with tarfile.open(fileobj=stream, mode="r|") as tar:
                for number, member in enumerate(tar):
                    if number >= MAX_MEMBERS:
                        raise _refused(f"it has more than {MAX_MEMBERS} members")
                    path = _check_name(member.name)
                    match = ICON_NAME.fullmatch(path.name)
                    icon_set = sets.get(path.parts[1:-1])
                    if icon_set is None or match is None:
                        continue
                    key = f"{icon_set}/{match[1]}"
                    if not member.isreg():
                        raise _refused(f"{path} is no regular file")
                    if key in icons:
                        raise _refused(f"{path} is there twice")
                    if member.size > MAX_ICON_BYTES:
                        raise _refused(f"{path} has {member.size} bytes")
                    content = tar.extractfile(member)
                    assert content is not None  # A regular file always has content.
                    icons[key] = content.read().decode()
    except (tarfile.TarError, EOFError, gzip.BadGzipFile, zlib.error, UnicodeDecodeError) as error:
        raise _refused(f"it cannot be read: {error}") from error
    return icons
