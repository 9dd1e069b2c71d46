"""Where a training step's time goes.

    python benchmarks/train_step.py [--json] [--steps 20] [--threads 2] [--preset tiny] [flags]

Runs a recipe's task without the run directory around it and prints images/s and the share of each phase:
data, forward (the network), render, losses, backward (of all three), optimiser, other. Further flags are
those of the recipe. Without --data-path it takes the dataset `test`, which needs no network. The clock stops
for the device at every border between phases, so on a GPU the sum is slower than training.
"""

from __future__ import annotations

import argparse
import importlib
import json
import platform
import statistics
import sys
import time
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from supersvg.engine.distributed import pick_device
from supersvg.engine.optimizer import build_optimizer, resolve_precision
from supersvg.engine.run import load_task
from supersvg.engine.schedule import Batches, horizon, learning_rate
from supersvg.engine.task import Progress, Task
from supersvg.recipes import TrainingConfig, find_recipe, parse_flags, resolve

PHASES = ("data", "forward", "render", "losses", "backward", "optimiser", "other")


class Clock:
    """Seconds by phase; phases nest, and each counts only what its inner ones leave."""

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self.seconds = dict.fromkeys(PHASES, 0.0)
        self._inner = [0.0]

    def now(self) -> float:
        if self.device.type == "cuda":
            torch.cuda.synchronize()
        return time.perf_counter()

    @contextmanager
    def phase(self, name: str) -> Any:
        began = self.now()
        self._inner.append(0.0)
        yield
        took = self.now() - began
        self.seconds[name] += took - self._inner.pop()
        self._inner[-1] += took

    def wrap(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*args: Any, **options: Any) -> Any:
            with self.phase(name):
                return call(*args, **options)

        return timed


def measure(task: Task, config: TrainingConfig, device: torch.device, steps: int, warmup: int) -> dict[str, Any]:
    """Trains for ``warmup`` + ``steps`` steps and reports on the latter."""
    model = task.build_model().to(device).train()
    optimizer = build_optimizer(task.parameter_groups(model), config, device)
    precision = resolve_precision(config.mixed_precision, device)
    scaler = torch.amp.GradScaler(device.type, enabled=precision is torch.float16)
    length = horizon(config, task.sample_count())
    batches = Batches(config, length)
    clock = Clock(device)
    model.forward = clock.wrap("forward", model.forward)
    drawing = _drawing()
    if drawing is not None:
        drawing.draw = clock.wrap("render", drawing.draw)
    samples = 0
    times: list[float] = []
    for step in range(warmup + steps):
        if step == warmup:
            clock.seconds, samples, times = dict.fromkeys(PHASES, 0.0), 0, []
        began = clock.now()
        with clock.phase("other"):
            for group in optimizer.param_groups:
                group["lr"] = learning_rate(config, length, min(step, length.total_steps - 1))
            optimizer.zero_grad(set_to_none=True)
            for position in batches.passes(step % length.total_steps):
                part = batches[position]
                with clock.phase("data"):
                    batch = {name: value.to(device) for name, value in task.batch(part.epoch, part.indices).items()}
                with (
                    clock.phase("losses"),
                    torch.autocast(device.type, precision, enabled=precision is not None),
                ):
                    progress = Progress(step, length.total_steps, step / length.steps_per_epoch)
                    losses = task.losses(model, batch, progress)
                with clock.phase("backward"):
                    scaler.scale(losses["loss"] * part.weight).backward()  # type: ignore[no-untyped-call]
                samples += len(part.indices)
            with clock.phase("optimiser"):
                scaler.unscale_(optimizer)
                torch.nn.utils.clip_grad_norm_(model.parameters(), config.clip_grad or float("inf"))
                scaler.step(optimizer)
                scaler.update()
        times.append(clock.now() - began)
    total = sum(times)
    return {
        "images_per_s": round(samples / total, 2),
        "step_s": {"median": round(statistics.median(times), 5), "best": round(min(times), 5)},
        "share": {name: round(seconds / total, 4) for name, seconds in clock.seconds.items()},
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
    }


def _drawing() -> Any:
    # The one place where the coarse stage calls the rasteriser; a recipe without it has no such phase.
    return sys.modules.get("supersvg.models.supersvg.losses")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--steps", type=int, default=20, help="steps measured")
    parser.add_argument("--warmup", type=int, default=3, help="steps before them")
    parser.add_argument("--recipe", default="supersvg-coarse")
    arguments, flags = parser.parse_known_args()
    recipe = find_recipe(arguments.recipe)
    settings = parse_flags(recipe.config, flags)
    if "preset" not in settings and recipe.config.PRESETS:
        settings["preset"] = next(iter(recipe.config.PRESETS))
    config = resolve(recipe.config, {"data_path": "", **settings})
    if not config.data_path and recipe.name == "supersvg-coarse":
        data: Any = importlib.import_module("supersvg_data")
        settings["data_path"] = str(data.get("test").path)
        config = resolve(recipe.config, settings)
    if config.threads:
        torch.set_num_threads(config.threads)
    device = pick_device(config.device)
    found = {
        "recipe": recipe.name,
        "preset": config.preset,
        "batch_size": config.effective_batch,
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else _processor(),
        "threads": torch.get_num_threads(),
        "torch": str(torch.__version__),
        **measure(load_task(recipe, config), config, device, arguments.steps, arguments.warmup),
    }
    if arguments.json:
        print(json.dumps(found, indent=2))
        return
    print(f"{found['recipe']} {found['preset']} on {found['device']}, {found['threads']} threads")
    step_ms = found["step_s"]["median"] * 1000
    print(f"{found['images_per_s']} images/s, {step_ms:.1f} ms a step of {found['batch_size']}")
    for name, share in found["share"].items():
        print(f"  {name:<10} {share:6.1%}")


def _processor() -> str:
    listing = Path("/proc/cpuinfo")
    names = [line for line in listing.read_text().splitlines() if "model name" in line] if listing.exists() else []
    return names[0].partition(":")[2].strip() if names else platform.processor() or platform.machine()


if __name__ == "__main__":
    main()
