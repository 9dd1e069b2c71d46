"""Randomness as a pure function: SplitMix64 over (seed, epoch, index), the same on every machine.

Source: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014 (the finaliser).
"""

from __future__ import annotations

_MASK = (1 << 64) - 1
_GOLDEN = 0x9E3779B97F4A7C15
_MIX_1 = 0xBF58476D1CE4E5B9
_MIX_2 = 0x94D049BB133111EB


def _mix(value: int) -> int:
    value = (value ^ (value >> 30)) * _MIX_1 & _MASK
    value = (value ^ (value >> 27)) * _MIX_2 & _MASK
    return value ^ (value >> 31)


def random_bits(*key: int) -> int:
    """64 random bits, a pure function of ``key`` (integers of any sign; order matters)."""
    state = 0
    for part in key:
        state = _mix((state + _GOLDEN + (part & _MASK)) & _MASK)
    return state


def uniform(*key: int) -> float:
    """A number in [0, 1), a pure function of ``key``."""
    return (random_bits(*key) >> 11) * 2.0**-53
