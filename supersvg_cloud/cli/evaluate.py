"""`evaluate`: a trained model on held-out pictures."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from supersvg_cloud.cli.options import Best, DataOption, Device, Json, RunArgument, use_flags


def evaluate(
    run: RunArgument = None,
    data: DataOption = None,
    limit: Annotated[int | None, typer.Option(min=1, help="At most this many pictures.")] = None,
    best: Best = False,
    device: Device = "auto",
    as_json: Json = False,
) -> None:
    """Measure a trained model on the held-out pictures of its dataset, or of another."""
    from supersvg_cloud import console
    from supersvg_cloud.cli.session import session
    from supersvg_cloud.runs import datasets
    from supersvg_cloud.runs.trained import use

    with session(as_json=as_json) as opened:
        found = opened.pick(run, lambda status: any(status.run.run_dir.glob("checkpoints/*/complete.json")))
        path = str(datasets.prepare(data)) if data else found.data_path
        words = ["--data-path", path] if path else []
        words += ["--limit", str(limit)] if limit else []
        words += use_flags(best=best, device=device, as_json=as_json)
        said = use(opened.config, found, "evaluate", words, capture=as_json)
    if as_json:
        console.say_json({"run": found.id, **json.loads(said)})
