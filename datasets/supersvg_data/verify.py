"""``verify``: compute every hash again, say what is damaged, and mark it so that ``get`` repairs it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from supersvg_data.errors import DamagedDataset, DataError, MissingDataset
from supersvg_data.location import default_root
from supersvg_data.manifest import (
    DAMAGED,
    MANIFEST,
    PICTURES,
    Manifest,
    Prepared,
    content_hash,
    load,
    read_manifest,
)
from supersvg_data.storage import sha256_file, write_bytes


@dataclass(frozen=True)
class VerifyReport:
    """What ``verify`` found. ``damage`` names each damaged file or picture; empty means that all is well."""

    path: Path
    ok: bool
    pictures: int
    files: int
    damage: tuple[str, ...]


def _check_svgs(path: Path, manifest: Manifest) -> list[str]:
    damage = []
    for item in manifest.items:
        if item.svg_sha256 is None:
            continue
        try:
            if sha256_file(path / item.file) != item.svg_sha256:
                damage.append(f"{item.file}: content differs")
        except OSError as error:
            damage.append(f"{item.file}: {error.strerror or error}")
    return damage


def _check_pictures(path: Path, manifest: Manifest) -> list[str]:
    file = path / PICTURES
    try:
        size = file.stat().st_size
        if size != manifest.pictures_bytes:
            return [f"{PICTURES}: {size} bytes, not {manifest.pictures_bytes}"]
        if sha256_file(file) == manifest.pictures_sha256:
            return []
    except OSError as error:
        return [f"{PICTURES}: {error.strerror or error}"]
    try:
        rows = Prepared(path, manifest).pictures()
    except DamagedDataset as error:
        return [f"{PICTURES}: {error.cause}"]
    damage = [
        f"{PICTURES}: picture {index} ({item.key})"
        for index, item in enumerate(manifest.items)
        if hashlib.sha256(rows[index].tobytes()).hexdigest() != item.sha256
    ]
    return damage or [f"{PICTURES}: header"]


def _check_superpixels(path: Path) -> list[str]:
    damage = []
    for note in sorted((path / "superpixels").glob("*.json")):
        labels = note.with_suffix(".npy")
        try:
            if sha256_file(labels) != json.loads(note.read_text(encoding="utf-8"))["sha256"]:
                damage.append(f"superpixels/{labels.name}: content differs")
        except (OSError, ValueError, KeyError, TypeError) as error:
            damage.append(f"superpixels/{labels.name}: {error}")
    return damage


def verify(name: str, root: Path | None = None) -> VerifyReport:
    """Check the prepared dataset in ``root``/``name`` against its manifest, byte for byte.

    Damage is reported, not raised. A damaged dataset is marked: ``load`` refuses it, and ``get`` makes it anew.
    Raises: MissingDataset.
    """
    path = (root or default_root()).expanduser().absolute() / name
    try:
        manifest = read_manifest(path)
    except DamagedDataset as error:
        return VerifyReport(path, False, 0, 1, (error.cause,))
    damage = _check_pictures(path, manifest) + _check_svgs(path, manifest) + _check_superpixels(path)
    identity = content_hash(manifest.name, manifest.revision, manifest.size, manifest.channels, manifest.items)
    if identity != manifest.content_hash:
        damage.append(f"{MANIFEST}: content hash does not follow from its items")
    marker = path / DAMAGED
    try:
        if damage:
            write_bytes(marker, json.dumps(damage).encode())
        else:
            marker.unlink(missing_ok=True)
    except (OSError, DataError) as error:
        # A dataset on a read-only disk can be verified too; only the mark for `get` is lost.
        if damage:
            damage.append(f"{marker.name}: the damage could not be marked for repair ({error})")
    files = 2 + sum(item.svg_sha256 is not None for item in manifest.items)
    return VerifyReport(path, not damage, manifest.count, files, tuple(damage))


def list_prepared(root: Path | None = None) -> list[Prepared]:
    """All whole datasets below ``root``, by name. Damaged ones are left out; ``verify`` tells about them."""
    root = (root or default_root()).expanduser().absolute()
    found = []
    for manifest in sorted(root.glob(f"*/{MANIFEST}")):
        if manifest.parent.name.startswith("."):
            continue
        try:
            found.append(load(manifest.parent))
        except (DamagedDataset, MissingDataset):
            continue
    return found
