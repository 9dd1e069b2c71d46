"""Recipes: what can be trained, and every setting of it, defined once.

The command line, the configuration files, the help text and the documentation are all derived from the
dataclasses here. This package needs the standard library alone, so that a launcher can check a person's flags
without importing torch.

    >>> from supersvg.recipes import RECIPES, parse_flags, resolve
    >>> recipe = RECIPES["supersvg-coarse"]
    >>> flags = parse_flags(recipe.config, ["--preset=tiny", "--num_epochs=3", "--data_path", "icons"])
    >>> resolve(recipe.config, flags).epochs
    3
"""

from __future__ import annotations

from supersvg.recipes.coarse import CoarseConfig
from supersvg.recipes.registry import RECIPES, Recipe, find_recipe
from supersvg.recipes.schema import (
    Option,
    RecipeError,
    differences,
    from_dict,
    from_json,
    option_table,
    options,
    parse_flags,
    resolve,
    to_dict,
    to_flags,
    to_json,
)
from supersvg.recipes.training import TrainingConfig

__all__ = [
    "RECIPES",
    "CoarseConfig",
    "Option",
    "Recipe",
    "RecipeError",
    "TrainingConfig",
    "differences",
    "find_recipe",
    "from_dict",
    "from_json",
    "option_table",
    "options",
    "parse_flags",
    "resolve",
    "to_dict",
    "to_flags",
    "to_json",
]
