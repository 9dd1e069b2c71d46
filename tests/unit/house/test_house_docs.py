"""What the documents promise exists: commands, flags, make targets, links."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from supersvg_cloud.cli.app import root
from supersvg_cloud.cli.tree import LazyGroup
from supersvg_cloud.errors import SuperSVGError
from supersvg_cloud.runs.journal import require_recipe_flags

REPOSITORY = Path(__file__).parents[3]
DOCUMENTS = sorted([*REPOSITORY.glob("*.md"), *REPOSITORY.glob("docs/**/*.md")])
FENCE = re.compile(r"^```(?:console|sh|bash)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def documented_commands() -> Iterator[tuple[str, str]]:
    """(document, command line) of every line in a shell fence that starts our program or make."""
    for document in DOCUMENTS:
        for block in FENCE.findall(document.read_text(encoding="utf-8")):
            for line in block.replace("\\\n", " ").splitlines():
                command = line.removeprefix("$ ").split(" #")[0].strip()
                if command.startswith(("supersvg-cloud ", "make ", "uvx supersvg-cloud ")):
                    yield document.name, command.removeprefix("uvx ")


COMMANDS = sorted(set(documented_commands()))


@pytest.mark.parametrize(("document", "line"), COMMANDS, ids=[line for _, line in COMMANDS])
def test_a_documented_command_is_one_the_program_takes(document: str, line: str) -> None:
    program, *words = shlex.split(line)
    if program == "make":
        targets = re.findall(r"^([a-z-]+):", (REPOSITORY / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
        assert words[0] in targets, f"{document} names a make target that is not there"
        return
    command = root()
    while words and isinstance(command, LazyGroup):
        assert words[0] in command.TABLE, f"{document} names a command that is not there: {line}"
        command = command.load(words.pop(0))
    if "--help" in words:
        return
    # Parses as the shell's words would: an unknown flag or a missing argument raises.
    context = command.make_context(program, list(words), resilient_parsing=False)
    if context.args:
        require_recipe_flags("supersvg-coarse", context.args)


def test_the_documents_name_the_commands_that_newcomers_need() -> None:
    readme = {line.split()[1] for document, line in COMMANDS if document == "README.md"}
    assert readme >= {"demo", "test", "train", "monitor", "stop", "resume", "vectorize", "report", "data", "doctor"}


def test_an_unknown_flag_in_a_document_would_be_found() -> None:
    with pytest.raises(SuperSVGError, match="epoch"):
        require_recipe_flags("supersvg-coarse", ["--epochz", "3"])


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(REPOSITORY)))
def test_relative_links_lead_somewhere(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    targets = [
        target.split("#")[0] for target in re.findall(r"\]\(([^)]+)\)|src=\"([^\"]+)\"", text) for target in target
    ]
    missing = [
        target for target in targets if target and "://" not in target and not (document.parent / target).exists()
    ]
    assert not missing
