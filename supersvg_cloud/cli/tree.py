"""The table of commands and the group that imports a command's file only when that command runs.

`--help` needs names and one line each, and both are in the table, so it costs what an empty Typer app costs.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any, ClassVar, NamedTuple

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

PACKAGE = "supersvg_cloud.cli"


class Entry(NamedTuple):
    """One command: ``module:function`` below this package, its line in `--help`, and its panel there."""

    target: str
    help: str
    panel: str = "Commands"


class LazyGroup(TyperGroup):
    """A group whose commands are rows of ``TABLE``."""

    TABLE: ClassVar[dict[str, Entry]] = {}

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        for name, entry in self.TABLE.items():
            # Stand-ins with a name and a line of help; `resolve_command` puts the real one in their place.
            self.add_command(TyperCommand(name, help=entry.help, rich_help_panel=entry.panel, callback=None))

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        name, _, rest = super().resolve_command(ctx, args)
        if name is None:
            return None, None, rest
        return name, self.load(name), rest

    def load(self, name: str) -> Any:
        """The real command."""
        module, _, attribute = self.TABLE[name].target.partition(":")
        return build(name, getattr(import_module(f"{PACKAGE}.{module}"), attribute))


def build(name: str, target: Any) -> Any:
    """A command from a function, or a group from a ``LazyGroup`` class.

    A function's ``typer_settings`` (context settings, a class with more help) are handed on.
    """
    app = typer.Typer(add_completion=False)
    if isinstance(target, type):
        app = typer.Typer(cls=target, add_completion=False, help=target.__doc__, no_args_is_help=True)
        app.callback()(_nothing)
    else:
        app.command(name, **getattr(target, "typer_settings", {}))(target)
    command = get_command(app)
    command.name = name
    return command


def _nothing() -> None:
    return None


class Data(LazyGroup):
    """Datasets: what there is, fetch it, check it."""

    TABLE: ClassVar[dict[str, Entry]] = {
        "list": Entry("data:list_", "List the datasets, and which of them are prepared here."),
        "get": Entry("data:get", "Fetch and convert a dataset, or a folder of your own pictures."),
        "show": Entry("data:show", "Show a dataset's source, licence and what is in it."),
        "verify": Entry("data:verify", "Check a prepared dataset against its hashes."),
    }


class Config(LazyGroup):
    """Settings, and where each of them comes from."""

    TABLE: ClassVar[dict[str, Entry]] = {
        "show": Entry("config:show", "Show every setting, its value, and the place that decided it."),
    }


START, FOLLOW, RESULTS, MACHINE = "Train", "Follow", "Results", "This machine"


class Root(LazyGroup):
    TABLE: ClassVar[dict[str, Entry]] = {
        "demo": Entry("demo:demo", "From nothing to a trained model and its report, in minutes.", START),
        "train": Entry("train:train", "Train a model on a dataset.", START),
        "resume": Entry("resume:resume", "Go on with a run that was stopped or killed.", START),
        "stop": Entry("stop:stop", "Ask a run's trainer to save and leave.", START),
        "runs": Entry("runs:runs", "List all runs.", FOLLOW),
        "status": Entry("status:status", "Show how a run stands.", FOLLOW),
        "monitor": Entry("monitor:monitor", "Watch a run's curves, speed, memory and cost live.", FOLLOW),
        "logs": Entry("logs:logs", "Print what a run's trainer printed.", FOLLOW),
        "report": Entry("report:report", "Write a run's report page and say where it is.", RESULTS),
        "fetch": Entry("fetch:fetch", "Copy a run's results elsewhere, verified by hash.", RESULTS),
        "vectorize": Entry("vectorize:vectorize", "Turn pictures into SVG with a trained model.", RESULTS),
        "evaluate": Entry("evaluate:evaluate", "Measure a trained model on held-out pictures.", RESULTS),
        "data": Entry("tree:Data", "Datasets: list, get, show, verify.", MACHINE),
        "doctor": Entry("doctor:doctor", "See whether this machine can train, and what to do if not.", MACHINE),
        "config": Entry("tree:Config", "Settings, and where each comes from.", MACHINE),
    }
