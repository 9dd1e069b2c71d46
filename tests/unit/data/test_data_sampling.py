"""Random numbers as a pure function."""

from __future__ import annotations

import subprocess
import sys

from hypothesis import given
from hypothesis import strategies as st

from supersvg_data.sampling import random_bits, uniform

KNOWN = ["0x0", "0xe220a8397b1dcdaf", "0x6ae515c1c0ac7e37", "0xe4d971771b652c20"]

integers = st.integers(-(2**63), 2**63)


def test_known_values() -> None:
    """Values are part of the contract: a checkpoint of an older version goes on with the same samples."""
    assert [hex(random_bits(*key)) for key in [(), (0,), (1, 2, 3), (-1,)]] == KNOWN


@given(integers, integers, integers)
def test_order_and_length_of_the_key_matter(seed: int, epoch: int, index: int) -> None:
    assert random_bits(seed, epoch, index) != random_bits(seed, epoch, index + 1)
    assert random_bits(seed, epoch) != random_bits(seed, epoch, index)
    if epoch != index:
        assert random_bits(seed, epoch, index) != random_bits(seed, index, epoch)


def test_uniform_covers_its_range_evenly() -> None:
    draws = [uniform(7, epoch, index) for epoch in range(20) for index in range(500)]
    assert all(0 <= draw < 1 for draw in draws)
    for tenth in range(10):
        assert 850 <= sum(tenth <= 10 * draw < tenth + 1 for draw in draws) <= 1150


def test_another_process_draws_the_same() -> None:
    code = "from supersvg_data.sampling import random_bits; print(random_bits(5, 6, 7))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert int(out) == random_bits(5, 6, 7)
