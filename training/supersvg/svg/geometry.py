"""Path data and basic shapes to closed cubic segments, and transforms."""

from __future__ import annotations

import math
import re

import numpy as np
from numpy.typing import NDArray

from supersvg.svg.errors import SvgError
from supersvg.svg.viewport import numbers

Points = NDArray[np.float64]
Subpath = list[complex]  # anchor, handle, handle, anchor, ..., last anchor: 3 * segments + 1

_TOKEN = re.compile(r"([MmZzLlHhVvCcSsQqTtAa])|([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)|([\s,]+)|(.)", re.S)
_ARGUMENTS = {"M": 2, "Z": 0, "L": 2, "H": 1, "V": 1, "C": 6, "S": 4, "Q": 4, "T": 2, "A": 7}
MAX_SEGMENTS = 100_000


def parse_path(data: str) -> list[Subpath]:
    """Subpaths of a ``d`` attribute as cubics. Every command of SVG 1.1 is read.

    Raises:
        SvgError: an unknown command or a wrong number of arguments.
    """
    subpaths: list[Subpath] = []
    current: Subpath = []
    last, reflected = "", 0j
    for command, values in _commands(data):
        kind = command.upper()
        if not current and kind != "M":
            if not subpaths:
                raise SvgError("path data must begin with M")
            current = [subpaths[-1][0]]  # after Z, drawing goes on from where the subpath began
        origin = current[-1] if current and command.islower() else 0j
        if kind == "M":
            if not current and subpaths and command.islower():
                origin = subpaths[-1][0]
            _finish(subpaths, current)
            current = [origin + complex(*values)]
        elif kind == "Z":
            _line(current, current[0])
            subpaths.append(current)
            current = []
        elif kind in "LHV":
            x = values[0] + origin.real if kind != "V" else current[-1].real
            y = values[-1] + origin.imag if kind != "H" else current[-1].imag
            current += _straight(current[-1], complex(x, y))
        elif kind == "A":
            current += _arc(current[-1], values, origin + complex(values[5], values[6]))
        else:
            ends = [origin + complex(x, y) for x, y in zip(values[::2], values[1::2], strict=True)]
            smooth = 2 * current[-1] - reflected if last in ("CS" if kind == "S" else "QT") and last else current[-1]
            if kind in "ST":
                ends.insert(0, smooth)
            reflected = ends[-2]
            current += ends if kind in "CS" else _quadratic(current[-1], ends[0], ends[1])
        last = kind
        if len(current) > 3 * MAX_SEGMENTS:
            raise SvgError(f"a path has more than {MAX_SEGMENTS} segments; split it")
    _finish(subpaths, current)
    return [subpath for subpath in subpaths if len(subpath) > 1]


def closed(subpaths: list[Subpath]) -> Points | None:
    """One closed path, ``[3 * segments, 2]``, that fills as the subpaths do together; None if there are
    none.

    Open subpaths are closed by a line, as filling does. Further subpaths (holes, say) are reached and
    left along the same line, which therefore encloses nothing.
    """
    outline: Subpath = []
    for subpath in subpaths:
        loop = list(subpath)
        _line(loop, loop[0])
        if not outline:
            outline = loop
            continue
        home = outline[0]
        outline += [*_straight(home, loop[0]), *loop[1:], *_straight(loop[0], home)]
    if not outline:
        return None
    points = np.array([[point.real, point.imag] for point in outline[:-1]])
    if not np.isfinite(points).all():
        raise SvgError("a path's coordinates are too large")
    return points


def ellipse(center: complex, radius_x: float, radius_y: float) -> list[Subpath]:
    """An ellipse as four cubics (off by less than 0.03 % of the radius)."""
    ends = [complex(1, 0), complex(0, 1), complex(-1, 0), complex(0, -1)]
    k = 4 / 3 * math.tan(math.pi / 8)
    unit = [ends[0]]
    for first, second in zip(ends, [*ends[1:], ends[0]], strict=True):
        unit += [first + k * second, second + k * first, second]
    return [[center + complex(radius_x * point.real, radius_y * point.imag) for point in unit]]


def polygon(corners: list[complex]) -> list[Subpath]:
    """A polygon; fewer than two corners make nothing."""
    path = corners[:1]
    for corner in corners[1:]:
        path += _straight(path[-1], corner)
    return [path] if len(path) > 1 else []


def parse_transform(text: str) -> Points:
    """A ``transform`` attribute as a 3 x 3 matrix acting on column vectors (x, y, 1).

    Raises:
        SvgError: an unknown function or a wrong number of arguments.
    """
    matrix = np.eye(3)
    rest = re.sub(r"(\w+)\s*\(([^)]*)\)", " ", text).replace(",", " ").strip()
    if rest:
        raise SvgError(f"cannot read the transform {text[:80]!r}")
    for name, arguments in re.findall(r"(\w+)\s*\(([^)]*)\)", text):
        matrix = matrix @ _one_transform(name, numbers(arguments))
    return matrix


def _one_transform(name: str, v: list[float]) -> Points:
    if name == "matrix" and len(v) == 6:
        return np.array([[v[0], v[2], v[4]], [v[1], v[3], v[5]], [0, 0, 1]])
    if name == "translate" and len(v) in (1, 2):
        return np.array([[1, 0, v[0]], [0, 1, v[1] if len(v) == 2 else 0], [0, 0, 1]])
    if name == "scale" and len(v) in (1, 2):
        return np.diag([v[0], v[-1], 1.0])
    if name == "rotate" and len(v) in (1, 3):
        cos, sin = math.cos(math.radians(v[0])), math.sin(math.radians(v[0]))
        x, y = v[1:] if len(v) == 3 else (0.0, 0.0)
        return np.array([[cos, -sin, x - cos * x + sin * y], [sin, cos, y - sin * x - cos * y], [0, 0, 1]])
    if name in ("skewX", "skewY") and len(v) == 1:
        matrix = np.eye(3)
        matrix[(0, 1) if name == "skewX" else (1, 0)] = math.tan(math.radians(v[0]))
        return matrix
    raise SvgError(f"cannot read the transform {name}({', '.join(map(str, v[:8]))})")


def _commands(data: str) -> list[tuple[str, list[float]]]:
    """Commands with exactly their own arguments; repeated argument groups repeat the command."""
    tokens: list[str] = []
    position = 0
    found: list[tuple[str, list[float]]] = []
    command = ""
    while position < len(data):
        flag = command.upper() == "A" and len(tokens) % 7 in (3, 4)
        match = re.compile(r"[\s,]*([01])").match(data, position) if flag else None
        if match is not None:  # the two flags of an arc may be written without anything between them
            tokens.append(match[1])
            position = match.end()
            continue
        token = _TOKEN.match(data, position)
        assert token is not None  # the last alternative matches any character
        position = token.end()
        if token[4]:
            raise SvgError(f"cannot read {token[4]!r} in path data")
        if token[1]:
            _take(found, command, tokens)
            command, tokens = token[1], []
        elif token[2]:
            tokens.append(token[2])
    _take(found, command, tokens)
    return found


def _take(found: list[tuple[str, list[float]]], command: str, tokens: list[str]) -> None:
    if not command:
        if tokens:
            raise SvgError("path data must begin with M")
        return
    values = [float(token) for token in tokens]
    if not all(math.isfinite(value) for value in values):
        raise SvgError("a number in path data is too large")
    need = _ARGUMENTS[command.upper()]
    if (need == 0 and values) or (need and (not values or len(values) % need)):
        raise SvgError(f"{command} in path data needs {need} numbers or a multiple, got {len(values)}")
    if need == 0:
        found.append((command, []))
    for index in range(0, len(values), need or 1):
        # Further pairs after a moveto are linetos.
        later = {"M": "L", "m": "l"}.get(command, command) if index else command
        found.append((later, values[index : index + need]))


def _finish(subpaths: list[Subpath], current: Subpath) -> None:
    if current:
        subpaths.append(current)


def _line(path: Subpath, end: complex) -> None:
    if path[-1] != end:
        path += _straight(path[-1], end)


def _straight(start: complex, end: complex) -> Subpath:
    return [start + (end - start) / 3, start + (end - start) * 2 / 3, end]


def _quadratic(start: complex, handle: complex, end: complex) -> Subpath:
    return [start + (handle - start) * 2 / 3, end + (handle - end) * 2 / 3, end]


def _arc(start: complex, values: list[float], end: complex) -> Subpath:
    """An elliptical arc as cubics of at most a quarter turn (SVG 1.1, appendix F.6)."""
    rx, ry, angle, large, sweep = (
        abs(values[0]),
        abs(values[1]),
        math.radians(values[2]),
        values[3],
        values[4],
    )
    if start == end:
        return []
    if rx == 0 or ry == 0:
        return _straight(start, end)
    turn = complex(math.cos(angle), math.sin(angle))

    def to_circle(point: complex) -> complex:
        point *= turn.conjugate()
        return complex(point.real / rx, point.imag / ry)

    half = to_circle((end - start) / 2)
    grow = max(1.0, abs(half))  # radii too small to reach are scaled up
    rx, ry, half = rx * grow, ry * grow, half / grow
    rise = math.sqrt(max(0.0, 1 / abs(half) ** 2 - 1)) * (1 if bool(large) != bool(sweep) else -1)
    center = half * 1j * rise  # relative to the chord's middle, on the unit circle
    begin, finish = -half - center, half - center
    first = math.atan2(begin.imag, begin.real)
    extent = math.atan2(finish.imag, finish.real) - first
    extent += (2 * math.pi if extent < 0 else 0) if sweep else (-2 * math.pi if extent > 0 else 0)
    count = max(1, math.ceil(abs(extent) / (math.pi / 2) - 1e-9))
    step = extent / count
    k = 4 / 3 * math.tan(step / 4)
    middle = (start + end) / 2
    path: Subpath = []
    for index in range(count):
        a = complex(math.cos(first + index * step), math.sin(first + index * step))
        b = complex(math.cos(first + (index + 1) * step), math.sin(first + (index + 1) * step))
        for point in (a + 1j * k * a, b - 1j * k * b, b):
            moved = center + point
            path.append(middle + complex(moved.real * rx, moved.imag * ry) * turn)
    path[-1] = end
    return path
