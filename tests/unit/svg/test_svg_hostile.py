"""XML made to harm, and data that is merely wrong: refused with a message, never followed."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from supersvg.svg import SvgDocument, SvgError, draw_svg, read_svg
from supersvg.svg.safety import MAX_CHARACTERS, MAX_DEPTH, MAX_ELEMENTS

BODY = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9">{}</svg>'
BOMB = "<!DOCTYPE svg [<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;&a;&a;&a;&a;&a;'>]>"


@pytest.mark.parametrize("function", [read_svg, lambda text: draw_svg(text, 8, 8)], ids=["read", "draw"])
@pytest.mark.parametrize(
    ("text", "message"),
    [
        (BOMB + BODY.format("&b;"), "document type"),
        ('<!DOCTYPE svg SYSTEM "file:///etc/passwd">' + BODY.format(""), "document type"),
        (BODY.format("&undefined;"), "not well-formed"),
        (BODY.format("<g>" * (MAX_DEPTH + 1) + "</g>" * (MAX_DEPTH + 1)), "deep"),
        (BODY.format("<g/>" * MAX_ELEMENTS), "elements"),
        (" " * (MAX_CHARACTERS + 1), "characters"),
        ("", "not well-formed"),
        ("<svg", "not well-formed"),
        ("\ud800", "cannot be XML"),
        ("<html/>", "not <svg>"),
        ("<svg/>", "canvas is unknown"),
        ('<svg viewBox="0 0 0 5"/>', "must have an area"),
        ('<svg viewBox="0 0 5"/>', "four numbers"),
        ('<svg viewBox="0 0 1e999 5"/>', "expected numbers"),
        ('<svg width="100%" height="9"/>', "length"),
    ],
)
def test_refused_by_reading_and_by_drawing(function, text, message):
    """Both take text from strangers."""
    with pytest.raises(SvgError, match=message):
        function(text)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ('<path d="L1 1"/>', "begin with M"),
        ('<path d="1 1"/>', "begin with M"),
        ('<path d="M1"/>', "M in path data needs 2"),
        ('<path d="M1 1Z3"/>', "Z in path data needs 0"),
        ('<path d="M1 1 X"/>', "cannot read 'X'"),
        ('<path d="M1 1L1e999 1Z"/>', "too large"),
        ('<path d="M1 1h1v1" fill="url(#a)"/>', "no plain colour"),
        ('<path d="M1 1h1v1" fill="no-such-colour"/>', "no plain colour"),
        ('<path d="M1 1h1v1" fill-opacity="x"/>', "expected numbers"),
        ('<path d="M1 1h1v1" fill-opacity=""/>', "opacity"),
        ('<path d="M1 1h1v1" fill-rule="odd"/>', "fill-rule"),
        ('<path d="M1 1h1v1" transform="spin(3)"/>', "transform"),
        ('<path d="M1 1h1v1" transform="rotate(3"/>', "transform"),
        ('<path d="M1 1h1v1" transform="scale(1e308) scale(1e308)"/>', "too far"),
        ('<circle r="1em"/>', "length"),
    ],
)
def test_malformed_data_is_refused(body, message):
    """The message quotes what could not be read."""
    with pytest.raises(SvgError, match=message):
        read_svg(BODY.format(body))


@settings(deadline=None, max_examples=300)
@given(data=st.text(alphabet="MmLlHhVvCcSsQqTtAaZz0123456789.,-+e \n", max_size=60))
def test_any_path_data_is_read_or_refused(data):
    """No other exception, whatever is in it."""
    try:
        assert isinstance(read_svg(BODY.format(f'<path d="{data}"/>')), SvgDocument)
    except SvgError as error:
        assert str(error)


@pytest.mark.parametrize(("width", "height"), [(0, 5), (5, -1), (10**6, 10**6)])
def test_no_picture_of_that_size(width, height):
    """Refused before anything is allocated."""
    with pytest.raises(SvgError, match="cannot draw"):
        draw_svg(BODY.format(""), width, height)
