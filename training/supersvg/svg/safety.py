"""XML that strangers wrote, parsed without entities, document types or unbounded depth."""

from __future__ import annotations

from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from supersvg.svg.errors import SvgError

SVG = "{http://www.w3.org/2000/svg}"
MAX_CHARACTERS = 2**25
MAX_DEPTH = 64
MAX_ELEMENTS = 200_000


def parse(text: str) -> Element:
    """The root ``<svg>`` element of well-formed XML; tags carry their namespace, ``{uri}name``.

    Raises:
        SvgError: not XML, not SVG, a document type or entity declaration, or beyond `MAX_CHARACTERS`,
            `MAX_DEPTH` or `MAX_ELEMENTS`.
    """
    if len(text) > MAX_CHARACTERS:
        raise SvgError(f"this SVG has {len(text)} characters; at most {MAX_CHARACTERS} are read")
    builder = TreeBuilder()
    parser = expat.ParserCreate(namespace_separator="}")
    depth = elements = 0

    def name(raw: str) -> str:
        return "{" + raw if "}" in raw else raw

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal depth, elements
        depth, elements = depth + 1, elements + 1
        if depth > MAX_DEPTH:
            raise SvgError(f"this SVG nests elements more than {MAX_DEPTH} deep; flatten its groups")
        if elements > MAX_ELEMENTS:
            raise SvgError(f"this SVG has more than {MAX_ELEMENTS} elements; simplify it")
        builder.start(name(tag), {name(key): value for key, value in attributes.items()})

    def end(tag: str) -> None:
        nonlocal depth
        depth -= 1
        builder.end(name(tag))

    def refuse(*_declaration: object) -> None:
        raise SvgError("this SVG declares a document type or entities, which are not read; remove <!DOCTYPE ...>")

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = builder.data
    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    try:
        parser.Parse(text, True)
        root = builder.close()
    except expat.ExpatError as error:
        raise SvgError(f"this is not well-formed XML: {error}") from error
    except UnicodeEncodeError as error:
        raise SvgError(f"this text cannot be XML: {error}") from error
    if root.tag not in {f"{SVG}svg", "svg"}:
        raise SvgError(f"the outermost element is <{root.tag}>, not <svg>")
    return root
