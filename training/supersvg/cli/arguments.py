"""What ``evaluate`` and ``vectorize`` have in common: their flags, and how their failures end."""

from __future__ import annotations

import argparse
import sys
import traceback
from collections.abc import Callable, Sequence
from typing import NoReturn

from supersvg.engine.errors import EXIT_CODES, BadArguments, TrainingError, as_training_error, writing

__all__ = ["FlagParser", "TrainingError", "run_command", "writing"]


class FlagParser(argparse.ArgumentParser):
    """Flags in both spellings (``--a-b`` and ``--a_b``); mistakes are ``BadArguments``, not an exit."""

    def __init__(self, prog: str, description: str) -> None:
        super().__init__(prog=f"python -m supersvg {prog}", description=description, allow_abbrev=False)
        self.add_argument("--model", "--run-dir", "--checkpoint", required=True, metavar="PATH",
                          help="a run directory (its newest whole checkpoint) or one checkpoint")  # fmt: skip
        self.add_argument("--best", action="store_true", help="the checkpoint with the best evaluation instead")
        self.add_argument("--device", default="auto", help="auto, cpu, cuda, cuda:N or mps")
        self.add_argument("--threads", type=int, default=0, help="CPU threads of torch; 0: its own choice")
        self.add_argument("--json", action="store_true", help="print one JSON object")

    def read(self, argv: Sequence[str]) -> argparse.Namespace:
        return self.parse_args([_dashed(word) for word in argv])

    def error(self, message: str) -> NoReturn:
        raise BadArguments(message, advice=f"`{self.prog} --help` lists the flags")


def _dashed(word: str) -> str:
    if not word.startswith("--"):
        return word
    name, equals, value = word.partition("=")
    return name.replace("_", "-") + equals + value


def run_command(command: Callable[[], None]) -> int:
    """Runs ``command``; failures end as they do in training, with the same exit codes."""
    try:
        command()
    except Exception as error:  # noqa: BLE001 - the one place where failures become exit codes
        known = as_training_error(error)
        if known.exit_reason == "bug":
            sys.stderr.write(traceback.format_exc())
        sys.stderr.write(f"supersvg: {known.message}\n  {known.advice}\n")
        return EXIT_CODES[known.exit_reason]
    return 0
