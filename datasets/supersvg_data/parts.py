"""Drawing in parts: pure functions of their inputs, each kept in a file of its own until the dataset is whole.

A part's file is named after a digest of everything that goes into it. A part that is there with the right hash is done:
that is how preparing goes on after an interruption, and how a change of the inputs is noticed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from supersvg_data.drawing import draw_svg
from supersvg_data.imagefile import Skipped, read_picture
from supersvg_data.storage import sha256_file, write_atomic, write_bytes

DRAWING_VERSION = 1  # Raise it when the same input gives other pixels.


@dataclass(frozen=True)
class Input:
    """One picture to be: drawn from ``svg``, or read from the file ``path``."""

    key: str
    group: str
    svg: str | None = None
    path: str | None = None
    stamp: str = ""  # size and time of the file at ``path``


@dataclass(frozen=True)
class Part:
    """Some inputs and the file that takes their pictures."""

    inputs: tuple[Input, ...]
    size: int
    channels: int
    folder: str

    @property
    def target(self) -> Path:
        """The part's file; its name depends on everything that its content depends on."""
        text = json.dumps([DRAWING_VERSION, self.size, self.channels, [asdict(one) for one in self.inputs]])
        return Path(self.folder) / f"part-{hashlib.sha256(text.encode()).hexdigest()[:24]}.npy"


@dataclass(frozen=True)
class PartReport:
    """What became of a part's inputs. Row ``i`` of the file is input ``rows[i]``."""

    sha256: str
    rows: tuple[int, ...]
    hashes: tuple[str, ...]  # of each row's bytes
    skipped: tuple[tuple[int, str, str], ...]  # input, reason, detail
    converted: tuple[str, ...]  # reasons, one for each conversion


class _Hashing:
    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.digest = hashlib.sha256()
        self.bytes = 0

    def write(self, data: bytes) -> int:
        self._file.write(data)
        self.digest.update(data)
        self.bytes += len(data)
        return len(data)


def write_npy(path: Path, shape: tuple[int, ...], dtype: str, blocks: Iterable[npt.NDArray[Any]]) -> tuple[str, int]:
    """Write arrays one after the other as one .npy file, atomically: (SHA-256, bytes).

    Plain writes, because ``numpy.save`` loses the reason (a full disk) when a write fails.
    """
    found: tuple[str, int] = ("", 0)

    def write(file: IO[bytes]) -> None:
        nonlocal found
        out = _Hashing(file)
        header = {"descr": dtype, "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(out, header)
        for block in blocks:
            out.write(np.ascontiguousarray(block).tobytes())
        found = (out.digest.hexdigest(), out.bytes)

    write_atomic(path, write)
    return found


def finished(target: Path) -> PartReport | None:
    """The report of a part that is whole, else None."""
    try:
        content = json.loads(target.with_suffix(".json").read_text(encoding="utf-8"))
        report = PartReport(
            sha256=content["sha256"],
            rows=tuple(content["rows"]),
            hashes=tuple(content["hashes"]),
            skipped=tuple((number, reason, detail) for number, reason, detail in content["skipped"]),
            converted=tuple(content["converted"]),
        )
        return report if sha256_file(target) == report.sha256 else None
    except (OSError, ValueError, KeyError, TypeError):
        return None  # Not there, or not whole: to be drawn.


def draw_part(part: Part) -> PartReport:
    """Draw a part into its file, unless it is there. Runs in a worker process."""
    done = finished(part.target)
    if done is not None:
        return done
    pictures: list[npt.NDArray[np.uint8]] = []
    rows: list[int] = []
    skipped: list[tuple[int, str, str]] = []
    converted: list[str] = []
    for number, one in enumerate(part.inputs):
        if one.svg is not None:
            values = draw_svg(one.svg, part.size)
        else:
            assert one.path is not None
            read = read_picture(Path(one.path), part.size)
            if isinstance(read, Skipped):
                skipped.append((number, read.reason, read.detail[:200]))
                continue
            values = read.values
            converted.extend(read.converted)
        pictures.append(values[..., : part.channels])
        rows.append(number)
    shape = (len(rows), part.size, part.size, part.channels)
    digest, _ = write_npy(part.target, shape, "|u1", pictures)
    hashes = tuple(hashlib.sha256(np.ascontiguousarray(picture).tobytes()).hexdigest() for picture in pictures)
    report = PartReport(digest, tuple(rows), hashes, tuple(skipped), tuple(converted))
    write_bytes(part.target.with_suffix(".json"), json.dumps(asdict(report)).encode())
    return report
