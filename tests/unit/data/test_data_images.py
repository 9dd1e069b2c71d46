"""Picture files of every kind: read, converted with a reason, or skipped with a reason."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from supersvg_data.imagefile import Pixels, Skipped, read_picture

SIZE = 16
RED = (200, 30, 40)


def solid(mode: str = "RGB", color: object = RED, size: tuple[int, int] = (SIZE, SIZE)) -> Image.Image:
    return Image.new(mode, size, color)  # type: ignore[arg-type]


def noise(size: int = 64) -> Image.Image:
    values = np.random.default_rng(0).integers(0, 256, (size, size, 3), dtype=np.uint8)
    return Image.fromarray(values)


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)  # type: ignore[arg-type]
    return out.getvalue()


def read(folder: Path, name: str, data: bytes) -> Pixels | Skipped:
    path = folder / name
    path.write_bytes(data)
    return read_picture(path, SIZE)


def pixels(folder: Path, name: str, data: bytes) -> Pixels:
    found = read(folder, name, data)
    assert isinstance(found, Pixels), found
    assert found.values.shape == (SIZE, SIZE, 3)
    assert found.values.dtype == np.uint8
    return found


@pytest.mark.parametrize("kind", ["PNG", "GIF", "BMP", "WEBP", "TIFF", "PPM", "JPEG"])
def test_common_formats(tmp_path: Path, kind: str) -> None:
    options = {"lossless": True} if kind == "WEBP" else {}
    found = pixels(tmp_path, f"a.{kind.lower()}", encoded(solid(), kind, **options))
    assert found.converted == ()
    assert np.abs(found.values.astype(int) - RED).max() <= (3 if kind == "JPEG" else 0)


def test_the_suffix_does_not_decide(tmp_path: Path) -> None:
    assert pixels(tmp_path, "a.jpg", encoded(solid(), "PNG")).converted == ()


def test_cmyk_becomes_rgb(tmp_path: Path) -> None:
    found = pixels(tmp_path, "a.jpg", encoded(solid("CMYK", (0, 255, 255, 0)), "JPEG", quality=95))
    assert found.converted == ("cmyk",)
    assert found.values[8, 8, 0] > 200 > 60 > found.values[8, 8, 1]


def test_16_bits_are_scaled_not_clipped(tmp_path: Path) -> None:
    ramp = (np.arange(SIZE * SIZE).reshape(SIZE, SIZE) * 257 % 65536).astype(np.uint16)
    found = pixels(tmp_path, "a.png", encoded(Image.fromarray(ramp), "PNG"))
    assert found.converted == ("16-bit",)
    assert np.array_equal(found.values[..., 0], np.rint(ramp / 257))


def test_floats_are_scaled(tmp_path: Path) -> None:
    found = pixels(tmp_path, "a.tiff", encoded(solid("F", 0.5), "TIFF"))
    assert found.converted == ("16-bit",)
    assert set(np.unique(found.values)) <= {127, 128}


def test_an_animations_first_frame_counts(tmp_path: Path) -> None:
    data = encoded(solid(), "GIF", save_all=True, append_images=[solid(color=(0, 255, 0))], duration=100)
    found = pixels(tmp_path, "a.gif", data)
    assert found.converted == ("animation-first-frame",)
    assert tuple(found.values[8, 8]) == RED


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_transparency_is_on_white(tmp_path: Path, mode: str) -> None:
    if mode == "P":
        image = solid("P", 0)
        image.putpalette([10, 10, 10, 20, 20, 20])
        data = encoded(image, "PNG", transparency=0)
    else:
        data = encoded(solid(mode, (0, 0) if mode == "LA" else (0, 0, 0, 0)), "PNG")
    found = pixels(tmp_path, "a.png", data)
    assert found.converted == ("transparent-on-white",)
    assert (found.values == 255).all()


def test_an_opaque_alpha_channel_changes_nothing(tmp_path: Path) -> None:
    found = pixels(tmp_path, "a.png", encoded(solid("RGBA", (*RED, 255)), "PNG"))
    assert found.converted == ()
    assert tuple(found.values[0, 0]) == RED


def test_photographs_stand_upright(tmp_path: Path) -> None:
    image = solid(size=(SIZE, SIZE), color=(255, 255, 255))
    image.paste((0, 0, 0), (0, 0, SIZE, SIZE // 2))  # black above
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by 90 degrees clockwise
    found = pixels(tmp_path, "a.jpg", encoded(image, "JPEG", quality=95, exif=exif))
    assert found.converted == ("exif-rotated",)
    assert found.values[8, 2, 0] > 200 > 50 > found.values[8, 13, 0]  # black on the right


def test_proportions_are_kept_on_white(tmp_path: Path) -> None:
    found = pixels(tmp_path, "a.png", encoded(solid(size=(40, 20)), "PNG"))
    assert (found.values[:4] == 255).all()
    assert (found.values[-4:] == 255).all()
    assert (found.values[4:12] == RED).all()


def test_a_line_of_pixels_is_a_picture(tmp_path: Path) -> None:
    pixels(tmp_path, "a.png", encoded(solid(size=(2, 500)), "PNG"))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP"])
@pytest.mark.parametrize("share", [0.3, 0.7])
def test_truncated_files_are_skipped(tmp_path: Path, kind: str, share: float) -> None:
    data = encoded(noise(), kind)
    found = read(tmp_path, f"a.{kind.lower()}", data[: int(share * len(data))])
    assert isinstance(found, Skipped), found
    assert found.reason in {"truncated", "corrupt", "not-a-picture"}


def test_a_corrupt_file_is_skipped(tmp_path: Path) -> None:
    data = bytearray(encoded(noise(), "PNG"))
    middle = len(data) // 2
    data[middle : middle + 40] = bytes(40)
    found = read(tmp_path, "a.png", bytes(data))
    assert isinstance(found, Skipped)
    assert found.reason == "corrupt"


@pytest.mark.parametrize("data", [b"", b"just text", b"\x89PNG\r\n\x1a\n", bytes(100)])
def test_no_picture_at_all(tmp_path: Path, data: bytes) -> None:
    found = read(tmp_path, "a.png", data)
    assert isinstance(found, Skipped)
    assert found.reason in {"not-a-picture", "corrupt", "truncated"}


def test_text_named_png(tmp_path: Path) -> None:
    found = read(tmp_path, "a.png", b"dear diary")
    assert isinstance(found, Skipped)
    assert found.reason == "not-a-picture"


def test_a_single_pixel_is_too_small(tmp_path: Path) -> None:
    found = read(tmp_path, "a.png", encoded(solid(size=(1, 1)), "PNG"))
    assert isinstance(found, Skipped)
    assert found.reason == "too-small"


@pytest.mark.parametrize("side", [11_000, 30_000, 200_000])
def test_a_decompression_bomb_is_not_unpacked(tmp_path: Path, side: int) -> None:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")
    found = read(tmp_path, "a.png", data)
    assert isinstance(found, Skipped)
    assert found.reason == "too-large"


def test_svg_files_are_drawn(tmp_path: Path) -> None:
    text = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 2 2"><path d="M0 0h2v2h-2z" fill="#c81e28"/></svg>'
    found = pixels(tmp_path, "a.SVG", text.encode())
    assert found.converted == ("drawn-from-svg",)
    assert (found.values == RED).all()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("<svg", "corrupt"),
        ('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"><image href="/etc/x.png"/></svg>',
         "svg-with-linked-image"),
        ('<!DOCTYPE svg [<!ENTITY a "b">]><svg/>', "corrupt"),
    ],
)  # fmt: skip
def test_svg_files_that_are_not_drawn(tmp_path: Path, text: str, reason: str) -> None:
    found = read(tmp_path, "a.svg", text.encode())
    assert isinstance(found, Skipped)
    assert found.reason == reason


def test_a_file_that_is_gone_is_unreadable(tmp_path: Path) -> None:
    for name in ("gone.png", "gone.svg"):
        found = read_picture(tmp_path / name, SIZE)
        assert isinstance(found, Skipped)
        assert found.reason == "unreadable"
