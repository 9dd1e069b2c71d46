"""`status`: how one run stands."""

from __future__ import annotations

from supersvg_cloud.cli.options import Json, RunArgument


def status(run: RunArgument = None, as_json: Json = False) -> None:
    """Show how a run stands: state, progress, attempts, cost."""
    from supersvg_cloud import console
    from supersvg_cloud.cli.display import panel_lines
    from supersvg_cloud.cli.session import session
    from supersvg_cloud.cli.words import duration
    from supersvg_cloud.model import State
    from supersvg_cloud.runs.journal import label

    with session(as_json=as_json) as opened:
        found = opened.status(opened.pick_current(run))
    if as_json:
        console.say_json(found.as_dict())
        return
    word = found.run.name or found.run.id
    work = found.run.workload
    console.say(f"{label(found.run)}: {found.text}", style="bold")
    console.say(f"  trains   {work.recipe} on {work.dataset}  {' '.join(work.flags)}".rstrip())
    console.say(f"  in       {found.run.run_dir}")
    for line in panel_lines(found.progress, found.bill, 30) if found.attempts else []:
        console.say(f"  {line}")
    for attempt in found.attempts:
        how = attempt.exit_reason or "going on"
        took = duration(attempt.hours(attempt.ended) * 3600) if attempt.ended else ""
        console.say(f"  attempt  {attempt.number}: {'ended by force' if how == 'force' else how} {took}".rstrip())
    if found.state in (State.SAVED, State.FAILED, State.PLANNED):
        console.say(f"  next     supersvg-cloud resume {word}")
    elif found.state.active:
        console.say(f"  next     supersvg-cloud monitor {word}")
    else:
        console.say(f"  next     supersvg-cloud report {word}")
