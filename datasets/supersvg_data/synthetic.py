"""The ``test`` recipe: icon-like drawings from a seed, the same on every machine.

Half are black on white, half coloured; each holds filled shapes, strokes, or both, on a 24 x 24 grid like the icon
sets'. Numbers are whole twentieths, so that the text does not depend on how a platform rounds.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable

VIEW = 24


def _number(value: float) -> str:
    return f"{round(value * 20) / 20:g}"


def _points(points: list[tuple[float, float]]) -> str:
    return " ".join(f"{_number(x)},{_number(y)}" for x, y in points)


def _place(rng: random.Random) -> tuple[float, float, float]:
    radius = rng.uniform(3, 9)
    return rng.uniform(2 + radius * 0.8, 22 - radius * 0.8), rng.uniform(2 + radius * 0.8, 22 - radius * 0.8), radius


def _circle(rng: random.Random) -> str:
    x, y, radius = _place(rng)
    return f'<circle cx="{_number(x)}" cy="{_number(y)}" r="{_number(radius)}"'


def _rectangle(rng: random.Random) -> str:
    x, y, radius = _place(rng)
    width, height = radius * rng.uniform(0.8, 1.8), radius * rng.uniform(0.8, 1.8)
    corner = rng.choice([0, 0, 1, 2])
    return (
        f'<rect x="{_number(x - width / 2)}" y="{_number(y - height / 2)}" width="{_number(width)}" '
        f'height="{_number(height)}" rx="{corner}"'
    )


def _polygon(rng: random.Random) -> str:
    x, y, radius = _place(rng)
    corners = rng.randint(3, 6)
    turn = rng.uniform(0, 2 * math.pi)
    inner = rng.choice([1.0, 1.0, 0.45])  # below 1: a star
    steps = corners if inner == 1.0 else 2 * corners
    points = []
    for step in range(steps):
        angle = turn + 2 * math.pi * step / steps
        reach = radius * (inner if step % 2 else 1.0)
        points.append((x + reach * math.cos(angle), y + reach * math.sin(angle)))
    return f'<polygon points="{_points(points)}"'


def _blob(rng: random.Random) -> str:
    x, y, radius = _place(rng)
    anchors = rng.randint(3, 5)
    reach = [radius * rng.uniform(0.6, 1.1) for _ in range(anchors)]
    angles = [2 * math.pi * step / anchors for step in range(anchors)]
    handle = 4 / 3 * math.tan(math.pi / (2 * anchors))

    def at(step: int, along: float) -> tuple[float, float]:
        step %= anchors
        cos, sin = math.cos(angles[step]), math.sin(angles[step])
        return x + reach[step] * (cos - along * sin), y + reach[step] * (sin + along * cos)

    start = at(0, 0)
    path = f"M{_number(start[0])} {_number(start[1])}"
    for step in range(anchors):
        path += f"C{_points([at(step, handle), at(step + 1, -handle), at(step + 1, 0)])}"
    return f'<path d="{path}Z"'


def _line(rng: random.Random) -> str:
    points = [(rng.uniform(3, 21), rng.uniform(3, 21)) for _ in range(rng.randint(2, 4))]
    return f'<polyline points="{_points(points)}"'


def _curve(rng: random.Random) -> str:
    points = [(rng.uniform(2, 22), rng.uniform(2, 22)) for _ in range(4)]
    start = f"{_number(points[0][0])} {_number(points[0][1])}"
    return f'<path d="M{start}C{_points(points[1:])}"'


SHAPES: tuple[Callable[[random.Random], str], ...] = (_circle, _rectangle, _polygon, _blob)
LINES: tuple[Callable[[random.Random], str], ...] = (_line, _curve)


def _color(rng: random.Random) -> str:
    return "#" + "".join(f"{rng.randrange(16, 240):02x}" for _ in range(3))


def drawing(seed: int, index: int) -> tuple[str, str]:
    """(key, SVG text) of drawing ``index``, a pure function of (seed, index)."""
    rng = random.Random(f"supersvg test {seed} {index}")
    colored = index % 2 == 1
    parts = []
    for _ in range(rng.randint(1, 3)):
        color = _color(rng) if colored else "#000000"
        filled = rng.random() < 0.5
        shape = rng.choice(SHAPES if filled else SHAPES + LINES)(rng)
        width = _number(rng.choice([1.5, 2, 2, 3]))
        paint = f'fill="{color}"' if filled else f'fill="none" stroke="{color}" stroke-width="{width}"'
        parts.append(f"{shape} {paint}/>")
    lines = "\n  ".join(parts)
    text = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{VIEW}" height="{VIEW}" viewBox="0 0 {VIEW} {VIEW}" '
        f'stroke-linecap="round" stroke-linejoin="round">\n  {lines}\n</svg>\n'
    )
    return f"{'color' if colored else 'black'}/{index:04d}", text
