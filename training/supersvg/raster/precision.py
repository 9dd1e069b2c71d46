"""Keep mixed precision out: eight bits of mantissa cannot say where in a pixel an edge lies."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

import torch
from torch import Tensor

Step = TypeVar("Step", bound=Callable[..., Any])


def full_precision(function: Step) -> Step:
    """For `forward` and `backward` of an autograd function: switch autocast off while it runs."""

    @wraps(function)
    def run(ctx: Any, *given: Any) -> Any:
        device = next(value.device.type for value in given if isinstance(value, Tensor))
        with torch.autocast(device, enabled=False):
            return function(ctx, *given)

    return cast(Step, run)
