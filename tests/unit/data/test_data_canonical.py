"""The same drawing in the same form, whichever archive it came from."""

from __future__ import annotations

import numpy as np
import pytest

from supersvg_data.canonical import NotAnSvg, canonical_svg, icons_hash, parse_svg
from supersvg_data.drawing import CannotDraw, draw_svg, sized_svg

PACKAGE = """<svg
  xmlns="http://www.w3.org/2000/svg"
  width="24"
  height="24"
  viewBox="0 0 24 24"
  fill="currentColor"
  class="icon icon-tabler icons-tabler-filled icon-tabler-x"
>
  <path stroke="none" d="M0 0h24v24H0z" fill="none" />
  <path d="M4 4h12
    v12h-12z" />
</svg>"""
REPOSITORY = """<!--
tags: [x]
-->
<svg xmlns="http://www.w3.org/2000/svg" fill="currentColor" viewBox="0 0 24 24" height="24" width="24">
<path d="M4 4h12 v12h-12z"></path></svg>
"""


def test_package_and_repository_agree() -> None:
    assert canonical_svg(PACKAGE) == canonical_svg(REPOSITORY)


def test_it_is_its_own_canonical_form_and_draws_the_same() -> None:
    canonical = canonical_svg(PACKAGE)
    assert canonical_svg(canonical) == canonical
    assert np.array_equal(draw_svg(canonical, 32), draw_svg(PACKAGE, 32))


@pytest.mark.parametrize("change", [("M4 4", "M4 5"), ("currentColor", "red"), ("<path d", '<path opacity=".5" d')])
def test_another_drawing_has_another_form(change: tuple[str, str]) -> None:
    assert canonical_svg(REPOSITORY.replace(*change)) != canonical_svg(REPOSITORY)


def test_the_hash_covers_names_and_content() -> None:
    base = icons_hash({"a": "1", "b": "2"})
    assert icons_hash({"b": "2", "a": "1"}) == base
    assert len({base, icons_hash({"a": "2", "b": "1"}), icons_hash({"a": "12"}), icons_hash({"a": "1"})}) == 4


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no xml",
        "<html/>",
        "<svg",
        '<!DOCTYPE svg [<!ENTITY a "b">]><svg xmlns="http://www.w3.org/2000/svg">&a;</svg>',
        '<svg xmlns="http://example.org/other"/>',
        "<svg>\0</svg>",
        "<svg>" + 3000 * "<g>" + 3000 * "</g>" + "</svg>",
    ],
)
def test_what_is_no_svg_is_refused(text: str) -> None:
    with pytest.raises(NotAnSvg):
        parse_svg(text)


def test_drawn_black_on_white_whatever_the_theme() -> None:
    picture = draw_svg(REPOSITORY, 24)
    assert picture.shape == (24, 24, 3)
    assert (picture[6:15, 6:15] == 0).all()
    assert (picture[:3] == 255).all()
    assert (draw_svg(REPOSITORY, 24, ink="#ff0000")[10, 10] == (255, 0, 0)).all()


def test_currentcolor_in_styles_is_replaced_too() -> None:
    text = sized_svg(
        '<svg viewBox="0 0 1 1"><style>path{fill:currentColor}</style><g style="fill:currentColor"/></svg>', 8, 8
    )
    assert "currentColor" not in text


def test_without_a_view_box_the_stated_size_is_one() -> None:
    half = '<svg xmlns="http://www.w3.org/2000/svg" width="10px" height="10"><path d="M0 0h5v10h-5z"/></svg>'
    assert (draw_svg(half, 32)[:, :16] == 0).all()
    assert (draw_svg(half, 32)[:, 16:] == 255).all()
    with pytest.raises(NotAnSvg, match="neither a view box nor a size"):
        sized_svg("<svg/>", 8, 8)


def test_what_resvg_panics_at_is_an_error_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("supersvg_data.drawing.sized_svg", lambda *_, **__: "<svg")
    with pytest.raises(CannotDraw, match="ParsingFailed"):
        draw_svg("<svg/>", 8)
