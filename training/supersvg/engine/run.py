"""One attempt at a run, from the lock on its directory to the summary: what surrounds the loop."""

from __future__ import annotations

import importlib
import json
import platform
import sys
import traceback
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch

from supersvg.engine.board import Board
from supersvg.engine.checkpoint import (
    Checkpoint,
    DamagedCheckpoint,
    clear_leftovers,
    load_checkpoint,
    newest_complete,
    set_aside_newer,
)
from supersvg.engine.distributed import World, joined, main_rank
from supersvg.engine.errors import (
    EXIT_CODES,
    BadArguments,
    Busy,
    CannotWrite,
    TrainingError,
    as_training_error,
)
from supersvg.engine.events import EventLog
from supersvg.engine.loop import train
from supersvg.engine.record import Record, Totals
from supersvg.engine.rundir import RunDirectory
from supersvg.engine.schedule import horizon
from supersvg.engine.signals import Requests
from supersvg.engine.task import Described, Fingerprinted, Task, Vectorizer
from supersvg.recipes import Recipe, RecipeError, TrainingConfig, differences, find_recipe, from_dict, to_dict


def run(recipe: Recipe, config: TrainingConfig) -> int:
    """Trains in ``config.run_dir`` and returns the process's exit code; every end is told in
    docs/run-contract.md.
    """
    with Requests().listening() as requests:
        directory: RunDirectory | None = None
        attempt = _Attempt()
        try:
            if main_rank():
                directory = RunDirectory(Path(config.run_dir))
                attempt.log = directory.begin()
            with joined(config.device) as world:
                try:
                    reason = _attempt(recipe, config, directory, attempt, world, requests)
                except Exception as error:
                    known = as_training_error(error)
                    world.tell(known)
                    # A broken connection is what another rank's failure looks like; its own reason counts.
                    raise (world.told() or known) from error
            return _end(directory, attempt, reason)
        except Exception as error:  # noqa: BLE001 - the one place where every failure becomes an exit reason
            return _fail(directory, attempt, error)
        finally:
            if directory is not None:
                directory.close()


class _Attempt:
    """What is known so far, for the summary, however early the attempt fails."""

    log: EventLog | None = None
    record: Record | None = None


def _attempt(
    recipe: Recipe,
    config: TrainingConfig,
    directory: RunDirectory | None,
    attempt: _Attempt,
    world: World,
    requests: Requests,
) -> str:
    if config.threads:
        torch.set_num_threads(config.threads)
    task = load_task(recipe, config)
    length = horizon(config, task.sample_count())
    data_hash = task.data_hash() if isinstance(task, Fingerprinted) else ""
    identity = {
        "recipe": recipe.name,
        "config": to_dict(replace(config, resume="", run_dir="")),
        "data_hash": data_hash,
        "made_with": _made_with(world),
    }
    resumed = _resume(Path(config.run_dir), config, directory, attempt.log, identity) if config.resume else None
    if directory is None or attempt.log is None:
        return train(task, config, length, world, requests, None, resumed=resumed, identity=identity)
    directory.record(_run_json(task, config, identity, world))
    clear_leftovers(directory.checkpoints)
    totals = Totals(**resumed.state["totals"]) if resumed is not None else Totals()
    known = attempt.log.last.get("elapsed_s")
    totals.elapsed_s = max(totals.elapsed_s, float(known or 0.0))
    board_path = Path(config.log_dir) if config.log_dir else directory.path / "tensorboard"
    board = Board(board_path, wanted=config.tensorboard, from_step=totals.step)
    record = attempt.record = Record(directory, attempt.log, board, totals, length.total_steps)
    _open_notices(record, board, config, length.warmup_steps, world, resumed)
    try:
        reason = train(task, config, length, world, requests, record, resumed=resumed, identity=identity)
    finally:
        board.close()
    return reason


def load_task(recipe: Recipe, config: TrainingConfig) -> Task:
    """The recipe's task, made from the config.

    Raises:
        BadArguments: the recipe names a module or attribute that does not exist.
    """
    task: Task = _named(recipe, recipe.task)(config)
    return task


def load_vectorizer(recipe: Recipe) -> Vectorizer:
    """The recipe's vectorizer.

    Raises:
        BadArguments: it has none.
    """
    if not recipe.vectorizer:
        raise BadArguments(f"the recipe {recipe.name} makes no SVGs", advice="use a model of another recipe")
    found: Vectorizer = _named(recipe, recipe.vectorizer)
    return found


def _named(recipe: Recipe, name: str) -> Any:
    module, _, attribute = name.partition(":")
    try:
        return getattr(importlib.import_module(module), attribute)
    except (ModuleNotFoundError, AttributeError) as error:
        raise BadArguments(
            f"the recipe {recipe.name} cannot be loaded: {error}",
            advice="pip install 'supersvg-cloud[train]'",
        ) from error


def _resume(
    path: Path,
    config: TrainingConfig,
    directory: RunDirectory | None,
    log: EventLog | None,
    identity: dict[str, Any],
) -> Checkpoint | None:
    """The checkpoint to go on from; None where the run had not saved one yet. All ranks find the same."""

    def say(text: str, code: str = "damaged-checkpoint") -> None:
        if log is not None:
            sys.stderr.write(f"supersvg: {text}\n")
            log.append("notice", message=text, code=code)

    root = path / "checkpoints"
    if config.resume == "auto":
        found = newest_complete(root, say)
        checkpoint = found[1] if found is not None else None
    else:
        try:
            checkpoint = load_checkpoint(root / Path(config.resume).name)
        except DamagedCheckpoint as damage:
            raise BadArguments(
                f"cannot resume from {config.resume}: {damage}",
                advice="use --resume alone: it takes the newest whole one",
            ) from damage
    if checkpoint is None:
        say(f"{path} has no complete checkpoint yet: starting from step 0", "no-checkpoint")
    else:
        _check_same(checkpoint, config, identity)
    if directory is not None:
        for aside in set_aside_newer(root, checkpoint.step if checkpoint is not None else -1):
            say(f"{aside.name} is kept aside; its steps are done again", "set-aside")
    return checkpoint


def _check_same(checkpoint: Checkpoint, config: TrainingConfig, identity: dict[str, Any]) -> None:
    was = checkpoint.state
    if was["recipe"] != identity["recipe"]:
        raise BadArguments(
            f"this run trains {was['recipe']}, not {identity['recipe']}",
            advice=f"use --recipe {was['recipe']}",
        )
    refuse_differences(from_dict(type(config), was["config"]), config)
    if was["data_hash"] != identity["data_hash"]:
        raise BadArguments(
            f"the data differ: this run was trained on {was['data_hash'][:16]}, --data-path holds "
            f"{identity['data_hash'][:16]}",
            advice="point --data-path at the dataset it began with, or start a new run",
        )


def refuse_differences(old: TrainingConfig, new: TrainingConfig) -> None:
    """Raises ``BadArguments`` that lists every setting in which a resumed run may not differ, and does."""
    changed = differences(old, new)
    if changed:
        listed = "; ".join(
            f"--{name.replace('_', '-')} was {before} and is now {now}" for name, (before, now) in changed.items()
        )
        raise BadArguments(
            f"a resumed run cannot change what it learns: {listed}",
            advice="leave these flags out (--run-dir DIR --resume is enough), or start a new run in another directory",
        )


def recorded_config(path: Path) -> tuple[Recipe, TrainingConfig] | None:
    """The recipe and settings in a run directory's run.json; None where there is no such file.

    Raises:
        RecipeError: the file is no run.json.
    """
    try:
        recorded = json.loads((path / "run.json").read_bytes())
        recipe = find_recipe(str(recorded["recipe"]))
        return recipe, from_dict(recipe.config, recorded["arguments"])
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        if isinstance(error, RecipeError):
            raise
        raise RecipeError(f"{path / 'run.json'} cannot be read: {error}", advice="name another --run-dir") from error


def _run_json(task: Task, config: TrainingConfig, identity: dict[str, Any], world: World) -> dict[str, Any]:
    return {
        "recipe": identity["recipe"],
        "arguments": to_dict(replace(config, resume="")),
        "seed": config.seed,
        "samples": task.sample_count(),
        "data_hash": identity["data_hash"],
        "processes": world.size,
        "versions": identity["made_with"],
        "created": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "task": dict(task.describe()) if isinstance(task, Described) else {},
    }


def _made_with(world: World) -> dict[str, Any]:
    try:
        ours = version("supersvg-cloud")
    except PackageNotFoundError:
        ours = "uninstalled"
    return {
        "supersvg-cloud": ours,
        "torch": str(torch.__version__),
        "python": platform.python_version(),
        "device": world.device.type,
        "threads": torch.get_num_threads(),
        "processes": world.size,
    }


def _open_notices(
    record: Record,
    board: Board,
    config: TrainingConfig,
    warmup: int,
    world: World,
    resumed: Checkpoint | None,
) -> None:
    if record.log.repaired:
        record.say(f"cut {record.log.repaired} torn bytes off events.jsonl", code="events-repaired")
    if resumed is not None:
        record.say(f"resumed from step {resumed.step}", code="resumed", resumed_from=resumed.step)
        before, now = resumed.state["made_with"], _made_with(world)
        other = [f"{name} {before[name]} -> {now[name]}" for name in now if before.get(name) != now[name]]
        if other:
            record.say(f"not bit for bit as before: {', '.join(other)}", code="different-machine")
    else:
        record.say(f"training {record.total_steps} steps on {world.device} x {world.size}", code="started")
    if config.warmup_steps is not None and warmup < config.warmup_steps:
        record.say(f"the warm-up is cut to {warmup} steps, half of the run", code="short-warmup")
    if board.missing:
        record.say("TensorBoard is not installed: no event files for it", code="no-tensorboard")


def _end(directory: RunDirectory | None, attempt: _Attempt, reason: str) -> int:
    if directory is not None and attempt.record is not None and attempt.log is not None:
        summary = attempt.record.summary()
        attempt.log.append("done", step=summary["step"], exit_reason=reason, wall_s=summary["wall_s"])
        attempt.log.sync()
        directory.finish(reason, {**summary, "message": "", "advice": ""})
    return EXIT_CODES[reason]


def _fail(directory: RunDirectory | None, attempt: _Attempt, raised: Exception) -> int:
    """Tells the terminal, the events and the summary; returns the exit code."""
    error = as_training_error(raised)
    trace = "".join(traceback.format_exception(raised))
    if error.exit_reason == "bug":
        sys.stderr.write(trace)
    sys.stderr.write(f"supersvg: {error.message}\n  {error.advice}\n")
    if directory is not None and attempt.log is not None:
        fields: dict[str, Any] = {
            "exit_reason": error.exit_reason,
            "message": error.message,
            "advice": error.advice,
        }
        summary = attempt.record.summary() if attempt.record is not None else {}
        try:
            attempt.log.append("error", **fields, **({"traceback": trace} if error.exit_reason == "bug" else {}))
        except CannotWrite as full:
            sys.stderr.write(f"supersvg: the error event could not be written: {full.message}\n")
        try:
            directory.finish(error.exit_reason, {**summary, **fields})
        except CannotWrite as full:
            sys.stderr.write(f"supersvg: the summary could not be written: {full.message}\n")
    return EXIT_CODES[error.exit_reason]


def holds_run(path: Path) -> bool:
    """Whether somebody's finished or unfinished work is there."""
    return (path / "run.json").exists() or (path / "checkpoints").exists()


def refused(path: Path | None, error: RecipeError | TrainingError) -> int:
    """An attempt that ends before it begins, for its arguments: told on the terminal and in the summary.

    A directory that holds a run already is left alone: its summary tells how that run went.
    """
    known = as_training_error(error)
    sys.stderr.write(f"supersvg: {known.message}\n  {known.advice}\n")
    if path is not None and main_rank() and not holds_run(path):
        try:
            directory = RunDirectory(path)
        except (Busy, CannotWrite) as why:
            sys.stderr.write(f"supersvg: {why.message}\n")
            return EXIT_CODES[known.exit_reason]
        try:
            log = directory.begin()
            fields = {"exit_reason": known.exit_reason, "message": known.message, "advice": known.advice}
            log.append("error", **fields)
            directory.finish(known.exit_reason, fields)
        except CannotWrite as why:
            sys.stderr.write(f"supersvg: {why.message}\n")
        finally:
            directory.close()
    return EXIT_CODES[known.exit_reason]
