"""The built-in data set: ten classes of small colour images, rendered from a seed.

The images are synthetic: they stand in for CIFAR-10 where there is no network, and
numbers measured on them say nothing about photographs. Every shape and every texture
belongs to two classes or more, so that only both together name the class; the paint
hints at it, under a light of random colour.

Pixels come from NumPy's `PCG64` and elementwise `+ - * /`, `floor`, `sqrt` and
comparisons: no BLAS, trigonometry or sums, whose last bit depends on the processor. The
bytes should be the same everywhere, unless another NumPy version draws other numbers.
"""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Part = Literal["train", "test"]
Rendered = tuple[NDArray[np.uint8], NDArray[np.int64]]
Floats = NDArray[np.floating]
_Rng = np.random.Generator

#: Images in each published part. `render` can go on beyond them.
TRAIN_IMAGES = 25_000
TEST_IMAGES = 5_000

#: Names of the labels 0 to 9: a texture and a shape.
CLASS_NAMES: tuple[str, ...] = (
    "striped disc",
    "dotted disc",
    "checked square",
    "striped square",
    "dotted triangle",
    "plain triangle",
    "striped ring",
    "plain ring",
    "checked cross",
    "plain cross",
)

_SHAPES = ("disc", "square", "triangle", "ring", "cross")
_TEXTURES = ("plain", "striped", "dotted", "checked")
_SIZE = 32
# A multiple of classes x textures x shapes: every class then meets every background
# texture with every kind of clutter equally often, and neither gives the class away.
_BLOCK = 200
_PER_CLASS = _BLOCK // len(CLASS_NAMES)


def render(count: int, *, seed: int, part: Part, start: int = 0) -> Rendered:
    """Render the images `start` to `start + count - 1` of a part.

    An image depends on `seed`, `part` and its own index alone, however many are
    rendered together. Each class has 20 of the images 200 k to 200 k + 199, for every k.

    Args:
        count: number of images, at least 1.
        seed: at least 0.
        part: "train" or "test"; the two have independent images.
        start: index of the first image, at least 0.

    Returns:
        Images of shape (count, 32, 32, 3), uint8, 0 to 255, red, green and blue last,
        and labels of shape (count,), int64, indices into `CLASS_NAMES`.

    Raises:
        ValueError: an argument is out of its range.
    """
    for name, value, least in (("count", count, 1), ("seed", seed, 0), ("start", start, 0)):
        if value < least:
            raise ValueError(f"`{name}` must be at least {least}. Received: {name}={value}")
    if part not in ("train", "test"):
        raise ValueError(f"`part` must be 'train' or 'test'. Received: part={part!r}")
    first, last = start // _BLOCK, (start + count - 1) // _BLOCK
    with ThreadPoolExecutor() as pool:  # NumPy holds no lock while it computes
        blocks = list(pool.map(partial(_render_block, seed, part), range(first, last + 1)))
    cut = slice(start - first * _BLOCK, start - first * _BLOCK + count)
    images, labels = (np.concatenate(pieces)[cut] for pieces in zip(*blocks, strict=True))
    return images, labels


def _render_block(seed: int, part: Part, block: int) -> Rendered:
    """Render one block. Rows are ordered by class until the last step shuffles them."""
    rng = np.random.Generator(np.random.PCG64([seed, int(part == "test"), block]))
    canvas = _background(rng)
    for piece in range(3):
        _paste(canvas, _clutter(rng, piece, reach=16.0), _colour(rng, _uniform(rng, 0, 1)))
    _paste(canvas, *_object(rng))
    # An occluder that is always there would be a cue of its own: about half are off the picture.
    _paste(canvas, _clutter(rng, 3, reach=26.0), _colour(rng, _uniform(rng, 0, 1)))
    pixels = _light(rng, canvas)
    order = np.argsort(_uniform(rng, 0, 1).ravel(), kind="stable")
    images = np.ascontiguousarray(pixels[order].transpose(0, 2, 3, 1))
    return images, (order // _PER_CLASS).astype(np.int64)


def _uniform(rng: _Rng, low: float, high: float) -> Floats:
    """One random number for each image of a block, of shape (block, 1, 1)."""
    return np.float32(low) + np.float32(high - low) * rng.random((_BLOCK, 1, 1), np.float32)


def _coordinates(rng: _Rng, reach: float, radius: Floats, span: float) -> tuple[Floats, Floats]:
    """Pixel coordinates moved by up to `reach`, turned by up to 2 atan(`span`), over `radius`."""
    axis = np.arange(_SIZE, dtype=np.float32) - np.float32((_SIZE - 1) / 2)
    x = axis[None, None, :] - _uniform(rng, -reach, reach)
    y = axis[None, :, None] - _uniform(rng, -reach, reach)
    # A rational rotation: sine and cosine may differ in the last bit between machines.
    half = _uniform(rng, -span, span)
    scale = 1 / ((1 + half * half) * radius)
    cosine, sine = (1 - half * half) * scale, 2 * half * scale
    return cosine * x + sine * y, cosine * y - sine * x


def _shape(name: str, u: Floats, v: Floats) -> Floats:
    """Distance to the edge of a shape of radius about 1, negative inside."""
    if name == "disc":
        return np.sqrt(u * u + v * v) - np.float32(0.95)
    if name == "ring":
        return np.abs(np.sqrt(u * u + v * v) - np.float32(0.74)) - np.float32(0.28)
    across, along = np.abs(u), np.abs(v)
    if name == "square":
        return np.maximum(across, along) - np.float32(0.84)
    if name == "triangle":
        slope = np.float32(0.866) * across - np.float32(0.5) * v
        return np.maximum(slope, v) - np.float32(0.6)
    near, far = np.minimum(across, along), np.maximum(across, along)
    return np.maximum(near - np.float32(0.34), far - np.float32(1.0))


def _texture(name: str, u: Floats, v: Floats, period: Floats) -> Floats:
    """Share of the second paint, 0 to 1; `u` and `v` in periods, `period` in pixels."""
    if name == "plain":
        return np.zeros_like(u)
    u, v = u - np.floor(u) - np.float32(0.5), v - np.floor(v) - np.float32(0.5)
    if name == "dotted":
        edge = np.float32(0.36) - np.sqrt(u * u + v * v)
    elif name == "striped":
        edge = np.float32(0.25) - np.abs(u)
    else:
        across, along = np.abs(u) - np.float32(0.25), np.abs(v) - np.float32(0.25)
        edge = np.minimum(np.abs(across), np.abs(along)) * np.sign(across) * np.sign(along)
    return _coverage(edge * period)


def _coverage(depth: Floats) -> Floats:
    """Soft step one pixel wide; `depth` in pixels, positive inside."""
    return np.clip(depth + np.float32(0.5), 0, 1)


def _colour(rng: _Rng, hue: Floats, dark: float = 0.3, bright: float = 0.9) -> Floats:
    """Colour of hue `hue` (1 is a full circle), of random saturation and brightness."""
    offsets = np.array([3, 1, 5], np.float32).reshape(1, 3, 1, 1)
    # Red, green and blue peak at 0, 2 and 4 sixths; the distance wraps around the circle.
    turned = np.float32(6) * (hue - np.floor(hue))[:, None] + offsets
    ramp = np.abs(turned - np.float32(6) * np.floor(turned / np.float32(6)) - np.float32(3))
    pure = np.clip(np.float32(2) - ramp, 0, 1)
    strength = _uniform(rng, 0.2, 0.8)[:, None]
    return (1 - strength + strength * pure) * _uniform(rng, dark, bright)[:, None]


def _paste(canvas: Floats, mask: Floats, colour: Floats) -> None:
    change = colour - canvas
    change *= mask[:, None]
    canvas += change


def _background(rng: _Rng) -> Floats:
    """Two flat regions with a straight border, and a texture over both."""
    canvas = np.zeros((_BLOCK, 3, _SIZE, _SIZE), np.float32) + _colour(rng, _uniform(rng, 0, 1))
    u, _ = _coordinates(rng, 12.0, _uniform(rng, 1, 1), 1.0)
    _paste(canvas, _coverage(u), _colour(rng, _uniform(rng, 0, 1)))
    period = _uniform(rng, 5.0, 9.0)
    u, v = _coordinates(rng, 8.0, period, 1.0)
    mask = np.empty((_BLOCK, _SIZE, _SIZE), np.float32)
    for offset, name in enumerate(_TEXTURES):
        rows = slice(offset, None, len(_TEXTURES))
        mask[rows] = _texture(name, u[rows], v[rows], period[rows])
    _paste(canvas, mask * _uniform(rng, 0.1, 0.55), _colour(rng, _uniform(rng, 0, 1)))
    return canvas


def _clutter(rng: _Rng, piece: int, reach: float) -> Floats:
    """Mask of one small shape per image, of the same shapes as the objects."""
    radius = _uniform(rng, 2.0, 4.5)
    u, v = _coordinates(rng, reach, radius, 1.0)
    mask = np.empty_like(u)
    for offset in range(len(_SHAPES)):
        rows = slice(offset, None, len(_SHAPES))
        name = _SHAPES[(offset + piece) % len(_SHAPES)]
        mask[rows] = _coverage(-_shape(name, u[rows], v[rows]) * radius[rows])
    return mask


def _object(rng: _Rng) -> tuple[Floats, Floats]:
    """Mask and paint of the object that makes the class."""
    radius, period = _uniform(rng, 8.5, 13.0), _uniform(rng, 4.5, 7.5)
    u, v = _coordinates(rng, 4.5, radius, 0.4)
    s, t = _coordinates(rng, 4.0, period, 1.0)
    mask, share = np.empty_like(u), np.empty_like(u)
    for label, name in enumerate(CLASS_NAMES):
        texture, shape = name.split()
        rows = slice(label * _PER_CLASS, (label + 1) * _PER_CLASS)
        mask[rows] = _coverage(-_shape(shape, u[rows], v[rows]) * radius[rows])
        share[rows] = _texture(texture, s[rows], t[rows], period[rows])
    hue = np.repeat(np.arange(len(CLASS_NAMES), dtype=np.float32) / len(CLASS_NAMES), _PER_CLASS)
    hue = hue[:, None, None]
    first = _colour(rng, hue + _uniform(rng, -0.2, 0.2), 0.55, 1.0)
    second = _colour(rng, hue + _uniform(rng, -0.2, 0.2), 0.1, 0.55)
    # Were the brighter paint always the ground, brightness alone would find plain objects.
    share = np.where(_uniform(rng, 0, 1) < np.float32(0.5), share, 1 - share)
    return mask, first + share[:, None] * (second - first)


def _light(rng: _Rng, canvas: Floats) -> NDArray[np.uint8]:
    """Coloured light, exposure, shading from one side and sensor noise, as bytes."""
    tint = np.stack([_uniform(rng, 0.6, 1.0) for _ in range(3)], axis=1)
    slope, _ = _coordinates(rng, 0.0, _uniform(rng, 40, 120), 1.0)
    lit = canvas * (tint * _uniform(rng, 0.6, 1.3)[:, None])
    lit *= (1 + slope)[:, None]
    lit *= np.float32(255)
    # The sum of two bytes has a triangular distribution: near enough to a Gaussian, and exact.
    raw = rng.integers(0, 256, (2, *canvas.shape), np.uint8)
    grain = raw[0].astype(np.float32)
    grain += raw[1]
    grain -= np.float32(255)
    grain *= _uniform(rng, 0.02, 0.14)[:, None]
    lit += grain
    return np.clip(lit, 0, 255, out=lit).astype(np.uint8)


if __name__ == "__main__":
    from alexnet_tf.data.builtin_sheet import main

    sys.exit(main(sys.argv[1:], lambda: render(_BLOCK, seed=0, part="train"), CLASS_NAMES))
