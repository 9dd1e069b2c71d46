"""`monitor`: attach to a run that is going on."""

from __future__ import annotations

from supersvg_cloud.cli.options import Json, Plain, RunArgument


def monitor(run: RunArgument = None, plain: Plain = False, as_json: Json = False) -> None:
    """Watch a run's curves, speed, memory and cost live. Ctrl-C leaves it running.

    A run that has ended is shown once; with --json the state is printed once, as `status` does.
    """
    from supersvg_cloud.cli.follow import follow
    from supersvg_cloud.cli.session import session
    from supersvg_cloud.cli.status import status as show
    from supersvg_cloud.model import State
    from supersvg_cloud.runs.train import Journey, report_is_current

    with session(as_json=as_json) as opened:
        found = opened.pick_current(run)
        state = opened.status(found).state
        # A detached run has no report until somebody looks at it.
        unfinished = state is State.DONE and not report_is_current(found.run_dir)
        if (state.active or unfinished) and not as_json:
            journey = Journey(opened.config, opened.ledger, opened.provider, found)
            follow(opened, journey, detach=False, plain=plain, stops=False)
            return
    show(found.id, as_json)
