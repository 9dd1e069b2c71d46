"""A slow oracle: coverage by counting sample points, composited as `render` does. For tests and measurements.

It shares nothing with the rasteriser but the conventions: points are inside or outside by the winding number
of a fine polyline, found by crossings of scan lines. No gradients.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def supersampled_coverage(
    points: Array, size: tuple[int, int], *, samples: int = 16, fill_rule: str = "nonzero", edges: int = 256
) -> Array:
    """``samples x samples`` points per pixel inside one closed path: ``[K, 2]`` pixels -> ``[H, W]``.

    `edges` is the number of straight edges that each cubic is replaced by.
    """
    height, width = size[0] * samples, size[1] * samples
    corners = _polyline(np.asarray(points, dtype=np.float64) * samples, edges)
    start, end = corners, np.roll(corners, -1, axis=0)
    # Sample row r lies at r + 0.5; an edge crosses the rows between its ends, counted once at corners.
    first = np.clip(np.ceil(np.minimum(start[:, 1], end[:, 1]) - 0.5), 0, height).astype(np.int64)
    stop = np.clip(np.ceil(np.maximum(start[:, 1], end[:, 1]) - 0.5), 0, height).astype(np.int64)
    count = np.maximum(stop - first, 0)
    edge = np.repeat(np.arange(len(start)), count)
    row = np.arange(len(edge)) - np.repeat(np.cumsum(count) - count, count) + first[edge]
    rise = end[edge, 1] - start[edge, 1]
    x = start[edge, 0] + (row + 0.5 - start[edge, 1]) / rise * (end[edge, 0] - start[edge, 0])
    column = np.clip(np.ceil(x - 0.5), 0, width).astype(np.int64)
    winding = np.zeros((height, width + 1), dtype=np.int64)
    np.add.at(winding, (row, column), np.where(rise > 0, 1, -1))
    winding = winding.cumsum(axis=1)[:, :width]
    inside = winding % 2 == 1 if fill_rule == "evenodd" else winding != 0
    share: Array = inside.reshape(size[0], samples, size[1], samples).mean(axis=(1, 3))
    return share


def supersampled_render(
    points: Array,
    colors: Array,
    opacity: Array,
    size: tuple[int, int],
    *,
    background: Array,
    samples: int = 16,
    fill_rule: str = "nonzero",
) -> Array:
    """One picture ``[H, W, 3]`` of ``[P, K, 2]`` paths: supersampled coverage, `render`'s compositing."""
    picture = np.broadcast_to(np.asarray(background, dtype=np.float64), (*size, 3)).copy()
    for path, color, share in zip(points, colors, opacity, strict=True):
        alpha = share * supersampled_coverage(path, size, samples=samples, fill_rule=fill_rule)[..., None]
        picture += alpha * (np.asarray(color) - picture)
    return picture


def _polyline(points: Array, edges: int) -> Array:
    t = np.arange(edges)[:, None] / edges
    anchors = [points[index : index + 4] for index in range(0, len(points) - 3, 3)]
    anchors.append(np.concatenate([points[-3:], points[:1]]))
    curves = [(1 - t) ** 3 * a + 3 * t * (1 - t) ** 2 * b + 3 * t**2 * (1 - t) * c + t**3 * d for a, b, c, d in anchors]
    return np.concatenate(curves)
