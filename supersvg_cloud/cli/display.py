"""A training as it goes: a live panel on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any

from supersvg_cloud.cli.words import duration, money, number, size, sparkline
from supersvg_cloud.console import console as make_console
from supersvg_cloud.console import mask
from supersvg_cloud.model import Electricity, Run
from supersvg_cloud.runs.events import Event, Progress
from supersvg_cloud.runs.journal import label

if TYPE_CHECKING:
    from rich.console import Console

PLAIN_EVERY_S = 5.0
"""Between two plain lines about steps; what happens rarely is always told."""


class Display:
    """Shows a run's progress. ``bill`` says what it has cost so far, ``hint`` what Ctrl-C does."""

    def __init__(
        self,
        run: Run,
        bill: Callable[[], Electricity],
        *,
        plain: bool,
        quiet: bool = False,
        hint: str = "",
        console: Console | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.run, self.bill, self.quiet, self.hint, self.clock = run, bill, quiet, hint, clock
        self.console = console or make_console()
        self.live: Any = None
        self.plain = plain or not self.console.is_terminal
        self._told_at = float("-inf")
        self._note = ""
        self._last = Progress()

    def __enter__(self) -> Display:
        if not self.plain and not self.quiet:
            from rich.live import Live

            self.live = Live(console=self.console, auto_refresh=False, transient=False)
            self.live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.live is not None:
            self.live.stop()
            self.live = None

    def say(self, text: str) -> None:
        """A line above the panel, or among the plain lines."""
        if not self.quiet:
            self.console.print(mask(text), markup=False, soft_wrap=True)

    def note(self, text: str) -> None:
        """A line that stays in sight until the end: what a Ctrl-C has done."""
        self._note = text
        if self.live is None:
            self.say(text)
        else:
            self.live.update(self.panel(self._last), refresh=True)

    def preparing(self, what: str, done: int, total: int) -> None:
        """What goes on before there is a trainer: fetching, converting."""
        text = f"{what} {done}/{total}" if total else what
        if self.live is not None:
            self._last.last_notice = text
            self.live.update(self.panel(self._last), refresh=True)
        elif not self.quiet and self._due():
            self.say(text)

    def progress(self, progress: Progress, events: list[Event]) -> None:
        self._last = progress
        if self.quiet:
            return
        for event in events:
            # The panel has the numbers already; what was said in words would be lost on it.
            words = event.get("kind") in ("notice", "error")
            line = plain_line(event) if words or self.live is None else ""
            if line and (event.get("kind") != "step" or self._due()):
                self.say(line)
        if self.live is not None:
            self.live.update(self.panel(progress), refresh=True)

    def _due(self) -> bool:
        now = self.clock()
        if now - self._told_at < PLAIN_EVERY_S:
            return False
        self._told_at = now
        return True

    def panel(self, progress: Progress) -> Any:
        from rich.panel import Panel
        from rich.text import Text

        width = max(20, min(60, self.console.width - 34))
        text = Text("\n".join(panel_lines(progress, self.bill(), width)), no_wrap=True, overflow="ellipsis")
        # The line is there from the start: a panel that grows leaves pieces of its old frame behind.
        text.append(f"\n{self._note or self.hint}", style="bold yellow" if self._note else "dim")
        work = self.run.workload
        title = Text(f"{label(self.run)}: {work.recipe} on {work.dataset}", overflow="ellipsis", no_wrap=True)
        # The terminal writes ^C behind the last line; on a full line that would push the panel down by one.
        return Panel(text, title=title, title_align="left", width=max(20, self.console.width - 3))


def panel_lines(progress: Progress, bill: Electricity, width: int) -> list[str]:
    """What the panel and `monitor` show, a line each."""
    if not progress.total_steps:
        waiting = progress.last_notice or "the trainer is starting"
        return [f"{waiting} ...", f"cost     {cost_words(bill)}"]
    filled = int(progress.fraction * width)
    bar, speed = "━" * filled + "╌" * (width - filled), number(progress.images_per_s)
    lines = [
        f"step     {bar} {progress.step}/{progress.total_steps} ({progress.fraction:.0%})",
        f"time     {duration(progress.elapsed_s)} so far, {duration(progress.eta_s)} to go, {speed} images/s",
    ]
    losses = [value for _, value in progress.losses]
    if losses:
        lines.append(f"loss     {sparkline(losses, width)} {number(losses[-1])}")
    for name in list(progress.metrics)[:4]:
        values = [metrics[name] for _, metrics in progress.evals if name in metrics]
        lines.append(f"{name[:8]:8} {sparkline(values, width)} {number(values[-1])} (held-out)")
    saved = "nothing saved yet" if progress.saved_step is None else f"saved at step {progress.saved_step}"
    lines.append(f"memory   {size(progress.memory_bytes)}, {saved}")
    lines.append(f"cost     {cost_words(bill)}")
    return lines


def cost_words(bill: Electricity) -> str:
    return f"electricity {bill.kwh:.3f} kWh = {money(bill.price)} ({bill.watts:g} W at {bill.price_per_kwh:g} per kWh)"


def plain_line(event: Event) -> str:
    """An event in one line; empty for kinds that say nothing to a person."""
    step = event.get("step")
    if event.get("kind") == "step":
        loss = (event.get("losses") or {}).get("loss")
        return (
            f"step {step}/{event.get('total_steps')}  loss {number(loss)}  "
            f"{number(event.get('images_per_s'))} images/s  {duration(event.get('eta_s'))} to go"
        )
    if event.get("kind") == "eval":
        metrics = event.get("metrics") or {}
        shown = "  ".join(f"{name} {number(value)}" for name, value in metrics.items() if _is_number(value))
        return f"step {step}  held-out: {shown}"
    if event.get("kind") == "checkpoint":
        return f"step {step}  saved {event.get('path')}"
    if event.get("kind") in ("notice", "error"):
        return f"{event['kind']}: {event.get('message', '')}"
    return ""


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float))
