"""The journey of a training on this machine, top to bottom.

    dataset -> run directory -> intent -> trainer -> watch -> settle -> report

A run is written to the ledger first; then every step is taken that is not done. `resume` walks the same list
with a new attempt.
"""

from __future__ import annotations

import json
import os
import secrets
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from supersvg_cloud.config import Config
from supersvg_cloud.errors import BadArguments, Busy, CannotWrite, MissingExtra, NameTaken, NotNow, TrainerBug
from supersvg_cloud.model import Attempt, Run, State, Workload
from supersvg_cloud.providers.base import Job, Process, Provider
from supersvg_cloud.runs import datasets, journal
from supersvg_cloud.runs.ledger import Ledger, to_json
from supersvg_cloud.runs.steps import Notify, Step, walk
from supersvg_cloud.runs.watch import Watcher, watch

OWN_FLAGS = {"run_dir": "--run-dir", "data_path": "--data", "resume": "supersvg-cloud resume RUN"}
"""Recipe settings that the orchestrator hands to the trainer itself, and what a person uses instead."""


@dataclass
class Journey:
    """The state that the steps look at and change."""

    config: Config
    ledger: Ledger
    provider: Provider
    run: Run
    attempt: Attempt | None = None
    extra: tuple[str, ...] = ()
    offline: bool = False
    told: datasets.Told | None = None
    watcher: Watcher = field(default_factory=Watcher)

    @property
    def process(self) -> Process | None:
        return self.provider.find(self.attempt.claim) if self.attempt else None


STEPS: tuple[Step[Journey], ...] = (
    Step(
        name="dataset",
        describe=lambda j: f"fetch and convert the dataset {j.run.workload.dataset}, or find it done",
        is_done=lambda j: bool(j.run.data_path) and Path(j.run.data_path).exists(),
        run=lambda j: _dataset(j),
    ),
    Step(
        name="run directory",
        describe=lambda j: f"create {j.run.run_dir} and see that it can be written",
        is_done=lambda j: (j.run.run_dir / journal.LAUNCH_FILE).exists(),
        run=lambda j: _run_directory(j),
    ),
    Step(
        name="intent",
        describe=lambda j: f"write down in {j.ledger.path} that a trainer is to be started",
        is_done=lambda j: j.attempt is not None,
        run=lambda j: _intent(j),
    ),
    Step(
        name="trainer",
        describe=lambda j: "start " + " ".join(trainer_command(j.run, j.extra)),
        is_done=lambda j: j.process is not None and (j.attempt is None or j.attempt.pid is not None),
        run=lambda j: _trainer(j),
    ),
    Step(
        name="watch",
        describe=lambda j: f"follow {j.run.run_dir / 'events.jsonl'} until the trainer ends",
        # Also where the trainer has ended before anyone looked: what it said is told once.
        is_done=lambda j: j.attempt is not None and _last(j).ended is not None,
        run=lambda j: watch(j.run, j.provider, _claim(j), j.watcher),
    ),
    Step(
        name="settle",
        describe=lambda j: f"write down how it ended and its electricity at {j.run.watts:g} W",
        is_done=lambda j: j.attempt is not None and _last(j).ended is not None,
        run=lambda j: _settle(j),
    ),
    Step(
        name="report",
        describe=lambda j: f"write {j.run.run_dir / 'report.html'}",
        is_done=lambda j: j.attempt is not None and nothing_to_report(j.run.run_dir),
        run=lambda j: _report(j),
    ),
)
START = STEPS[:4]
"""What `--detach` does; the rest is done by whoever looks next."""


def new_run(
    config: Config,
    ledger: Ledger,
    *,
    name: str,
    flags: Sequence[str],
    run_dir: Path | None = None,
    record: bool = True,
) -> Run:
    """Checks everything that can be checked without starting anything, and writes the run to the ledger.

    The same command given again finds the run that it began, as long as something is left to do for it.

    Raises:
        BadArguments, BadData, MissingExtra, NameTaken
    """
    settings = recipe_settings(config, flags)
    require_trainer(config)
    datasets.check_name(config["dataset"])
    dataset = config["dataset"]
    if datasets.is_folder(dataset):
        dataset = str(Path(dataset).expanduser().absolute())
    now = datetime.now(UTC)
    run_id = f"{now:%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"
    _check_run_name(name)
    run = Run(
        id=run_id,
        name=name,
        workload=Workload(config["recipe"], dataset, tuple(settings), config["processes"] or 1),
        run_dir=run_dir.expanduser().absolute() if run_dir else config.runs_dir / (name or run_id),
        created=now.isoformat(timespec="seconds"),
        watts=config["local.watts"],
        price_per_kwh=config["local.price_per_kwh"],
        trainer=config["trainer.command"],
    )
    if not record:
        return run
    for known in ledger.runs():
        same = known.run_dir == run.run_dir or (name and known.name == name)
        if not same:
            continue
        state = journal.status(known, ledger, journal.provider_of(config)).state
        unfinished = state is State.DONE and not report_is_current(known.run_dir)
        if known.workload == run.workload and (state.active or state is State.PLANNED or unfinished):
            return known
        _refuse_taken(known, state)
    ledger.add_run(run)
    return run


def _refuse_taken(known: Run, state: State) -> None:
    word = known.name or known.id
    if state.active:
        raise Busy(
            f"run {journal.label(known)} is being trained in {known.run_dir}",
            advice=f"watch it: supersvg-cloud monitor {word}; or give this one another --name",
        )
    raise NameTaken(
        f"run {journal.label(known)} ({state.value}) already has that name or directory: {known.run_dir}",
        advice=f"go on with it: supersvg-cloud resume {word}; or give this one another --name or --run-dir",
    )


def _check_run_name(name: str) -> None:
    if name and (not name.replace("-", "").replace("_", "").replace(".", "").isalnum() or name[0] in ".-"):
        raise BadArguments(
            f"{name!r} is no name for a run",
            advice="use letters, digits, dots, dashes and underscores: --name first-try",
        )


def recipe_settings(config: Config, flags: Sequence[str]) -> list[str]:
    """The trainer's flags: ``train.*`` of files and environment below what was typed, checked as a whole."""
    from supersvg.recipes import RecipeError, find_recipe, resolve, to_flags

    typed = journal.require_recipe_flags(config["recipe"], list(flags))
    layers = {value.key.removeprefix("train."): value.value for value in config.train.values()}
    for name in (*typed, *layers):
        if name in OWN_FLAGS:
            flag = "--" + name.replace("_", "-")
            raise BadArguments(f"{flag} is not for `train` to hand on", advice=f"use {OWN_FLAGS[name]}")
    try:
        resolved = resolve(find_recipe(config["recipe"]).config, typed, layers)
        words = to_flags(resolved)
    except RecipeError as error:
        raise BadArguments(error.message, advice=error.advice) from error
    return [str(word) for word in words]


def require_trainer(config: Config) -> None:
    """Raises MissingExtra where the trainer of this installation lacks its packages."""
    if config["trainer.command"]:
        return
    missing = [name for name in ("torch", "numpy", "PIL", "skimage") if find_spec(name) is None]
    if missing:
        raise MissingExtra(
            f"training needs the Python packages {', '.join(missing)}",
            advice="pip install 'supersvg-cloud[train]'",
        )


def trainer_command(run: Run, extra: Sequence[str] = ()) -> tuple[str, ...]:
    """The command line of docs/run-contract.md. A run that the trainer has begun is resumed."""
    command = trainer_program(run, processes=run.workload.processes)
    if (run.run_dir / "run.json").exists():
        return (*command, "train", "--run-dir", str(run.run_dir), "--resume", *extra)
    work = run.workload
    data = run.data_path or f"<{work.dataset}>"
    return (
        *command,
        "train",
        *("--run-dir", str(run.run_dir), "--recipe", work.recipe, "--data-path", data),
        *work.flags,
        *extra,
    )


def trainer_program(run: Run, *, processes: int) -> tuple[str, ...]:
    """The trainer, without its verb: this installation's, or another that keeps the run contract."""
    if run.trainer:
        return run.trainer
    if processes <= 1:
        return (sys.executable, "-m", "supersvg")
    launcher = ("-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(processes))
    return (sys.executable, *launcher, "-m", "supersvg")


def take(journey: Journey, *, detach: bool, notify: Notify = lambda _step, _moment: None) -> None:
    """Walks the journey; an attempt that was begun and not ended is gone on with, and so is one that is done."""
    attempts = journey.ledger.attempts(journey.run.id)
    if attempts and (attempts[-1].ended is None or attempts[-1].exit_reason == "done"):
        journey.attempt = attempts[-1]
    walk(START if detach else STEPS, journey, journey.ledger, journey.run.id, notify)


def check_resumable(status_now: journal.Status) -> None:
    """Raises NotNow where there is nothing to go on with, Busy where it is going on."""
    word = status_now.run.name or status_now.run.id
    if status_now.state.active:
        raise Busy(
            f"run {journal.label(status_now.run)} is being trained already",
            advice=f"watch it: supersvg-cloud monitor {word}",
        )
    if status_now.state is State.DONE:
        raise NotNow(
            f"run {journal.label(status_now.run)} is done",
            advice=f"see what it made: supersvg-cloud report {word}",
        )


def _dataset(journey: Journey) -> None:
    work = journey.run.workload
    path = datasets.prepare(work.dataset, offline=journey.offline, size=picture_size(work), told=journey.told)
    journey.run = replace(journey.run, data_path=str(path))
    journey.ledger.update_run(journey.run)


def picture_size(work: Workload) -> int | None:
    """The side of the pictures that the workload trains on, in pixels; None where its recipe has no such setting."""
    from supersvg.recipes import find_recipe, parse_flags, resolve

    config = find_recipe(work.recipe).config
    return getattr(resolve(config, parse_flags(config, work.flags)), "picture_size", None)


def _run_directory(journey: Journey) -> None:
    run = journey.run
    try:
        run.run_dir.mkdir(parents=True, exist_ok=True)
        if (run.run_dir / "run.json").exists() or (run.run_dir / "checkpoints").exists():
            raise NameTaken(
                f"{run.run_dir} holds a run that supersvg-cloud did not start",
                advice="choose another --run-dir",
            )
        temporary = run.run_dir / f".{journal.LAUNCH_FILE}.tmp"
        with temporary.open("w", encoding="utf-8") as file:
            json.dump(to_json(run), file, indent=2)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(run.run_dir / journal.LAUNCH_FILE)
    except OSError as error:
        raise CannotWrite(
            f"the run directory {run.run_dir} cannot be written",
            cause=str(error),
            advice="check its permissions and free space, or choose another: --run-dir DIR",
        ) from error


def _intent(journey: Journey) -> None:
    claim = f"{journey.run.id}-{secrets.token_hex(4)}"
    journey.attempt = journey.ledger.begin_attempt(journey.run, claim, time.time())


def _trainer(journey: Journey) -> None:
    job = Job(
        claim=_claim(journey),
        command=trainer_command(journey.run, journey.extra),
        log=journey.run.run_dir / "trainer.log",
    )
    process = journey.provider.start(job)
    if process.pid is None:
        _settle(journey)
        raise TrainerBug(
            "the trainer could not be started",
            cause=process.problem or "its launcher was killed",
            advice=f"try again: supersvg-cloud resume {journey.run.name or journey.run.id}",
        )
    journey.ledger.started(_last(journey), process.pid)
    journey.attempt = _last(journey)


def _settle(journey: Journey) -> None:
    process = journey.process
    assert process is not None, "`trainer` comes before `settle`"
    journal.settle(journey.run, _last(journey), process, journey.ledger)


def _claim(journey: Journey) -> str:
    assert journey.attempt is not None, "`intent` comes before everything that needs a claim"
    return journey.attempt.claim


def _last(journey: Journey) -> Attempt:
    return journey.ledger.attempts(journey.run.id)[-1]


def _report(journey: Journey) -> None:
    write_report(journal.status(journey.run, journey.ledger, journey.provider))


def nothing_to_report(run_dir: Path) -> bool:
    """Whether the report tells all there is, or a trainer that never began has left nothing to tell."""
    return not (run_dir / "events.jsonl").exists() or report_is_current(run_dir)


def report_is_current(run_dir: Path) -> bool:
    """Whether report.html is there and newer than everything it tells about."""
    report = run_dir / "report.html"
    told = [path for name in ("events.jsonl", "summary.json") if (path := run_dir / name).exists()]
    return report.exists() and all(report.stat().st_mtime_ns >= path.stat().st_mtime_ns for path in told)


def write_report(status_now: journal.Status) -> Path:
    """Writes report.html anew and returns its path."""
    from supersvg_cloud.runs.report import write_report as write

    run = status_now.run
    context: dict[str, Any] = {
        "run_id": run.id,
        "name": run.name,
        "command": reproduce(run),
        "cost": status_now.bill.as_dict(),
        "state": status_now.text,
    }
    return write(run.run_dir, context)


def reproduce(run: Run) -> str:
    """The command line that trains the same again."""
    import shlex

    work = run.workload
    words = ["supersvg-cloud", "train", "--recipe", work.recipe, "--data", work.dataset]
    if work.processes > 1:
        words += ["--processes", str(work.processes)]
    return shlex.join([*words, *work.flags])
