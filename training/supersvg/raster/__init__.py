"""Differentiable rasteriser: batched closed cubic paths to pictures, with exact gradients."""
