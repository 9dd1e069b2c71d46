"""Options and arguments that several commands share."""

from __future__ import annotations

from typing import Annotated

import typer


def _complete_run(incomplete: str) -> list[tuple[str, str]]:
    from supersvg_cloud.cli.session import known_runs

    return [
        (word, f"{run.workload.recipe} on {run.workload.dataset}")
        for run in known_runs()
        for word in (run.name, run.id)
        if word and word.startswith(incomplete)
    ]


def _complete_dataset(incomplete: str) -> list[tuple[str, str]]:
    from supersvg_data.recipes import RECIPES

    return [(name, recipe.summary) for name, recipe in RECIPES.items() if name.startswith(incomplete)]


RunArgument = Annotated[
    str | None,
    typer.Argument(
        metavar="RUN",
        help="A run's name, its id or the start of it, or its directory. Without it: the only run that fits.",
        autocompletion=_complete_run,
        show_default=False,
    ),
]
DatasetArgument = Annotated[
    str,
    typer.Argument(
        metavar="DATASET", help="A dataset's name, or a folder of pictures.", autocompletion=_complete_dataset
    ),
]
DataOption = Annotated[
    str | None,
    typer.Option(
        "--data",
        "--data-path",
        "--data_path",
        metavar="DATASET",
        help="A dataset's name, or a folder of pictures.",
        autocompletion=_complete_dataset,
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON; errors too.")]
Plain = Annotated[bool, typer.Option("--plain", help="Plain lines in place of the live display.")]
Offline = Annotated[bool, typer.Option("--offline", help="Use nothing from the network.")]
Best = Annotated[bool, typer.Option("--best", help="Use the checkpoint with the best evaluation, not the newest.")]
Device = Annotated[str, typer.Option("--device", help="auto, cpu, cuda, cuda:N or mps.")]


def use_flags(*, best: bool, device: str, as_json: bool) -> list[str]:
    """The trainer's flags that `vectorize` and `evaluate` share."""
    return [
        *(["--best"] if best else []),
        *(["--device", device] if device != "auto" else []),
        *(["--json"] if as_json else []),
    ]
