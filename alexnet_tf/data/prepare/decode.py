"""Image files of any common kind to 8-bit RGB, or one plain reason why not.

Pixels are taken as they are stored: colour profiles and the EXIF orientation are not
applied, transparency is dropped (the colours under it stay), 12 and 16 bits are cut to their
upper 8, a TIFF whose zero is white becomes one whose zero is black. What was done is noted, so
that it can be counted.

A file whose bytes were altered in the middle of a JPEG, or that lost its middle, can
decode to wrong pixels without any complaint: only a checksum of the source finds that.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
from PIL import Image, UnidentifiedImageError

_FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "TIFF", "BMP", "PPM")
_MOST_PIXELS = 89_478_485  # Pillow's own limit, beyond which it warns of a bomb
_MODES = {"1", "L", "LA", "La", "P", "PA", "RGB", "RGBA", "RGBX", "RGBa", "CMYK", "YCbCr"}
_ORIENTATION = 0x0112  # the EXIF tag; 1 is upright
_BITS, _PHOTOMETRIC, _SAMPLES = 258, 262, 339  # tags of TIFF
_WHITE_IS_ZERO, _SIGNED = 0, 2
#: Orientation -> what takes back that Pillow has turned a TIFF by it, and no other kind of file.
_AS_STORED = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}
_TEXTS = (b"iCCP", b"tEXt", b"zTXt", b"iTXt")  # chunks of a PNG that say nothing of its pixels


class BadImage(ValueError):
    """Bytes that are not one whole still picture; the message is the reason.

    The reason is a phrase of one line, for the list of bad files.
    """


def decode(data: bytes) -> tuple[Image.Image, list[str]]:
    """Return the picture in mode RGB, and notes on what had to be done for it.

    Args:
        data: the bytes of a JPEG, PNG, GIF, WebP, TIFF, BMP or PPM file, of 89 million pixels
            at most and, but for the MPO files of cameras, with one frame.

    Returns:
        The picture in its own size, and notes such as "grey", "CMYK", "16 bits cut to 8", "12 bits
        cut to 8", "zero was white", "long texts ignored", "transparency dropped" or "EXIF
        orientation ignored".

    Raises:
        BadImage: not one whole still picture of a known kind.
        MemoryError: the machine has too little memory for it.
    """
    if not data:
        raise BadImage("empty file (0 bytes)")
    try:
        with warnings.catch_warnings():
            # Pillow warns of odd EXIF blocks and of sizes that are refused below anyway.
            warnings.simplefilter("ignore")
            try:
                return _decode(data)
            except ValueError as error:
                if "MAX_TEXT" not in str(error):
                    raise
            # Pillow has a limit for texts and colour profiles; the picture itself is whole
            picture, notes = _decode(_without_texts(data))
            return picture, [*notes, "long texts ignored"]
    except (BadImage, MemoryError):
        raise
    except UnidentifiedImageError:
        raise BadImage(_unknown(data)) from None
    except Image.DecompressionBombError:
        raise BadImage(f"more than {_MOST_PIXELS:,} pixels: a decompression bomb?") from None
    except Exception as error:  # a decoder fed with damaged bytes may raise anything
        text = str(error).strip().partition("\n")[0][:200] or type(error).__name__
        raise BadImage(f"damaged: {text}") from error


def _decode(data: bytes) -> tuple[Image.Image, list[str]]:
    with Image.open(io.BytesIO(data), formats=_FORMATS) as image:
        width, height = image.size
        if width * height > _MOST_PIXELS:
            raise BadImage(
                f"{width} x {height}: more than {_MOST_PIXELS:,} pixels, a decompression bomb?"
            )
        frames = getattr(image, "n_frames", 1)
        notes = []
        if frames > 1 and image.format == "MPO":
            notes.append("first picture of several (MPO)")
        elif frames > 1:
            raise BadImage(f"{frames} frames, a picture has one")
        if image.format == "PNG":
            with Image.open(io.BytesIO(data), formats=("PNG",)) as again:
                again.verify()  # loading alone does not look at the checksums of the pixels
        turn = _AS_STORED.get(image.getexif().get(_ORIENTATION, 1))
        if turn is not None:
            notes.append("EXIF orientation ignored")
        tags: Mapping[int, Any] = getattr(image, "tag_v2", {})
        if _SIGNED in np.atleast_1d(tags.get(_SAMPLES, 1)):
            raise BadImage("pixels below zero have no agreed range of values")
        if tags.get(_PHOTOMETRIC) == _WHITE_IS_ZERO:
            notes.append("zero was white")
        image.load()
        picture = _to_rgb(image, data, tags, notes)
        if turn is not None and image.format == "TIFF":
            picture = picture.transpose(turn)
        return picture, notes


def _without_texts(data: bytes) -> bytes:
    """Return a PNG without the chunks that hold texts and the colour profile."""
    kept, at = [data[:8]], 8
    while at < len(data):
        end = at + 12 + int.from_bytes(data[at : at + 4], "big")
        if data[at + 4 : at + 8] not in _TEXTS:
            kept.append(data[at:end])
        at = end
    return b"".join(kept)


def _grey(image: Image.Image, tags: Mapping[int, Any], notes: list[str]) -> Image.Image:
    """Return the upper 8 bits of a picture of 12 or 16, black at zero."""
    bits = int(np.atleast_1d(tags.get(_BITS, 16))[0])
    notes += [f"{bits} bits cut to 8", "grey"]
    pixels = (np.asarray(image) >> (bits - 8)).astype(np.uint8)
    if tags.get(_PHOTOMETRIC) == _WHITE_IS_ZERO:
        pixels = 255 - pixels  # Pillow does so itself up to 8 bits
    return Image.fromarray(pixels).convert("RGB")


def _to_rgb(
    image: Image.Image, data: bytes, tags: Mapping[int, Any], notes: list[str]
) -> Image.Image:
    if image.mode.startswith("I;16"):
        return _grey(image, tags, notes)
    if image.mode not in _MODES:
        raise BadImage(f"pixels of mode {image.mode} have no agreed range of values")
    if (data[:4] == b"\x89PNG" and data[24] == 16) or 16 in np.atleast_1d(tags.get(_BITS, 8)):
        notes.append("16 bits cut to 8")
    if image.mode in ("1", "L", "LA", "La"):
        notes.append("grey")
    if image.has_transparency_data:
        notes.append("transparency dropped")
        image = image.convert("RGBA")
    if image.mode == "CMYK":
        notes.append("CMYK")
        if image.format in ("JPEG", "MPO") and "adobe" not in image.info:
            # Pillow takes every CMYK JPEG for an inverted one, as Adobe writes them.
            image = Image.frombytes("CMYK", image.size, bytes(255 - np.asarray(image).ravel()))
    return image.convert("RGB")


def _unknown(data: bytes) -> str:
    if data.lstrip()[:1] == b"<":
        return "not an image: it begins like a web page"
    return f"not a {', '.join(_FORMATS[:-1])} or {_FORMATS[-1]} file, or its header is damaged"
