"""`train`: start a run and stay with it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from supersvg_cloud.cli.options import DataOption, Json, Offline, Plain


class WithRecipeFlags(TyperCommand):
    """A command whose help goes on with the flags of the recipe, which are defined with the recipe."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        super().format_help(ctx, formatter)
        from supersvg.recipes import RECIPES, option_table

        for recipe in RECIPES.values():
            presets = ", ".join(recipe.config.PRESETS)
            typer.echo(f"\nFlags of the recipe {recipe.name} ({recipe.summary}); presets: {presets}\n")
            typer.echo(option_table(recipe.config))


def train(
    ctx: typer.Context,
    data: DataOption = None,
    recipe: Annotated[str | None, typer.Option(help="What to train.")] = None,
    name: Annotated[str, typer.Option(help="A name for the run.")] = "",
    run_dir: Annotated[
        Path | None,
        typer.Option(
            "--run-dir",
            "--run_dir",
            "--output_dir",
            help="The run's directory.",
            show_default="runs_dir/NAME",
        ),
    ] = None,
    processes: Annotated[int | None, typer.Option(help="Trainer processes, through torchrun.")] = None,
    detach: Annotated[bool, typer.Option("--detach", "-d", help="Start it and come back at once.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")] = False,
    offline: Offline = False,
    plain: Plain = False,
    as_json: Json = False,
) -> None:
    """Train a model on a dataset, and stay with it.

    Ctrl-C saves and leaves; a second Ctrl-C leaves it running. Flags that are not listed under Options belong
    to the recipe (below), and may be spelt --batch-size or --batch_size.
    """
    from supersvg_cloud import console
    from supersvg_cloud.cli.follow import follow
    from supersvg_cloud.cli.session import session
    from supersvg_cloud.runs.steps import preview
    from supersvg_cloud.runs.train import STEPS, Journey, new_run

    flags = {"dataset": data, "recipe": recipe, "processes": processes}
    with session(flags=flags, as_json=as_json) as opened:
        run = new_run(opened.config, opened.ledger, name=name, flags=ctx.args, run_dir=run_dir, record=not dry_run)
        journey = Journey(opened.config, opened.ledger, opened.provider, run, offline=offline)
        if not dry_run:
            follow(opened, journey, detach=detach, plain=plain)
            return
        steps = preview(STEPS, journey)
        if as_json:
            console.say_json({"run_dir": str(run.run_dir), "steps": [{"name": n, "does": d} for n, d in steps]})
            return
        for number, (step, does) in enumerate(steps, 1):
            console.say(f"{number}. {step}: {does}")
        console.say("Nothing was done.")


train.typer_settings = {  # type: ignore[attr-defined]  # read by tree.build
    "cls": WithRecipeFlags,
    "context_settings": {"allow_extra_args": True, "ignore_unknown_options": True},
}
