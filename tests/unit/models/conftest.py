"""A network of a few thousand weights and the generated dataset, both made once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from supersvg.models.supersvg.network import CoarseNetwork, build_network
from supersvg.recipes.coarse import CoarseConfig
from supersvg_data import get

SMALL = CoarseConfig(
    picture_size=48,
    input_size=16,
    superpixels=9,
    sigma=1.0,
    patch_size=8,
    width=32,
    depth=1,
    heads=2,
    head_width=32,
    head_heads=2,
    paths=4,
    batch_size=8,
    steps=4,
    sample_pictures=3,
    sample_size=64,
)


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def small() -> CoarseConfig:
    return SMALL


@pytest.fixture(scope="session")
def network() -> CoarseNetwork:
    return build_network(SMALL).eval()


@pytest.fixture(scope="session")
def prepared_config(tmp_path_factory: pytest.TempPathFactory) -> CoarseConfig:
    """``SMALL`` on the generated pictures."""
    prepared = get("test", tmp_path_factory.mktemp("data"), size=48, workers=1)
    return replace(SMALL, data_path=str(prepared.path))


@pytest.fixture(scope="session")
def data_path(prepared_config: CoarseConfig) -> Path:
    return Path(prepared_config.data_path)
