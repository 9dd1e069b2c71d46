"""`vectorize`: pictures to SVG."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from supersvg_cloud.cli.options import Best, Device, Json, use_flags


def vectorize(
    pictures: Annotated[list[Path], typer.Argument(metavar="PICTURE", help="Picture files.")],
    run: Annotated[str | None, typer.Option("--run", help="Which run's model: name, id or directory.")] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="An SVG file, or a directory for several.")
    ] = None,
    paths: Annotated[int | None, typer.Option("--paths", min=1, help="Exactly this many paths.")] = None,
    best: Best = False,
    device: Device = "auto",
    as_json: Json = False,
) -> None:
    """Turn pictures into SVG files with a trained model."""
    from supersvg_cloud import console
    from supersvg_cloud.cli.session import session
    from supersvg_cloud.runs.trained import require_pictures, use

    require_pictures(pictures)
    words = [str(path) for path in pictures]
    words += ["--output", str(output)] if output else []
    words += ["--paths", str(paths)] if paths else []
    words += use_flags(best=best, device=device, as_json=as_json)
    with session(as_json=as_json) as opened:
        found = opened.pick(run, lambda status: any(status.run.run_dir.glob("checkpoints/*/complete.json")))
        said = use(opened.config, found, "vectorize", words, capture=as_json)
    if as_json:
        console.say_json({"run": found.id, **json.loads(said)})
