"""What a person sees while a training goes on."""

from __future__ import annotations

import io
from pathlib import Path

from rich.console import Console

from supersvg_cloud.cli.display import Display, panel_lines, plain_line
from supersvg_cloud.model import Electricity, Run, Workload
from supersvg_cloud.runs.events import Event, Progress

RUN = Run("20260101-000000-abcd", "try", Workload("supersvg-coarse", "icons", ()), Path("/runs/try"), "")
BILL = Electricity(hours=2.0, watts=100.0, price_per_kwh=0.3)


def step(number: int) -> Event:
    return {
        "kind": "step",
        "step": number,
        "total_steps": 200,
        "losses": {"loss": 1 / number},
        "images_per_s": 12.5,
        "memory_bytes": 1_500_000_000,
        "elapsed_s": 60.0,
        "eta_s": 125.0,
    }


def display(*, terminal: bool, clock: list[float]) -> tuple[Display, io.StringIO]:
    screen = io.StringIO()
    console = Console(file=screen, width=100, force_terminal=terminal, color_system=None, highlight=False)
    return Display(RUN, lambda: BILL, plain=False, hint="hint", console=console, clock=lambda: clock[0]), screen


def test_the_panel_shows_curves_speed_memory_time_and_cost() -> None:
    progress = Progress()
    progress.add([step(50), step(100), {"kind": "eval", "step": 100, "metrics": {"mse": 0.25}}])
    progress.add([{"kind": "checkpoint", "step": 100}])
    assert panel_lines(progress, BILL, 10) == [
        "step     ━━━━━╌╌╌╌╌ 100/200 (50%)",
        "time     1:00 so far, 2:05 to go, 12.5 images/s",
        "loss     █▁ 0.01",
        "mse      ▁ 0.25 (held-out)",
        "memory   1.5 GB, saved at step 100",
        "cost     electricity 0.200 kWh = 0.06 (100 W at 0.3 per kWh)",
    ]


def test_before_the_first_step_the_panel_says_what_is_waited_for() -> None:
    progress = Progress()
    assert panel_lines(progress, BILL, 10)[0] == "the trainer is starting ..."
    progress.add([{"kind": "notice", "message": "segmenting pictures"}])
    assert panel_lines(progress, BILL, 10)[0] == "segmenting pictures ..."


def test_plain_lines_tell_rare_things_always_and_steps_now_and_then() -> None:
    clock = [0.0]
    shown, screen = display(terminal=False, clock=clock)
    with shown:
        shown.progress(Progress(), [step(1), step(2), {"kind": "checkpoint", "step": 2, "path": "checkpoints/s"}])
        clock[0] = 5.0
        shown.progress(Progress(), [step(3), {"kind": "unknown"}])
        shown.note("saving [now]")
    lines = screen.getvalue().splitlines()
    assert [line.split("  ")[0] for line in lines] == ["step 1/200", "step 2", "step 3/200", "saving [now]"]


def test_on_a_terminal_the_panel_is_live_and_keeps_its_note() -> None:
    shown, screen = display(terminal=True, clock=[0.0])
    progress = Progress()
    with shown:
        progress.add([step(10)])
        shown.progress(progress, [step(10), {"kind": "notice", "message": "a [bracketed] word"}])
        assert "hint" in screen.getvalue()
        shown.note("Saving")
    text = screen.getvalue()
    assert "try (20260101-000000-abcd): supersvg-coarse on icons" in text
    assert "notice: a [bracketed] word" in text
    assert "Saving" in text
    assert "step 10/200" not in text, "the panel has it already"


def test_quiet_says_nothing() -> None:
    screen = io.StringIO()
    with Display(RUN, lambda: BILL, plain=False, quiet=True, console=Console(file=screen)) as shown:
        shown.progress(Progress(), [step(1)])
        shown.note("x")
    assert screen.getvalue() == ""


def test_events_in_one_line() -> None:
    assert plain_line(step(4)) == "step 4/200  loss 0.25  12.5 images/s  2:05 to go"
    assert plain_line({"kind": "eval", "step": 4, "metrics": {"mse": 0.5, "note": "x"}}) == "step 4  held-out: mse 0.5"
    assert plain_line({"kind": "error", "message": "boom"}) == "error: boom"
    assert plain_line({"kind": "sample"}) == ""
