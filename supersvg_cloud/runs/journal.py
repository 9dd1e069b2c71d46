"""What is known of runs: finding one by what a person types, its state, settling attempts that have ended."""

from __future__ import annotations

import difflib
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from supersvg_cloud.config import Config
from supersvg_cloud.errors import (
    BY_EXIT_REASON,
    REASON_BY_EXIT_CODE,
    AmbiguousRun,
    BadArguments,
    SuperSVGError,
    TrainerBug,
    UnknownRun,
)
from supersvg_cloud.model import Attempt, Electricity, Outcome, Run, State
from supersvg_cloud.providers.base import Process, Provider
from supersvg_cloud.runs.events import Progress, progress_of, read_summary
from supersvg_cloud.runs.ledger import Ledger, from_json

LAUNCH_FILE = "launch.json"
Choose = Callable[[list[Run]], Run]


@dataclass(frozen=True)
class Status:
    """A run as it stands now."""

    run: Run
    state: State
    reason: str
    attempts: list[Attempt]
    progress: Progress
    bill: Electricity
    summary: dict[str, Any] | None

    @property
    def text(self) -> str:
        """The state in words: ``failed (ended by force)``."""
        if self.state is not State.FAILED:
            return self.state.value
        return f"failed ({'ended by force' if self.reason == 'force' else self.reason})"

    def as_dict(self) -> dict[str, Any]:
        run = self.run
        return {
            "id": run.id,
            "name": run.name,
            "state": self.state.value,
            "reason": self.reason,
            "recipe": run.workload.recipe,
            "dataset": run.workload.dataset,
            "flags": list(run.workload.flags),
            "processes": run.workload.processes,
            "provider": run.provider,
            "created": run.created,
            "run_dir": str(run.run_dir),
            "attempts": [
                {
                    "number": attempt.number,
                    "started": attempt.started,
                    "ended": attempt.ended,
                    "outcome": attempt.outcome.value if attempt.outcome else None,
                    "exit_reason": attempt.exit_reason,
                    "pid": attempt.pid,
                }
                for attempt in self.attempts
            ],
            "progress": self.progress.as_dict(),
            "cost": self.bill.as_dict(),
        }


def provider_of(config: Config) -> Provider:
    """The provider of this machine; the only one so far."""
    from supersvg_cloud.providers.local import Local

    return Local(config.home / "attempts")


def find(ledger: Ledger, wanted: str | None, *, fits: Callable[[Run], bool], choose: Choose | None) -> Run:
    """The run with that id, start of an id, name or directory; without one, the only run that ``fits``.

    ``choose`` asks a person; None means that nobody is there, and several fitting runs are an error.

    Raises:
        UnknownRun, AmbiguousRun
    """
    runs = ledger.runs()
    if wanted:
        return _named(ledger, runs, wanted)
    fitting = [run for run in runs if fits(run)]
    if not fitting:
        latest = f"the latest run is {label(runs[-1])}" if runs else "no run was started yet"
        raise UnknownRun(
            f"no run fits; {latest}",
            advice="name one of `supersvg-cloud runs`" if runs else "start one: supersvg-cloud train --data icons",
        )
    if len(fitting) == 1:
        return fitting[0]
    if choose is not None:
        return choose(fitting)
    raise AmbiguousRun(
        f"{len(fitting)} runs fit: {', '.join(label(run) for run in fitting[-5:])}",
        advice="name one of them by its id or name",
    )


def _named(ledger: Ledger, runs: list[Run], wanted: str) -> Run:
    for run in runs:
        if wanted in (run.id, run.name) or Path(wanted).absolute() == run.run_dir:
            return run
    starting = [run for run in runs if run.id.startswith(wanted)]
    if len(starting) == 1:
        return starting[0]
    if starting:
        raise AmbiguousRun(
            f"{wanted!r} begins {len(starting)} run ids: {', '.join(run.id for run in starting[-5:])}",
            advice="type a few more characters",
        )
    launch = Path(wanted) / LAUNCH_FILE
    if launch.exists():
        return adopt(ledger, launch)
    near = difflib.get_close_matches(wanted, [name for run in runs for name in (run.name, run.id) if name], n=1)
    guess = f"did you mean {near[0]}? " if near else ""
    raise UnknownRun(f"there is no run {wanted!r}", advice=f"{guess}`supersvg-cloud runs` lists them all")


def adopt(ledger: Ledger, launch: Path) -> Run:
    """Reads a run that this ledger does not know back in from its directory.

    Raises:
        UnknownRun: launch.json is not what supersvg-cloud writes.
        NameTaken: another run has its name.
    """
    from dataclasses import replace

    try:
        run = replace(from_json(json.loads(launch.read_text(encoding="utf-8"))), run_dir=launch.parent.absolute())
    except (ValueError, KeyError, TypeError) as error:
        raise UnknownRun(
            f"{launch} describes no run",
            cause=str(error),
            advice="name another directory, or start a new run",
        ) from error
    ledger.add_run(run)
    return run


def label(run: Run) -> str:
    return f"{run.name} ({run.id})" if run.name else run.id


def status(run: Run, ledger: Ledger, provider: Provider, *, now: float | None = None) -> Status:
    """A run's state now; an attempt that is over is settled on the way."""
    now = time.time() if now is None else now
    attempts = ledger.attempts(run.id)
    process = provider.find(attempts[-1].claim) if attempts else None
    if attempts and attempts[-1].ended is None and process is not None and not process.alive:
        settle(run, attempts[-1], process, ledger, now=now)
        attempts = ledger.attempts(run.id)
    state, reason = _state(run, attempts, process)
    return Status(
        run=run,
        state=state,
        reason=reason,
        attempts=attempts,
        progress=progress_of(run.run_dir),
        bill=bill(run, attempts, now),
        summary=read_summary(run.run_dir),
    )


def _state(run: Run, attempts: list[Attempt], process: Process | None) -> tuple[State, str]:
    if not attempts:
        # A run that was read back in from its directory has no attempts here, but its summary knows its end.
        known = (read_summary(run.run_dir) or {}).get("exit_reason", "")
        return _ended(known) if known else (State.PLANNED, "")
    last = attempts[-1]
    if last.ended is not None:
        return _ended(last.exit_reason)
    if process is None:
        return State.PLANNED, ""
    return (State.RUNNING if (run.run_dir / "events.jsonl").exists() else State.STARTING), ""


def _ended(reason: str) -> tuple[State, str]:
    state = {"done": State.DONE, "saved": State.SAVED}.get(reason, State.FAILED)
    return state, reason


def bill(run: Run, attempts: list[Attempt], now: float) -> Electricity:
    hours = sum(attempt.hours(now) for attempt in attempts)
    return Electricity(hours=hours, watts=run.watts, price_per_kwh=run.price_per_kwh)


def settle(run: Run, attempt: Attempt, process: Process, ledger: Ledger, *, now: float | None = None) -> str:
    """Closes an attempt whose trainer is gone: why it ended, and what it cost. Returns the exit reason."""
    reason = exit_reason(run.run_dir, process, since=attempt.started)
    ended = process.ended or _last_sign(run.run_dir, attempt.started, now)
    outcome = {"done": Outcome.SUCCEEDED, "saved": Outcome.STOPPED}.get(reason, Outcome.FAILED)
    hours = max(0.0, ended - attempt.started) / 3600
    cost = Electricity(hours=hours, watts=run.watts, price_per_kwh=run.price_per_kwh)
    ledger.end_attempt(attempt, ended=ended, outcome=outcome, exit_reason=reason, bill=cost)
    return reason


def exit_reason(run_dir: Path, process: Process, *, since: float) -> str:
    """summary.json's word; without it the exit code's, where the contract gives it one; else ``force``."""
    known = {"done", "saved", *BY_EXIT_REASON} - {"force"}
    said = (read_summary(run_dir, since=since) or {}).get("exit_reason")
    if said in known:
        return str(said)
    if process.problem:
        return "bug"
    from_code = REASON_BY_EXIT_CODE.get(process.exit_code if process.exit_code is not None else -1)
    # "done" and "saved" are believed from the summary alone: without it the end was never written down.
    if from_code is not None and from_code not in ("done", "saved"):
        return from_code
    return "bug" if process.exit_code in (1, 2) else "force"


def _last_sign(run_dir: Path, started: float, now: float | None) -> float:
    """When a trainer that nobody saw end was last heard of."""
    try:
        return max(started, (run_dir / "events.jsonl").stat().st_mtime)
    except OSError:
        return started if now is None else now


def failure(status_now: Status) -> SuperSVGError:
    """The error that a failed run's command ends with: what, why, and what to type next."""
    run, reason = status_now.run, status_now.reason
    summary = status_now.summary or {}
    told = summary if summary.get("exit_reason") == reason else {}
    event = {**(status_now.progress.last_error or {}), **told}
    said = str(event.get("message") or "") or log_tail(run)
    resume = f"supersvg-cloud resume {run.name or run.id}"
    # Of a bug the trainer's advice is for those who start it themselves.
    advice = "" if reason == "bug" else str(event.get("advice") or "")
    if reason == "force":
        return BY_EXIT_REASON["force"](
            f"run {label(run)} ended by force: its trainer is gone and left no reason",
            cause="killed, out of system memory, or a power cut; its last checkpoint is kept",
            advice=f"go on with it: {resume}",
        )
    hints = {
        "bad-arguments": "mend the arguments and start a new run",
        "diverged": "start a new run with a lower --blr, a longer warm-up or --clip-grad 1",
        "out-of-memory": "use a smaller --batch-size with --accum-iter, in a new run",
        "cannot-write": f"free some space, then: {resume}",
        "busy": f"wait for the other trainer or stop it, then: {resume}",
        "bad-data": f"supersvg-cloud data verify {run.workload.dataset}",
    }
    kind = BY_EXIT_REASON.get(reason, TrainerBug)
    return kind(
        f"run {label(run)} failed: {reason}",
        cause=said,
        advice=advice or hints.get(reason, f"read supersvg-cloud logs {run.name or run.id}; then: {resume}"),
    )


def log_tail(run: Run, lines: int = 3) -> str:
    """The last lines that the trainer printed."""
    try:
        text = (run.run_dir / "trainer.log").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    return " / ".join(line.strip() for line in text.splitlines()[-lines:] if line.strip())


def require_recipe_flags(recipe: str, flags: list[str]) -> dict[str, Any]:
    """What ``flags`` say, checked by the recipe.

    Raises:
        BadArguments: an unknown recipe, an unknown or refused flag, or a malformed value.
    """
    from supersvg.recipes import RecipeError, find_recipe, parse_flags

    try:
        return dict(parse_flags(find_recipe(recipe).config, flags))
    except RecipeError as error:
        advice = error.advice.replace("python -m supersvg train --help", "supersvg-cloud train --help")
        raise BadArguments(error.message, advice=advice) from error
