"""What nearly every command opens: settings, ledger, provider."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from supersvg_cloud import config as settings
from supersvg_cloud import console
from supersvg_cloud.model import Run
from supersvg_cloud.providers.base import Provider
from supersvg_cloud.runs import journal
from supersvg_cloud.runs.ledger import Ledger


@dataclass(frozen=True)
class Session:
    config: settings.Config
    ledger: Ledger
    provider: Provider
    as_json: bool

    def status(self, run: Run) -> journal.Status:
        return journal.status(run, self.ledger, self.provider)

    def pick(self, wanted: str | None, fits: Callable[[journal.Status], bool] = lambda _status: True) -> Run:
        """The run that a person means; asks only where one is there to answer."""
        ask = console.person_is_there() and not self.as_json
        return journal.find(
            self.ledger,
            wanted,
            fits=lambda run: fits(self.status(run)),
            choose=self._choose if ask else None,
        )

    def pick_current(self, wanted: str | None) -> Run:
        """As ``pick``; runs that are being trained go before those that are not."""
        active = any(self.status(run).state.active for run in self.ledger.runs())
        return self.pick(wanted, lambda status: status.state.active or not active)

    def _choose(self, runs: list[Run]) -> Run:
        lines = [f"{journal.label(run)}  {self.status(run).text}" for run in reversed(runs)]
        return runs[::-1][lines.index(console.choose("Which run?", lines))]


@contextmanager
def session(*, flags: Mapping[str, Any] | None = None, as_json: bool = False) -> Iterator[Session]:
    config = settings.load(flags=flags)
    with Ledger(config.ledger) as ledger:
        yield Session(config, ledger, journal.provider_of(config), as_json)


def known_runs() -> list[Run]:
    """All runs, newest first; for shell completion, which must not create a ledger where there is none."""
    config = settings.load()
    if not config.ledger.exists():
        return []
    with Ledger(config.ledger) as ledger:
        return ledger.runs()[::-1]
