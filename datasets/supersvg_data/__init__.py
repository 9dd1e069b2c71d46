"""Dataset recipes and their data: fetch, verify, convert, crop.

Importing this package is cheap: numpy, Pillow and resvg (the ``[data]`` extra) are imported when pictures are touched.
"""

from __future__ import annotations

from supersvg_data.errors import DataError
from supersvg_data.location import default_root
from supersvg_data.manifest import Item, Manifest, Prepared, load
from supersvg_data.prepare import get
from supersvg_data.recipes import RECIPES, DatasetRecipe
from supersvg_data.verify import VerifyReport, list_prepared, verify

__all__ = [
    "RECIPES",
    "DataError",
    "DatasetRecipe",
    "Item",
    "Manifest",
    "Prepared",
    "VerifyReport",
    "default_root",
    "get",
    "list_prepared",
    "load",
    "verify",
]
