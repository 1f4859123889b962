"""Image files of every odd and broken kind, made from code, and what must become of each."""

from __future__ import annotations

import io
import struct
import zlib
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

_SIDE = 40


@dataclass(frozen=True)
class Kind:
    """A file; `pixels` that it must decode to, within `within`, or the `reason` that is listed."""

    name: str
    data: bytes
    pixels: NDArray[np.uint8] | None = None
    within: int = 0
    notes: tuple[str, ...] = field(default=())
    reason: str = ""


def colours(height: int = _SIDE, width: int = _SIDE) -> NDArray[np.uint8]:
    """Smooth colours, which JPEG keeps to a few units."""
    y, x = np.mgrid[0:height, 0:width]
    channels = (40 + 4 * y % 200, 200 - 3 * x % 180, 60 + 2 * x + y)
    return np.clip(np.stack(channels, axis=2), 0, 255).astype(np.uint8)


def file(image: Image.Image, kind: str, **options: Any) -> bytes:
    """Return the image as a file of a kind that Pillow writes."""
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def jpeg(pixels: NDArray[np.uint8], **options: Any) -> bytes:
    return file(Image.fromarray(pixels), "JPEG", quality=100, subsampling="4:4:4", **options)


def kinds() -> list[Kind]:
    """Return all kinds; names are unique, file endings often lie."""
    return [*_right(), *_frames(), *_broken()]


def _right() -> list[Kind]:
    rgb = colours()
    grey = rgb[:, :, 0]
    grey_rgb = np.repeat(grey[:, :, None], 3, axis=2)
    image = Image.fromarray(rgb)
    alpha = np.dstack([rgb, np.full((_SIDE, _SIDE), 7, np.uint8)])
    two = np.where(grey_rgb > 128, 255, 0).astype(np.uint8)
    palette = image.quantize(16)
    clear = file(palette, "PNG", transparency=3)
    as_rgb = np.asarray(palette.convert("RGB"))
    wide = (grey.astype(np.uint16) << 8) | 0x7F
    exif = Image.Exif()
    exif[0x0112] = 6
    dropped, sixteen = ("transparency dropped",), ("16 bits cut to 8", "grey")
    # A short side of 64 so that the whole preparation shrinks some of the corpus.
    tall = colours(97, 64)
    return [
        Kind("plain.jpg", jpeg(rgb), rgb, 4),
        Kind("progressive.jpg", jpeg(rgb, progressive=True), rgb, 4),
        Kind("tall.JPEG", jpeg(tall), tall, 4),
        Kind("grey.jpg", jpeg(grey), grey_rgb, 4, ("grey",)),
        Kind("cmyk_adobe_inverted.jpg", _cmyk(adobe=True), _cmyk_as_rgb(), 4, ("CMYK",)),
        Kind("cmyk_plain.jpg", _cmyk(adobe=False), _cmyk_as_rgb(), 4, ("CMYK",)),
        Kind("exif_turned.jpg", jpeg(rgb, exif=exif), rgb, 4, ("EXIF orientation ignored",)),
        Kind("really_a_png.JPEG", file(image, "PNG"), rgb),
        Kind("palette.png", file(palette, "PNG"), as_rgb),
        Kind("palette_clear.png", clear, as_rgb, 0, dropped),
        Kind("grey.png", file(Image.fromarray(grey), "PNG"), grey_rgb, 0, ("grey",)),
        Kind("one_bit.png", file(Image.fromarray(two[:, :, 0]).convert("1"), "PNG"), two, 0,
             ("grey",)),
        Kind("grey_alpha.png", file(Image.fromarray(alpha[:, :, [0, 3]], "LA"), "PNG"), grey_rgb,
             0, ("grey", *dropped)),
        Kind("rgba.png", file(Image.fromarray(alpha), "PNG"), rgb, 0, dropped),
        Kind("grey_16.png", file(Image.fromarray(wide), "PNG"), grey_rgb, 0, sixteen),
        Kind("rgb_16.png", _png(rgb, bits=16), rgb, 0, ("16 bits cut to 8",)),
        Kind("interlaced.png", file(image, "PNG", optimize=True), rgb),
        Kind("still.gif", file(palette, "GIF"), as_rgb),
        Kind("still.webp", file(image, "WEBP", lossless=True), rgb),
        Kind("plain.tiff", file(image, "TIFF"), rgb),
        Kind("lzw.tiff", file(image, "TIFF", compression="tiff_lzw"), rgb),
        Kind("grey_16.tiff", file(Image.fromarray(wide), "TIFF"), grey_rgb, 0, sixteen),
        *_tiffs(grey, rgb),
        Kind("long_profile.png", file(image, "PNG", icc_profile=bytes(2 << 20)), rgb, 0,
             ("long texts ignored",)),
        Kind("plain.bmp", file(image, "BMP"), rgb),
        Kind("plain.ppm", file(image, "PPM"), rgb),
        Kind("one_pixel.png", file(Image.fromarray(rgb[:1, :1]), "PNG"), rgb[:1, :1]),
        Kind("one_by_20000.png", file(Image.new("RGB", (1, 20_000), (9, 8, 7)), "PNG"),
             np.tile(np.array([9, 8, 7], np.uint8), (20_000, 1, 1))),
        Kind("no_ending", jpeg(rgb), rgb, 4),
        Kind("zahl ü 数 \N{BANANA}.jpg", jpeg(rgb), rgb, 4),
        Kind("bytes_behind_the_end.jpg", jpeg(rgb) + b"\0" * 100, rgb, 4),
    ]  # fmt: skip


def _tiffs(grey: NDArray[np.uint8], rgb: NDArray[np.uint8]) -> list[Kind]:
    """Return TIFFs whose tags say what their numbers mean."""
    grey_rgb = np.repeat(grey[:, :, None], 3, axis=2)
    wide = (grey.astype("<u2") << 8) | 0x7F
    twelve = ("12 bits cut to 8", "grey")
    # two numbers of twelve bits in three bytes
    first, second = (grey.ravel()[k::2].astype(np.uint16) << 4 | 5 for k in (0, 1))
    packed = np.stack([first >> 4, (first & 15) << 4 | second >> 8, second & 255], axis=1)
    made = [
        Kind("grey_8_white_zero.tiff", _tiff(8, 0, (255 - grey).tobytes()), grey_rgb, 0,
             ("grey", "zero was white")),
        Kind("grey_16_white_zero.tiff", _tiff(16, 0, (65535 - wide).tobytes()), grey_rgb, 0,
             ("16 bits cut to 8", "grey", "zero was white")),
        Kind("grey_12.tiff", _tiff(12, 1, packed.astype(np.uint8).tobytes()), grey_rgb, 0, twelve),
        Kind("signed_8.tiff", _tiff(8, 1, grey.tobytes(), signed=True), reason="below zero"),
    ]  # fmt: skip
    for turn in range(9):
        note = ("EXIF orientation ignored",) * (turn > 1)
        data = file(Image.fromarray(rgb[:30]), "TIFF", tiffinfo={0x0112: turn})
        made.append(Kind(f"turned_{turn}.tiff", data, rgb[:30], 0, note))
    return made


def _tiff(bits: int, zero: int, pixels: bytes, *, signed: bool = False) -> bytes:
    """Return an uncompressed grey TIFF; `zero` is its photometric interpretation."""
    tags = [(256, 4, _SIDE), (257, 4, _SIDE), (258, 3, bits), (259, 3, 1), (262, 3, zero)]
    tags += [(273, 4, 8 + 2 + 10 * 12 + 4), (277, 3, 1), (278, 4, _SIDE), (279, 4, len(pixels))]
    tags += [(339, 3, 2 if signed else 1)]
    head = b"II*\0" + struct.pack("<IH", 8, len(tags))
    for tag, kind, value in tags:
        head += struct.pack("<HHII", tag, kind, 1, value)
    return head + bytes(4) + pixels


def _frames() -> list[Kind]:
    frames = [Image.fromarray(np.roll(colours(), 9 * k, axis=1)) for k in range(3)]
    rest = {"save_all": True, "append_images": frames[1:]}
    reason = "3 frames, a picture has one"
    return [
        Kind("animated.gif", file(frames[0], "GIF", **rest), reason=reason),
        Kind("animated.png", file(frames[0], "PNG", **rest), reason=reason),
        Kind("animated.webp", file(frames[0], "WEBP", **rest), reason=reason),
        Kind("pages.tiff", file(frames[0], "TIFF", **rest), reason=reason),
        Kind("camera.mpo", file(frames[0], "MPO", quality=100, subsampling=0, **rest), colours(),
             4, ("first picture of several (MPO)",)),
    ]  # fmt: skip


def _broken() -> list[Kind]:
    whole = jpeg(colours(200, 200))
    png = file(Image.fromarray(colours()), "PNG")
    tiff = file(Image.fromarray(colours()), "TIFF", compression="tiff_lzw")
    unknown = "not a JPEG, PNG, GIF, WEBP, TIFF, BMP or PPM file"
    flipped = bytearray(png)
    flipped[len(png) // 2] ^= 0xFF
    real = Image.fromarray(np.linspace(0, 1, 1600, dtype=np.float32).reshape(40, 40))
    return [
        Kind("empty.jpg", b"", reason="empty file (0 bytes)"),
        Kind("page.jpg", b"<!DOCTYPE html><html>404</html>", reason="begins like a web page"),
        Kind("text.jpg", b"no image at all", reason=unknown),
        Kind("zeros.jpg", b"\0" * 5000, reason=unknown),
        Kind("half.jpg", whole[: len(whole) // 2], reason="truncated"),
        Kind("nearly.jpg", whole[:-200], reason="truncated"),
        Kind("head_only.jpg", whole[:20], reason="damaged"),
        Kind("two_bytes.jpg", whole[:2], reason=unknown),
        Kind("no_start.jpg", whole[2:], reason=unknown),
        Kind("half.png", png[: len(png) // 2], reason="damaged"),
        Kind("flipped.png", bytes(flipped), reason="damaged"),
        Kind("half.tiff", tiff[: len(tiff) // 2], reason="damaged"),
        Kind("half.bmp", file(Image.fromarray(colours()), "BMP")[:900], reason="truncated"),
        Kind("half.webp", file(Image.fromarray(colours()), "WEBP")[:60], reason="damaged"),
        Kind("bomb.png", _bomb(60_000), reason="decompression bomb"),
        Kind("small_bomb.png", _bomb(10_000), reason="decompression bomb"),
        Kind("float.tiff", file(real, "TIFF"), reason="mode F have no agreed range"),
    ]


def _cmyk_pixels() -> NDArray[np.uint8]:
    rgb = colours()
    key = np.full((_SIDE, _SIDE, 1), 30, np.uint8)
    return np.concatenate([255 - rgb, key], axis=2)


def _cmyk_as_rgb() -> NDArray[np.uint8]:
    ink = 255 - _cmyk_pixels().astype(np.int64)
    return ((ink[:, :, :3] * ink[:, :, 3:] + 127) // 255).astype(np.uint8)


def _cmyk(*, adobe: bool) -> bytes:
    """A CMYK JPEG: inverted and with Adobe's marker, as Photoshop writes it, or neither."""
    pixels = _cmyk_pixels()
    # Pillow inverts what it writes and adds the marker.
    image = Image.frombytes("CMYK", (_SIDE, _SIDE), (pixels if adobe else 255 - pixels).tobytes())
    data = file(image, "JPEG", quality=100, subsampling="4:4:4")
    at = data.index(b"\xff\xee")
    assert data[at + 4 : at + 9] == b"Adobe"
    (length,) = struct.unpack(">H", data[at + 2 : at + 4])
    return data if adobe else data[:at] + data[at + 2 + length :]


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def _png_file(header: bytes, raw: bytes) -> bytes:
    parts = _chunk(b"IHDR", header), _chunk(b"IDAT", zlib.compress(raw)), _chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def _png(pixels: NDArray[np.uint8], *, bits: int) -> bytes:
    """An RGB PNG of 16 bits, which Pillow cannot write: the lower byte is noise."""
    height, width, _ = pixels.shape
    wide = np.dstack([pixels, np.full_like(pixels, 0xA5)]).reshape(height, width, 2, 3)
    rows = wide.swapaxes(2, 3).reshape(height, -1)
    raw = b"".join(b"\0" + row.tobytes() for row in rows)
    header = struct.pack(">IIBBBBB", width, height, bits, 2, 0, 0, 0)
    return _png_file(header, raw)


def _bomb(side: int) -> bytes:
    """A PNG of a few bytes whose header promises side x side pixels."""
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    parts = (
        _chunk(b"IHDR", header),
        _chunk(b"IDAT", zlib.compress(b"\0" * 99)),
        _chunk(b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)
