"""``python -m supersvg evaluate``: the metrics of a trained model on held-out pictures."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from supersvg.cli.arguments import FlagParser, run_command


def main(argv: Sequence[str]) -> int:
    """Returns the exit code of docs/run-contract.md."""
    return run_command(lambda: evaluate(argv))


def evaluate(argv: Sequence[str]) -> None:
    """Evaluates as training does: the recipe's own metrics, on its held-out pictures."""
    import torch

    from supersvg.engine.distributed import pick_device
    from supersvg.engine.run import load_task
    from supersvg.engine.trained import load_trained

    parser = FlagParser("evaluate", "Metrics of a trained model on held-out pictures.")
    parser.add_argument("--data-path", "--data", help="dataset; by default the one it was trained on")
    parser.add_argument("--limit", type=int, default=0, help="at most so many pictures; 0: all")
    arguments = parser.read(argv)
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    trained = load_trained(Path(arguments.model), best=arguments.best)
    config = trained.config
    if arguments.data_path:
        config = replace(config, data_path=arguments.data_path)
    task = load_task(trained.recipe, config)
    model = task.build_model()
    model.load_state_dict(trained.weights)
    model.to(pick_device(arguments.device)).eval()
    with torch.no_grad():
        metrics = task.evaluate(model, limit=arguments.limit or None)
    if arguments.json:
        told = {"checkpoint": str(trained.path), "step": trained.step, "metrics": metrics}
        sys.stdout.write(json.dumps(told, indent=2) + "\n")
        return
    sys.stdout.write(f"{trained.path} (step {trained.step})\n")
    for name, value in metrics.items():
        sys.stdout.write(f"  {name:<16} {value:.6g}\n")
