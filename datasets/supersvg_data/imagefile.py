"""One picture file to one square of pixels, or the reason why not.

Converted on the way in, and counted: CMYK and other colour models to RGB, 16 bits scaled to 8, the first frame of an
animation, transparency onto white, EXIF rotation. Pictures keep their aspect ratio and are centred on white.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps, UnidentifiedImageError

from supersvg_data.canonical import NotAnSvg
from supersvg_data.drawing import MAX_SVG_BYTES, CannotDraw, draw_svg

PICTURE_SUFFIXES = frozenset(
    {".png", ".jpg", ".jpeg", ".gif", ".bmp", ".webp", ".tif", ".tiff", ".ppm", ".pgm", ".pbm", ".svg"}
)
MAX_PIXELS = 100_000_000
# Pillow reads more formats than these; the others run large, rarely tested decoders on files of unknown origin.
FORMATS = ("PNG", "JPEG", "GIF", "BMP", "WEBP", "TIFF", "PPM")
WIDE_MODES = {"I", "F", "I;16", "I;16B", "I;16L", "I;16N"}


@dataclass(frozen=True)
class Skipped:
    """A file that is no picture for us. ``reason`` is one of a few words that are counted."""

    reason: str
    detail: str = ""


@dataclass(frozen=True)
class Pixels:
    """A picture, uint8 [S, S, 3], and what had to be converted."""

    values: npt.NDArray[np.uint8]
    converted: tuple[str, ...] = ()


def _eight_bits(image: Image.Image) -> Image.Image:
    """A wide grey image scaled to 0..255: integers from 0..65535, floats from their own range if beyond 0..1."""
    values = np.asarray(image, dtype=np.float64)
    if image.mode == "F":
        top = max(1.0, float(np.nanmax(values, initial=1.0)))
        values = np.nan_to_num(values) / top
    else:
        values = values / 65535
    return Image.fromarray(np.rint(np.clip(values, 0, 1) * 255).astype(np.uint8))


def _to_rgb(image: Image.Image) -> tuple[Image.Image, list[str]]:
    converted = []
    if getattr(image, "n_frames", 1) > 1:
        image.seek(0)
        converted.append("animation-first-frame")
    image.load()
    turned = ImageOps.exif_transpose(image)
    if image.getexif().get(0x0112, 1) != 1:
        converted.append("exif-rotated")
    image = turned
    if image.mode in WIDE_MODES:
        image = _eight_bits(image)
        converted.append("16-bit")
    if "transparency" in image.info or image.mode in ("RGBA", "LA", "PA", "RGBa", "La"):
        image = image.convert("RGBA")
        if image.getchannel("A").getextrema() != (255, 255):
            converted.append("transparent-on-white")
        image = Image.alpha_composite(Image.new("RGBA", image.size, (255, 255, 255, 255)), image)
    elif image.mode in ("CMYK", "YCbCr", "LAB", "HSV"):
        converted.append(image.mode.lower())
    return image.convert("RGB"), converted


def fit(image: Image.Image, size: int) -> npt.NDArray[np.uint8]:
    """An RGB image scaled to fit a square of ``size`` pixels, centred on white: uint8 [size, size, 3]."""
    if image.size != (size, size):
        scale = size / max(image.size)
        inner = tuple(max(1, round(side * scale)) for side in image.size)
        image = image.resize((inner[0], inner[1]), Image.Resampling.BOX if scale < 0.5 else Image.Resampling.BICUBIC)
        if image.size != (size, size):
            square = Image.new("RGB", (size, size), (255, 255, 255))
            square.paste(image, ((size - image.width) // 2, (size - image.height) // 2))
            image = square
    return np.asarray(image)


def _read_svg(path: Path, size: int) -> Pixels | Skipped:
    if path.stat().st_size > MAX_SVG_BYTES:
        return Skipped("too-large")
    try:
        text = path.read_text(encoding="utf-8")
        if "<image" in text:
            # A drawing that shows other files would show whatever lies at that path on this machine.
            return Skipped("svg-with-linked-image")
        return Pixels(draw_svg(text, size), ("drawn-from-svg",))
    except (NotAnSvg, CannotDraw, UnicodeDecodeError) as error:
        return Skipped("corrupt", str(error))


def read_picture(path: Path, size: int) -> Pixels | Skipped:
    """Read one file of any kind. Never raises for what is in the file; reasons to skip it are returned.

    Reasons: not-a-picture, truncated, corrupt, too-large, too-small, unreadable, svg-with-linked-image.
    """
    try:
        if path.suffix.lower() == ".svg":
            return _read_svg(path, size)
        with warnings.catch_warnings():
            # Pillow only warns up to twice its limit, and about EXIF data that we do not use.
            warnings.simplefilter("ignore")
            with Image.open(path, formats=FORMATS) as image:
                if image.width * image.height > MAX_PIXELS:
                    return Skipped("too-large", f"{image.width} x {image.height} pixels")
                if min(image.size) < 2:
                    return Skipped("too-small", f"{image.width} x {image.height} pixels")
                # JPEG can be decoded at an eighth of its size: all that a square of 128 needs of a photograph.
                image.draft("RGB" if image.mode == "YCbCr" else image.mode, (2 * size, 2 * size))
                rgb, converted = _to_rgb(image)
        return Pixels(fit(rgb, size), tuple(converted))
    except UnidentifiedImageError as error:
        return Skipped("not-a-picture", str(error))
    except Image.DecompressionBombError as error:
        return Skipped("too-large", str(error))
    except (PermissionError, FileNotFoundError, IsADirectoryError) as error:
        return Skipped("unreadable", str(error))
    except (OSError, SyntaxError, ValueError, EOFError, IndexError, TypeError, KeyError, ArithmeticError) as error:
        # What Pillow's decoders raise for broken data; there is no common class.
        text = str(error)
        return Skipped("truncated" if "truncated" in text or "cut off" in text else "corrupt", text)
