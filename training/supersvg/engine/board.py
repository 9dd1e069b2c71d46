"""TensorBoard event files, for whoever likes them; events.jsonl has everything that they have."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from supersvg.engine.errors import writing


class Board:
    """Scalars into ``path``, or nowhere where TensorBoard is not installed or not wanted."""

    def __init__(self, path: Path, *, wanted: bool, from_step: int) -> None:
        self.missing = wanted and importlib.util.find_spec("tensorboard") is None
        self._writer: Any = None
        if wanted and not self.missing:
            # Imported here: it takes seconds, and a run without it should not pay them.
            module = importlib.import_module("torch.utils.tensorboard")
            with writing(path):
                self._writer = module.SummaryWriter(str(path), purge_step=from_step or None)

    def add(self, step: int, prefix: str, scalars: Mapping[str, float]) -> None:
        if self._writer is not None:
            with writing(Path(self._writer.log_dir)):
                for name, value in scalars.items():
                    self._writer.add_scalar(f"{prefix}/{name}", value, step)

    def close(self) -> None:
        if self._writer is not None:
            with writing(Path(self._writer.log_dir)):
                self._writer.close()
