"""Settings: both spellings, contradictions with their fix, refused flags with their reason, round trips."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from supersvg.recipes import (
    RECIPES,
    CoarseConfig,
    RecipeError,
    differences,
    find_recipe,
    from_json,
    option_table,
    options,
    parse_flags,
    resolve,
    to_flags,
    to_json,
)


def config(*flags: str, **file: Any) -> CoarseConfig:
    return resolve(CoarseConfig, parse_flags(CoarseConfig, flags), file)


@pytest.mark.parametrize("preset", CoarseConfig.PRESETS)
def test_presets_survive_every_spelling(preset: str) -> None:
    """JSON and the shortest command line both lead back to the same config."""
    wanted = config(f"--preset={preset}", "--seed=7", "--no-pin-mem")
    assert from_json(CoarseConfig, to_json(wanted)) == wanted
    assert config(*to_flags(wanted)) == wanted


@pytest.mark.parametrize("spelling", ["--batch-size 48", "--batch_size 48", "--batch-size=48", "--batch_size=48"])
def test_both_spellings(spelling: str) -> None:
    """--a-b and --a_b, with a space or an equals sign."""
    assert config(*spelling.split()).batch_size == 48


def test_flags_that_people_know_from_elsewhere() -> None:
    """The names used around the published trainer are understood."""
    found = config("--num_epochs", "3", "--output_dir", "out", "--mixed_precision", "--num_workers=8", "--no_pin_mem")
    assert (found.epochs, found.run_dir, found.mixed_precision) == (3, "out", "auto")
    assert (found.num_workers, found.pin_mem) == (8, False)


def test_layers() -> None:
    """Flags over file over preset over defaults; a higher layer displaces the other way of saying a thing."""
    assert config("--preset=tiny").steps > 0
    assert config("--preset=tiny", "--epochs=2").steps == 0
    assert config("--preset=tiny", steps=9).steps == 9
    assert config("--preset=tiny", "--steps=8", steps=9).steps == 8
    assert config("--paths=3", preset="tiny").paths == 3


def test_learning_rate_follows_the_effective_batch() -> None:
    """blr x batch x accumulation / 256; lr overrides it."""
    assert config("--blr=1e-3", "--batch-size=64", "--accum-iter=8").base_lr == pytest.approx(2e-3)
    assert config("--lr=0.5").base_lr == 0.5


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (["--bathc-size=3"], "did you mean --batch-size?"),
        (["--batch-size"], "has no value"),
        (["--batch-size=2.5"], "a whole number"),
        (["--blr=nan"], "a number"),
        (["--crop=stencl"], "did you mean stencil?"),
        (["--preset=tyni"], "did you mean tiny?"),
        (["--epochs=2", "--steps=3"], "keep one of --epochs 2 and --steps 3"),
        (["--lr=1e-3", "--blr=1e-3"], "keep one of"),
        (["--epochs=0"], "give --epochs 1 or --steps 100"),
        (["--input-size=30"], "--input-size 24 or --input-size 32"),
        (["--width=100"], "--width 99 or --width 102"),
        (["--min-lr=1"], "is above the learning rate"),
        (["--mixed-precision=fp16", "--device=cpu"], "--mixed-precision off"),
        (["--segments=1"], "--segments 4"),
        (["--batch-size=0"], "must be at least 1"),
        (["--clip-grad=0"], "must be above 0"),
        (["pictures"], "every setting is a flag"),
        (["--dist_on_itp"], "torchrun"),
        (["--local-rank=1"], "torchrun"),
        (["--start_epoch=3"], "--resume"),
        (["--type=conv"], "one architecture"),
        (["--control_num=4"], "--paths"),
    ],
)
def test_mistakes_name_their_fix(flags: list[str], says: str) -> None:
    """Every refusal says what to type instead."""
    with pytest.raises(RecipeError) as caught:
        config(*flags)
    assert says in str(caught.value)
    assert caught.value.advice


def test_differences_leave_out_what_a_resume_may_change() -> None:
    """Where a run is written and how often it saves is not what it learns."""
    old, new = config(), config("--seed=1", "--run-dir=elsewhere", "--checkpoint-every=9")
    assert differences(old, new) == {"seed": (0, 1)}
    assert set(differences(old, new, include_operational=True)) == {"seed", "run_dir", "checkpoint_every"}


def test_every_option_is_in_the_help() -> None:
    """The help is made from the same fields, and every one of them says what it is."""
    text = option_table(CoarseConfig)
    for this in options(CoarseConfig):
        assert this.flag in text
        assert this.help


def test_unknown_recipe() -> None:
    """The nearest known name is offered, and how to name one's own."""
    with pytest.raises(RecipeError, match="supersvg-coarse"):
        find_recipe("supersvg-corse")
    with pytest.raises(RecipeError, match="PYTHONPATH"):
        find_recipe("no_such_module:RECIPE")
    assert find_recipe("supersvg-coarse") is RECIPES["supersvg-coarse"]


def test_recipes_need_the_standard_library_alone() -> None:
    """The command line reads them on machines without torch or numpy."""
    code = "import sys, supersvg.recipes; print(sorted({'torch', 'numpy', 'yaml'} & set(sys.modules)))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
