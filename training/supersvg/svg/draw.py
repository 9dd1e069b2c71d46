"""The independent renderer: resvg, which shares no code with `supersvg.raster`."""

from __future__ import annotations

import io
from xml.etree.ElementTree import tostring

import numpy as np
from numpy.typing import NDArray

from supersvg.svg.errors import SvgError
from supersvg.svg.safety import parse
from supersvg.svg.viewport import view_box

MAX_PIXELS = 2**26


def draw_svg(text: str, width: int, height: int) -> NDArray[np.uint8]:
    """Draw SVG text on white, stretched to `width` x `height` pixels: uint8 ``[height, width, 3]``.

    Raises:
        SvgError: the text is unsafe or no SVG, or the picture would be empty or larger than `MAX_PIXELS`.
        ImportError: resvg or Pillow are missing (``pip install 'supersvg-cloud[data]'``).
    """
    from PIL import Image  # both here, so that writing and reading need neither
    from resvg import render, usvg

    if width < 1 or height < 1 or width * height > MAX_PIXELS:
        raise SvgError(f"cannot draw {width} x {height} pixels; choose at least 1 x 1 and at most {MAX_PIXELS} in all")
    root = parse(text)
    # resvg draws at the size that the root asks for, in whole pixels: ask for ours.
    root.set("viewBox", " ".join(repr(value) for value in view_box(root)))
    root.set("width", str(width))
    root.set("height", str(height))
    root.set("preserveAspectRatio", "none")
    try:
        tree = usvg.Tree.from_str(tostring(root, encoding="unicode"), usvg.Options.default())
        identity = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
        png = render(tree, identity, None, None, (width, height), (255, 255, 255, 255))
    except BaseException as error:
        # A Rust panic arrives as a BaseException of a class that cannot be imported.
        if type(error).__name__ != "PanicException":
            raise
        raise SvgError(f"resvg cannot draw this SVG: {error}") from error
    with Image.open(io.BytesIO(bytes(png))) as picture:
        return np.array(picture.convert("RGB"), dtype=np.uint8)
