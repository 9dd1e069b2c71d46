"""Where prepared datasets live. Every difference between platforms that concerns paths is here."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path, PurePath, PurePosixPath, PureWindowsPath


def user_data_dir(platform: str, environ: Mapping[str, str], home: str) -> PurePath:
    """The user's folder for application data on ``platform`` (a value of ``sys.platform``)."""
    if platform == "win32":
        local = environ.get("LOCALAPPDATA")
        return PureWindowsPath(local) if local else PureWindowsPath(home) / "AppData" / "Local"
    if platform == "darwin":
        return PurePosixPath(home) / "Library" / "Application Support"
    xdg = environ.get("XDG_DATA_HOME", "")
    # The XDG specification tells programs to ignore relative values.
    return PurePosixPath(xdg) if xdg.startswith("/") else PurePosixPath(home) / ".local" / "share"


def default_root(
    *, platform: str | None = None, environ: Mapping[str, str] | None = None, home: str | None = None
) -> Path:
    """``$SUPERSVG_DATA``, or ``supersvg-cloud/datasets`` in the user's data folder. The arguments are for tests."""
    environ = os.environ if environ is None else environ
    chosen = environ.get("SUPERSVG_DATA")
    if chosen:
        return Path(chosen).expanduser()
    home = str(Path.home()) if home is None else home
    return Path(user_data_dir(platform or sys.platform, environ, home) / "supersvg-cloud" / "datasets")
