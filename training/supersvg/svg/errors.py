"""What can be wrong with an SVG."""


class SvgError(ValueError):
    """An SVG that cannot be read, drawn or written. The message says what is wrong and what would help."""
