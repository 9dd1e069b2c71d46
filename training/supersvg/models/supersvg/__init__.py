"""SuperSVG (CVPR 2024): one transformer pass per superpixel predicts its paths."""
