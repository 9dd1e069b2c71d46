"""Reading a run directory while somebody writes it."""

from __future__ import annotations

import json
import os
from pathlib import Path

from supersvg_cloud.runs.events import EventReader, Progress, read_summary


def test_only_whole_lines_are_read_and_each_once(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    reader = EventReader(path)
    assert reader.read() == []
    path.write_text('{"kind": "a"}\n{"kind": "b"')
    assert [event["kind"] for event in reader.read()] == ["a"]
    with path.open("a") as file:
        file.write("}\nnot json\n[1]\n")
    assert [event["kind"] for event in reader.read()] == ["b"]
    assert reader.read() == []


def test_a_log_that_a_resume_cut_is_read_on(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_text('{"kind": "a"}\n{"torn')
    reader = EventReader(path)
    reader.read()
    path.write_text('{"kind": "a"}\n{"kind": "c"}\n')
    assert [event["kind"] for event in reader.read()] == ["c"]


def test_progress_adds_events_up_and_steps_done_again_replace_the_old() -> None:
    progress = Progress()
    step = {"kind": "step", "total_steps": 40, "images_per_s": 5.0, "memory_bytes": 9, "eta_s": 3.0}
    progress.add([{**step, "step": n, "losses": {"loss": 1.0 / n}, "elapsed_s": n} for n in (10, 20, 30)])
    progress.add([{"kind": "eval", "step": 30, "metrics": {"mse": 0.5, "note": "text"}}])
    progress.add([{"kind": "checkpoint", "step": 15}, {"kind": "notice", "message": "resumed"}])
    progress.add([{**step, "step": 20, "losses": {"loss": 0.25}, "elapsed_s": 31}])
    assert progress.losses == [(10, 0.1), (20, 0.25)]
    assert progress.fraction == 0.5
    assert progress.metrics == {"mse": 0.5}
    assert (progress.saved_step, progress.elapsed_s, progress.last_notice) == (15, 31, "resumed")


def test_events_from_a_strange_trainer_do_not_stop_the_display() -> None:
    progress = Progress()
    progress.add([{"kind": 7}, {}, {"kind": "step", "step": None, "losses": "none", "memory_bytes": True}])
    progress.add([{"kind": "step", "step": 1, "total_steps": 2, "losses": {"loss": None}}])
    assert (progress.step, progress.loss) == (1, None)


def test_a_summary_of_an_older_attempt_does_not_count(tmp_path: Path) -> None:
    path = tmp_path / "summary.json"
    assert read_summary(tmp_path) is None
    path.write_text(json.dumps({"exit_reason": "done"}))
    os.utime(path, (1000.0, 1000.0))
    assert read_summary(tmp_path, since=1000.0) == {"exit_reason": "done"}
    assert read_summary(tmp_path, since=1001.0) is None
    path.write_text(" " * 100)
    assert read_summary(tmp_path) is None
