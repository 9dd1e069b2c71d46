"""Icons in canonical form: the same drawing gives the same bytes, whichever archive it came from.

A project's repository and its published package hold the same icons with different headers, line breaks and
class names. The canonical form keeps what is drawn: elements, their drawing attributes sorted by name, single spaces.
The hash over a set's canonical icons is locked in the recipe, and holds for both sources.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from xml.etree import ElementTree
from xml.sax.saxutils import quoteattr

SVG = "{http://www.w3.org/2000/svg}"
MAX_DEPTH = 200  # Writers and renderers recurse.
DROPPED_ATTRIBUTES = frozenset({"class", "id"})
DROPPED_ELEMENTS = frozenset({"title", "desc", "metadata"})


class NotAnSvg(ValueError):
    """The text is no SVG that is safe to draw."""


def parse_svg(text: str) -> ElementTree.Element:
    """The root element. Raises NotAnSvg for broken XML, another root element, or entities, endless depth."""
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise NotAnSvg("has a document type declaration")
    try:
        root = ElementTree.fromstring(text)
    except (ElementTree.ParseError, ValueError) as error:
        raise NotAnSvg(str(error)) from error
    if root.tag not in (f"{SVG}svg", "svg"):
        raise NotAnSvg(f"root element is {root.tag}")
    level = [root]
    for _ in range(MAX_DEPTH):
        level = [child for element in level for child in element]
        if not level:
            return root
    raise NotAnSvg(f"is nested more than {MAX_DEPTH} deep")


def _invisible(attributes: Mapping[str, str]) -> bool:
    # Tabler puts a 24 x 24 frame with neither fill nor stroke into every file.
    return attributes.get("fill") == "none" and attributes.get("stroke") == "none"


def _write(element: ElementTree.Element, out: list[str]) -> None:
    tag = element.tag.removeprefix(SVG)
    attributes = {
        name: re.sub(r"\s+", " ", value).strip()
        for name, value in sorted(element.attrib.items())
        if name not in DROPPED_ATTRIBUTES and not name.startswith(("aria-", "data-"))
    }
    if tag == "svg":
        attributes = {"xmlns": SVG[1:-1], **attributes}
    children = [
        child
        for child in element
        if child.tag.removeprefix(SVG) not in DROPPED_ELEMENTS and not (len(child) == 0 and _invisible(child.attrib))
    ]
    out.append("<" + tag + "".join(f" {name}={quoteattr(value)}" for name, value in attributes.items()))
    if not children:
        out.append("/>")
        return
    out.append(">")
    for child in children:
        _write(child, out)
    out.append(f"</{tag}>")


def canonical_svg(text: str) -> str:
    """The icon ``text`` in canonical form. Raises NotAnSvg."""
    out: list[str] = []
    _write(parse_svg(text), out)
    return "".join(out) + "\n"


def icons_hash(icons: Mapping[str, str]) -> str:
    """SHA-256 over canonical icons by name: name, length in bytes, and bytes of each, in order of the names."""
    digest = hashlib.sha256()
    for name in sorted(icons):
        data = icons[name].encode()
        digest.update(f"{name}\0{len(data)}\0".encode())
        digest.update(data)
    return digest.hexdigest()
