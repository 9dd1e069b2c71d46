"""``python -m supersvg train``: flags and files into a config, then the engine."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from supersvg.recipes import (
    RECIPES,
    Recipe,
    RecipeError,
    TrainingConfig,
    find_recipe,
    option_table,
    parse_flags,
    resolve,
    to_dict,
)

USAGE = """usage: python -m supersvg train --run-dir DIR --data-path PATH [--recipe NAME] [flags]
       python -m supersvg train --run-dir DIR --resume
       torchrun --standalone --nproc-per-node N -m supersvg train ...

Flags may be spelt --a-b or --a_b. --config FILE reads settings from YAML or JSON; flags override it.
--print-config prints the resulting settings as YAML and leaves.
"""


def main(argv: Sequence[str]) -> int:
    """Returns the exit code of docs/run-contract.md."""
    words = list(argv)
    if "--help" in words or "-h" in words:
        sys.stdout.write(help_text())
        return 0
    try:
        printing = "--print-config" in words
        recipe, config, resuming = read_arguments([word for word in words if word != "--print-config"])
        if printing:
            sys.stdout.write(config_text(recipe, config))
            return 0
    except RecipeError as error:
        from supersvg.engine.run import refused

        resuming_something = any(word.startswith("--resume") for word in words)
        return refused(None if resuming_something else run_dir_of(words), error)
    from supersvg.engine.errors import TrainingError
    from supersvg.engine.run import holds_run, refuse_differences, refused, run

    path = Path(config.run_dir)
    if resuming is not None:
        try:
            refuse_differences(resuming, config)
        except TrainingError as error:
            return refused(path, error)
    elif holds_run(path):
        # Nothing is written there: the directory holds somebody's finished or unfinished work.
        sys.stderr.write(
            f"supersvg: {path} holds a run already\n  go on with it: --resume; or name another --run-dir\n"
        )
        return 64
    return run(recipe, config)


def read_arguments(words: Sequence[str]) -> tuple[Recipe, TrainingConfig, TrainingConfig | None]:
    """The recipe and the config; with ``--resume``, also the config that the run began with.

    Resuming, settings come from the run directory; flags are laid over it and must not change what is
    learned.

    Raises:
        RecipeError: see ``supersvg.recipes``.
    """
    rest, named = _take(words, "recipe")
    rest, file = _take(rest, "config")
    settings = read_settings(Path(file)) if file is not None else {}
    in_file = settings.pop("recipe", None)
    name = named or (str(in_file) if in_file is not None else None)
    began = recorded_run(rest, settings)
    if began is not None and name is not None and began[0].name != name:
        raise RecipeError(
            f"this run trains {began[0].name}, not {name}",
            advice=f"use --recipe {began[0].name}, or leave it out",
        )
    recipe = began[0] if began is not None else find_recipe(name or next(iter(RECIPES)))
    flags = parse_flags(recipe.config, rest)
    if not (flags.get("run_dir") or settings.get("run_dir")):
        raise RecipeError("no run directory", advice="say where this run lives: --run-dir runs/first")
    if began is None:
        return recipe, resolve(recipe.config, flags, settings), None
    kept = {key: value for key, value in to_dict(began[1]).items() if key != "resume"}
    return recipe, resolve(recipe.config, {**settings, **flags}, kept), began[1]


def recorded_run(words: Sequence[str], settings: dict[str, Any]) -> tuple[Recipe, TrainingConfig] | None:
    """What the run to be resumed began with; None where none is to be resumed.

    Looked up before the flags are read, since the recipe decides which flags there are.

    Raises:
        RecipeError: it is to be resumed and was never begun.
    """
    asked = any(word == "--resume" or word.startswith("--resume=") for word in words)
    path = run_dir_of(words) or (Path(str(settings["run_dir"])) if settings.get("run_dir") else None)
    if not (asked or settings.get("resume")) or path is None:
        return None
    from supersvg.engine.run import recorded_config

    found = recorded_config(path)
    if found is None:
        raise RecipeError(
            f"there is no run in {path} to resume",
            advice="check --run-dir, or leave --resume out to start one",
        )
    return found


def _take(words: Sequence[str], name: str) -> tuple[list[str], str | None]:
    rest, value = [], None
    queue = list(words)
    while queue:
        word = queue.pop(0)
        if word == f"--{name}":
            if not queue:
                raise RecipeError(f"--{name} has no value", advice=f"give one: --{name} VALUE")
            value = queue.pop(0)
        elif word.startswith(f"--{name}="):
            value = word.partition("=")[2]
        else:
            rest.append(word)
    return rest, value


def read_settings(path: Path) -> dict[str, Any]:
    """The settings in a YAML or JSON file (JSON is YAML).

    Raises:
        RecipeError: it cannot be read, or holds something else than names and values.
    """
    yaml: Any = importlib.import_module("yaml")  # which has no types of its own
    try:
        found = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise RecipeError(f"cannot read {path}: {error}", advice="give --config a YAML or JSON file") from error
    if not isinstance(found, dict) or not all(isinstance(key, str) for key in found):
        raise RecipeError(f"{path} holds no settings", advice="write one 'name: value' a line, e.g. batch_size: 64")
    return found


def config_text(recipe: Recipe, config: TrainingConfig) -> str:
    """The settings as YAML that ``--config`` reads back; values are JSON, so that no string is mistaken for
    a number.
    """
    lines = [f"{name}: {json.dumps(value)}" for name, value in {"recipe": recipe.name, **to_dict(config)}.items()]
    return "\n".join(lines) + "\n"


def run_dir_of(words: Sequence[str]) -> Path | None:
    """The run directory in arguments that could not be read as a whole, where it can be made out and is no
    one's.
    """
    for spelling in ("run-dir", "run_dir", "output_dir", "output-dir"):
        try:
            value = _take(words, spelling)[1]
        except RecipeError:
            continue
        if value and not value.startswith("--"):
            return Path(value)
    return None


def help_text() -> str:
    tables = [
        f"recipe {recipe.name}: {recipe.summary}\n"
        f"presets: {', '.join(recipe.config.PRESETS)}\n\n"
        f"{option_table(recipe.config)}"
        for recipe in RECIPES.values()
    ]
    return USAGE + "\n" + "\n".join(tables)
