"""`runs`: the list."""

from __future__ import annotations

from supersvg_cloud.cli.options import Json


def runs(as_json: Json = False) -> None:
    """List all runs, oldest first."""
    from supersvg_cloud import console
    from supersvg_cloud.cli.session import session
    from supersvg_cloud.cli.words import money, number

    with session(as_json=as_json) as opened:
        found = [opened.status(run) for run in opened.ledger.runs()]
    if as_json:
        console.say_json([status.as_dict() for status in found])
        return
    if not found:
        console.say("No runs yet. Start with: supersvg-cloud demo")
        return
    console.say_table(
        ["id", "name", "state", "recipe", "dataset", "step>", "loss>", "cost>"],
        [
            (
                status.run.id,
                status.run.name or "-",
                status.text,
                status.run.workload.recipe,
                status.run.workload.dataset,
                f"{status.progress.step}/{status.progress.total_steps or '?'}",
                number(status.progress.loss),
                money(status.bill.price),
            )
            for status in found
        ],
    )
