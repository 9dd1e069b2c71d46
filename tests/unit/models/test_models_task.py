"""The task: purity of batches, metrics that a blank page fails, samples, refusals."""

from __future__ import annotations

import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from supersvg.engine.metrics import psnr
from supersvg.engine.task import Described, Fingerprinted, Progress
from supersvg.models.supersvg.network import CoarseNetwork
from supersvg.models.supersvg.task import CoarseTask, spread
from supersvg.recipes.coarse import CoarseConfig
from supersvg.svg import draw_svg
from supersvg_data import get
from supersvg_data.errors import DataError, MissingDataset


@pytest.fixture(scope="module")
def task(prepared_config: CoarseConfig) -> CoarseTask:
    return CoarseTask(prepared_config)


def test_batches_are_a_function_of_seed_epoch_and_index(task: CoarseTask, prepared_config: CoarseConfig) -> None:
    """In any grouping, order and process."""
    whole = task.batch(3, [4, 0, 7])
    again = pickle.loads(pickle.dumps(CoarseTask(prepared_config)))
    for place, index in enumerate([4, 0, 7]):
        alone = again.batch(3, [index])
        for name, values in whole.items():
            assert torch.equal(alone[name][0], values[place]), name


def test_epochs_and_seeds_differ(task: CoarseTask, prepared_config: CoarseConfig) -> None:
    indices = list(range(task.sample_count()))
    first = task.batch(0, indices)["image"]
    assert not torch.equal(first, task.batch(1, indices)["image"])
    other = CoarseTask(replace(prepared_config, seed=1))
    assert not torch.equal(first, other.batch(0, indices)["image"])


def test_batches_hold_what_they_promise(task: CoarseTask) -> None:
    batch = task.batch(0, list(range(task.sample_count())))
    assert batch["image"].shape == (task.sample_count(), 3, 16, 16)
    assert batch["image"].min() >= 0
    assert batch["image"].max() <= 1
    assert set(batch["mask"].unique().tolist()) <= {0.0, 1.0}
    assert (batch["mask"].sum(dim=(1, 2, 3)) > 0).all()
    darkest = torch.where(batch["mask"] > 0, batch["image"], 1.0).amin(dim=(1, 2, 3))
    assert (darkest < 0.999).all(), "blank superpixels are not trained on"


def test_recolored_samples_are_stretched_only(prepared_config: CoarseConfig, task: CoarseTask) -> None:
    """A recoloured crop is an affine map of the plain one, channel by channel, and about the share asked for is."""
    bold = CoarseTask(replace(prepared_config, recolor=0.5))
    indices = list(range(task.sample_count()))
    plain, recolored = task.batch(0, indices)["image"], bold.batch(0, indices)["image"]
    changed = 0
    for before, after in zip(plain, recolored, strict=True):
        if torch.equal(before, after):
            continue
        changed += 1
        for x, y in zip(before.flatten(1).numpy(), after.flatten(1).numpy(), strict=True):
            if np.ptp(x) > 0.1:
                assert np.abs(np.polyval(np.polyfit(x, y, 1), x) - y).max() < 1e-4
    assert 0.2 < changed / len(indices) < 0.8


def test_a_few_steps_lower_the_loss(task: CoarseTask) -> None:
    model = task.build_model()
    batch = task.batch(0, list(range(task.sample_count())))
    optimizer = torch.optim.AdamW(task.parameter_groups(model), lr=3e-3)
    losses = []
    for step in range(30):
        loss = task.losses(model, batch, Progress(step, 30, 0.0))["loss"]
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.6 * losses[0]


def test_evaluation_is_repeatable_and_complete(task: CoarseTask, network: CoarseNetwork) -> None:
    metrics = task.evaluate(network, limit=2)
    assert metrics == task.evaluate(network, limit=2)
    wanted = {"mse", "flat_mse", "mse_ratio", "psnr", "ssim", "ink_iou", "paths", "svg_bytes", "pictures"}
    assert wanted <= set(metrics)
    assert all(type(value) is float for value in metrics.values())
    assert metrics["pictures"] == 2
    assert metrics["mse_ratio"] == pytest.approx(metrics["mse"] / metrics["flat_mse"])


def test_a_blank_page_fails_the_bar(task: CoarseTask, network: CoarseNetwork) -> None:
    """A model that hides every path scores worse than a flat colour and has no ink."""
    shut = {name: weights.clone() for name, weights in network.state_dict().items()}
    shut["head.start"][:, -1] = -50.0
    model = task.build_model()
    model.load_state_dict(shut)
    metrics = task.evaluate(model.eval(), limit=None)
    assert metrics["mse_ratio"] > 1
    assert metrics["paths"] == 1
    assert metrics["ink_iou"] < 0.2


def test_samples_are_the_same_pictures_and_agree_with_resvg(task: CoarseTask, network: CoarseNetwork) -> None:
    first, second = list(task.samples(network)), list(task.samples(network))
    assert [sample.name for sample in first] == [sample.name for sample in second]
    assert len(first) == 3
    for sample in first:
        assert sample.picture.shape == sample.target.shape == (64, 64, 3)
        assert Path(sample.name).name == sample.name, "a name becomes a file's"
        assert psnr(sample.picture, draw_svg(sample.svg, 64, 64)) > 35


def test_says_which_data_it_trains_on(task: CoarseTask) -> None:
    assert isinstance(task, Fingerprinted)
    assert isinstance(task, Described)
    told = task.describe()
    assert told["pictures"]["train"] == task.sample_count()
    assert told["lpips"].startswith(("measured", "absent: "))
    assert task.data_hash() == task.prepared.manifest.content_hash


def test_another_picture_size_is_refused_with_the_fix(prepared_config: CoarseConfig) -> None:
    with pytest.raises(DataError) as caught:
        CoarseTask(replace(prepared_config, picture_size=128))
    assert "--picture-size 48" in caught.value.advice


def test_a_missing_dataset_is_bad_data(prepared_config: CoarseConfig, tmp_path: Path) -> None:
    with pytest.raises(MissingDataset):
        CoarseTask(replace(prepared_config, data_path=str(tmp_path / "nothing")))


def test_a_dataset_without_held_out_pictures_is_refused(small: CoarseConfig, tmp_path: Path) -> None:
    prepared = get("test", tmp_path, size=48, limit=1, workers=1)
    with pytest.raises(DataError, match="held out"):
        CoarseTask(replace(small, data_path=str(prepared.path)))


def test_spread_takes_evenly_and_no_more_than_there_are() -> None:
    assert spread([5, 6, 7, 8], 2) == [5, 7]
    assert spread([5, 6], 9) == [5, 6]
    assert spread([5, 6], 0) == []
