"""AdamW as the recipes want it, and the precision it steps in."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from supersvg.recipes import RecipeError, TrainingConfig


def decay_groups(model: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    """Two groups: weights with two or more dimensions decay; biases, norms and other vectors do not."""
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    groups = (
        {"params": [p for p in trained if p.ndim >= 2], "weight_decay": weight_decay},
        {"params": [p for p in trained if p.ndim < 2], "weight_decay": 0.0},
    )
    return [group for group in groups if group["params"]]


def build_optimizer(groups: list[dict[str, Any]], config: TrainingConfig, device: torch.device) -> torch.optim.AdamW:
    """AdamW; fused where torch has that kernel, which on a CPU is several times faster for many small
    tensors.
    """
    return torch.optim.AdamW(
        groups,
        lr=config.base_lr,
        betas=(config.beta1, config.beta2),
        weight_decay=config.weight_decay,
        fused=device.type in ("cpu", "cuda"),
    )


def resolve_precision(wanted: str, device: torch.device) -> torch.dtype | None:
    """The autocast type, None for plain float32.

    ``auto``: bfloat16 on CUDA devices that have it, float16 on older ones, float32 elsewhere (on a CPU
    without matrix units bfloat16 is slower, and MPS gains nothing on models of this size).

    Raises:
        RecipeError: float16 was asked for where there is no loss scaling for it.
    """
    if wanted == "auto":
        if device.type != "cuda":
            return None
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16
    if wanted == "fp16" and device.type != "cuda":
        raise RecipeError(
            f"fp16 needs loss scaling, which torch has for CUDA only; this device is {device.type}",
            advice="use --mixed-precision auto (or bf16)",
        )
    return {"off": None, "bf16": torch.bfloat16, "fp16": torch.float16}[wanted]
