"""What reaches a person's eyes: consoles, JSON, tables, questions, and the mask over secrets."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from supersvg_cloud.config import SECRET

if TYPE_CHECKING:
    from rich.console import Console

    from supersvg_cloud.errors import SuperSVGError


def console(*, stderr: bool = False) -> Console:
    """A console on stdout or stderr. Paths are never wrapped where nobody sees a terminal's edge."""
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    # A file or a pipe has no edge to wrap at: one row of a table stays one line there.
    width = None if stream.isatty() else 240
    return Console(stderr=stderr, highlight=False, width=width, emoji=False)


def say(text: str = "", *, style: str = "") -> None:
    """One plain line on stdout; square brackets are text, not markup."""
    console().print(mask(text), markup=False, style=style or None, soft_wrap=True)


def warn(text: str) -> None:
    console(stderr=True).print(mask(text), markup=False, style="yellow", soft_wrap=True)


def say_json(value: object) -> None:
    """The only way that ``--json`` prints: one document, indented, unchanged characters."""
    sys.stdout.write(mask(json.dumps(value, indent=2, ensure_ascii=False, default=str)) + "\n")


def say_table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """A table for people; columns whose name ends in ``>`` are aligned to the right."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in columns:
        table.add_column(
            name.rstrip(">"),
            justify="right" if name.endswith(">") else "left",
            overflow="fold",
            no_wrap=name in ("id", "name", "state", "step>"),
        )
    for row in rows:
        table.add_row(*(_plain(cell) for cell in row))
    console().print(table)


def _plain(cell: object) -> str:
    from rich.markup import escape

    return escape(mask(str(cell)))


def say_error(error: SuperSVGError, *, as_json: bool) -> None:
    """An error for a person on stderr, or for a program on stdout."""
    if as_json:
        say_json({"error": error.as_dict()})
        return
    from rich.text import Text

    text = Text()
    text.append("error: ", style="bold red")
    text.append(mask(error.message))
    if error.cause:
        text.append(f"\n  why:  {mask(error.cause)}")
    if error.advice:
        text.append("\n  next: ", style="bold")
        text.append(mask(error.advice))
    text.append(f"\n  ({error.code}, exit code {error.exit_code}; docs/errors.md)", style="dim")
    console(stderr=True).print(text, soft_wrap=True)


def person_is_there() -> bool:
    """Whether a question would be read and could be answered."""
    return sys.stdin.isatty() and sys.stderr.isatty() and sys.stdout.isatty()


def choose(question: str, choices: Sequence[str]) -> str:
    """Ask a person for one of ``choices`` by its number."""
    import typer

    for number, choice in enumerate(choices, 1):
        typer.echo(f"  {number}  {choice}", err=True)
    number = 0
    while not 1 <= number <= len(choices):
        number = typer.prompt(question, type=int, default=1, err=True)
    return choices[number - 1]


def mask(text: str, environ: Mapping[str, str] | None = None) -> str:
    """``text`` without the values of environment variables that are named like secrets."""
    for name, value in (os.environ if environ is None else environ).items():
        # Very short values ("1", "on") would blank out half of every sentence and protect nothing.
        if len(value) >= 8 and SECRET.search(name):
            text = text.replace(value, "***")
    return text
