"""Writes docs/commands.md and docs/errors.md from the program itself.

python -m supersvg_cloud.cli.reference           write them below ./docs
python -m supersvg_cloud.cli.reference --check   exit 1 where one is not current
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from supersvg_cloud.cli.app import root
from supersvg_cloud.cli.tree import LazyGroup
from supersvg_cloud.errors import every_error


def pages() -> dict[str, str]:
    """File name below docs/ -> its whole text."""
    return {"commands.md": commands_page(), "errors.md": errors_page()}


def commands_page() -> str:
    lines = [
        "# Commands",
        "",
        "Written by `python -m supersvg_cloud.cli.reference` from the command tree; do not edit.",
        "",
        "RUN is a run's name, its id or the start of it, or its directory. Without it a command takes the",
        "only run that fits; where several do it asks, and in a script it ends with `ambiguous-run`.",
        "Recipe flags of `train` are listed by `supersvg-cloud train --help`; in files they go as",
        "[configuration](configuration.md) says.",
        "`supersvg-cloud --install-completion` teaches the shell to complete commands, runs and datasets.",
        "",
    ]
    for path, command in commands():
        lines += _section(path, command)
    return "\n".join(lines).rstrip() + "\n"


def commands() -> Iterator[tuple[str, Any]]:
    """(words, command) of every command, groups left out."""
    yield from _below("supersvg-cloud", root())


def _below(path: str, group: LazyGroup) -> Iterator[tuple[str, Any]]:
    for name in group.TABLE:
        command = group.load(name)
        if isinstance(command, LazyGroup):
            yield from _below(f"{path} {name}", command)
        else:
            yield f"{path} {name}", command


def _section(path: str, command: Any) -> list[str]:
    arguments = [parameter for parameter in command.params if parameter.param_type_name == "argument"]
    options = [parameter for parameter in command.params if parameter.param_type_name == "option"]
    words = [argument.metavar if argument.required else f"[{argument.metavar}]" for argument in arguments]
    usage = " ".join([path, *words, "[flags]"])
    lines = [f"## {path}", "", "```", usage, "```", "", command.help.strip(), ""]
    rows = [(argument.metavar, argument.help) for argument in arguments]
    rows += [(", ".join(option.opts), option.help) for option in options if not option.hidden]
    if rows:
        lines += ["| | |", "| --- | --- |", *(f"| `{name}` | {text} |" for name, text in rows), ""]
    return lines


def errors_page() -> str:
    lines = [
        "# Errors and exit codes",
        "",
        "Written by `python -m supersvg_cloud.cli.reference` from `supersvg_cloud/errors.py`; do not edit.",
        "",
        "Every error says what happened, why, and what to type next. With `--json` it is one object on",
        'standard output: `{"error": {"code", "exit_code", "message", "cause", "advice"}}`.',
        "`SUPERSVG_DEBUG=1` adds the traceback.",
        "",
        "| exit code | error | meaning |",
        "| --- | --- | --- |",
        "| 0 | | done |",
    ]
    rows = [(kind.exit_code, kind.code, kind.meaning) for kind in every_error()]
    rows.append((75, "", "Saved and left on request; `supersvg-cloud resume` goes on. Not an error."))
    rows.append((130, "", "Left with Ctrl-C; a trainer that was started goes on in the background."))
    for code, name, meaning in sorted(rows):
        lines.append(f"| {code} | {f'`{name}`' if name else ''} | {meaning} |")
    lines += [
        "",
        "64 to 75 are the exit codes of the [run contract](run-contract.md): `train`, `resume`, `monitor`",
        "and `demo` end with the code of the trainer's `exit_reason`, whatever the trainer's own code was.",
        "",
    ]
    return "\n".join(lines)


def main(argv: list[str]) -> int:
    docs = Path("docs")
    stale = []
    for name, text in pages().items():
        path = docs / name
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        stale.append(name)
        if "--check" not in argv:
            path.write_text(text, encoding="utf-8")
    if stale:
        verb = "are not current" if "--check" in argv else "written"
        sys.stdout.write(f"{', '.join(stale)} {verb}\n")
    return 1 if stale and "--check" in argv else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
