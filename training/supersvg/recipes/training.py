"""The settings that every recipe has: how long, how fast, on what, and what is kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from supersvg.recipes.schema import RecipeError, Value, option


@dataclass(frozen=True, kw_only=True)
class TrainingConfig:
    """What the loop needs to know; recipes add their own fields to it.

    Raises ``RecipeError`` on construction where settings contradict each other; the text holds the fix.
    """

    # Where
    run_dir: str = option("", "directory of this run", aliases=("output_dir",), group="where", operational=True)
    data_path: str = option(
        "",
        "prepared dataset, or a folder of pictures",
        aliases=("data_dir", "data"),
        group="where",
        operational=True,
    )
    log_dir: str = option("", "TensorBoard files; empty: RUN_DIR/tensorboard", group="where", operational=True)
    tensorboard: bool = option(True, "write TensorBoard event files", group="where", operational=True)
    resume: str = option(
        "",
        "go on from RUN_DIR's newest complete checkpoint, or from the named one of its checkpoints",
        bare="auto",
        group="where",
        operational=True,
    )
    preset: str = option("", "a named set of values, which other flags override", group="where")

    # How long
    epochs: int = option(1, "passes over the training samples", aliases=("num_epochs",))
    steps: int = option(0, "optimiser steps; 0: from --epochs", aliases=("max_steps",))
    batch_size: int = option(
        64, "samples per forward pass over all processes together", unit="samples", aliases=("bs",)
    )
    accum_iter: int = option(
        1, "forward passes whose gradients make one step", aliases=("gradient_accumulation", "accum")
    )

    # How fast
    blr: float = option(1e-3, "learning rate per 256 samples of effective batch (batch size x accumulation)")
    lr: float | None = option(None, "learning rate itself, instead of --blr", aliases=("learning_rate",))
    min_lr: float = option(0.0, "learning rate at the end of the cosine")
    warmup_epochs: float = option(0.0, "linear warm-up", unit="epochs")
    warmup_steps: int | None = option(None, "linear warm-up, instead of --warmup-epochs", unit="steps")
    weight_decay: float = option(0.05, "AdamW weight decay of weights with two or more dimensions")
    beta1: float = option(0.9, "AdamW decay of the gradient mean")
    beta2: float = option(0.95, "AdamW decay of the squared gradient mean")
    clip_grad: float | None = option(None, "largest gradient norm; none: no clipping")
    mixed_precision: str = option(
        "auto",
        "bf16 or fp16 arithmetic where the device gains by it; given bare: auto",
        choices=("auto", "off", "bf16", "fp16"),
        aliases=("amp",),
        bare="auto",
    )
    seed: int = option(0, "all randomness is a function of it, the epoch, the sample and the step")

    # On what
    device: str = option("auto", "auto, cpu, cuda, cuda:N or mps", group="machine", operational=True)
    threads: int = option(0, "CPU threads of torch; 0: its own choice", group="machine", operational=True)
    num_workers: int = option(
        0,
        "processes that prepare batches; 0: in the trainer",
        aliases=("workers",),
        group="machine",
        operational=True,
    )
    prefetch_factor: int = option(2, "batches that each worker prepares ahead", group="machine", operational=True)
    pin_mem: bool = option(
        True,
        "page-locked batches for faster copies to CUDA",
        aliases=("pin_memory",),
        group="machine",
        operational=True,
    )

    # What is kept and said
    log_every: int = option(10, "steps between step events", unit="steps", group="record", operational=True)
    eval_every: int = option(0, "steps between evaluations; 0: at the end only", unit="steps", group="record")
    eval_pictures: int = option(0, "held-out pictures per evaluation; 0: all", group="record")
    best_metric: str = option("mse", "metric whose best checkpoint is kept", group="record")
    best_is: str = option("lowest", "which end of it is best", choices=("lowest", "highest"), group="record")
    sample_every: int = option(
        0, "steps between sample grids; 0: at the end only", unit="steps", group="record", operational=True
    )
    checkpoint_every: int = option(500, "steps between checkpoints", unit="steps", group="record", operational=True)
    keep_checkpoints: int = option(2, "newest checkpoints kept, besides the best one", group="record", operational=True)

    PRESETS: ClassVar[Mapping[str, Mapping[str, Value]]] = {}
    REFUSED: ClassVar[Mapping[str, str]] = {
        "dist_on_itp": "it is for one company's cluster; start several processes with torchrun",
        "local_rank": "torchrun hands it over in the environment; leave it out",
        "world_size": "torchrun --nproc-per-node N sets it; leave it out",
        "dist_url": "torchrun sets the meeting point; leave it out",
        "dist_eval": "evaluation needs no flag to run beside several processes; leave it out",
        "start_epoch": "a checkpoint knows its exact place within the epoch: use --resume",
    }
    GIVES_WAY: ClassVar[Mapping[str, tuple[str, Value]]] = {
        "epochs": ("steps", 0),
        "warmup_epochs": ("warmup_steps", None),
        "blr": ("lr", None),
    }
    """A setting given in a higher layer -> (the other way of saying it, the value that means unsaid)."""

    @property
    def effective_batch(self) -> int:
        """Samples per optimiser step, over all processes."""
        return self.batch_size * self.accum_iter

    @property
    def base_lr(self) -> float:
        """The learning rate after warm-up: ``lr``, or ``blr`` scaled by the effective batch / 256."""
        return self.lr if self.lr is not None else self.blr * self.effective_batch / 256

    def __post_init__(self) -> None:
        self._at_least(
            1,
            "batch_size",
            "accum_iter",
            "prefetch_factor",
            "log_every",
            "checkpoint_every",
            "keep_checkpoints",
        )
        self._at_least(
            0,
            "epochs",
            "steps",
            "warmup_epochs",
            "warmup_steps",
            "min_lr",
            "weight_decay",
            "seed",
            "threads",
            "num_workers",
            "eval_every",
            "eval_pictures",
            "sample_every",
        )
        self._above_zero("blr", "lr", "clip_grad")
        for name in ("beta1", "beta2"):
            if not 0 <= getattr(self, name) < 1:
                self._refuse(name, "must be at least 0 and below 1", f"--{name} 0.9")
        if self.epochs == 0 and self.steps == 0:
            raise RecipeError("nothing to train: epochs and steps are both 0", advice="give --epochs 1 or --steps 100")
        if self.min_lr > self.base_lr:
            raise RecipeError(
                f"--min-lr {self.min_lr:g} is above the learning rate {self.base_lr:g}",
                advice=f"lower it to --min-lr {self.base_lr / 100:g}, or raise --lr",
            )
        if self.mixed_precision == "fp16" and self.device == "cpu":
            raise RecipeError(
                "fp16 on the CPU loses range and gains no speed",
                advice="use --mixed-precision off (or auto, which picks by device)",
            )

    def _at_least(self, least: int, *names: str) -> None:
        for name in names:
            value = getattr(self, name)
            if value is not None and value < least:
                self._refuse(name, f"must be at least {least}", f"--{name.replace('_', '-')} {max(least, 1)}")

    def _above_zero(self, *names: str) -> None:
        for name in names:
            value = getattr(self, name)
            if value is not None and value <= 0:
                self._refuse(name, "must be above 0", f"leave --{name.replace('_', '-')} out for the default")

    def _refuse(self, name: str, why: str, fix: str) -> None:
        flag = "--" + name.replace("_", "-")
        raise RecipeError(f"{flag} {getattr(self, name)} {why}", advice=f"for example {fix}")
