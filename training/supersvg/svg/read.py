"""SVG text to documents."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from xml.etree.ElementTree import Element

import numpy as np

from supersvg.svg import geometry
from supersvg.svg.document import Color, SvgDocument, SvgPath
from supersvg.svg.errors import SvgError
from supersvg.svg.safety import SVG, parse
from supersvg.svg.viewport import length, numbers, view_box

# Elements whose children are painted in place. Everything else (defs, clipPath, text, ...) is passed over.
_GROUPS = frozenset({"svg", "g", "a", "switch"})


@dataclass(frozen=True)
class _Style:
    """What elements inherit. Opacity of groups is multiplied into their paths."""

    matrix: geometry.Points
    fill: str = "black"
    color: str = "black"
    fill_opacity: float = 1.0
    opacity: float = 1.0
    fill_rule: str = "nonzero"
    hidden: bool = False


def read_svg(text: str) -> SvgDocument:
    """The filled shapes of an SVG: paths, rectangles, circles, ellipses and polygons, in groups or not.

    Read: viewBox or width and height; transform, fill, fill-opacity, opacity, fill-rule, color, display and
    visibility, as attributes or in ``style``; every path command. Coordinates are moved so that the viewBox
    starts at (0, 0).
    An opaque rectangle over the whole canvas, painted first, becomes the document's background.
    Not read, and left out: strokes, text, images, ``<use>``, clips, masks, style sheets.
    A group's opacity is multiplied into its paths, which is exact where they do not overlap.

    Raises:
        SvgError: not an SVG, unsafe XML (see `supersvg.svg.safety`), malformed data, or a
            fill that is no colour.
    """
    root = parse(text)
    with np.errstate(over="ignore", invalid="ignore"):  # what overflows is refused below
        return _document(root)


def _document(root: Element) -> SvgDocument:
    left, top, width, height = view_box(root)
    matrix = np.array([[1.0, 0.0, -left], [0.0, 1.0, -top], [0.0, 0.0, 1.0]])
    paths: list[SvgPath] = []
    background = None
    for element, style in _shapes(root, _Style(matrix)):
        points = _outline(element, style)
        if points is None:
            continue
        path = SvgPath(points, *_paint(style), style.fill_rule)
        first = not paths and background is None
        if first and path.opacity == 1 and _local(element) == "rect" and _covers(points, width, height):
            background = path.fill
        else:
            paths.append(path)
    return SvgDocument(width, height, tuple(paths), background)


def _local(element: Element) -> str:
    return element.tag.removeprefix(SVG)


def _shapes(element: Element, inherited: _Style) -> list[tuple[Element, _Style]]:
    style = _styled(element, inherited)
    if style is None:
        return []
    if _local(element) in _GROUPS:
        return [shape for child in element for shape in _shapes(child, style)]
    shown = _local(element) in _SHAPES and not style.hidden and style.fill != "none"
    return [(element, style)] if shown else []


def _styled(element: Element, style: _Style) -> _Style | None:
    """The element's own style; None if it is not displayed at all."""
    values = {key: value.strip() for key, value in element.attrib.items()}
    for declaration in element.attrib.get("style", "").split(";"):
        key, _, value = declaration.partition(":")
        values[key.strip()] = value.replace("!important", "").strip()
    values = {key: value for key, value in values.items() if value != "inherit"}
    if values.get("display") == "none":
        return None
    if "transform" in values:
        style = replace(style, matrix=style.matrix @ geometry.parse_transform(values["transform"]))
    rule = values.get("fill-rule", style.fill_rule)
    if rule not in {"nonzero", "evenodd"}:
        raise SvgError(f"fill-rule must be nonzero or evenodd, got {rule[:40]!r}")
    return replace(
        style,
        fill=values.get("fill", style.fill),
        color=values.get("color", style.color),
        fill_opacity=_share(values["fill-opacity"]) if "fill-opacity" in values else style.fill_opacity,
        opacity=style.opacity * (_share(values["opacity"]) if "opacity" in values else 1.0),
        fill_rule=rule,
        hidden=values["visibility"] != "visible" if "visibility" in values else style.hidden,
    )


def _share(text: str) -> float:
    """An opacity, as a number or a percentage, brought into 0..1."""
    found = numbers(text.removesuffix("%"))
    if len(found) != 1:
        raise SvgError(f"cannot read the opacity {text[:40]!r}")
    return min(1.0, max(0.0, found[0] / (100 if text.endswith("%") else 1)))


def _paint(style: _Style) -> tuple[Color, float]:
    fill = style.color if style.fill.lower() == "currentcolor" else style.fill
    color, alpha = _color(fill)
    return color, style.opacity * style.fill_opacity * alpha


def _color(text: str) -> tuple[Color, float]:
    text = text.strip().lower()
    if re.fullmatch(r"#([0-9a-f]{3,4}|[0-9a-f]{6}|[0-9a-f]{8})", text):
        digits = text[1:] if len(text) > 5 else "".join(digit * 2 for digit in text[1:])
        values = [int(digits[start : start + 2], 16) / 255 for start in range(0, len(digits), 2)]
        return (values[0], values[1], values[2]), values[3] if len(values) == 4 else 1.0
    if match := re.fullmatch(r"rgba?\(([^)]*)\)", text):
        parts = match[1].replace(",", " ").replace("/", " ").split()
        if len(parts) in (3, 4):
            red, green, blue = (
                _share(part) if part.endswith("%") else _share(repr(numbers(part)[0] / 255)) for part in parts[:3]
            )
            return (red, green, blue), _share(parts[3]) if len(parts) == 4 else 1.0
    if text == "transparent":
        return (0.0, 0.0, 0.0), 0.0
    if re.fullmatch("[a-z]+", text):
        from PIL import ImageColor  # only here: the names of colours, not worth a second table

        if text in ImageColor.colormap:
            red8, green8, blue8 = ImageColor.getrgb(text)[:3]
            return (red8 / 255, green8 / 255, blue8 / 255), 1.0
    raise SvgError(f"the fill {text[:60]!r} is no plain colour; gradients and patterns are not read")


def _outline(element: Element, style: _Style) -> geometry.Points | None:
    points = geometry.closed(_SHAPES[_local(element)](element))
    if points is None or np.array_equal(style.matrix, np.eye(3)):
        return points  # untouched, so that what was written comes back to the bit
    moved: geometry.Points = points @ style.matrix[:2, :2].T + style.matrix[:2, 2]
    if not np.isfinite(moved).all():
        raise SvgError("a transform moves a path too far")
    return moved


def _covers(points: geometry.Points, width: float, height: float) -> bool:
    corners = {(0.0, 0.0), (width, 0.0), (width, height), (0.0, height)}
    return len(points) == 12 and {(float(x), float(y)) for x, y in points[::3]} == corners


def _number(element: Element, name: str) -> float:
    return length(element.get(name, "0"))


def _rect(element: Element) -> list[geometry.Subpath]:
    x, y, width, height = (_number(element, name) for name in ("x", "y", "width", "height"))
    if width <= 0 or height <= 0:
        return []
    given = [_number(element, name) if name in element.attrib else None for name in ("rx", "ry")]
    rx = min(given[0] if given[0] is not None else given[1] or 0.0, width / 2)
    ry = min(given[1] if given[1] is not None else given[0] or 0.0, height / 2)
    if rx <= 0 or ry <= 0:
        right, bottom = x + width, y + height
        return geometry.polygon(
            [complex(x, y), complex(right, y), complex(right, bottom), complex(x, bottom), complex(x, y)]
        )
    arc = f"a{rx!r} {ry!r} 0 0 1"
    return geometry.parse_path(
        f"M{x + rx!r} {y!r}h{width - 2 * rx!r}{arc} {rx!r} {ry!r}v{height - 2 * ry!r}{arc} {-rx!r} {ry!r}"
        f"h{2 * rx - width!r}{arc} {-rx!r} {-ry!r}v{2 * ry - height!r}{arc} {rx!r} {-ry!r}Z"
    )


def _round(element: Element) -> list[geometry.Subpath]:
    radius = "r" if _local(element) == "circle" else "rx"
    rx, ry = _number(element, radius), _number(element, radius if radius == "r" else "ry")
    if rx <= 0 or ry <= 0:
        return []
    return geometry.ellipse(complex(_number(element, "cx"), _number(element, "cy")), rx, ry)


def _polygon(element: Element) -> list[geometry.Subpath]:
    flat = numbers(element.get("points", ""))
    return geometry.polygon([complex(x, y) for x, y in zip(flat[::2], flat[1::2], strict=False)])


_SHAPES = {
    "path": lambda element: geometry.parse_path(element.get("d", "")),
    "rect": _rect,
    "circle": _round,
    "ellipse": _round,
    "polygon": _polygon,
    "polyline": _polygon,
}
