"""What is written reads back as the same numbers, and draws."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from supersvg.svg import SvgDocument, SvgError, SvgPath, draw_svg, quantise, read_svg, write_svg

UNIT = st.floats(0, 1)
COLORS = st.tuples(UNIT, UNIT, UNIT)
PATHS = st.builds(
    SvgPath,
    points=st.integers(1, 5).flatmap(
        lambda segments: arrays.arrays(np.float64, (3 * segments, 2), elements=st.floats(-1e6, 1e6))
    ),
    fill=COLORS,
    opacity=UNIT,
    fill_rule=st.sampled_from(["nonzero", "evenodd"]),
)
DOCUMENTS = st.builds(
    SvgDocument,
    width=st.floats(0.5, 1e5),
    height=st.floats(0.5, 1e5),
    paths=st.lists(PATHS, max_size=4).map(tuple),
    background=st.none() | COLORS,
)


@settings(deadline=None, max_examples=150)
@given(document=DOCUMENTS, decimals=st.none() | st.integers(0, 6))
def test_reading_gives_back_what_quantise_promises(document, decimals):
    """Every coordinate, colour, opacity, rule, the background and the order."""
    read = read_svg(write_svg(document, decimals=decimals))
    assert read == quantise(document, decimals=decimals)
    assert quantise(read, decimals=decimals) == read


@settings(deadline=None)
@given(document=DOCUMENTS)
def test_quantise_moves_nothing_further_than_half_a_step(document):
    """Half of the last decimal for coordinates, half of 1/255 for colours."""
    for before, after in zip(document.paths, quantise(document, decimals=2).paths, strict=True):
        assert np.abs(before.points - after.points).max() <= 0.005 + 1e-9
        assert np.abs(np.subtract(before.fill, after.fill)).max() <= 0.5 / 255 + 1e-9


def test_the_text_is_plain():
    """The exact text for a small drawing: background as a rectangle, defaults left out."""
    triangle = np.array([[0, 0], [1, 0], [2, 0], [3, 0], [3, 1], [3, 2], [3, 3], [2, 2], [1.23456, -0.0]])
    document = SvgDocument(
        4, 3.5, (SvgPath(triangle, (1, 0, 0)), SvgPath(triangle, (0, 0, 1), 0.5, "evenodd")), (1, 1, 1)
    )
    d = "M0 0C1 0 2 0 3 0 3 1 3 2 3 3 2 2 1.23 0 0 0Z"
    assert write_svg(document, decimals=2) == (
        '<svg xmlns="http://www.w3.org/2000/svg" width="4" height="3.5" viewBox="0 0 4 3.5">\n'
        '<rect width="4" height="3.5" fill="#ffffff"/>\n'
        f'<path d="{d}" fill="#ff0000"/>\n'
        f'<path d="{d}" fill="#0000ff" fill-opacity="0.5" fill-rule="evenodd"/>\n'
        "</svg>\n"
    )


def test_drawing():
    """resvg draws at the asked size, on white, stretched."""
    square = np.array(
        [[1, 1], [1, 1], [3, 1], [3, 1], [3, 1], [3, 3], [3, 3], [3, 3], [1, 3], [1, 3], [1, 3], [1, 1.0]]
    )
    picture = draw_svg(write_svg(SvgDocument(4.5, 4, (SvgPath(square, (1, 0, 0)),))), 45, 80)
    assert picture.shape == (80, 45, 3)
    assert picture.dtype == np.uint8
    assert picture[40, 20].tolist() == [255, 0, 0]
    assert picture[10, 5].tolist() == [255, 255, 255]
    assert picture[21, 11].tolist() == [255, 0, 0]


@pytest.mark.parametrize(
    "change",
    [
        {"points": np.zeros((4, 2))},
        {"points": np.zeros((0, 2))},
        {"points": np.full((3, 2), np.nan)},
        {"fill": (0.0, 0.0, 1.5)},
        {"opacity": -0.1},
        {"opacity": float("nan")},
        {"fill_rule": "winding"},
    ],
)
def test_a_path_that_could_not_be_written_is_refused(change):
    """At once, where it is made."""
    with pytest.raises(SvgError):
        SvgPath(**({"points": np.zeros((3, 2)), "fill": (0.0, 0.0, 0.0)} | change))


@pytest.mark.parametrize("side", [0.0, -1.0, float("nan"), float("inf")])
def test_a_canvas_without_area_is_refused(side):
    """Both ways round."""
    with pytest.raises(SvgError, match="must be positive"):
        SvgDocument(side, 1.0, ())
    with pytest.raises(SvgError, match="must be positive"):
        SvgDocument(1.0, side, ())
