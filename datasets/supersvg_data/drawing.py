"""Draw SVG text to pixels with resvg, on white."""

from __future__ import annotations

import io
import re
from xml.etree import ElementTree

import numpy as np
import numpy.typing as npt
import resvg
from PIL import Image

from supersvg_data.canonical import SVG, NotAnSvg, parse_svg

IDENTITY = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)  # rows first, unlike SVG's matrix()
WHITE = (255, 255, 255, 255)
INK = "#000000"
MAX_SVG_BYTES = 4 << 20


class CannotDraw(ValueError):
    """resvg refuses the drawing."""


def _length(value: str | None) -> float | None:
    match = re.fullmatch(r"\s*([0-9]*\.?[0-9]+)(px)?\s*", value or "")
    return float(match[1]) if match else None


def sized_svg(text: str, width: int, height: int, *, ink: str = INK) -> str:
    """``text`` with its root's width and height in pixels, and ``currentColor`` replaced by ``ink``.

    resvg draws a picture at the size that the root states, so that is where the size is set. A root without a view
    box gets one of its stated size, or the drawing would be cut off instead of scaled. Raises NotAnSvg.
    """
    root = parse_svg(text)
    if root.get("viewBox") is None:
        stated = _length(root.get("width")), _length(root.get("height"))
        if stated[0] is None or stated[1] is None:
            raise NotAnSvg("has neither a view box nor a size")
        root.set("viewBox", f"0 0 {stated[0]:g} {stated[1]:g}")
    root.set("width", str(width))
    root.set("height", str(height))
    for element in root.iter():
        for name, value in element.attrib.items():
            if "currentColor" in value:
                element.set(name, value.replace("currentColor", ink))
        if element.tag in (f"{SVG}style", "style") and element.text:
            element.text = element.text.replace("currentColor", ink)
    return ElementTree.tostring(root, encoding="unicode")


def draw_svg(text: str, size: int, *, ink: str = INK) -> npt.NDArray[np.uint8]:
    """The drawing on white, uint8 [size, size, 3], with its aspect ratio kept. Raises NotAnSvg or CannotDraw."""
    text = sized_svg(text, size, size, ink=ink)
    try:
        tree = resvg.usvg.Tree.from_str(text, resvg.usvg.Options.default())
        png = bytes(resvg.render(tree, IDENTITY, bg_color=WHITE))
    except BaseException as error:
        # resvg answers what it cannot draw with a Rust panic, a BaseException whose class cannot be imported.
        if type(error).__name__ != "PanicException":
            raise
        raise CannotDraw(str(error)) from error
    with Image.open(io.BytesIO(png)) as image:
        return np.asarray(image.convert("RGB"))
