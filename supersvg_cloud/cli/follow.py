"""Starting a journey and staying with it; `train`, `resume`, `monitor` and `demo` share it."""

from __future__ import annotations

import time

import typer

from supersvg_cloud import console
from supersvg_cloud.cli.display import Display, cost_words
from supersvg_cloud.cli.session import Session
from supersvg_cloud.cli.words import duration, number
from supersvg_cloud.errors import INTERRUPTED, SAVED
from supersvg_cloud.model import Electricity, State
from supersvg_cloud.runs import journal
from supersvg_cloud.runs.train import Journey, take
from supersvg_cloud.runs.watch import LeftRunning, Watcher


def follow(
    session: Session, journey: Journey, *, detach: bool, plain: bool, stops: bool = True, tell: bool = True
) -> journal.Status:
    """Takes the journey to its end, or to where it is left running, and tells about it.

    Raises:
        typer.Exit: it was saved (75) or left running (130, or 0 where that was asked for).
        SuperSVGError: it failed.
    """
    run = journey.run
    word = run.name or run.id

    def bill_now() -> Electricity:
        return journal.bill(journey.run, session.ledger.attempts(run.id), time.time())

    quiet = session.as_json
    hint = "Ctrl-C: save and leave." if stops else "Ctrl-C: leave it running."
    try:
        with Display(run, bill_now, plain=plain or detach, quiet=quiet, hint=hint) as display:

            def interrupted() -> None:
                display.note("Saving, then leaving. Ctrl-C again: leave it running in the background.")

            journey.watcher = Watcher(on_progress=display.progress, on_interrupt=interrupted, stops_trainer=stops)
            journey.told = display.preparing
            _take(journey, display, detach=detach)
    except LeftRunning:
        _say_left(session, journey, word)
        raise typer.Exit(INTERRUPTED) from None
    status = session.status(journey.run)
    if detach:
        _say_left(session, journey, word)
        raise typer.Exit(0)
    return finish(session, status, tell=tell)


def _take(journey: Journey, display: Display, *, detach: bool) -> None:
    """Takes the journey. A Ctrl-C while a trainer exists and is not watched yet is kept for the watcher."""

    def notify(step: str, moment: str) -> None:
        _step_line(display, step, moment)

    while True:
        try:
            take(journey, detach=detach, notify=notify)
            return
        except KeyboardInterrupt:
            attempts = journey.ledger.attempts(journey.run.id)
            if not attempts or attempts[-1].ended is not None:
                raise
            journey.watcher.interrupts += 1


def _step_line(display: Display, step: str, moment: str) -> None:
    texts = {
        ("dataset", "begun"): "Preparing the dataset ...",
        ("trainer", "begun"): "Starting the trainer ...",
        ("report", "begun"): "Writing the report ...",
    }
    if (step, moment) in texts:
        display.say(texts[step, moment])


def _say_left(session: Session, journey: Journey, word: str) -> None:
    status = session.status(journey.run)
    if session.as_json:
        console.say_json(status.as_dict())
        return
    console.say(f"Run {journal.label(journey.run)} goes on in the background, in {journey.run.run_dir}")
    console.say(f"  watch it:       supersvg-cloud monitor {word}")
    console.say(f"  save and stop:  supersvg-cloud stop {word}")


def finish(session: Session, status: journal.Status, *, tell: bool = True) -> journal.Status:
    """The last words about a run that has ended. Raises typer.Exit or its error where it is not done."""
    if status.state is State.FAILED:
        raise journal.failure(status)
    tell = tell or status.state is State.SAVED
    if tell and session.as_json:
        console.say_json(status.as_dict())
    elif tell:
        for line in last_words(status):
            console.say(line)
    if status.state is State.SAVED:
        raise typer.Exit(SAVED)
    return status


def last_words(status: journal.Status) -> list[str]:
    run, progress = status.run, status.progress
    word = run.name or run.id
    metrics = ", ".join(f"{name} {number(value)}" for name, value in list(progress.metrics.items())[:4])
    head = "Done" if status.state is State.DONE else "Saved"
    steps = f"step {progress.step}/{progress.total_steps} in {duration(progress.elapsed_s)}"
    lines = [f"{head}: {journal.label(run)}, {steps}", f"  cost:      {cost_words(status.bill)}"]
    if metrics:
        lines.append(f"  held-out:  {metrics}")
    if (run.run_dir / "report.html").exists():
        lines.append(f"  report:    {run.run_dir / 'report.html'}")
    if status.state is State.SAVED:
        lines.append(f"  go on:     supersvg-cloud resume {word}")
    return lines
