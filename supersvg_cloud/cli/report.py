"""`report`: one page about a run."""

from __future__ import annotations

from typing import Annotated

import typer

from supersvg_cloud.cli.options import Json, RunArgument


def report(
    run: RunArgument = None,
    show: Annotated[bool, typer.Option("--open", help="Open it in the browser.")] = False,
    as_json: Json = False,
) -> None:
    """Write a run's report page anew and say where it is."""
    from supersvg_cloud import console
    from supersvg_cloud.cli.session import session
    from supersvg_cloud.runs.train import write_report

    with session(as_json=as_json) as opened:
        path = write_report(opened.status(opened.pick(run)))
    if as_json:
        console.say_json({"report": str(path)})
    else:
        console.say(str(path))
    if show:
        typer.launch(path.as_uri())
