"""The pictures of a report: the validation grid over training, thinned until it fits."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

LARGEST_FILE = 1_000_000
"""Bytes; a sample file over this is left out, so that one picture cannot take the place of all."""

KINDS = {".target.png": b"\x89PNG\r\n\x1a\n", ".png": b"\x89PNG\r\n\x1a\n", ".svg": b"<svg"}


@dataclass
class Grid:
    """``images`` are data URIs; a frame of a picture is (SVG, that SVG as the loss saw it), as their indices.

    ``targets`` has one index per name; ``frames`` one row per name with one pair per step. -1: not there.
    """

    steps: list[int] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    images: list[str] = field(default_factory=list)
    targets: list[int] = field(default_factory=list)
    frames: list[list[tuple[int, int]]] = field(default_factory=list)
    left_out: str = ""


def read_grid(run_dir: Path, room: int) -> Grid:
    """The samples of a run in at most ``room`` bytes of data URIs.

    First fewer moments of the training are shown, then fewer pictures; the first and the last moment stay longest.
    """
    folders = list(_folders(run_dir / "samples"))
    names = sorted({path.name[: -len(".svg")] for _, folder in folders for path in folder.glob("*.svg")})
    names = [name for name in names if any(_usable(folder / f"{name}.svg") for _, folder in folders)]
    steps_kept, names_kept = list(range(len(folders))), names
    while steps_kept and names_kept and _cost([folders[at] for at in steps_kept], names_kept) > room:
        if len(steps_kept) > 2:
            steps_kept = _spread(steps_kept, max(2, len(steps_kept) * 3 // 4))
        elif len(names_kept) > 1:
            names_kept = names_kept[: max(1, len(names_kept) * 3 // 4)]
        else:
            steps_kept = steps_kept[1:]
    shown = [folders[at] for at in steps_kept] if names_kept else []
    grid = _embedded(shown, names_kept)
    if names and (len(shown) < len(folders) or len(names_kept) < len(names)):
        grid.left_out = (
            f"To keep this page small, {len(shown)} of {len(folders)} moments and "
            f"{len(names_kept)} of {len(names)} pictures are shown; the run directory has them all."
        )
    return grid


def _folders(samples: Path) -> Iterator[tuple[int, Path]]:
    found = []
    for folder in samples.glob("step-*"):
        number = folder.name.removeprefix("step-")
        # isascii: other digits pass isdigit and not int. A link could lead out of the run directory.
        if number.isdigit() and number.isascii() and len(number) < 16 and folder.is_dir() and not folder.is_symlink():
            found.append((int(number), folder))
    yield from sorted(found)


def _spread(items: Sequence[int], count: int) -> list[int]:
    last = len(items) - 1
    return [items[round(at * last / (count - 1))] for at in range(count)]


def _usable(path: Path) -> bool:
    return 0 < _size(path) <= LARGEST_FILE


def _size(path: Path) -> int:
    try:
        return path.stat().st_size if path.is_file() and not path.is_symlink() else 0
    except OSError:
        return 0


def _cost(folders: Sequence[tuple[int, Path]], names: Sequence[str]) -> int:
    """Bytes as data URIs, at most: equal pictures are embedded once, which is not counted on."""
    paths = [folder / f"{name}{kind}" for _, folder in folders for name in names for kind in (".svg", ".png")]
    paths += [folders[-1][1] / f"{name}.target.png" for name in names]
    return sum(4 * (size // 3 + 1) + 40 for path in paths if (size := _size(path)) <= LARGEST_FILE)


def _embedded(folders: Sequence[tuple[int, Path]], names: Sequence[str]) -> Grid:
    grid = Grid(steps=[step for step, _ in folders], names=list(names))
    known: dict[str, int] = {}

    def place(path: Path, kind: str) -> int:
        uri = _data_uri(path, kind)
        if not uri:
            return -1
        if uri not in known:
            known[uri] = len(grid.images)
            grid.images.append(uri)
        return known[uri]

    for name in names:
        # The grid is the same at every step: the newest target that is whole serves for all.
        places = (place(folder / f"{name}.target.png", ".target.png") for _, folder in reversed(folders))
        grid.targets.append(next((found for found in places if found >= 0), -1))
        grid.frames.append(
            [(place(folder / f"{name}.svg", ".svg"), place(folder / f"{name}.png", ".png")) for _, folder in folders]
        )
    return grid


def _data_uri(path: Path, kind: str) -> str:
    """The file as a data URI for <img>, where neither scripts nor references of an SVG are followed; or ""."""
    if not _usable(path):
        return ""
    try:
        data = path.read_bytes()
    except OSError:
        return ""
    if KINDS[kind] not in data[:4096]:
        return ""
    media = "image/svg+xml" if kind == ".svg" else "image/png"
    return f"data:{media};base64,{base64.b64encode(data).decode('ascii')}"
