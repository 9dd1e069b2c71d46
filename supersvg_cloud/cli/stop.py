"""`stop`: save and leave."""

from __future__ import annotations

from supersvg_cloud.cli.options import Json, RunArgument


def stop(run: RunArgument = None, as_json: Json = False) -> None:
    """Ask a run's trainer to save and leave, and wait until it has."""
    from supersvg_cloud import console
    from supersvg_cloud.cli.follow import last_words
    from supersvg_cloud.cli.session import session
    from supersvg_cloud.errors import NotNow
    from supersvg_cloud.runs import journal
    from supersvg_cloud.runs.train import nothing_to_report, write_report
    from supersvg_cloud.runs.watch import wait_for_end

    with session(as_json=as_json) as opened:
        found = opened.pick(run, lambda status: status.state.active)
        status = opened.status(found)
        if not status.state.active:
            raise NotNow(f"run {journal.label(found)} is not running: {status.text}", advice="nothing needs to be done")
        claim = status.attempts[-1].claim
        opened.provider.ask_to_stop(claim)
        if not wait_for_end(opened.provider, claim, opened.config["stop.patience"]):
            raise NotNow(
                f"run {journal.label(found)} was asked to save and is still at it",
                advice=f"look again later: supersvg-cloud status {found.name or found.id}",
            )
        status = opened.status(found)
        if status.reason in ("done", "saved") and not nothing_to_report(found.run_dir):
            write_report(status)
        if as_json:
            console.say_json(status.as_dict())
        elif status.reason in ("done", "saved"):
            for line in last_words(status):
                console.say(line)
        else:
            raise journal.failure(status)
