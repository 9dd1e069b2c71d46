"""`logs`: the trainer's own words."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from supersvg_cloud.cli.options import RunArgument


def logs(
    run: RunArgument = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until the trainer ends.")] = False,
    lines: Annotated[int, typer.Option("--lines", "-n", min=0, help="Only the last lines; 0: all.")] = 0,
) -> None:
    """Print what a run's trainer printed. Ctrl-C leaves it running."""
    from supersvg_cloud.cli.session import session
    from supersvg_cloud.runs.logs import read_log

    with session() as opened:
        found = opened.pick_current(run)
        attempts = opened.ledger.attempts(found.id)
        claim = attempts[-1].claim if attempts else None
        for text in read_log(found, opened.provider, claim, lines=lines, follow=follow):
            sys.stdout.write(text)
            sys.stdout.flush()
