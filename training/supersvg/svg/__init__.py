"""Read, write and draw SVG."""
