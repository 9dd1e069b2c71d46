"""A recipe small enough to train hundreds of times in a test; reached as ``--recipe toy_task:RECIPE``.

It shows all that a recipe from outside the package needs: a config, a task, and a Recipe object on
PYTHONPATH.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from supersvg.engine.optimizer import decay_groups
from supersvg.engine.task import Progress, Sample
from supersvg.recipes import Recipe, TrainingConfig
from supersvg.recipes.schema import option
from supersvg_data.errors import DataError


@dataclass(frozen=True, kw_only=True)
class ToyConfig(TrainingConfig):
    samples: int = option(22, "training samples per epoch", group="toy")
    dropout: float = option(0.1, "so that resuming has randomness to get wrong", group="toy")
    nan_at: int = option(-1, "step whose loss is NaN", group="toy", operational=True)
    raises: str = option(
        "",
        "what the first batch raises",
        choices=("", "data", "data-rank1", "memory", "bug"),
        group="toy",
        operational=True,
    )
    ranks_agree: bool = option(False, "leave each rank's weights in the run directory", group="toy", operational=True)
    term_at: int = option(-1, "step at which the last rank alone gets SIGTERM", group="toy", operational=True)
    bulk: int = option(0, "megabytes of weights, for disks to be full of", group="toy", operational=True)


class Toy(nn.Module):
    def __init__(self, config: ToyConfig) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(6, 16), nn.GELU(), nn.Dropout(config.dropout), nn.Linear(16, 3))
        if config.bulk:
            self.bulk = nn.Parameter(torch.zeros(config.bulk, 262_144), requires_grad=False)

    def forward(self, inputs: Tensor) -> Tensor:
        found: Tensor = self.layers(inputs)
        return found


class ToyTask:
    def __init__(self, config: ToyConfig) -> None:
        self.config = config

    def build_model(self) -> nn.Module:
        torch.manual_seed(self.config.seed)
        return Toy(self.config)

    def sample_count(self) -> int:
        return self.config.samples

    def data_hash(self) -> str:
        return f"toy {self.config.data_path}"

    def batch(self, epoch: int, indices: Sequence[int]) -> dict[str, Tensor]:
        second = os.environ.get("RANK") == "1"
        if self.config.raises == "data" or (self.config.raises == "data-rank1" and second):
            raise DataError("the toy data are spoilt", cause="the test wants it", advice="leave --raises out")
        if self.config.raises == "memory":
            raise MemoryError("no room")
        if self.config.raises == "bug":
            raise ZeroDivisionError("a toy bug")
        rows = [np.random.Generator(np.random.Philox(key=[epoch, i])).normal(size=6) for i in indices]
        inputs = torch.tensor(np.array(rows), dtype=torch.float32)
        return {"inputs": inputs, "targets": inputs[:, :3] * 2 - inputs[:, 3:]}

    def losses(self, model: nn.Module, batch: dict[str, Tensor], progress: Progress) -> dict[str, Tensor]:
        if self.config.ranks_agree and progress.step == progress.total_steps - 1:
            # As it stands after all steps but the last: what the ranks have made of each other's gradients.
            inner = getattr(model, "module", model)
            torch.save(inner.state_dict(), Path(self.config.run_dir) / f"rank{os.environ['RANK']}.pt")
        last_rank = os.environ.get("RANK", "0") == str(int(os.environ.get("WORLD_SIZE", "1")) - 1)
        if progress.step == self.config.term_at and last_rank:
            os.kill(os.getpid(), signal.SIGTERM)
        found = model(batch["inputs"])
        fit = (found.float() - batch["targets"]).square().mean()
        if progress.step == self.config.nan_at:
            fit = fit * float("nan")
        size = found.float().abs().mean()
        if "TOY_PROGRESS" in os.environ:  # a pipe: how a test knows that a step is under way without sleeping
            os.write(int(os.environ["TOY_PROGRESS"]), b"s")
        return {"loss": fit + 0.01 * size, "fit": fit, "size": size}

    def evaluate(self, model: nn.Module, *, limit: int | None) -> dict[str, float]:
        assert not model.training
        batch = self.batch(10_000, range(limit or 8))
        return {"mse": float((model(batch["inputs"]) - batch["targets"]).square().mean())}

    def samples(self, model: nn.Module) -> Iterable[Sample]:
        assert not model.training
        picture = np.full((4, 4, 3), 128, np.uint8)
        yield Sample("grey", "<svg xmlns='http://www.w3.org/2000/svg'/>", picture, picture)

    def parameter_groups(self, model: nn.Module) -> list[dict[str, Any]]:
        return decay_groups(model, self.config.weight_decay)


def vectorizer(
    config: ToyConfig, weights: dict[str, Tensor], device: torch.device
) -> Callable[[NDArray[np.uint8], int | None], str]:
    Toy(config).to(device).load_state_dict(weights)

    def draw(picture: NDArray[np.uint8], paths: int | None) -> str:
        return f"<svg xmlns='http://www.w3.org/2000/svg' id='{picture.shape}-{paths}-{picture[0, 0].tolist()}'/>"

    return draw


RECIPE = Recipe("toy_task:RECIPE", "a toy for tests", ToyConfig, "toy_task:ToyTask", "toy_task:vectorizer")
