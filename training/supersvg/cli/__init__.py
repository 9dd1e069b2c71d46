"""``python -m supersvg train|evaluate|vectorize``: what runs where torch is installed."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence

COMMANDS = {
    "train": "train a recipe in a run directory",
    "evaluate": "metrics of a trained model on held-out pictures",
    "vectorize": "pictures to SVG files with a trained model",
}


def main(argv: Sequence[str]) -> int:
    """Runs one command and returns its exit code."""
    if not argv or argv[0] in ("--help", "-h"):
        rows = "\n".join(f"  {name:<10} {text}" for name, text in COMMANDS.items())
        sys.stdout.write(f"usage: python -m supersvg COMMAND [flags]\n\n{rows}\n\nCOMMAND --help says more.\n")
        return 0 if argv else 64
    if argv[0] not in COMMANDS:
        sys.stderr.write(f"supersvg: there is no command {argv[0]!r}\n  commands: {', '.join(COMMANDS)}\n")
        return 64
    # Threads that wait should sleep. OpenMP's default is to spin, and then a training beside any other program that
    # wants the cores is several times slower. OpenMP reads this once, when torch is imported.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    code: int = importlib.import_module(f"supersvg.cli.{argv[0]}").main(argv[1:])
    return code
