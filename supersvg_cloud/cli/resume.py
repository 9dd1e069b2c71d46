"""`resume`: go on from the newest checkpoint."""

from __future__ import annotations

from typing import Annotated

import typer

from supersvg_cloud.cli.options import Json, Plain, RunArgument


def resume(
    ctx: typer.Context,
    run: RunArgument = None,
    detach: Annotated[bool, typer.Option("--detach", "-d", help="Start it and come back at once.")] = False,
    plain: Plain = False,
    as_json: Json = False,
) -> None:
    """Go on with a run that was stopped, killed or failed, from its newest complete checkpoint.

    Recipe flags that do not change what is learned (--device, --threads, --num-workers, ...) may be added.
    """
    from supersvg_cloud.cli.follow import follow
    from supersvg_cloud.cli.session import session
    from supersvg_cloud.errors import BadArguments
    from supersvg_cloud.model import State
    from supersvg_cloud.runs import journal
    from supersvg_cloud.runs.train import Journey, check_resumable, require_trainer

    # The parser takes the first unknown flag's place for RUN's where RUN is left out.
    if run is not None and run.startswith("-"):
        raise BadArguments(
            f"{run} stands where RUN is expected",
            advice="name the run first: supersvg-cloud resume RUN " + run,
        )
    with session(as_json=as_json) as opened:
        found = opened.pick(run, lambda status: not status.state.active and status.state is not State.DONE)
        check_resumable(opened.status(found))
        if not found.trainer:
            require_trainer(opened.config)
        journal.require_recipe_flags(found.workload.recipe, list(ctx.args))
        journey = Journey(opened.config, opened.ledger, opened.provider, found, extra=tuple(ctx.args))
        follow(opened, journey, detach=detach, plain=plain)


resume.typer_settings = {  # type: ignore[attr-defined]  # read by tree.build
    "context_settings": {"allow_extra_args": True, "ignore_unknown_options": True}
}
