"""Datasets, as the command line needs them: ``supersvg_data`` behind our errors, imported at first use."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from supersvg_cloud.errors import BadData, CannotWrite, Mismatch, MissingExtra, SuperSVGError

Told = Callable[[str, int, int], None]
"""Called with what is being done, how much is done and how much there is (0: unknown)."""


def is_folder(dataset: str) -> bool:
    """Whether ``dataset`` means a folder rather than a recipe: it has a separator, or exists."""
    from supersvg_data.recipes import RECIPES

    named = dataset in RECIPES and dataset != "folder"
    return not named and (
        any(mark in dataset for mark in "/\\") or dataset.startswith((".", "~")) or Path(dataset).exists()
    )


def check_name(dataset: str) -> None:
    """Raises BadData where ``dataset`` is neither a recipe nor an existing folder."""
    import difflib

    from supersvg_data.recipes import RECIPES

    if is_folder(dataset):
        path = Path(dataset).expanduser()
        if not path.is_dir():
            raise BadData(
                f"there is no folder {path}",
                advice="name a folder of pictures, or a dataset: supersvg-cloud data list",
            )
        return
    if dataset not in RECIPES or dataset == "folder":
        near = difflib.get_close_matches(dataset, [name for name in RECIPES if name != "folder"], n=1)
        raise BadData(
            f"there is no dataset {dataset!r}",
            advice=(f"did you mean {near[0]}? " if near else "")
            + "`supersvg-cloud data list` names them; your own pictures are given by their path: ./pictures",
        )


def prepare(
    dataset: str,
    *,
    offline: bool = False,
    size: int | None = None,
    limit: int | None = None,
    told: Told | None = None,
) -> Path:
    """The prepared dataset's directory; fetches and converts what is missing.

    ``size`` is the side of the pictures in pixels; a directory that is a prepared dataset already is taken as it is.

    Raises:
        BadData, CannotWrite, MissingExtra
    """
    check_name(dataset)
    path = Path(dataset).expanduser().absolute()
    if is_folder(dataset) and (path / "manifest.json").exists():
        return path
    with translated():
        import supersvg_data

        wanted: dict[str, Any] = {} if size is None else {"size": size}
        if is_folder(dataset):
            return supersvg_data.get("folder", source=path, limit=limit, progress=told, **wanted).path
        return supersvg_data.get(dataset, offline=offline, limit=limit, progress=told, **wanted).path


def listed() -> list[dict[str, Any]]:
    """Every dataset that can be had, and where it is if it was prepared."""
    from supersvg_data.recipes import RECIPES

    with translated():
        import supersvg_data

        have = {prepared.path.name: prepared for prepared in supersvg_data.list_prepared()}
    rows = []
    for recipe in RECIPES.values():
        prepared = have.pop(recipe.name, None)
        rows.append(
            {
                "name": recipe.name,
                "summary": recipe.summary,
                "licence": recipe.licence,
                "pictures": prepared.manifest.count if prepared else recipe.expected_count,
                "prepared": str(prepared.path) if prepared else None,
            }
        )
    for name, prepared in have.items():
        rows.append(
            {
                "name": name,
                "summary": f"{prepared.manifest.name} at {prepared.manifest.size} pixels",
                "licence": prepared.manifest.licence,
                "pictures": prepared.manifest.count,
                "prepared": str(prepared.path),
            }
        )
    return rows


def shown(dataset: str) -> dict[str, Any]:
    """A dataset's recipe and, where it was prepared, its manifest without the list of pictures."""
    from supersvg_data.recipes import RECIPES

    found: dict[str, Any] = {}
    if dataset not in RECIPES:
        check_name(dataset)
    else:
        recipe = RECIPES[dataset]
        found = {
            "name": recipe.name,
            "summary": recipe.summary,
            "source": recipe.source,
            "revision": recipe.revision,
            "licence": recipe.licence,
            "attribution": recipe.attribution,
            "expected_count": recipe.expected_count,
            "expected_bytes": recipe.expected_bytes,
        }
    path = _path(dataset)
    found["prepared"] = None if path is None else str(path)
    if path is not None:
        with translated():
            import supersvg_data

            manifest = supersvg_data.load(path).manifest
        found["manifest"] = {key: value for key, value in vars(manifest).items() if key != "items"}
    return found


def verify(dataset: str) -> dict[str, Any]:
    """Checks a prepared dataset against its own hashes.

    Raises:
        BadData: it is not prepared.
        Mismatch: it is damaged; `data get` makes it anew.
    """
    path = _path(dataset)
    if path is None:
        check_name(dataset)
        raise BadData(f"the dataset {dataset!r} is not prepared", advice=f"supersvg-cloud data get {dataset}")
    with translated():
        import supersvg_data

        report = supersvg_data.verify(path.name, path.parent)
    if not report.ok:
        raise Mismatch(
            f"the dataset {path} is damaged in {len(report.damage)} places: {'; '.join(report.damage[:5])}",
            advice=f"make it anew: supersvg-cloud data get {dataset}",
        )
    return asdict(report)


def _path(dataset: str) -> Path | None:
    with translated():
        import supersvg_data

        if is_folder(dataset):
            path = Path(dataset).expanduser().absolute()
            return path if (path / "manifest.json").exists() else None
        path = supersvg_data.default_root() / dataset
        return path if (path / "manifest.json").exists() else None


@contextmanager
def translated() -> Iterator[None]:
    """The data room's errors as ours; the original stays chained."""
    from supersvg_data import errors as data

    try:
        yield
    except data.MissingPackage as error:
        raise _as(MissingExtra, error) from error
    except (data.NoSpace, data.CannotWrite) as error:
        raise _as(CannotWrite, error) from error
    except data.DataError as error:
        raise _as(BadData, error) from error
    except ModuleNotFoundError as error:
        raise MissingExtra(
            f"datasets need the Python package {error.name}",
            advice="pip install 'supersvg-cloud[data]'",
        ) from error


def _as(kind: type[SuperSVGError], error: Any) -> SuperSVGError:
    return kind(error.message, cause=error.cause, advice=error.advice)
