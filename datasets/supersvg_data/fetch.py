"""Icon sets from their npm package or, where npm is no way, from the release archive of the public repository.

Whatever the way, the icons end up in canonical form and must have the hash that the recipe locks. They are kept in one
JSON file per package, so that preparing again, or going on after an interruption, needs no network.
"""

from __future__ import annotations

import json
import shutil
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import IO

from supersvg_data.archives import read_icons
from supersvg_data.canonical import NotAnSvg, canonical_svg, icons_hash
from supersvg_data.errors import FetchFailed, IntegrityMismatch, cannot_write, writing
from supersvg_data.npm import npm_pack
from supersvg_data.recipes import IconPackage
from supersvg_data.storage import Progress, no_progress, write_bytes

CONNECT_SECONDS = 30.0
MAX_ARCHIVE_BYTES = 512 << 20
CHUNK = 1 << 18


def _canonical(icons: dict[str, str], package: IconPackage) -> dict[str, str]:
    """The icons in canonical form, checked against the lock. Raises IntegrityMismatch."""
    try:
        found = {key: canonical_svg(text) for key, text in icons.items()}
    except NotAnSvg as error:
        raise _changed(package, f"an icon is no SVG: {error}") from error
    if len(found) != package.icons or icons_hash(found) != package.icons_hash:
        raise _changed(package, f"{len(found)} icons with hash {icons_hash(found)}; locked: {package.icons_hash}")
    return found


def _changed(package: IconPackage, cause: str) -> IntegrityMismatch:
    return IntegrityMismatch(
        f"The icons of {package.package} {package.version} are not those that the recipe locks.",
        cause=cause,
        advice="do not use them; try again, and if it stays so, report it: the source has changed",
    )


def _copy(response: IO[bytes], file: IO[bytes], progress: Progress, what: str, total: int) -> None:
    done = 0
    while chunk := response.read(CHUNK):
        done += len(chunk)
        if done > MAX_ARCHIVE_BYTES:
            raise FetchFailed(f"{what} is larger than {MAX_ARCHIVE_BYTES >> 20} MiB.", advice="install npm instead")
        file.write(chunk)
        progress(f"download {what}", done, max(total, done))


def download_archive(package: IconPackage, folder: Path, progress: Progress) -> Path:
    """The release archive in ``folder``. Raises FetchFailed (offline, not-found, failed)."""
    target = folder / "archive.tar.gz"
    advice = "connect to the network, or install Node.js for its npm; the dataset `test` needs neither"
    what = f"{package.package} {package.version}"
    try:
        # The address is a constant of the recipe, https throughout.
        with (
            urllib.request.urlopen(package.archive_url, timeout=CONNECT_SECONDS) as response,
            target.open("wb") as file,
        ):
            _copy(response, file, progress, what, int(response.headers.get("Content-Length") or 0))
    except urllib.error.HTTPError as error:
        reason = "not-found" if error.code == 404 else "failed"
        raise FetchFailed(
            f"The release archive of {what} could not be fetched.", reason=reason, cause=str(error), advice=advice
        ) from error
    except (urllib.error.URLError, TimeoutError, ConnectionError) as error:
        raise FetchFailed(
            f"The release archive of {what} could not be reached.", reason="offline", cause=str(error), advice=advice
        ) from error
    except OSError as error:
        raise cannot_write(error, folder) from error
    return target


Download = Callable[[IconPackage, Path, Progress], Path]


def _fetch(
    package: IconPackage, folder: Path, offline: bool, progress: Progress, download: Download
) -> tuple[dict[str, str], str]:
    """(icons as they come, name of the source). Tries npm, then the archive if npm is no way at all."""
    try:
        return read_icons(npm_pack(package, folder, offline=offline), package.folders), "npm"
    except FetchFailed as error:
        if offline:
            raise FetchFailed(
                f"{package.package} {package.version} is not at hand, and offline mode forbids to fetch it.",
                reason="offline",
                cause=error.message,
                advice="get it once without offline mode, or use the dataset `test`, which needs no network",
            ) from error
        by_npm = error
    try:
        return read_icons(download(package, folder, progress), package.archive_folders), "release archive"
    except FetchFailed as error:
        raise FetchFailed(
            f"{package.package} {package.version} could not be fetched.",
            reason=by_npm.reason if by_npm.reason != "no-npm" else error.reason,
            cause=f"npm: {by_npm.message} {by_npm.cause} Release archive: {error.message} {error.cause}",
            advice=by_npm.advice,
        ) from error


def fetch_icons(
    package: IconPackage,
    cache: Path,
    scratch: Path,
    *,
    offline: bool = False,
    progress: Progress = no_progress,
    download: Download = download_archive,
) -> tuple[dict[str, str], str]:
    """(canonical SVG texts by key, source), from ``cache`` if they are there, else fetched and put there.

    Source is "cache", "npm" or "release archive". ``scratch`` is a folder for temporary files.
    Raises: FetchFailed, IntegrityMismatch, UnsafeArchive, NoSpace, CannotWrite.
    """
    kept = cache / f"{package.package.strip('@').replace('/', '-')}-{package.version}.json"
    try:
        icons: dict[str, str] = json.loads(kept.read_text(encoding="utf-8"))
        return _canonical(icons, package), "cache"
    except (OSError, ValueError, AttributeError, TypeError, IntegrityMismatch):
        pass  # Not there, or damaged: fetch it (again).
    progress(f"fetch {package.package} {package.version}", 0, 1)
    with writing(scratch):
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir(parents=True)
        cache.mkdir(parents=True, exist_ok=True)
    try:
        fetched, source = _fetch(package, scratch, offline, progress, download)
        icons = _canonical(fetched, package)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    write_bytes(kept, json.dumps(icons).encode())
    progress(f"fetch {package.package} {package.version}", 1, 1)
    return icons, source
