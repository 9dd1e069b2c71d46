"""Held-out pictures: whole groups, stable, enough of them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from supersvg_data.sources import icon_group
from supersvg_data.splits import HELD_OUT, TRAIN, assign_splits

names = st.lists(st.text(st.characters(codec="utf-8", categories=["L", "N"]), max_size=4), min_size=1, max_size=80)


@given(names, st.floats(0, 0.5), st.integers(0, 40))
def test_a_group_is_never_split(groups: list[str], share: float, minimum: int) -> None:
    splits = assign_splits(groups, share=share, minimum=minimum)
    sides: dict[str, set[str]] = {}
    for group, split in zip(groups, splits, strict=True):
        sides.setdefault(group, set()).add(split)
    assert all(len(side) == 1 for side in sides.values())
    assert TRAIN in splits
    assert set(splits) <= {TRAIN, HELD_OUT}


@given(names, names)
def test_more_pictures_move_no_group(some: list[str], more: list[str]) -> None:
    before = dict(zip(some, assign_splits(some, share=0.3, minimum=0), strict=True))
    after = dict(zip(some + more, assign_splits(some + more, share=0.3, minimum=0), strict=True))
    # The very last group by its hash always trains, so that something does; the others never move.
    moved = {group for group in before if before[group] != after[group]}
    assert len(moved) <= 1
    assert all(len(set(some)) == 1 or before[group] == TRAIN for group in moved)


def test_the_order_of_the_pictures_does_not_matter() -> None:
    groups = [f"icon-{number % 50}" for number in range(120)]
    forward = dict(zip(groups, assign_splits(groups, share=0.1, minimum=9), strict=True))
    backward = dict(zip(groups[::-1], assign_splits(groups[::-1], share=0.1, minimum=9), strict=True))
    assert forward == backward


def test_share_and_minimum() -> None:
    groups = [str(number) for number in range(4000)]
    assert 160 <= assign_splits(groups, share=0.05, minimum=0).count(HELD_OUT) <= 240
    assert assign_splits(groups, share=0.0, minimum=200).count(HELD_OUT) == 200
    assert assign_splits(groups[:6], share=0.0, minimum=200).count(HELD_OUT) == 2
    assert assign_splits(["alone"], share=1.0, minimum=5) == [TRAIN]


def test_all_drawings_of_a_name_are_one_group() -> None:
    keys = ["tabler-outline/bell", "tabler-filled/bell", "feather/bell", "tabler-outline/bell-filled"]
    assert {icon_group(key) for key in keys} == {"bell"}
    assert icon_group("tabler-outline/bell-off") == "bell-off"
