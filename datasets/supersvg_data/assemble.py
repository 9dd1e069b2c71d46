"""Draw all parts, then put the rows, the SVGs and the manifest together in a directory of their own."""

from __future__ import annotations

import hashlib
import shutil
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from supersvg_data import parallel
from supersvg_data.errors import EmptyDataset, NoSpace, writing
from supersvg_data.manifest import PICTURES, Item, Manifest, content_hash, write_manifest
from supersvg_data.parts import Input, Part, PartReport, draw_part, write_npy
from supersvg_data.recipes import DatasetRecipe
from supersvg_data.sources import Gathered
from supersvg_data.splits import assign_splits
from supersvg_data.storage import Progress, sync_tree

PART_PICTURES = 128
EXAMPLES = 5


def check_space(folder: Path, needed: int) -> None:
    """Raises NoSpace early, before minutes of work end on a full disk."""
    with writing(folder):
        free = shutil.disk_usage(folder).free
    if free < needed:
        raise NoSpace(
            f"The disk is too full: {folder.parent}",
            cause=f"about {needed >> 20} MiB are needed, {free >> 20} MiB are free",
            advice="free some space, or set SUPERSVG_DATA to a folder on a larger disk",
        )


def _draw(
    inputs: list[Input], folder: Path, size: int, channels: int, progress: Progress, workers: int | None
) -> list[tuple[Part, PartReport]]:
    parts = [
        Part(tuple(inputs[start : start + PART_PICTURES]), size, channels, str(folder))
        for start in range(0, len(inputs), PART_PICTURES)
    ]
    done = 0
    progress("draw", 0, len(inputs))
    by_target = {part.target: part for part in parts}
    reports: dict[Path, PartReport] = {}
    for target, report in parallel.run(_draw_named, parts, workers):
        reports[target] = report
        done += len(by_target[target].inputs)
        progress("draw", done, len(inputs))
    return [(part, reports[part.target]) for part in parts]


def _draw_named(part: Part) -> tuple[Path, PartReport]:
    return part.target, draw_part(part)


def _write_svgs(inputs: list[Input], folder: Path) -> list[tuple[str, str | None]]:
    """(file, SHA-256 of the SVG or None) of each input; the SVGs are written below ``folder``/svg."""
    found: list[tuple[str, str | None]] = []
    for one in inputs:
        if one.svg is None:
            found.append((one.key, None))
            continue
        file = f"svg/{one.key}.svg"
        data = one.svg.encode()
        target = folder / file
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
        found.append((file, hashlib.sha256(data).hexdigest()))
    return found


def _count_skipped(gathered: Gathered, drawn: list[tuple[Part, PartReport]]) -> None:
    for part, report in drawn:
        for number, reason, _ in report.skipped:
            gathered.skipped[reason] += 1
            examples = gathered.examples.setdefault(reason, [])
            if len(examples) < EXAMPLES:
                examples.append(part.inputs[number].key)


def _blocks(drawn: list[tuple[Part, PartReport]], progress: Progress) -> Iterator[npt.NDArray[Any]]:
    for number, (part, _) in enumerate(drawn, start=1):
        yield np.load(part.target, allow_pickle=False)
        progress("assemble", number, len(drawn))


def build(
    recipe: DatasetRecipe,
    gathered: Gathered,
    partial: Path,
    *,
    size: int,
    request: str,
    progress: Progress,
    workers: int | None,
) -> Path:
    """Build the dataset in ``partial``/whole and return that directory; parts that are there are not drawn again.

    Raises: EmptyDataset, NoSpace, CannotWrite, parallel.WorkerDied.
    """
    inputs = gathered.inputs
    channels = recipe.channels
    # Parts and the assembled file exist side by side for a moment.
    check_space(partial, 2 * len(inputs) * size * size * channels + (16 << 20))
    parts_folder = partial / "parts"
    whole = partial / "whole"
    with writing(partial):
        parts_folder.mkdir(exist_ok=True)
        shutil.rmtree(whole, ignore_errors=True)
        whole.mkdir()
    drawn = _draw(inputs, parts_folder, size, channels, progress, workers)
    _count_skipped(gathered, drawn)
    kept = [part.inputs[row] for part, report in drawn for row in report.rows]
    if not kept:
        reasons = ", ".join(f"{count} {reason}" for reason, count in sorted(gathered.skipped.items()))
        raise EmptyDataset(
            "Not one picture could be read.", cause=reasons, advice="check the files with another program"
        )
    with writing(whole):
        files = _write_svgs(kept, whole)
    shape = (len(kept), size, size, channels)
    pictures_sha256, pictures_bytes = write_npy(whole / PICTURES, shape, "|u1", _blocks(drawn, progress))
    hashes = [digest for _, report in drawn for digest in report.hashes]
    splits = assign_splits([one.group for one in kept], share=recipe.held_out_share, minimum=recipe.held_out_minimum)
    items = [
        Item(one.key, one.group, file, digest, split, svg_sha256)
        for one, (file, svg_sha256), digest, split in zip(kept, files, hashes, splits, strict=True)
    ]
    manifest = Manifest(
        name=recipe.name,
        revision=recipe.revision,
        licence=recipe.licence,
        attribution=recipe.attribution,
        size=size,
        channels=channels,
        count=len(items),
        skipped=dict(sorted(gathered.skipped.items())),
        converted=dict(sorted(Counter(reason for _, report in drawn for reason in report.converted).items())),
        content_hash=content_hash(recipe.name, recipe.revision, size, channels, items),
        pictures_bytes=pictures_bytes,
        pictures_sha256=pictures_sha256,
        source=gathered.source,
        request=request,
        prepared_at=datetime.now(UTC).isoformat(timespec="seconds"),
        skipped_examples=dict(sorted(gathered.examples.items())),
        items=items,
    )
    with writing(whole):
        sync_tree(whole)
    write_manifest(whole, manifest)
    return whole
