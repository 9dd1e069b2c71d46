"""The parts around the loop: events after a kill at any byte, checkpoints that are data, the schedule,
precision.
"""

from __future__ import annotations

import json
import pickle
from dataclasses import replace
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="the trainer needs the [train] extra")

from supersvg.engine.checkpoint import (  # noqa: E402
    Checkpoint,
    DamagedCheckpoint,
    find_checkpoints,
    load_checkpoint,
    newest_complete,
    prune,
    save_checkpoint,
    set_aside_newer,
)
from supersvg.engine.distributed import pick_device  # noqa: E402
from supersvg.engine.errors import BadArguments, Busy, as_training_error  # noqa: E402
from supersvg.engine.events import EventLog  # noqa: E402
from supersvg.engine.optimizer import decay_groups, resolve_precision  # noqa: E402
from supersvg.engine.rundir import SUMMARY_ROOM, RunDirectory  # noqa: E402
from supersvg.engine.schedule import Batches, horizon, learning_rate  # noqa: E402
from supersvg.recipes import RecipeError, TrainingConfig  # noqa: E402


def test_events_are_valid_after_a_kill_at_any_byte(tmp_path: Path) -> None:
    """Cut anywhere, opening the log leaves whole lines only, and what is appended then is whole too."""
    path = tmp_path / "events.jsonl"
    log = EventLog(path)
    for step in range(3):
        log.append("step", step=step, losses={"loss": float("nan") if step else 1.5})
    log.close()
    whole = path.read_bytes()
    assert b"NaN" not in whole
    for cut in range(len(whole) + 1):
        path.write_bytes(whole[:cut])
        log = EventLog(path)
        complete = whole[:cut].count(b"\n")
        assert log.last.get("step", -1) == complete - 1
        log.append("done")
        log.close()
        events = [json.loads(line) for line in path.read_bytes().splitlines()]
        assert [event["kind"] for event in events] == ["step"] * complete + ["done"]


def test_events_survive_a_tail_of_zeros(tmp_path: Path) -> None:
    """A power cut may leave zeros where data were not synced; they are cut off with the torn line."""
    path = tmp_path / "events.jsonl"
    path.write_bytes(b'{"kind":"step","step":4}\n\0\0\0\0\n\0\0')
    log = EventLog(path)
    assert (log.last["step"], log.repaired) == (4, 7)
    log.close()


def a_checkpoint(step: int) -> Checkpoint:
    weights = {"weight": torch.arange(6.0).reshape(2, 3) + step}
    return Checkpoint(weights, {"adamw": {"step": torch.tensor(float(step))}}, {"step": step})


def test_checkpoints_come_back_as_they_went(tmp_path: Path) -> None:
    """Tensors bit for bit, state as JSON, nothing hidden left beside."""
    path = save_checkpoint(tmp_path, a_checkpoint(12))
    assert path.name == "step-000012"
    found = load_checkpoint(path)
    assert torch.equal(found.model["weight"], a_checkpoint(12).model["weight"])
    assert (found.step, [entry.name for entry in tmp_path.iterdir()]) == (12, ["step-000012"])


@pytest.mark.parametrize("name", ["model.pt", "optimizer.pt", "state.json", "complete.json"])
@pytest.mark.parametrize("harm", ["removed", "emptied", "shortened", "flipped"])
def test_damage_is_found_and_passed_over(tmp_path: Path, name: str, harm: str) -> None:
    """Whatever happens to any file of the newest checkpoint, the one before is used and the damage is
    named.
    """
    save_checkpoint(tmp_path, a_checkpoint(1))
    file = save_checkpoint(tmp_path, a_checkpoint(2)) / name
    data = bytearray(file.read_bytes())
    if harm == "removed":
        file.unlink()
    elif harm == "flipped":
        # In complete.json a flipped space would change nothing: flip a digit of a hash.
        at = data.rindex(b'"sha256": "') + 11 if name == "complete.json" else len(data) // 2
        data[at] ^= 1
        file.write_bytes(data)
    else:
        file.write_bytes(b"" if harm == "emptied" else data[:-1] if name != "complete.json" else data[:-9])
    said: list[str] = []
    found = newest_complete(tmp_path, said.append)
    assert found is not None
    assert found[1].step == 1
    assert len(said) == 1
    assert "step-000002" in said[0]


class Hostile:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (Path.touch, (Path("executed"),))  # type: ignore[return-value]


def test_a_checkpoint_is_never_executed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pickle with code in it, under correct hashes, is damage and runs nothing."""
    monkeypatch.chdir(tmp_path)
    hostile = {"weight": Hostile()}
    path = save_checkpoint(tmp_path, replace(a_checkpoint(1), model=hostile))
    assert b"pathlib" in (path / "model.pt").read_bytes(), pickle.dumps(hostile)
    with pytest.raises(DamagedCheckpoint):
        load_checkpoint(path)
    assert not (tmp_path / "executed").exists()


def test_retention_and_setting_aside(tmp_path: Path) -> None:
    """The newest two and the best stay; steps that will be done again are set aside, not lost."""
    for step in (1, 2, 3, 4, 1_000_000):
        save_checkpoint(tmp_path, a_checkpoint(step))
    prune(tmp_path, keep=2, best_step=2)
    assert [load_checkpoint(path).step for path in find_checkpoints(tmp_path)] == [2, 4, 1_000_000]
    set_aside_newer(tmp_path, than=2)
    assert [path.name for path in find_checkpoints(tmp_path)] == ["step-000002"]
    assert load_checkpoint(tmp_path / "set-aside-step-1000000").step == 1_000_000


def test_the_summary_has_its_room(tmp_path: Path) -> None:
    """Reserved from the start, taken for the summary at the end, and never both there."""
    run = RunDirectory(tmp_path / "run")
    run.begin()
    assert (run.path / ".summary.reserved").stat().st_size == SUMMARY_ROOM
    run.finish("done", {"step": 3})
    run.close()
    assert json.loads((run.path / "summary.json").read_text())["exit_code"] == 0
    assert not (run.path / ".summary.reserved").exists()
    again = RunDirectory(tmp_path / "run")
    again.begin()
    assert not (run.path / "summary.json").exists()
    again.finish("bug", {})
    again.close()
    found = json.loads((run.path / "summary.json").read_text())
    assert (found["exit_reason"], found["step"]) == ("bug", 3)


@pytest.mark.parametrize("ranks", [1, 2, 3, 5])
@pytest.mark.parametrize("accum", [1, 3])
def test_every_sample_once_an_epoch_however_many_ranks(ranks: int, accum: int) -> None:
    """Weights make every sample count 1 / size of its step, over passes and ranks; the last, uneven step
    too.
    """
    config = TrainingConfig(batch_size=4, accum_iter=accum, epochs=2, warmup_steps=0)
    length = horizon(config, 29)
    shares = [Batches(config, length, rank=rank, ranks=ranks) for rank in range(ranks)]
    for epoch in range(2):
        seen: list[int] = []
        for step in range(epoch * length.steps_per_epoch, (epoch + 1) * length.steps_per_epoch):
            counts: dict[int, float] = {}
            for part in (share[at] for at in shares[0].passes(step) for share in shares):
                assert part.epoch == epoch
                for index in part.indices:
                    counts[index] = counts.get(index, 0.0) + part.weight / len(part.indices) / ranks
            seen += [index for index, count in counts.items() if count > 0]
            size = sum(count > 0 for count in counts.values())
            assert [count for count in counts.values() if count > 0] == pytest.approx([1 / size] * size)
        assert sorted(seen) == list(range(29))


def test_learning_rate_over_the_real_horizon() -> None:
    """Linear warm-up, cosine to min_lr at the last step, never up again; a long warm-up is cut to half."""
    config = TrainingConfig(batch_size=10, epochs=4, lr=1.0, min_lr=0.1, warmup_epochs=1)
    length = horizon(config, 95)
    assert (length.steps_per_epoch, length.total_steps, length.warmup_steps) == (10, 40, 10)
    rates = [learning_rate(config, length, step) for step in range(40)]
    assert rates[:10] == pytest.approx([(step + 1) / 10 for step in range(10)])
    assert rates[10] == 1.0
    assert rates[-1] == pytest.approx(0.1)
    assert rates[10:] == sorted(rates[10:], reverse=True)
    assert horizon(replace(config, warmup_epochs=9), 95).warmup_steps == 20


def test_only_matrices_decay() -> None:
    """Biases and norms have no weight decay; frozen parameters are in no group."""
    model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.LayerNorm(4), torch.nn.Linear(4, 2))
    model[2].requires_grad_(False)
    groups = decay_groups(model, 0.05)
    assert [group["weight_decay"] for group in groups] == [0.05, 0.0]
    assert [len(group["params"]) for group in groups] == [1, 3]


def test_precision_and_device_refusals() -> None:
    """auto stays float32 on a CPU; what a device cannot do is refused with the fix."""
    cpu = torch.device("cpu")
    assert resolve_precision("auto", cpu) is None
    assert resolve_precision("bf16", cpu) is torch.bfloat16
    with pytest.raises(RecipeError, match="auto"):
        resolve_precision("fp16", cpu)
    for name in ("cuda:99", "gpu", "meta"):
        with pytest.raises(BadArguments):
            pick_device(name)


def test_errors_find_their_reason() -> None:
    """torch's own out-of-memory errors, on either kind of device and in loader processes."""
    for error in (
        MemoryError(),
        torch.OutOfMemoryError("CUDA out of memory"),
        RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory"),
        RuntimeError("DataLoader worker (pid 7) is killed by signal: Killed."),
    ):
        assert as_training_error(error).exit_reason == "out-of-memory"
    assert as_training_error(RuntimeError("else")).exit_reason == "bug"
    assert as_training_error(Busy("a", advice="b")).exit_reason == "busy"
