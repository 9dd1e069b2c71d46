"""The canvas that an ``<svg>`` element describes."""

from __future__ import annotations

import math
import re
from xml.etree.ElementTree import Element

from supersvg.svg.errors import SvgError

_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_LENGTH = re.compile(rf"\s*({_NUMBER})\s*(px|pt|pc|mm|cm|in)?\s*$")
_PIXELS = {"px": 1.0, None: 1.0, "pt": 4 / 3, "pc": 16.0, "mm": 96 / 25.4, "cm": 96 / 2.54, "in": 96.0}


def numbers(text: str) -> list[float]:
    """All numbers in a list separated by spaces and commas.

    Raises:
        SvgError: something else is in it, or a number is too large.
    """
    rest = re.sub(_NUMBER, " ", text).replace(",", " ").strip()
    found = [float(number) for number in re.findall(_NUMBER, text)]
    if rest or not all(math.isfinite(number) for number in found):
        raise SvgError(f"expected numbers, got {text[:80]!r}")
    return found


def length(text: str) -> float:
    """A length in user units (CSS pixels).

    Raises:
        SvgError: no number, or a unit that depends on something else, such as % or em.
    """
    match = _LENGTH.match(text)
    if match is None:
        raise SvgError(f"cannot read the length {text[:40]!r}; use a plain number")
    return float(match[1]) * _PIXELS[match[2]]


def view_box(root: Element) -> tuple[float, float, float, float]:
    """Left, top, width and height of the canvas in user units.

    Raises:
        SvgError: neither a viewBox nor a width and height, or no area.
    """
    if "viewBox" in root.attrib:
        box = numbers(root.attrib["viewBox"])
        if len(box) != 4:
            raise SvgError(f"viewBox needs four numbers, got {root.attrib['viewBox'][:80]!r}")
        left, top, width, height = box
    elif "width" in root.attrib and "height" in root.attrib:
        left, top, width, height = 0.0, 0.0, length(root.attrib["width"]), length(root.attrib["height"])
    else:
        raise SvgError("this SVG has no viewBox and no width and height, so its canvas is unknown; add a viewBox")
    if width <= 0 or height <= 0:
        raise SvgError(f"the canvas must have an area, got {width} x {height}")
    return left, top, width, height
