"""Checkpoints: complete or absent, checked before use, and never executed.

``checkpoints/step-000123/`` holds ``model.pt``, ``optimizer.pt``, ``state.json`` and ``complete.json`` with
the size and sha256 of the others. It is written under a hidden name, synced, and renamed. Tensors are read
with ``weights_only=True``: a checkpoint from a stranger's machine is data, not code.
"""

from __future__ import annotations

import hashlib
import io
import json
import pickle
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from supersvg.engine.durable import rename, sync_directory, write_synced
from supersvg.engine.errors import BadArguments, writing

TENSOR_FILES = ("model.pt", "optimizer.pt")
FILES = (*TENSOR_FILES, "state.json")


class DamagedCheckpoint(Exception):
    """A checkpoint that is not what its complete.json says."""


@dataclass(frozen=True)
class Checkpoint:
    """All that a run needs to go on."""

    model: dict[str, Any]
    """Tensors by name."""
    optimizer: dict[str, Any]
    """AdamW's state dict, and the loss scaler's under ``scaler``."""
    state: dict[str, Any]
    """JSON values: ``step``, ``recipe``, ``config``, best and last metrics, totals, and what made the
    numbers.
    """

    @property
    def step(self) -> int:
        return int(self.state["step"])


def step_name(step: int) -> str:
    return f"step-{step:06d}"


def save_checkpoint(root: Path, checkpoint: Checkpoint) -> Path:
    """Writes ``checkpoint`` under ``root`` and returns its directory once it is certain to survive.

    Raises:
        CannotWrite: the disk refused; earlier checkpoints are untouched and nothing half-written is left.
    """
    target = root / step_name(checkpoint.step)
    temporary = root / f".{target.name}.tmp"
    contents = {
        "model.pt": _tensors(checkpoint.model),
        "optimizer.pt": _tensors(checkpoint.optimizer),
        "state.json": json.dumps(checkpoint.state, indent=2).encode(),
    }
    try:
        with writing(temporary):
            root.mkdir(parents=True, exist_ok=True)
            shutil.rmtree(temporary, ignore_errors=True)
            temporary.mkdir()
        files = {
            name: {"bytes": len(data), "sha256": write_synced(temporary / name, data)}
            for name, data in contents.items()
        }
        complete = {"step": checkpoint.step, "files": files}
        write_synced(temporary / "complete.json", json.dumps(complete, indent=2).encode())
        sync_directory(temporary)
        if target.exists():
            _discard(target)
        rename(temporary, target)
    except BaseException:
        # Half a checkpoint would only take the space that the next one needs.
        shutil.rmtree(temporary, ignore_errors=True)
        raise
    return target


def _tensors(value: dict[str, Any]) -> bytes:
    # Serialised in memory first: torch's own file writer turns a full disk into an error without a number.
    buffer = io.BytesIO()
    torch.save(value, buffer)
    return buffer.getvalue()


def load_checkpoint(path: Path) -> Checkpoint:
    """Reads and verifies a checkpoint directory; tensors arrive on the CPU.

    Raises:
        DamagedCheckpoint: a file is missing, has another size or hash, or holds more than tensors and plain
        values.
    """
    try:
        listed = json.loads((path / "complete.json").read_bytes())["files"]
        data = {name: _verified(path / name, listed[name]) for name in FILES}
        tensors = {
            name: torch.load(io.BytesIO(data[name]), map_location="cpu", weights_only=True) for name in TENSOR_FILES
        }
        state = json.loads(data["state.json"])
        int(state["step"])
    except DamagedCheckpoint:
        raise
    except (
        OSError,
        ValueError,
        KeyError,
        TypeError,
        RuntimeError,
        EOFError,
        pickle.UnpicklingError,
    ) as error:
        raise DamagedCheckpoint(f"{path.name}: {type(error).__name__}: {error}") from error
    return Checkpoint(tensors["model.pt"], tensors["optimizer.pt"], state)


def _verified(path: Path, listed: dict[str, Any]) -> bytes:
    data = path.read_bytes()
    if len(data) != listed["bytes"]:
        raise DamagedCheckpoint(f"{path.parent.name}/{path.name} has {len(data)} bytes, not {listed['bytes']}")
    if hashlib.sha256(data).hexdigest() != listed["sha256"]:
        raise DamagedCheckpoint(f"{path.parent.name}/{path.name} does not match its sha256")
    return data


def find_checkpoints(root: Path) -> list[Path]:
    """Directories of checkpoints under ``root``, oldest step first, whether complete or not."""
    if not root.is_dir():
        return []
    found = [path for path in root.glob("step-*") if path.is_dir() and path.name[5:].isdigit()]
    return sorted(found, key=lambda path: int(path.name[5:]))


def newest_complete(root: Path, say: Callable[[str], None]) -> tuple[Path, Checkpoint] | None:
    """The newest checkpoint that verifies; every newer one that does not is reported through ``say``."""
    for path in reversed(find_checkpoints(root)):
        try:
            return path, load_checkpoint(path)
        except DamagedCheckpoint as damage:
            say(f"the checkpoint is damaged and is passed over: {damage}")
    return None


def locate(path: Path) -> Path:
    """The checkpoint that ``path`` means: itself, or the newest complete one of a run directory.

    Raises:
        BadArguments: there is none.
    """
    if (path / "complete.json").is_file():
        return path
    for candidate in (path / "checkpoints", path):
        found = newest_complete(candidate, lambda _text: None)
        if found is not None:
            return found[0]
    raise BadArguments(
        f"{path} holds no complete checkpoint",
        advice="name a run directory, or one of its checkpoints/step-...",
    )


def set_aside_newer(root: Path, than: int) -> list[Path]:
    """Renames checkpoints of later steps than ``than``, which the run is about to do again; they stay
    readable.
    """
    moved = []
    for path in find_checkpoints(root):
        if int(path.name[5:]) > than:
            aside = root / f"set-aside-{path.name}"
            shutil.rmtree(aside, ignore_errors=True)
            rename(path, aside)
            moved.append(aside)
    return moved


def prune(root: Path, keep: int, best_step: int | None) -> list[Path]:
    """Removes all but the ``keep`` newest checkpoints and the best one."""
    removed = []
    for path in find_checkpoints(root)[:-keep]:
        if int(path.name[5:]) != best_step:
            _discard(path)
            removed.append(path)
    return removed


def clear_leftovers(root: Path) -> None:
    """Removes what a kill left under hidden names."""
    if root.is_dir():
        for path in root.glob(".step-*"):
            shutil.rmtree(path, ignore_errors=True)


def _discard(path: Path) -> None:
    # Renamed first, so that a kill while deleting never leaves half a checkpoint under a checkpoint's name.
    doomed = path.with_name(f".{path.name}.removed")
    shutil.rmtree(doomed, ignore_errors=True)
    rename(path, doomed)
    shutil.rmtree(doomed, ignore_errors=True)
