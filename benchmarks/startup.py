"""What `supersvg-cloud --help` costs, against an empty Typer app with as many commands.

    python benchmarks/startup.py [--runs 21] [--json]

Both are started as processes, in turns, so that a busy machine slows both; medians are compared. The empty
app is a single file whose commands do nothing, with the same names and lines of help.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

LIMIT = 1.3

EMPTY = """
import typer
app = typer.Typer(help={help!r}, no_args_is_help=True)
{commands}
app()
"""


def empty_app() -> str:
    from supersvg_cloud.cli.app import HELP
    from supersvg_cloud.cli.tree import Root

    commands = [
        f"@app.command({name!r}, help={entry.help!r}, rich_help_panel={entry.panel!r})\n"
        f"def command_{number}() -> None: ..."
        for number, (name, entry) in enumerate(Root.TABLE.items())
    ]
    return EMPTY.format(help=HELP, commands="\n".join(commands))


def seconds(command: list[str], folder: str) -> float:
    began = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=folder)
    return time.perf_counter() - began


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=21)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "empty_app.py"
        path.write_text(empty_app(), encoding="utf-8")
        ours_command = [sys.executable, "-c", "from supersvg_cloud.cli import main; main()", "--help"]
        # Compiled beforehand, as an installed program is.
        empty_command = [sys.executable, "-c", "import empty_app", "--help"]
        ours, empty = [], []
        for number in range(arguments.runs + 1):
            pair = (seconds(ours_command, folder), seconds(empty_command, folder))
            if number:  # the first fills the caches
                ours.append(pair[0])
                empty.append(pair[1])
    found = {
        "runs": arguments.runs,
        "supersvg_cloud_ms": round(statistics.median(ours) * 1000, 1),
        "empty_typer_ms": round(statistics.median(empty) * 1000, 1),
        "ratio": round(statistics.median(ours) / statistics.median(empty), 3),
        "limit": LIMIT,
        "python": sys.version.split()[0],
    }
    if arguments.json:
        sys.stdout.write(json.dumps(found, indent=2) + "\n")
    else:
        sys.stdout.write(
            f"supersvg-cloud --help {found['supersvg_cloud_ms']} ms, "
            f"empty Typer app {found['empty_typer_ms']} ms, ratio {found['ratio']} (at most {LIMIT})\n"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
