"""The command line: parse, call one function, print. ``app`` has the tree; every command has its own file."""

from __future__ import annotations


def main() -> None:
    """The console script ``supersvg-cloud``."""
    import sys

    from supersvg_cloud.cli.app import run

    sys.exit(run(sys.argv[1:]))
