"""Differentiable rasteriser of closed cubic paths. Start with `render`; see docs/rasteriser.md."""

from supersvg.raster.render import LIMIT, FillRule, Rendering, coverage, render

__all__ = ["LIMIT", "FillRule", "Rendering", "coverage", "render"]
