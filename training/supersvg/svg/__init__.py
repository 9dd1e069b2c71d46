"""Read, write and draw SVG. Needs numpy; drawing needs resvg and Pillow as well."""

from supersvg.svg.document import Color, SvgDocument, SvgPath, quantise
from supersvg.svg.draw import draw_svg
from supersvg.svg.errors import SvgError
from supersvg.svg.read import read_svg
from supersvg.svg.write import write_svg

__all__ = ["Color", "SvgDocument", "SvgError", "SvgPath", "draw_svg", "quantise", "read_svg", "write_svg"]
