"""Superpixels (SLIC), computed once per dataset and setting, and kept beside the pictures.

Source: Achanta et al., "SLIC superpixels compared to state-of-the-art superpixel methods", TPAMI 2012, in
scikit-image's implementation. Training and inference call the same function on one picture.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from supersvg_data import parallel
from supersvg_data.errors import MissingPackage, writing
from supersvg_data.manifest import Prepared, damaged
from supersvg_data.parts import write_npy
from supersvg_data.storage import Progress, lock, no_progress, sha256_file, write_bytes

METHOD_VERSION = 2  # Raise it when the same picture and settings give other labels.
ITERATIONS = 10
PART_PICTURES = 128
LOCK_WAIT_SECONDS = 1800.0
Labels = npt.NDArray[np.uint8] | npt.NDArray[np.uint16]


def _slic() -> Any:
    try:
        from skimage.segmentation import slic
    except ImportError as error:
        raise MissingPackage(
            "Superpixels need scikit-image.", cause=str(error), advice="pip install 'supersvg-cloud[train]'"
        ) from error
    return slic


def _lightness(value: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """CIE L* of grey values 0..1, as 0..1: all that is left of Lab where a* and b* are 0."""
    linear = np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)
    delta = 6 / 29
    cube = np.where(linear > delta**3, np.cbrt(linear), linear / (3 * delta**2) + 4 / 29)
    return np.asarray(1.16 * cube - 0.16)


def _grey_image(values: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
    """Lightness of grey pixels [H, W], stretched to the full range as scikit-image does before it converts to Lab."""
    steps = np.arange(256.0) - float(values.min())
    return _lightness(np.clip(steps / max(1.0, float(np.ptp(values))), 0.0, 1.0))[values]


def label_type(n_segments: int) -> type[np.uint8] | type[np.uint16]:
    """The smallest type that holds the labels. SLIC can return a few more segments than asked for."""
    return np.uint8 if n_segments <= 128 else np.uint16


def superpixel_labels(
    picture: npt.NDArray[np.uint8], n_segments: int = 16, compactness: float = 30.0, sigma: float = 5.0
) -> Labels:
    """Superpixels of one picture.

    Args:
        picture: uint8 [H, W, 3], or [H, W, 1] for grey.
        n_segments: about so many superpixels.
        compactness: weight of nearness against colour, in CIE Lab units.
        sigma: blur before clustering, in pixels.

    Returns: labels from 0, without gaps, [H, W]; each superpixel is connected.
    """
    if picture.shape[2] == 1 or bool((picture == picture[..., :1]).all()):
        # A grey picture's a* and b* are 0, so lightness alone gives the same distances for a third of the work.
        # Lab's lightness goes to 100, but scikit-image stretches what it is given to 1: so the weight is divided.
        image: npt.NDArray[Any] = _grey_image(picture[..., 0])
        options: dict[str, Any] = {"channel_axis": None, "compactness": compactness / 100}
    else:
        image = picture
        options = {"channel_axis": 2, "convert2lab": True, "compactness": compactness}
    labels = _slic()(
        image,
        n_segments=n_segments,
        sigma=sigma,
        max_num_iter=ITERATIONS,
        start_label=0,
        enforce_connectivity=True,
        **options,
    )
    return labels.astype(label_type(n_segments))  # type: ignore[no-any-return]


@dataclass(frozen=True)
class _Rows:
    """The pictures from ``start`` to ``stop`` of a dataset, and the file for their labels."""

    pictures: str
    start: int
    stop: int
    n_segments: int
    compactness: float
    sigma: float
    target: str


def _label_rows(rows: _Rows) -> int:
    """Compute one part's labels, unless its file is there. Runs in a worker process."""
    target = Path(rows.target)
    note = target.with_suffix(".json")
    try:
        if json.loads(note.read_text(encoding="utf-8"))["sha256"] == sha256_file(target):
            return rows.stop - rows.start
    except (OSError, ValueError, KeyError, TypeError):
        pass  # Not there, or not whole: computed below.
    pictures = np.load(rows.pictures, mmap_mode="r", allow_pickle=False)
    labels = [
        superpixel_labels(pictures[index], rows.n_segments, rows.compactness, rows.sigma)
        for index in range(rows.start, rows.stop)
    ]
    shape = (len(labels), *pictures.shape[1:3])
    digest, _ = write_npy(target, shape, np.dtype(label_type(rows.n_segments)).str, labels)
    write_bytes(note, json.dumps({"sha256": digest}).encode())
    return len(labels)


def _settings(prepared: Prepared, n_segments: int, compactness: float, sigma: float) -> dict[str, Any]:
    return {
        "method": f"slic {METHOD_VERSION}",
        "iterations": ITERATIONS,
        "n_segments": n_segments,
        "compactness": float(compactness),
        "sigma": float(sigma),
        "content_hash": prepared.manifest.content_hash,
    }


def _open(prepared: Prepared, file: Path, n_segments: int) -> Labels | None:
    """The labels in ``file`` if they are whole by size and shape, else None."""
    try:
        note = json.loads(file.with_suffix(".json").read_text(encoding="utf-8"))
        if file.stat().st_size != note["bytes"]:
            return None
        labels: Labels = np.load(file, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, KeyError, TypeError, EOFError):
        return None
    size = prepared.manifest.size
    whole = labels.shape == (prepared.manifest.count, size, size) and labels.dtype == label_type(n_segments)
    return labels if whole else None


def cached_superpixels(
    prepared: Prepared,
    n_segments: int = 16,
    compactness: float = 30.0,
    sigma: float = 5.0,
    workers: int | None = None,
    *,
    progress: Progress | None = None,
    wait_seconds: float = LOCK_WAIT_SECONDS,
) -> Labels:
    """Labels of all pictures, [N, S, S], as a read-only memory map; computed at the first call, in parallel.

    Kept in ``superpixels/`` of the dataset under a name made from the settings and the content hash. Interrupted, the
    next call goes on with the parts that are missing.
    Raises: DataError.
    """
    settings = _settings(prepared, n_segments, compactness, sigma)
    key = hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()[:16]
    folder = prepared.path / "superpixels"
    target = folder / f"slic-{n_segments}-{compactness:g}-{sigma:g}-{key}.npy"
    ready = _open(prepared, target, n_segments)
    if ready is not None:
        return ready
    with lock(folder / f".{key}.lock", wait_seconds=wait_seconds, what=f"the superpixels of {prepared.path.name}"):
        ready = _open(prepared, target, n_segments)
        if ready is None:
            _compute(prepared, target, settings, workers, progress or no_progress)
            ready = _open(prepared, target, n_segments)
    if ready is None:
        raise damaged(prepared.path, f"{target.name} cannot be read back")
    return ready


def _compute(
    prepared: Prepared, target: Path, settings: dict[str, Any], workers: int | None, progress: Progress
) -> None:
    count = prepared.manifest.count
    partial = target.parent / f".partial-{target.stem}"
    with writing(partial):
        partial.mkdir(parents=True, exist_ok=True)
    wanted = settings["n_segments"], settings["compactness"], settings["sigma"]
    rows = [
        _Rows(
            str(prepared.path / "pictures.npy"),
            start,
            min(start + PART_PICTURES, count),
            *wanted,
            str(partial / f"{start:09d}.npy"),
        )
        for start in range(0, count, PART_PICTURES)
    ]
    done = 0
    progress("superpixels", 0, count)
    for finished in parallel.run(_label_rows, rows, workers):
        done += finished
        progress("superpixels", done, count)
    size = prepared.manifest.size
    blocks = (np.load(one.target, allow_pickle=False) for one in rows)
    kind = np.dtype(label_type(settings["n_segments"])).str
    digest, length = write_npy(target, (count, size, size), kind, blocks)
    note = {**settings, "sha256": digest, "bytes": length}
    write_bytes(target.with_suffix(".json"), (json.dumps(note, indent=1) + "\n").encode())
    with writing(partial):
        shutil.rmtree(partial, ignore_errors=True)
