"""What the rest of the program may ask of a provider, and what each provider can do.

Behaviour that every provider keeps: ``start`` with a claim that was started before starts nothing and returns
what there is; ``find`` returns None only where nothing was ever started under the claim; ``ask_to_stop``
succeeds where the trainer is already gone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True)
class Capabilities:
    """What a provider can do, declared rather than probed."""

    rents: bool
    spot: bool
    detach: bool
    self_destruct: str  # shutdown | provider-timer | scoped-key | none | not-needed


@dataclass(frozen=True)
class Job:
    """A trainer to start. ``claim`` marks it uniquely; ``log`` takes its stdout and stderr, appended."""

    claim: str
    command: tuple[str, ...]
    log: Path
    environ: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Process:
    """A started trainer now. ``exit_code`` is None while it runs, and where it could not be learned."""

    claim: str
    pid: int | None
    alive: bool
    exit_code: int | None
    ended: float | None
    problem: str = ""


class Provider(Protocol):
    """Where attempts run."""

    @property
    def name(self) -> str: ...

    @property
    def capabilities(self) -> Capabilities: ...

    def start(self, job: Job) -> Process:
        """Starts the job once per claim and returns when its trainer exists, or has failed to."""
        ...

    def find(self, claim: str) -> Process | None: ...

    def ask_to_stop(self, claim: str) -> None:
        """Asks the trainer to save and leave."""
        ...


CAPABILITIES: Mapping[str, Capabilities] = {
    "local": Capabilities(rents=False, spot=False, detach=True, self_destruct="not-needed"),
}
"""The table that the documentation and the chooser read."""
