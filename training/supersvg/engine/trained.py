"""A trained model from a run directory or one of its checkpoints."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from torch import Tensor

from supersvg.engine.checkpoint import DamagedCheckpoint, find_checkpoints, load_checkpoint, locate
from supersvg.engine.errors import BadArguments
from supersvg.recipes import Recipe, TrainingConfig, find_recipe, from_dict


@dataclass(frozen=True)
class Trained:
    """What a checkpoint holds besides the optimiser."""

    recipe: Recipe
    config: TrainingConfig
    weights: dict[str, Tensor]
    """The model's state dict, on the CPU."""
    step: int
    path: Path


def load_trained(path: Path, *, best: bool = False) -> Trained:
    """The model at ``path``: a checkpoint, or the newest whole one of a run directory; ``best``: the one
    with the best evaluation, where it was kept.

    Raises:
        BadArguments: there is no whole checkpoint there.
        RecipeError: it was made by a recipe that this installation does not know.
    """
    found = locate(path)
    try:
        checkpoint = load_checkpoint(found)
        if best:
            step = checkpoint.state["totals"]["metrics"].get("best", {}).get("step")
            kept = [one for one in find_checkpoints(found.parent) if int(one.name[5:]) == step]
            if kept:
                found, checkpoint = kept[0], load_checkpoint(kept[0])
    except DamagedCheckpoint as damage:
        raise BadArguments(
            f"{damage}", advice="name the run directory instead: the newest whole checkpoint is taken"
        ) from damage
    state: dict[str, Any] = checkpoint.state
    recipe = find_recipe(str(state["recipe"]))
    config = replace(from_dict(recipe.config, state["config"]), run_dir=str(found.parent.parent))
    return Trained(recipe, config, checkpoint.model, checkpoint.step, found)
