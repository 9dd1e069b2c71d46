"""``get``: fetch, draw, and put into place, from wherever the last attempt was interrupted.

    gather (fetch what is not cached) -> draw in parts -> assemble in a partial directory -> rename into place

Everything happens in ``<root>/.partial-<directory>`` until the last step, under a lock. Killed at any point, the next
``get`` finds what is whole by its hashes and does the rest; readers only ever see whole datasets.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from pathlib import Path

from supersvg_data.errors import DamagedDataset, MissingDataset, MissingFolder, UnknownRecipe, writing
from supersvg_data.location import default_root
from supersvg_data.manifest import FORMAT, Prepared, load, missing_packages
from supersvg_data.recipes import RECIPES, DatasetRecipe
from supersvg_data.storage import Progress, lock, no_progress, sync_folder

DEFAULT_SIZE = 128
LOCK_WAIT_SECONDS = 1800.0


def find_recipe(name: str) -> DatasetRecipe:
    """The recipe of that name. Raises UnknownRecipe."""
    if name not in RECIPES:
        known = ", ".join(RECIPES)
        raise UnknownRecipe(f"There is no dataset {name!r}.", advice=f"choose one of: {known}")
    return RECIPES[name]


def directory_name(recipe: DatasetRecipe, source: Path | None, size: int, limit: int | None) -> str:
    """The dataset's directory below the root: the recipe's name, and what differs from the defaults."""
    name = recipe.name
    if source is not None:
        slug = re.sub(r"[^a-z0-9]+", "-", source.name.lower()).strip("-") or "root"
        name += f"-{slug}-{hashlib.sha256(str(source).encode()).hexdigest()[:8]}"
    if size != DEFAULT_SIZE:
        name += f"-{size}px"
    if limit is not None:
        name += f"-limit{limit}"
    return name


def _request(recipe: DatasetRecipe, size: int, limit: int | None, listing: str) -> str:
    """Digest of what was asked for; a prepared dataset with another one is out of date."""
    locks = [[package.integrity, package.icons_hash] for package in recipe.packages]
    splits = [recipe.held_out_share, recipe.held_out_minimum]
    asked = [FORMAT, recipe.name, recipe.revision, recipe.seed, recipe.channels, locks, splits, size, limit, listing]
    return hashlib.sha256(json.dumps(asked).encode()).hexdigest()


def _current(path: Path, request: str) -> Prepared | None:
    """The dataset at ``path`` if it is whole and what was asked for."""
    try:
        prepared = load(path)
    except (MissingDataset, DamagedDataset):
        return None
    return prepared if prepared.manifest.request == request else None


def get(
    name: str,
    root: Path | None = None,
    *,
    source: Path | None = None,
    offline: bool = False,
    progress: Progress | None = None,
    size: int = DEFAULT_SIZE,
    limit: int | None = None,
    workers: int | None = None,
    wait_seconds: float = LOCK_WAIT_SECONDS,
) -> Prepared:
    """Prepare the dataset ``name``, or return it at once if it is there.

    Args:
        root: the data root; by default ``default_root()``.
        source: for ``folder``, the folder of pictures.
        offline: fetch nothing from the network.
        progress: called with (stage, done, total).
        size: side of the pictures in pixels, 8 to 4096.
        limit: at most so many pictures, spread over the whole set.
        workers: processes; by default one for each processor.
        wait_seconds: how long to wait for another ``get`` of the same dataset.

    Raises: a DataError; see ``supersvg_data.errors``.
    """
    recipe = find_recipe(name)
    if not 8 <= size <= 4096 or (limit is not None and limit < 1):
        raise ValueError("size is 8 to 4096 pixels, limit 1 or more")
    if recipe.needs_source and source is None:
        raise MissingFolder("The dataset `folder` needs a folder of pictures.", advice="give its path")
    try:
        from supersvg_data import assemble, sources  # here, because they need the packages of the [data] extra
    except ImportError as error:
        raise missing_packages(error) from error

    root = (root or default_root()).expanduser().absolute()
    progress = progress or no_progress
    folder = source.expanduser().resolve() if source is not None and recipe.needs_source else None
    gathered = sources.gather_folder(folder, root.resolve()) if folder is not None else None
    listing = "" if gathered is None else repr([(one.key, one.stamp) for one in gathered.inputs])
    request = _request(recipe, size, limit, listing)
    target = root / directory_name(recipe, folder, size, limit)
    ready = _current(target, request)
    if ready is not None:
        return ready
    with lock(root / f".{target.name}.lock", wait_seconds=wait_seconds, what=f"the dataset {target.name}"):
        ready = _current(target, request)  # The one we may have waited for has just made it.
        if ready is not None:
            return ready
        partial = root / f".partial-{target.name}"
        with writing(root):
            partial.mkdir(parents=True, exist_ok=True)
        if _current(partial / "whole", request) is None:
            if gathered is None:
                gathered = (
                    sources.gather_icons(recipe, root, partial / "fetch", offline, progress)
                    if recipe.packages
                    else sources.gather_test(recipe)
                )
            gathered.inputs = sources.limited(gathered.inputs, limit)
            assemble.build(recipe, gathered, partial, size=size, request=request, progress=progress, workers=workers)
        _put_into_place(partial, target)
    return load(target)


def _put_into_place(partial: Path, target: Path) -> None:
    """Rename the whole dataset to its final name; what was there goes away only when the new one is in place."""
    old = partial / "old"
    with writing(target):
        shutil.rmtree(old, ignore_errors=True)
        if target.exists():
            target.replace(old)
        (partial / "whole").replace(target)
        sync_folder(target.parent)
        shutil.rmtree(partial, ignore_errors=True)
