"""`fetch`: take the results along."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from supersvg_cloud.cli.options import Json, RunArgument


def fetch(
    output: Annotated[Path, typer.Option("--output", "-o", help="The directory to copy to.")],
    run: RunArgument = None,
    as_json: Json = False,
) -> None:
    """Copy a run's results to a directory, every file verified by its hash.

    SHA256SUMS is left beside them. Given again, it copies only what is missing or differs.
    """
    from supersvg_cloud import console
    from supersvg_cloud.cli.session import session
    from supersvg_cloud.cli.words import size
    from supersvg_cloud.runs.fetch import fetch as copy

    with session(as_json=as_json) as opened:
        found = opened.pick(run)
        copied = copy(found.run_dir, output)
    if as_json:
        console.say_json(copied.as_dict())
    else:
        console.say(
            f"{copied.files} files, {size(copied.size)}, verified in {copied.output}"
            f" ({copied.already} of them were there already)"
        )
