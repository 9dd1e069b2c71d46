"""The trainer: differentiable rasteriser, SVG in and out, models, and one training loop."""
