"""The table of recipes: a name, the settings it takes, and where its task is."""

from __future__ import annotations

import difflib
import importlib
from dataclasses import dataclass

from supersvg.recipes.coarse import CoarseConfig
from supersvg.recipes.schema import RecipeError
from supersvg.recipes.training import TrainingConfig


@dataclass(frozen=True)
class Recipe:
    """A named trainer.

    ``task`` is ``module:attribute``, so that looking at a recipe imports neither torch nor the model; the
    attribute is called with the config and returns a ``supersvg.engine.task.Task``.
    """

    name: str
    summary: str
    config: type[TrainingConfig]
    task: str
    vectorizer: str = ""
    """``module:attribute`` of a ``supersvg.engine.task.Vectorizer``; empty where the recipe makes no SVGs."""


RECIPES: dict[str, Recipe] = {
    recipe.name: recipe
    for recipe in (
        Recipe(
            name="supersvg-coarse",
            summary="superpixel -> paths in one forward pass (the coarse stage of SuperSVG)",
            config=CoarseConfig,
            task="supersvg.models.supersvg.task:CoarseTask",
            vectorizer="supersvg.models.supersvg.inference:vectorizer",
        ),
    )
}


def find_recipe(name: str) -> Recipe:
    """The recipe called ``name``, or the ``Recipe`` object that ``package.module:ATTRIBUTE`` points to.

    The second form is how a recipe that lives outside this package is trained.

    Raises:
        RecipeError: there is none; the message names the nearest.
    """
    if name in RECIPES:
        return RECIPES[name]
    if ":" in name:
        return _foreign_recipe(name)
    near = difflib.get_close_matches(name, RECIPES, n=1, cutoff=0.4)
    guess = f"did you mean --recipe {near[0]}? " if near else ""
    raise RecipeError(
        f"there is no recipe called {name!r}",
        advice=f"{guess}Known: {', '.join(RECIPES)}; your own: --recipe package.module:RECIPE",
    )


def _foreign_recipe(name: str) -> Recipe:
    module, _, attribute = name.partition(":")
    try:
        found = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise RecipeError(
            f"the recipe {name!r} cannot be imported: {error}",
            advice="put its folder on PYTHONPATH and name it package.module:ATTRIBUTE",
        ) from error
    if not isinstance(found, Recipe):
        raise RecipeError(
            f"{name!r} is a {type(found).__name__}, not a supersvg.recipes.Recipe",
            advice="name the Recipe object itself: --recipe package.module:RECIPE",
        )
    return found
