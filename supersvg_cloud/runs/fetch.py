"""Copying a run directory, with every byte hashed on the way and again at its destination."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from supersvg_cloud.errors import BadArguments, CannotWrite, Mismatch, NotNow

BLOCK = 1 << 20
SUMS = "SHA256SUMS"


@dataclass(frozen=True)
class Copied:
    """``size`` in bytes; ``already`` counts the files that were there, whole, before."""

    output: Path
    files: int
    size: int
    already: int

    def as_dict(self) -> dict[str, Any]:
        return {**asdict(self), "output": str(self.output)}


def fetch(run_dir: Path, output: Path) -> Copied:
    """Copies a run's results; temporary and lock files stay behind.

    Raises:
        NotNow: there is nothing to copy.
        BadArguments: the output is inside the run directory, or the other way round.
        Mismatch: a file is not what its checkpoint says, or the copy is not what was read.
        CannotWrite: the output cannot be written.
    """
    run_dir, output = run_dir.resolve(), output.expanduser().resolve()
    if output.is_relative_to(run_dir) or run_dir.is_relative_to(output):
        raise BadArguments(f"{output} and {run_dir} contain each other", advice="give -o another directory")
    found = sorted(_results(run_dir))
    if not found:
        raise NotNow(f"there is nothing in {run_dir} to fetch", advice="look first: supersvg-cloud status")
    sums: dict[str, str] = {}
    already = size = 0
    try:
        for path in found:
            name = path.relative_to(run_dir).as_posix()
            sums[name], was_there = _copy(path, output / name)
            already += was_there
            size += (output / name).stat().st_size
        output.mkdir(parents=True, exist_ok=True)
        listing = "".join(f"{digest}  {name}\n" for name, digest in sums.items())
        (output / SUMS).write_text(listing, encoding="utf-8")
    except OSError as error:
        raise CannotWrite(
            f"{error.filename or output} cannot be copied",
            cause=str(error),
            advice="check permissions and free space, then repeat: what is whole is not copied again",
        ) from error
    _check_checkpoints(run_dir, sums)
    return Copied(output=output, files=len(found), size=size, already=already)


def _results(run_dir: Path) -> Iterator[Path]:
    for folder, folders, files in os.walk(run_dir):
        # Checkpoints and samples in the making have names that begin with a dot; so have locks.
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in files:
            if not name.startswith("."):
                yield Path(folder) / name


def _copy(source: Path, target: Path) -> tuple[str, bool]:
    """The copy's SHA-256, and whether it was there before."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.exists() and target.stat().st_size == source.stat().st_size:
        digest = _hash(source)
        if _hash(target) == digest:
            return digest, True
    temporary = target.with_name(f".{target.name}.tmp")
    hashed = hashlib.sha256()
    with source.open("rb") as reader, temporary.open("wb") as writer:
        while block := reader.read(BLOCK):
            hashed.update(block)
            writer.write(block)
        writer.flush()
        os.fsync(writer.fileno())
    digest = hashed.hexdigest()
    if _hash(temporary) != digest:
        temporary.unlink()
        raise Mismatch(
            f"the copy {target} is not what was read",
            cause="the disk, or the network drive, gave back other bytes than were written",
            advice="fetch to another disk",
        )
    temporary.replace(target)
    return digest, False


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _check_checkpoints(run_dir: Path, sums: dict[str, str]) -> None:
    """Every checkpoint's complete.json says what its files were when they were written."""
    for complete in sorted(run_dir.glob("checkpoints/*/complete.json")):
        folder = complete.parent.relative_to(run_dir).as_posix()
        files = json.loads(complete.read_bytes()).get("files", {})
        for name, entry in files.items():
            told = entry.get("sha256") if isinstance(entry, dict) else entry
            if sums.get(f"{folder}/{name}") != told:
                raise Mismatch(
                    f"{folder}/{name} is not what {folder}/complete.json says",
                    cause="the checkpoint was damaged after it was written",
                    advice="use another checkpoint; `resume` falls back to the newest whole one by itself",
                )
