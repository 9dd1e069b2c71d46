"""Fetch one package's tarball with ``npm pack``: no install, no scripts, nothing of the caller's project touched."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

from supersvg_data.errors import DataError, FetchFailed, IntegrityMismatch, NoSpace
from supersvg_data.recipes import IconPackage

TIMEOUT_SECONDS = 300.0
FLAGS = ("--ignore-scripts", "--json", "--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error")
UNREACHABLE = (
    "ENOTFOUND", "EAI_AGAIN", "ECONNREFUSED", "ECONNRESET", "ENETUNREACH", "EHOSTUNREACH", "ETIMEDOUT", "ENOTCACHED",
    "ERR_SOCKET_TIMEOUT",
)  # fmt: skip


def integrity_of(data: bytes) -> str:
    """Subresource Integrity of ``data``: "sha512-" and base64."""
    return "sha512-" + base64.b64encode(hashlib.sha512(data).digest()).decode()


def check_integrity(data: bytes, package: IconPackage) -> None:
    """Raises IntegrityMismatch when ``data`` is not the tarball that the recipe locks."""
    found = integrity_of(data)
    if found != package.integrity:
        raise IntegrityMismatch(
            f"{package.package} {package.version} is not what it was when this version of supersvg-cloud was made.",
            cause=f"its tarball has {found}, the recipe locks {package.integrity}",
            advice="do not use it; check which registry npm is set to (`npm config get registry`) and try again",
        )


def _kill_tree(process: subprocess.Popen[str]) -> None:
    """End npm and what it started; npm is the leader of a group of its own."""
    if sys.platform == "win32":
        subprocess.run(["taskkill", "/T", "/F", "/PID", str(process.pid)], capture_output=True, check=False)
    else:
        import os
        import signal

        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            return  # It has just ended by itself.


def _run(command: list[str], folder: Path, timeout: float) -> tuple[int, str, str]:
    process = subprocess.Popen(
        command,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        errors="replace",
        start_new_session=sys.platform != "win32",
    )
    with process:
        try:
            out, err = process.communicate(timeout=timeout)
        except BaseException:  # The time limit, Ctrl-C, or anything else: npm must not stay behind.
            _kill_tree(process)
            raise
    return process.returncode, out, err


def _redacted(text: str) -> str:
    """``text`` without the user and password that a registry's address can hold, and its last lines only."""
    lines = re.sub(r"//[^/\s@]+@", "//***@", text).strip().splitlines()
    return "; ".join(line.strip() for line in lines[-5:] if line.strip())


def _failure(package: IconPackage, out: str, err: str, status: int) -> DataError:
    what = f"npm could not fetch {package.package}@{package.version}."
    text = f"{err}\n{out}"
    cause = _redacted(err) or _redacted(out) or f"npm ended with status {status} and said nothing"
    if "ENOSPC" in text:
        return NoSpace(what, cause=cause, advice="free some space on the disk of the data root or of npm's cache")
    if "EINTEGRITY" in text:
        return IntegrityMismatch(what, cause=cause, advice="clear npm's cache: `npm cache clean --force`, try again")
    if re.search(r"\bE404\b|\bETARGET\b|\bENOVERSIONS\b", text):
        advice = "check which registry npm is set to: `npm config get registry`"
        return FetchFailed(what, reason="not-found", cause=cause, advice=advice)
    if any(code in text for code in UNREACHABLE):
        advice = "connect to the network and try again, or use the dataset `test`, which needs none"
        return FetchFailed(what, reason="offline", cause=cause, advice=advice)
    return FetchFailed(what, reason="failed", cause=cause, advice="run `npm doctor`, then try again")


def npm_pack(package: IconPackage, folder: Path, *, offline: bool = False, timeout: float = TIMEOUT_SECONDS) -> Path:
    """The package's tarball in ``folder`` (empty, temporary), with the locked integrity.

    With ``offline`` npm looks in its own cache only.
    Raises: FetchFailed (no-npm, offline, not-found, timeout, failed), IntegrityMismatch, NoSpace.
    """
    spec = f"{package.package}@{package.version}"
    npm = shutil.which("npm")  # finds npm.cmd on Windows
    if npm is None:
        raise FetchFailed(
            f"npm is not installed; it fetches {spec}.",
            reason="no-npm",
            cause="there is no `npm` on PATH",
            advice="install Node.js, which brings npm, or use the dataset `test`, which needs no network",
        )
    command = [npm, "pack", spec, *FLAGS, "--pack-destination", str(folder.resolve())]
    try:
        status, out, err = _run([*command, "--offline"] if offline else command, folder, timeout)
    except subprocess.TimeoutExpired as error:
        raise FetchFailed(
            f"npm took longer than {timeout:g} s to fetch {spec}.",
            reason="timeout",
            cause="the network or the registry is too slow, or npm waits for something",
            advice="try again later; what is complete is kept",
        ) from error
    except OSError as error:
        advice = "reinstall Node.js, or take a broken `npm` off your PATH"
        raise FetchFailed("npm could not be started.", reason="no-npm", cause=str(error), advice=advice) from error
    if status != 0:
        raise _failure(package, out, err, status)
    tarballs = list(folder.glob("*.tgz"))
    if len(tarballs) != 1:
        raise FetchFailed(f"npm reported success but left {len(tarballs)} tarballs.", cause=_redacted(out))
    _check_report(package, out)
    check_integrity(tarballs[0].read_bytes(), package)
    return tarballs[0]


def _check_report(package: IconPackage, out: str) -> None:
    """npm's own report has to name the package that was asked for (a list, or since npm 12 an object by name)."""
    try:
        report = json.loads(out)
        entries = list(report.values()) if isinstance(report, dict) else report
        named = [(entry["name"], entry["version"]) for entry in entries]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise FetchFailed(
            "npm's answer could not be understood.", cause=f"{error}: {_redacted(out)[:300]}", advice="update npm"
        ) from error
    if named != [(package.package, package.version)]:
        raise FetchFailed("npm fetched something else.", cause=f"{named}", advice="run `npm doctor`, then try again")
