"""Using what a run has trained: the trainer's `vectorize` and `evaluate` as subprocesses."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

from supersvg_cloud.config import Config
from supersvg_cloud.errors import BY_EXIT_REASON, REASON_BY_EXIT_CODE, BadData, NotNow, TrainerBug
from supersvg_cloud.model import Run
from supersvg_cloud.runs.journal import label
from supersvg_cloud.runs.train import require_trainer, trainer_program


def require_checkpoint(run: Run) -> None:
    """Raises NotNow where the run has not saved anything yet."""
    if not any(run.run_dir.glob("checkpoints/*/complete.json")):
        raise NotNow(
            f"run {label(run)} has no complete checkpoint yet",
            advice=f"see how it stands: supersvg-cloud status {run.name or run.id}",
        )


def require_pictures(pictures: Sequence[Path]) -> None:
    """Raises BadData where one of them does not exist."""
    for picture in pictures:
        if not picture.exists():
            raise BadData(f"there is no picture {picture}", advice="check the path")


def use(config: Config, run: Run, verb: str, words: Sequence[str], *, capture: bool) -> str:
    """Runs the trainer's ``verb`` on the run; returns its stdout where ``capture``, else lets it speak.

    Raises:
        MissingExtra, NotNow, and the error of the exit code that the trainer ends with.
    """
    if not run.trainer:
        require_trainer(config)
    require_checkpoint(run)
    # One process is enough to use a model, however many trained it.
    command = [*trainer_program(run, processes=1), verb, "--run-dir", str(run.run_dir), *words]
    out = subprocess.PIPE if capture else None
    done = subprocess.run(command, check=False, text=True, stdout=out, stderr=subprocess.PIPE)
    if done.returncode == 0:
        return done.stdout or ""
    kind = BY_EXIT_REASON.get(REASON_BY_EXIT_CODE.get(done.returncode, "bug"), TrainerBug)
    said = [line.strip().removeprefix("supersvg: ") for line in done.stderr.splitlines() if line.strip()]
    raise kind(
        said[-2] if len(said) > 1 else f"{verb} failed",
        advice=said[-1] if said else "set SUPERSVG_DEBUG=1 and repeat the command",
    )
