"""The tree of errors and its table."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from supersvg_cloud import errors
from supersvg_cloud.cli import reference
from supersvg_cloud.console import mask, say_error

DOCS = Path(__file__).parents[3] / "docs"


def test_every_error_has_its_own_code_and_meaning() -> None:
    kinds = errors.every_error()
    assert len({kind.code for kind in kinds}) == len({kind.exit_code for kind in kinds}) == len(kinds)
    assert all(kind.meaning.endswith((".", ":")) and kind.code for kind in kinds)
    reserved = {errors.SUCCESS, errors.SAVED, errors.INTERRUPTED}
    assert not reserved & {kind.exit_code for kind in kinds}


def test_the_exit_codes_are_those_of_the_run_contract() -> None:
    text = (DOCS / "run-contract.md").read_text(encoding="utf-8")
    for code, reason in errors.REASON_BY_EXIT_CODE.items():
        assert f"| `{reason}` | {code} |" in text


@pytest.mark.parametrize("page", sorted(reference.pages()))
def test_generated_pages_are_current(page: str) -> None:
    assert (DOCS / page).read_text(encoding="utf-8") == reference.pages()[page], (
        "run python -m supersvg_cloud.cli.reference"
    )


def test_every_command_has_help_for_itself_and_each_of_its_flags() -> None:
    for path, command in reference.commands():
        assert command.help, path
        assert all(parameter.help for parameter in command.params), path


def test_an_error_says_what_why_and_what_next(capsys: pytest.CaptureFixture[str]) -> None:
    say_error(errors.BadData("no [pictures]", cause="empty", advice="add some"), as_json=False)
    told = capsys.readouterr().err
    assert told.splitlines() == [
        "error: no [pictures]",
        "  why:  empty",
        "  next: add some",
        "  (bad-data, exit code 65; docs/errors.md)",
    ]


def test_an_error_as_json_is_one_object_on_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    say_error(errors.Busy("taken", advice="wait"), as_json=True)
    said = capsys.readouterr()
    assert said.err == ""
    assert json.loads(said.out)["error"] == {
        "code": "busy",
        "exit_code": 73,
        "message": "taken",
        "cause": "",
        "advice": "wait",
    }


def test_secrets_of_the_environment_are_masked() -> None:
    environ = {
        "CLOUD_API_KEY": "abcdefgh1234",
        "HF_TOKEN": "tok-98765432",
        "SHORT_KEY": "1",
        "PLAIN": "visible-value",
    }
    text = mask("abcdefgh1234 tok-98765432 1 visible-value", environ)
    assert text == "*** *** 1 visible-value"
