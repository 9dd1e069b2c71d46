"""Tabler and Feather: about 6,570 icons under MIT, from their npm packages or their release archives."""

from __future__ import annotations

from supersvg_data.recipes.base import DatasetRecipe, IconPackage

TABLER = IconPackage(
    package="@tabler/icons",
    version="3.51.0",
    integrity="sha512-0pinvPZz7YeX+OSfxuEAbnEPWbocVXW5iU8h5lh41pYG8sZuQfpWECC980lxOT0clGIcNGn8xsBr+zKaRGdA/g==",
    archive_url="https://github.com/tabler/tabler-icons/archive/refs/tags/v3.51.0.tar.gz",
    folders={"tabler-outline": "icons/outline", "tabler-filled": "icons/filled"},
    archive_folders={"tabler-outline": "icons/outline", "tabler-filled": "icons/filled"},
    icons=6287,
    icons_hash="beba354a978fb920a2b1377ae3869f3afda6e3e25ad2f934b4d9c7f0ce130f78",
    licence="MIT",
    attribution="Tabler Icons 3.51.0, copyright (c) 2020-2026 Paweł Kuna",
)

FEATHER = IconPackage(
    package="feather-icons",
    version="4.29.2",
    integrity="sha512-0TaCFTnBTVCz6U+baY2UJNKne5ifGh7sMG4ZC2LoBWCZdIyPa+y6UiR4lEYGws1JOFWdee8KAsAIvu0VcXqiqA==",
    archive_url="https://github.com/feathericons/feather/archive/refs/tags/v4.29.2.tar.gz",
    folders={"feather": "dist/icons"},
    archive_folders={"feather": "icons"},
    icons=287,
    icons_hash="439de7d042b4f73e7f347b17b4bc60d28289d23ecb6e1119d71d51ccd2805e72",
    licence="MIT",
    attribution="Feather 4.29.2, copyright (c) 2013-2023 Cole Bemis",
)

RECIPE = DatasetRecipe(
    name="icons",
    summary="Tabler outline and filled, and Feather: 6,574 icons, black on white",
    source="npm",
    revision="tabler-3.51.0+feather-4.29.2",
    licence="MIT",
    attribution=f"{TABLER.attribution}; {FEATHER.attribution}",
    channels=1,
    held_out_share=0.05,
    held_out_minimum=200,
    expected_count=TABLER.icons + FEATHER.icons,
    expected_bytes=1_377_743,
    packages=(TABLER, FEATHER),
)
