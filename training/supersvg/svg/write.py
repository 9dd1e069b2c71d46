"""Documents to SVG text."""

from __future__ import annotations

from collections.abc import Callable

from supersvg.svg.document import Color, SvgDocument, SvgPath, eight_bit


def write_svg(document: SvgDocument, *, decimals: int | None = 3) -> str:
    """SVG text of a document; `read_svg` gives back `quantise(document, decimals=decimals)`.

    Args:
        decimals: digits after the point for coordinates and opacity; None writes every float so that it reads
            back to the same bits. Colours are always #rrggbb.

    The background becomes a first ``<rect>`` over the whole canvas.
    """

    def number(value: float) -> str:
        text = repr(float(value)) if decimals is None else f"{value:.{decimals}f}"
        text = text.rstrip("0").rstrip(".") if "." in text and "e" not in text else text
        return "0" if text in {"-0", ""} else text

    width, height = (repr(float(side)).removesuffix(".0") for side in (document.width, document.height))
    size = f'width="{width}" height="{height}"'
    lines = [f'<svg xmlns="http://www.w3.org/2000/svg" {size} viewBox="0 0 {width} {height}">']
    if document.background is not None:
        lines.append(f'<rect {size} fill="{hex_color(document.background)}"/>')
    for path in document.paths:
        attributes = [f'd="{_commands(path, number)}"', f'fill="{hex_color(path.fill)}"']
        opacity = number(path.opacity)
        if opacity != "1":
            attributes.append(f'fill-opacity="{opacity}"')
        if path.fill_rule != "nonzero":
            attributes.append(f'fill-rule="{path.fill_rule}"')
        lines.append(f"<path {' '.join(attributes)}/>")
    lines.append("</svg>")
    return "\n".join(lines) + "\n"


def hex_color(color: Color) -> str:
    """#rrggbb, each channel rounded to the nearest of 256 steps."""
    return "#" + "".join(f"{eight_bit(channel):02x}" for channel in color)


def _commands(path: SvgPath, number: Callable[[float], str]) -> str:
    pairs = [f"{number(x)} {number(y)}" for x, y in path.points.tolist()]
    curves = [*pairs[1:], pairs[0]]
    return f"M{pairs[0]}C{' '.join(curves)}Z"
