"""What a recipe says: data, no code."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class IconPackage:
    """One set of SVG icons, as an npm package and as the release archive of its public repository.

    ``folders`` and ``archive_folders`` map the set's name (the first part of every key) to the folder that holds
    the icons, inside the package and inside the archive, without the archive's own top folder.
    """

    package: str
    version: str
    integrity: str  # Subresource Integrity of the npm tarball: "sha512-" and base64.
    archive_url: str
    folders: dict[str, str]
    archive_folders: dict[str, str]
    icons: int
    icons_hash: str  # SHA-256 over the icons in canonical form, the same from both sources: see canonical.py.
    licence: str
    attribution: str


@dataclass(frozen=True)
class DatasetRecipe:
    """One dataset: where it comes from, what it may be used for, and what to expect."""

    name: str
    summary: str
    source: str
    revision: str
    licence: str
    attribution: str
    channels: int  # 1 = grey pictures, 3 = RGB
    held_out_share: float
    held_out_minimum: int
    expected_count: int | None  # pictures
    expected_bytes: int | None  # bytes to download
    packages: tuple[IconPackage, ...] = ()
    seed: int | None = None  # for generated pictures
    needs_source: bool = False  # a folder has to be given
