"""SVGs that others wrote: what is read means what resvg takes it to mean."""

from __future__ import annotations

import numpy as np
import pytest

from supersvg.svg import SvgDocument, draw_svg, read_svg, write_svg

HEAD = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 30">'


def read(body: str) -> SvgDocument:
    return read_svg(f"{HEAD}{body}</svg>")


@pytest.mark.parametrize(
    "body",
    [
        '<path d="M5 5L30 5 30 20z"/>',
        '<path d="M5,5H30V20H5Zm30 3h3v3h-3z" fill="teal"/>',
        '<path d="m5 5 25 0 0 15-3.5.5.5-2"/>',
        '<path d="M5 25C5 5 15 5 20 15S35 25 35 5L35 28Z" fill="#08f"/>',
        '<path d="m5 25c0-20 10-20 15-10s15 10 15-10v23z" fill="#08f"/>',
        '<path d="M5 25Q12 0 20 15T35 5V28Z"/>',
        '<path d="m5 25q7-25 15-10t15-10v23z"/>',
        '<path d="M5 15A10 6 30 0 1 25 12L30 25Z"/>',
        '<path d="M5 15A10 6 30 1 0 25 12L30 25Z"/>',
        '<path d="M8 15a4 4 0 1020 2l1 9z"/>',
        '<path d="M8 15a1 1 0 01 20 2l1 9z"/>',
        '<path d="M2 2h30v25h-30zM8 8v12h12v-12z" fill="red"/>',
        '<path d="M2 2h30v25h-30zM8 8h12v12h-12z" fill-rule="evenodd"/>',
        '<path d="M20 2L30 28L4 11H36L10 28Z" style="fill-rule: evenodd; fill: rgb(10, 200, 30)"/>',
        '<rect x="3" y="4" width="20" height="10" fill="hotpink"/>',
        '<rect x="3" y="4" width="20" height="10" rx="4" ry="2"/>',
        '<circle cx="20" cy="15" r="9"/><ellipse cx="10" cy="10" rx="9" ry="4" fill="#ff000080"/>',
        '<polygon points="3,3 30,8 12,25"/><polyline points="20 2 39 2 39 20" fill="lime"/>',
        '<g transform="translate(5 3) rotate(20)"><path d="M5 5h15v8h-15z" transform="scale(1.2 .8)"/></g>',
        '<g transform="matrix(1 .2 -.3 1 4 2)" fill="blue"><path d="M5 5h15v8h-15z"/></g>',
        '<path d="M5 5h15v8h-15z" transform="skewX(20),skewY(-10) rotate(30 10 10)"/>',
        '<g opacity=".5" fill="red"><path d="M5 5h15v8h-15z" fill-opacity="50%"/></g>',
        '<g color="orange"><path d="M5 5h15v8h-15z" fill="currentColor"/></g>',
        '<g display="none"><path d="M5 5h15v8h-15z"/></g><path d="M9 9h9v9h-9z" visibility="hidden"/>',
        '<defs><path d="M5 5h15v8h-15z"/></defs><path d="M9 9h9v9z" fill="none"/>',
        '<a><switch/><path d="M9 9h9v9z" fill="inherit"/></a>',
    ],
)
def test_reading_and_writing_keep_the_drawing(body):
    """resvg draws our SVG of it as it draws the original, but for rounding at edges."""
    original = draw_svg(f"{HEAD}{body}</svg>", 160, 120).astype(int)
    ours = draw_svg(write_svg(read(body)), 160, 120).astype(int)
    assert np.abs(original - ours).max() <= 64  # resvg's own steps where it cuts a curve differently
    assert np.abs(original - ours).mean() < 0.2


def test_the_view_box_is_moved_to_the_origin():
    """Coordinates are those of the viewBox, counted from its corner."""
    document = read_svg('<svg viewBox="-10 5 40 30" width="400"><path d="M0 5L3 5L3 8Z"/></svg>')
    assert (document.width, document.height) == (40, 30)
    assert document.paths[0].points[0].tolist() == [10, 0]


def test_width_and_height_stand_in_for_a_view_box():
    """Units included."""
    document = read_svg('<svg width="1in" height="30px"/>')
    assert (document.width, document.height, document.paths) == (96, 30, ())


def test_only_a_first_opaque_rectangle_over_everything_is_the_background():
    """Anything else is a path like the others."""
    cover = '<rect width="40" height="30" fill="#ff8000"/>'
    assert read(cover).background == (1.0, 128 / 255, 0.0)
    assert read(cover).paths == ()
    assert len(read(cover + cover).paths) == 1
    assert read('<rect width="39" height="30"/>').background is None
    assert read('<rect width="40" height="30" opacity=".5"/>').background is None
