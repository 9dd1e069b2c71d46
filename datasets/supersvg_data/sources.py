"""From a recipe to the list of pictures to be drawn, in a fixed order."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from supersvg_data.errors import EmptyDataset, MissingFolder
from supersvg_data.fetch import fetch_icons
from supersvg_data.imagefile import PICTURE_SUFFIXES
from supersvg_data.parts import Input
from supersvg_data.recipes import DatasetRecipe
from supersvg_data.storage import Progress
from supersvg_data.synthetic import drawing


@dataclass
class Gathered:
    """What a recipe found."""

    inputs: list[Input]
    source: dict[str, str]
    skipped: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[str]] = field(default_factory=dict)


def icon_group(key: str) -> str:
    """The name that an icon's drawings share: ``tabler-filled/bell`` and ``feather/bell`` are ``bell``."""
    return key.split("/", 1)[1].removesuffix("-filled")


def gather_test(recipe: DatasetRecipe) -> Gathered:
    """Generated drawings; each is its own group."""
    assert recipe.seed is not None and recipe.expected_count is not None
    drawings = [drawing(recipe.seed, index) for index in range(recipe.expected_count)]
    return Gathered([Input(key, key, svg=text) for key, text in drawings], {"test": f"seed {recipe.seed}"})


def gather_icons(recipe: DatasetRecipe, root: Path, scratch: Path, offline: bool, progress: Progress) -> Gathered:
    """All packages of the recipe, fetched where they are not in the cache yet."""
    inputs: list[Input] = []
    source = {}
    for package in recipe.packages:
        icons, way = fetch_icons(package, root / ".sources", scratch, offline=offline, progress=progress)
        source[f"{package.package} {package.version}"] = way
        inputs += [Input(key, icon_group(key), svg=icons[key]) for key in sorted(icons)]
    return Gathered(inputs, source)


def _refuse(error: OSError) -> None:
    raise MissingFolder(
        f"A folder cannot be read: {error.filename}",
        cause=str(error),
        advice="give yourself the right to read it, or point to a folder further down",
    ) from error


def gather_folder(folder: Path, prepared_root: Path) -> Gathered:
    """Every file below ``folder`` that may be a picture, by path. Hidden files and folders are left alone.

    Raises: MissingFolder, EmptyDataset.
    """
    if not folder.is_dir():
        raise MissingFolder(
            f"There is no folder {folder}",
            cause="it is a file" if folder.exists() else "nothing has that path",
            advice="give the path of a folder that holds pictures",
        )
    found = Gathered([], {"folder": str(folder)})
    files = 0
    for parent, folders, names in os.walk(folder, onerror=_refuse):
        # A data root inside the pictures' folder must not be read as pictures.
        folders[:] = sorted(
            name for name in folders if not name.startswith(".") and Path(parent, name).resolve() != prepared_root
        )
        for name in sorted(names):
            if name.startswith("."):
                continue
            files += 1
            path = Path(parent, name)
            key = path.relative_to(folder).as_posix()
            reason = "other-file" if path.suffix.lower() not in PICTURE_SUFFIXES else ""
            try:
                stat = path.stat()
            except OSError:
                reason = "unreadable"
            if reason:
                found.skipped[reason] += 1
                examples = found.examples.setdefault(reason, [])
                if len(examples) < 5:
                    examples.append(key)
                continue
            group = key.rsplit(".", 1)[0]
            found.inputs.append(Input(key, group, path=str(path), stamp=f"{stat.st_size} {stat.st_mtime_ns}"))
    if not found.inputs:
        raise EmptyDataset(
            f"There is no picture in {folder}",
            cause=f"{files} files, none of them {', '.join(sorted(PICTURE_SUFFIXES))}" if files else "it is empty",
            advice="put pictures into it, or give another folder",
        )
    found.inputs.sort(key=lambda one: one.key)
    return found


def limited(inputs: list[Input], limit: int | None) -> list[Input]:
    """At most ``limit`` inputs, spread evenly by a hash of their keys, in the order they had."""
    if limit is None or limit >= len(inputs):
        return inputs
    by_hash = sorted(inputs, key=lambda one: hashlib.sha256(one.key.encode()).digest())
    chosen = {one.key for one in by_hash[:limit]}
    return [one for one in inputs if one.key in chosen]
