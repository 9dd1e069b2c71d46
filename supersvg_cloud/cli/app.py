"""The root command, and the one place where an error becomes words and an exit code."""

from __future__ import annotations

import os
import sys
from typing import Annotated, Any

import typer
from typer.main import get_command

from supersvg_cloud.cli.tree import Root

HELP = """Train image-to-SVG models, and lose neither work nor money on the way.

First time here: supersvg-cloud demo
"""


def root() -> Any:
    """The whole command tree."""
    app = typer.Typer(
        cls=Root, help=HELP, no_args_is_help=True, context_settings={"help_option_names": ["-h", "--help"]}
    )
    app.callback()(_callback)
    return get_command(app)


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"supersvg-cloud {version('supersvg-cloud')}")
        raise typer.Exit


def _callback(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    del version  # `_print_version` has seen it


def run(argv: list[str]) -> int:
    """Runs a command line and returns its exit code; every error is told here and nowhere else."""
    try:
        code = root().main(args=list(argv), prog_name="supersvg-cloud", standalone_mode=False)
        return code if isinstance(code, int) else 0
    except KeyboardInterrupt:
        return 130
    except typer.Abort:
        return 130
    except BrokenPipeError:
        # The reader (`| head`) has what it wanted. Python would complain again when it closes stdout.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:  # noqa: BLE001 - the one place where every failure becomes words and an exit code
        return _tell(error, as_json="--json" in argv)


def _tell(error: Exception, *, as_json: bool) -> int:
    from supersvg_cloud.console import say_error

    if type(error).__name__ == "NoArgsIsHelpError":
        return 2  # the help was printed already
    told = _as_ours(error)
    say_error(told, as_json=as_json)
    if os.environ.get("SUPERSVG_DEBUG"):
        import traceback

        from supersvg_cloud.console import mask

        sys.stderr.write(mask("".join(traceback.format_exception(error))))
    return int(told.exit_code)


def _as_ours(error: Exception) -> Any:
    from supersvg_cloud.errors import SuperSVGError, TrainerBug, UsageError

    if isinstance(error, SuperSVGError):
        return error
    if hasattr(error, "format_message"):  # the parser's own errors
        possibilities = getattr(error, "possibilities", None)
        ctx = getattr(error, "ctx", None)
        path = ctx.command_path if ctx is not None else "supersvg-cloud"
        message = getattr(error, "message", "") if possibilities else error.format_message()
        guess = f"did you mean {' or '.join(sorted(possibilities))}? " if possibilities else ""
        return UsageError(message, advice=f"{guess}`{path} --help` lists what there is")
    return TrainerBug(
        f"supersvg-cloud itself failed: {type(error).__name__}: {error}",
        advice="set SUPERSVG_DEBUG=1 for the traceback, and report it; running trainers go on",
    )
