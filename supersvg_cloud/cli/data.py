"""`data list|get|show|verify`."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from supersvg_cloud.cli.options import DatasetArgument, Json, Offline


def list_(as_json: Json = False) -> None:
    """List the datasets, and which of them are prepared here."""
    from supersvg_cloud import console
    from supersvg_cloud.runs import datasets

    found = datasets.listed()
    if as_json:
        console.say_json(found)
        return
    rows = [
        (row["name"], row["pictures"] or "-", row["licence"], row["prepared"] or "no", row["summary"]) for row in found
    ]
    console.say_table(["name", "pictures>", "licence", "prepared", "what"], rows)


def get(
    dataset: DatasetArgument,
    limit: Annotated[int | None, typer.Option(min=1, help="At most this many pictures.")] = None,
    size: Annotated[int | None, typer.Option(min=8, max=4096, help="Side of the pictures, in pixels.")] = None,
    offline: Offline = False,
    as_json: Json = False,
) -> None:
    """Fetch and convert a dataset, or a folder of your own pictures."""
    from supersvg_cloud import console
    from supersvg_cloud.cli.progress import told
    from supersvg_cloud.runs import datasets

    with told(quiet=as_json) as tell:
        path = datasets.prepare(dataset, offline=offline, size=size, limit=limit, told=tell)
    found = datasets.shown(str(path))
    if as_json:
        console.say_json(found)
    else:
        _say_details(found)


def show(dataset: DatasetArgument, as_json: Json = False) -> None:
    """Show a dataset's source, licence and what is in it."""
    from supersvg_cloud import console
    from supersvg_cloud.runs import datasets

    found = datasets.shown(dataset)
    if as_json:
        console.say_json(found)
    else:
        _say_details(found)


def verify(dataset: DatasetArgument, as_json: Json = False) -> None:
    """Check a prepared dataset against its hashes."""
    from supersvg_cloud import console
    from supersvg_cloud.runs import datasets

    found = datasets.verify(dataset)
    if as_json:
        console.say_json(found)
    else:
        _say_details(found)


def _say_details(found: dict[str, Any]) -> None:
    from supersvg_cloud import console

    details = {**found, **(found.get("manifest") or {})}
    details.pop("manifest", None)
    for key, value in details.items():
        if isinstance(value, dict):
            value = ", ".join(f"{name} {count}" for name, count in value.items()) or "none"
        console.say(f"{key.replace('_', ' '):16} {'-' if value in (None, '') else value}")
