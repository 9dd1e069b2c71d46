"""Which pictures are held out: whole groups, by a stable hash of the group's name.

A group holds everything that shows the same thing (an icon's outline and filled drawings, and the same name
in another set), so nothing in training gives away a held-out picture. Adding pictures to a set moves no
group from one side to the other, unless the set is so small that the minimum decides.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence

TRAIN = "train"
HELD_OUT = "held-out"


def group_fraction(group: str) -> float:
    """The group's place in [0, 1); groups below the share are held out."""
    return int.from_bytes(hashlib.sha256(group.encode()).digest()[:8], "big") / 2**64


def assign_splits(groups: Sequence[str], *, share: float, minimum: int) -> list[str]:
    """``train`` or ``held-out`` for each picture, given each picture's group.

    Groups whose fraction is below ``share`` are held out; then further groups in order of their fraction until
    ``minimum`` pictures are, but never more than a third of all pictures and never the last group.
    """
    counts = Counter(groups)
    ordered = sorted(counts, key=lambda group: (group_fraction(group), group))
    minimum = min(minimum, len(groups) // 3)
    held: set[str] = set()
    pictures = 0
    for group in ordered[:-1]:
        if group_fraction(group) >= share and pictures >= minimum:
            break
        held.add(group)
        pictures += counts[group]
    return [HELD_OUT if group in held else TRAIN for group in groups]
