"""The drawing that this package trains, reads and writes: filled closed cubic paths, painted in order."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from supersvg.svg.errors import SvgError

Color = tuple[float, float, float]  # red, green, blue, 0..1, sRGB as written


@dataclass(frozen=True, eq=False)
class SvgPath:
    """One closed path.

    `points` is ``[K, 2]`` float64 in viewBox units, x right, y down, ``K = 3 * segments``: anchor, handle,
    handle, next anchor, ...; the last segment returns to the first anchor.
    """

    points: NDArray[np.float64]
    fill: Color
    opacity: float = 1.0
    fill_rule: str = "nonzero"

    def __post_init__(self) -> None:
        """Refuse what could not be written.

        Raises:
            SvgError: points of another shape or not finite, colour or opacity outside 0..1, unknown rule.
        """
        points = np.array(self.points, dtype=np.float64)
        if points.ndim != 2 or points.shape[1] != 2 or not len(points) or len(points) % 3:
            raise SvgError(f"a path needs points of shape [3 * segments, 2], got {list(points.shape)}")
        if not np.isfinite(points).all():
            raise SvgError("a path's points must be finite; leave the path out instead")
        if len(self.fill) != 3 or not all(0.0 <= channel <= 1.0 for channel in (*self.fill, self.opacity)):
            raise SvgError(f"fill and opacity must be within 0..1, got {self.fill} and {self.opacity}")
        if self.fill_rule not in {"nonzero", "evenodd"}:
            raise SvgError(f"fill_rule must be 'nonzero' or 'evenodd', got {self.fill_rule!r}")
        points.flags.writeable = False
        object.__setattr__(self, "points", points)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, SvgPath):
            return NotImplemented
        same = (self.fill, self.opacity, self.fill_rule) == (other.fill, other.opacity, other.fill_rule)
        return same and np.array_equal(self.points, other.points)

    def __hash__(self) -> int:
        return hash((self.points.tobytes(), self.fill, self.opacity, self.fill_rule))


@dataclass(frozen=True)
class SvgDocument:
    """Paths on a canvas from (0, 0) to (`width`, `height`), viewBox units; later ones cover earlier ones."""

    width: float
    height: float
    paths: tuple[SvgPath, ...]
    background: Color | None = None  # None: nothing is painted below the paths

    def __post_init__(self) -> None:
        """Refuse a canvas without area.

        Raises:
            SvgError: width or height not positive and finite, background outside 0..1.
        """
        if not all(np.isfinite(side) and side > 0 for side in (self.width, self.height)):
            raise SvgError(f"width and height must be positive, got {self.width} x {self.height}")
        if self.background is not None and not all(0.0 <= channel <= 1.0 for channel in self.background):
            raise SvgError(f"background must be within 0..1, got {self.background}")


def quantise(document: SvgDocument, *, decimals: int | None = 3) -> SvgDocument:
    """What writing and reading leave of `document`: ``read_svg(write_svg(document, decimals=d))``.

    Coordinates and opacity are rounded to `decimals` (None: kept); colours always to #rrggbb.
    The size of the canvas is kept.
    """

    def color(value: Color) -> Color:
        red, green, blue = (eight_bit(channel) / 255 for channel in value)
        return red, green, blue

    def path(value: SvgPath) -> SvgPath:
        if decimals is None:
            return replace(value, fill=color(value.fill))
        points = np.array([float(f"{number:.{decimals}f}") for number in value.points.flat])
        # + 0.0 turns -0.0 into 0.0, which is how it is written.
        return replace(
            value,
            points=points.reshape(-1, 2) + 0.0,
            fill=color(value.fill),
            opacity=float(f"{value.opacity:.{decimals}f}"),
        )

    background = None if document.background is None else color(document.background)
    return replace(document, paths=tuple(path(value) for value in document.paths), background=background)


def eight_bit(channel: float) -> int:
    """0..1 -> 0..255, to the nearest step."""
    return int(channel * 255 + 0.5)
