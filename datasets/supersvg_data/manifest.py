"""The manifest: what a prepared dataset holds, in one JSON file that also guards itself."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from supersvg_data.errors import DamagedDataset, MissingDataset, MissingPackage
from supersvg_data.storage import write_bytes

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

FORMAT = 1
MANIFEST = "manifest.json"
PICTURES = "pictures.npy"
DAMAGED = "damaged.json"


@dataclass(frozen=True)
class Item:
    """One picture. Its row in ``pictures.npy`` is its place in ``Manifest.items``."""

    key: str  # unique: "tabler-outline/bell", or the path below the folder
    group: str  # everything that shows the same thing; a group is never split
    file: str  # the SVG below the dataset's directory, or the file below the source folder
    sha256: str  # of the row's bytes
    split: str  # "train" or "held-out"
    svg_sha256: str | None = None  # of the SVG file, where there is one


@dataclass(frozen=True)
class Manifest:
    """What is in a prepared dataset, where it came from, and what was left out."""

    name: str
    revision: str
    licence: str
    attribution: str
    size: int  # side of the square pictures, pixels
    channels: int  # 1 or 3
    count: int
    skipped: dict[str, int]  # pictures left out, by reason
    converted: dict[str, int]  # pictures changed on the way in (CMYK, 16 bits, ...), by reason
    content_hash: str  # SHA-256 over names, groups, splits, pixels and SVGs; the dataset's identity
    pictures_bytes: int
    pictures_sha256: str
    source: dict[str, str]  # how and from where each part was fetched
    request: str  # digest of what was asked for: the recipe and its arguments
    prepared_at: str  # ISO 8601, UTC
    skipped_examples: dict[str, list[str]] = field(default_factory=dict)  # a few names for each reason
    items: list[Item] = field(default_factory=list)

    def indices(self, split: str) -> list[int]:
        """Rows of the pictures in ``split``, in order."""
        return [index for index, item in enumerate(self.items) if item.split == split]


@dataclass(frozen=True)
class Prepared:
    """A dataset on disk, ready to be read."""

    path: Path
    manifest: Manifest

    def pictures(self) -> npt.NDArray[np.uint8]:
        """All pictures, uint8 [N, S, S, C] with C = 1 (grey) or 3, as a read-only memory map."""
        try:
            import numpy as np
        except ImportError as error:
            raise missing_packages(error) from error
        file = self.path / PICTURES
        try:
            pictures: npt.NDArray[np.uint8] = np.load(file, mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError, EOFError) as error:
            raise damaged(self.path, f"{PICTURES}: {error}") from error
        manifest = self.manifest
        expected = (manifest.count, manifest.size, manifest.size, manifest.channels)
        if pictures.shape != expected or pictures.dtype != np.uint8:
            raise damaged(self.path, f"{PICTURES} holds {pictures.dtype} {pictures.shape}, not uint8 {expected}")
        return pictures

    def picture(self, index: int) -> npt.NDArray[np.uint8]:
        """One picture, uint8 [S, S, 3]; a grey one with its value in all three."""
        import numpy as np

        return np.broadcast_to(self.pictures()[index], (self.manifest.size, self.manifest.size, 3))

    def svg(self, index: int) -> str:
        """The SVG that picture ``index`` was drawn from. Raises MissingDataset where the source was pixels."""
        item = self.manifest.items[index]
        if item.svg_sha256 is None:
            raise MissingDataset(f"{item.key} has no SVG.", cause="its source is a picture made of pixels")
        return (self.path / item.file).read_text(encoding="utf-8")


def missing_packages(error: ImportError) -> MissingPackage:
    """The error for a package of the [data] extra that is not there."""
    return MissingPackage(
        "Datasets need numpy, Pillow and resvg.", cause=str(error), advice="pip install 'supersvg-cloud[data]'"
    )


def content_hash(name: str, revision: str, size: int, channels: int, items: Iterable[Item]) -> str:
    """The identity of what can be learned from: the same pictures, names and splits give the same hash."""
    digest = hashlib.sha256(f"supersvg-data {FORMAT}\n{name}\n{revision}\n{size}\n{channels}\n".encode())
    for item in items:
        digest.update(f"{item.key}\0{item.group}\0{item.split}\0{item.sha256}\0{item.svg_sha256}\n".encode())
    return digest.hexdigest()


def _self_digest(content: dict[str, Any]) -> str:
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write ``manifest.json``: the last file of a dataset, so that its presence means that all is there."""
    content = {"format": FORMAT, **asdict(manifest)}
    content["manifest_sha256"] = _self_digest(content)
    write_bytes(folder / MANIFEST, (json.dumps(content, indent=1, ensure_ascii=False) + "\n").encode())


def damaged(path: Path, cause: str) -> DamagedDataset:
    """The error for a dataset that does not match its manifest."""
    return DamagedDataset(
        f"The dataset in {path} is damaged.",
        cause=cause,
        advice="get it again: `supersvg-cloud data get NAME` keeps what is whole and repairs the rest",
    )


def read_manifest(folder: Path) -> Manifest:
    """Read and check ``manifest.json``. Raises MissingDataset or DamagedDataset."""
    file = folder / MANIFEST
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError) as error:
        raise MissingDataset(
            f"No prepared dataset in {folder}",
            cause=f"there is no {MANIFEST}",
            advice="prepare one: `supersvg-cloud data get test`, `data get icons`, or give a folder of pictures",
        ) from error
    except (OSError, ValueError) as error:
        raise damaged(folder, f"{MANIFEST}: {error}") from error
    try:
        if content.pop("manifest_sha256") != _self_digest(content):
            raise damaged(folder, f"{MANIFEST} was changed after it was written")
        if content.pop("format") != FORMAT:
            raise damaged(folder, f"{MANIFEST} has another format than this version writes")
        return Manifest(**{**content, "items": [Item(**item) for item in content["items"]]})
    except (KeyError, TypeError, AttributeError) as error:
        raise damaged(folder, f"{MANIFEST}: {error!r}") from error


def load(path: Path | str) -> Prepared:
    """The prepared dataset in the directory ``path``; checks the manifest and the sizes, not every hash.

    Raises: MissingDataset, DamagedDataset.
    """
    path = Path(path)
    manifest = read_manifest(path)
    if (path / DAMAGED).exists():
        raise damaged(path, "verify found damage")
    try:
        size = (path / PICTURES).stat().st_size
    except FileNotFoundError as error:
        raise damaged(path, f"{PICTURES} is missing") from error
    if size != manifest.pictures_bytes:
        raise damaged(path, f"{PICTURES} has {size} bytes, not {manifest.pictures_bytes}")
    return Prepared(path, manifest)
