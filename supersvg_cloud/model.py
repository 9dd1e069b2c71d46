"""The nouns, as frozen dataclasses: what a run, an attempt and a bill are. No behaviour beyond arithmetic."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path


class Outcome(StrEnum):
    """How an attempt ended."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    STOPPED = "stopped"
    PREEMPTED = "preempted"


class State(StrEnum):
    """What a run is doing, as far as this machine can tell now."""

    PLANNED = "planned"
    STARTING = "starting"
    RUNNING = "running"
    DONE = "done"
    SAVED = "saved"
    FAILED = "failed"

    @property
    def active(self) -> bool:
        return self in (State.STARTING, State.RUNNING)


@dataclass(frozen=True)
class Workload:
    """What is to be trained: a recipe, a dataset (a recipe's name or a folder) and the recipe's settings."""

    recipe: str
    dataset: str
    flags: tuple[str, ...]
    processes: int = 1


@dataclass(frozen=True)
class Run:
    """One training of a workload; outlives hosts and attempts. ``created`` is ISO 8601, UTC."""

    id: str
    name: str
    workload: Workload
    run_dir: Path
    created: str
    provider: str = "local"
    data_path: str = ""
    watts: float = 0.0
    price_per_kwh: float = 0.0
    trainer: tuple[str, ...] = ()


@dataclass(frozen=True)
class Attempt:
    """A run's stay on one host. ``claim`` marks its process; ``started``, ``ended`` are Unix seconds."""

    number: int
    run_id: str
    claim: str
    started: float
    ended: float | None = None
    outcome: Outcome | None = None
    exit_reason: str = ""
    pid: int | None = None

    def hours(self, now: float) -> float:
        return max(0.0, (self.ended if self.ended is not None else now) - self.started) / 3600


@dataclass(frozen=True)
class Electricity:
    """The bill of a run on one's own machine. Hours of wall time, watts at the wall, price per kWh."""

    hours: float
    watts: float
    price_per_kwh: float

    @property
    def kwh(self) -> float:
        return self.hours * self.watts / 1000

    @property
    def price(self) -> float:
        return self.kwh * self.price_per_kwh

    def as_dict(self) -> dict[str, float | str]:
        return {
            "kind": "electricity",
            "hours": round(self.hours, 6),
            "watts": self.watts,
            "kwh": round(self.kwh, 6),
            "price_per_kwh": self.price_per_kwh,
            "total": round(self.price, 6),
        }
