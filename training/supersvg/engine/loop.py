"""The training loop: one device or many, top to bottom.

Between two steps the state is whole. There, and only there, the loop looks at what was asked of it,
evaluates, samples, saves and leaves; so every checkpoint is the state before some step, and a resumed run
does that step next. All randomness is a function of (seed, epoch, sample index) and the step, so there is no
generator state to carry over.
"""

from __future__ import annotations

import math
import time
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import nn

from supersvg.engine.checkpoint import Checkpoint, prune, save_checkpoint
from supersvg.engine.distributed import World
from supersvg.engine.errors import Diverged
from supersvg.engine.feed import Work, feed
from supersvg.engine.optimizer import build_optimizer, resolve_precision
from supersvg.engine.record import Record, Totals
from supersvg.engine.schedule import Batches, Horizon, learning_rate
from supersvg.engine.signals import Requests
from supersvg.engine.task import Progress, Task
from supersvg.recipes import TrainingConfig


def train(
    task: Task,
    config: TrainingConfig,
    length: Horizon,
    world: World,
    requests: Requests,
    record: Record | None,
    *,
    resumed: Checkpoint | None,
    identity: dict[str, Any],
) -> str:
    """Trains to the end of ``length`` or to a request to leave; returns the exit reason, ``done`` or
    ``saved``.

    ``record`` is None on all ranks but the first. ``identity`` (recipe, config, data hash, machine) goes
    into every checkpoint.

    Raises:
        TrainingError: any other end. The last checkpoint is intact.
    """
    device = world.device
    model = task.build_model().to(device)
    optimizer = build_optimizer(task.parameter_groups(model), config, device)
    precision = resolve_precision(config.mixed_precision, device)
    scaler = torch.amp.GradScaler(device.type, enabled=precision is torch.float16)
    start = 0
    if resumed is not None:
        start = resumed.step
        model.load_state_dict(resumed.model)
        optimizer.load_state_dict(resumed.optimizer["adamw"])
        scaler.load_state_dict(resumed.optimizer["scaler"])
    wrapped = world.wrap(model.train())
    batches = Batches(config, length, rank=world.rank, ranks=world.size)
    work = feed(task, batches, config, device, from_step=start)
    stepper = Stepper(task, config, length, world, model, wrapped, optimizer, scaler, precision)
    saved_at = start if resumed is not None else -1

    def save(step: int) -> None:
        nonlocal saved_at
        if record is None or saved_at == step:
            return
        began = time.monotonic()
        record.totals.elapsed_s = record.elapsed()
        tensors = {"adamw": optimizer.state_dict(), "scaler": scaler.state_dict()}
        state = {**identity, "step": step, "totals": asdict(record.totals)}
        path = save_checkpoint(record.run.checkpoints, Checkpoint(model.state_dict(), tensors, state))
        saved_at = step
        record.log.append(
            "checkpoint",
            step=step,
            path=f"checkpoints/{path.name}",
            seconds=round(time.monotonic() - began, 3),
            elapsed_s=round(record.totals.elapsed_s, 3),
        )
        record.log.sync()
        best = record.totals.metrics.get("best")
        prune(record.run.checkpoints, config.keep_checkpoints, int(best["step"]) if best is not None else None)

    for step in range(start, length.total_steps + 1):
        last = step == length.total_steps
        save_asked, leave_asked = world.any(requests.take_save(), requests.leave)
        if leave_asked and not last:
            save(step)
            return "saved"
        if record is not None:
            new_best = False
            if record.totals.evaluated_at != step and due(step, config.eval_every, last):
                new_best = evaluate(task, model, config, record)
            if record.totals.sampled_at != step and due(step, config.sample_every, last):
                record.sampled(_frozen(model, task.samples))
            if save_asked or new_best or due(step, config.checkpoint_every, last):
                save(step)
        if last:
            return "done"

        try:
            took = stepper.step(step, work)
        except Diverged:
            save(step)  # the weights before the step that failed: the last good state
            raise
        if record is not None:
            record.totals.step = step + 1
            record.stepped(took.losses, data_s=took.data_s, step_s=took.step_s, samples=took.samples)
            if (step + 1) % config.log_every == 0 or step == start or step + 1 == length.total_steps:
                epoch = (step + 1) / length.steps_per_epoch
                record.step(took.losses, epoch=epoch, lr=took.lr, grad_norm=took.grad_norm)
    raise AssertionError("the last step returns")


@dataclass(frozen=True)
class Took:
    """One optimiser step as it went."""

    losses: dict[str, float]
    lr: float
    grad_norm: float
    samples: int
    data_s: float
    step_s: float


@dataclass
class Stepper:
    """One optimiser step: gradients of ``accum_iter`` forward passes over all ranks, then AdamW."""

    task: Task
    config: TrainingConfig
    length: Horizon
    world: World
    model: nn.Module
    wrapped: nn.Module
    optimizer: torch.optim.Optimizer
    scaler: torch.amp.GradScaler
    precision: torch.dtype | None

    def step(self, step: int, work: Any) -> Took:
        """Takes its batches from ``work``, an iterator of ``Work``.

        Raises:
            Diverged: the loss or, without loss scaling, a gradient is not finite; no weight was changed.
        """
        began = time.perf_counter()
        config, device = self.config, self.world.device
        # Dropout and the like: a function of the step, so that nothing before it matters.
        torch.manual_seed(((config.seed * 1_000_003 + step) * 4099 + self.world.rank) % 2**63)
        lr = learning_rate(config, self.length, step)
        for group in self.optimizer.param_groups:
            group["lr"] = lr
        self.optimizer.zero_grad(set_to_none=True)
        progress = Progress(step, self.length.total_steps, step / self.length.steps_per_epoch)
        sums: dict[str, torch.Tensor] = {}
        data_s = 0.0
        for turn in range(config.accum_iter):
            asked = time.perf_counter()
            part: Work = next(work)
            data_s += time.perf_counter() - asked
            joins = turn == config.accum_iter - 1 or self.world.size == 1
            with nullcontext() if joins else self.wrapped.no_sync():  # type: ignore[operator]  # DDP's own
                with torch.autocast(device.type, self.precision, enabled=self.precision is not None):
                    losses = self.task.losses(self.wrapped, part.batch, progress)
                scaled = self.scaler.scale(losses["loss"] * part.weight)
                scaled.backward()  # type: ignore[no-untyped-call]
            for name, value in losses.items():
                sums[name] = sums.get(name, 0) + value.detach().double() * part.weight

        # The step's one wait for the device: without it a diverged run would go on paying.
        names = sorted(sums)
        values = self.world.mean([float(value) for value in torch.stack([sums[name] for name in names]).tolist()])
        told = dict(zip(names, values, strict=True))
        if not all(math.isfinite(value) for value in values):
            bad = ", ".join(name for name in names if not math.isfinite(told[name]))
            raise _diverged(step, f"{bad} is not finite")
        self.scaler.unscale_(self.optimizer)
        norm = float(nn.utils.clip_grad_norm_(self.model.parameters(), config.clip_grad or math.inf))
        if not math.isfinite(norm) and not self.scaler.is_enabled():
            raise _diverged(step, "the gradient is not finite")
        self.scaler.step(self.optimizer)
        self.scaler.update()
        epoch_part = self.length.position(step)[1] * config.effective_batch
        samples = min(config.effective_batch, self.length.samples - epoch_part)
        return Took(told, lr, norm, samples, data_s, time.perf_counter() - began)


def evaluate(task: Task, model: nn.Module, config: TrainingConfig, record: Record) -> bool:
    """Evaluates on held-out pictures and says whether it was the best so far."""
    began = time.monotonic()
    metrics = _frozen(model, lambda model: task.evaluate(model, limit=config.eval_pictures or None))
    better = _better(metrics, record.totals, config)
    record.evaluated(metrics, better=better, seconds=time.monotonic() - began)
    return better


def _better(metrics: dict[str, float], totals: Totals, config: TrainingConfig) -> bool:
    value = metrics.get(config.best_metric)
    if value is None or not math.isfinite(value):
        return False
    best = totals.metrics.get("best")
    if best is None:
        return True
    before = best[config.best_metric]
    return value < before if config.best_is == "lowest" else value > before


def _frozen(model: nn.Module, use: Any) -> Any:
    """``use(model)`` in eval mode and without gradients; generators are consumed here."""
    model.eval()
    try:
        with torch.no_grad():
            found = use(model)
            return found if isinstance(found, dict) else list(found)
    finally:
        model.train()


def due(step: int, every: int, last: bool) -> bool:
    """Whether something done every so many steps (0: at the end only) is due before ``step``."""
    return last or (every > 0 and step > 0 and step % every == 0)


def _diverged(step: int, what: str) -> Diverged:
    return Diverged(
        f"training diverged at step {step + 1}: {what}",
        advice=f"the weights before it are in checkpoints/step-{step:06d}; start a new run with a lower "
        "--blr, a longer warm-up or --clip-grad 1",
    )
