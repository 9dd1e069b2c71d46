"""One small declarative description per dataset; standard library only."""

from __future__ import annotations

from supersvg_data.recipes import folder, icons, test
from supersvg_data.recipes.base import DatasetRecipe, IconPackage

RECIPES: dict[str, DatasetRecipe] = {module.RECIPE.name: module.RECIPE for module in (test, icons, folder)}

__all__ = ["RECIPES", "DatasetRecipe", "IconPackage"]
