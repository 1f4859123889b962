"""The built-in data set: ten classes of small colour images, rendered from a seed.

The images are synthetic. They stand in for CIFAR-10 where no network is available,
and in tests; numbers measured on them say nothing about photographs.

Each image shows one large object, a shape covered with a texture in two paints, over
a textured two-part background strewn with smaller shapes. Every shape and every
texture belongs to two classes or more, so that only both together name the class; the
paint hints at it, under a light of random colour. What varies: position, size,
rotation, paint, contrast, light, shading, background, an occluding piece, and noise.

NumPy's `PCG64` and elementwise `+ - * /`, `floor`, `sqrt` and comparisons compute
every pixel: no BLAS, no trigonometry, no sums, whose last bit depends on the
processor. The bytes are therefore expected to be the same everywhere, but another
NumPy version may draw other random numbers; compare a fingerprint of the images where
that matters.

`python -m alexnet_tf.data.builtin FILE.png` draws examples (needs matplotlib).
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Part = Literal["train", "test"]
Floats = NDArray[np.float32]

#: Images in each published part. `render` can go on beyond them.
TRAIN_IMAGES = 25_000
TEST_IMAGES = 5_000

_SHAPES = ("disc", "square", "triangle", "ring", "cross")
_TEXTURES = ("plain", "striped", "dotted", "checked")
_CLASSES = (
    ("striped", "disc"),
    ("dotted", "disc"),
    ("checked", "square"),
    ("striped", "square"),
    ("dotted", "triangle"),
    ("plain", "triangle"),
    ("striped", "ring"),
    ("plain", "ring"),
    ("checked", "cross"),
    ("plain", "cross"),
)

#: Names of the labels 0 to 9.
CLASS_NAMES: tuple[str, ...] = tuple(" ".join(cues) for cues in _CLASSES)

_SIZE = 32
# A multiple of classes x textures x shapes: every class then meets every background
# texture with every kind of clutter equally often, and neither gives the class away.
_BLOCK = 200
_PER_CLASS = _BLOCK // len(_CLASSES)


def render(
    count: int, *, seed: int, part: Part, start: int = 0
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Render the images `start` to `start + count - 1` of a part.

    An image depends on `seed`, `part` and its own index alone, however many are
    rendered together. Each class has the same number of images in every 200 that
    start at a multiple of 200.

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
    if count < 1:
        raise ValueError(f"`count` must be at least 1. Received: count={count}")
    if seed < 0:
        raise ValueError(f"`seed` must be at least 0. Received: seed={seed}")
    if part not in ("train", "test"):
        raise ValueError(f"`part` must be 'train' or 'test'. Received: part={part!r}")
    if start < 0:
        raise ValueError(f"`start` must be at least 0. Received: start={start}")
    images = np.empty((count, _SIZE, _SIZE, 3), np.uint8)
    labels = np.empty(count, np.int64)
    stop = start + count
    for block in range(start // _BLOCK, (stop - 1) // _BLOCK + 1):
        first = block * _BLOCK
        low, high = max(start, first), min(stop, first + _BLOCK)
        block_images, block_labels = _render_block(seed, part, block)
        images[low - start : high - start] = block_images[low - first : high - first]
        labels[low - start : high - start] = block_labels[low - first : high - first]
    return images, labels


def _render_block(
    seed: int, part: Part, block: int
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Render one block. Rows are ordered by class until the last step shuffles them."""
    entropy = np.random.SeedSequence([seed, int(part == "test"), block])
    draw = _Draw(np.random.Generator(np.random.PCG64(entropy)))
    canvas = _background(draw)
    for piece in range(3):
        _paste(canvas, _clutter(draw, piece, reach=16.0), _colour(draw, draw.uniform(0, 1)))
    _paste(canvas, *_object(draw))
    # An occluder that is always there would be a cue of its own: half of them are off the picture.
    _paste(canvas, _clutter(draw, 3, reach=26.0), _colour(draw, draw.uniform(0, 1)))
    canvas = _light(draw, canvas)
    order = np.argsort(draw.uniform(0, 1).ravel(), kind="stable")
    images = canvas[order].transpose(0, 2, 3, 1)
    return np.ascontiguousarray(images), order // _PER_CLASS


@dataclass(frozen=True)
class _Draw:
    """Random parameters, one per image of a block, of shape (block, 1, 1)."""

    rng: np.random.Generator

    def uniform(self, low: float, high: float) -> Floats:
        values = self.rng.random((_BLOCK, 1, 1), np.float32)
        return np.float32(low) + np.float32(high - low) * values

    def coordinates(self, reach: float, radius: Floats, span: float) -> tuple[Floats, Floats]:
        """Pixel coordinates moved by up to `reach`, rotated, divided by `radius`.

        `span` is the tangent of half the largest angle.
        """
        axis = np.arange(_SIZE, dtype=np.float32) - np.float32((_SIZE - 1) / 2)
        x = axis[None, None, :] - self.uniform(-reach, reach)
        y = axis[None, :, None] - self.uniform(-reach, reach)
        # A rational rotation: sine and cosine may differ in the last bit between machines.
        half = self.uniform(-span, span)
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


def _colour(draw: _Draw, hue: Floats, dark: float = 0.3, bright: float = 0.9) -> Floats:
    """Colour of hue `hue` (1 is a full circle), of random saturation and brightness."""
    sixths = np.float32(6) * (hue - np.floor(hue))
    offsets = np.array([3, 1, 5], np.float32).reshape(1, 3, 1, 1)
    # Red, green and blue peak at 0, 2 and 4 sixths; the distance wraps around the circle.
    turned = sixths[:, None] + offsets
    ramp = np.abs(turned - np.float32(6) * np.floor(turned / np.float32(6)) - np.float32(3))
    pure = np.clip(np.float32(2) - ramp, 0, 1)
    strength = draw.uniform(0.2, 0.8)[:, None]
    return (1 - strength + strength * pure) * draw.uniform(dark, bright)[:, None]


def _paste(canvas: Floats, mask: Floats, colour: Floats) -> None:
    canvas += mask[:, None] * (colour - canvas)


def _background(draw: _Draw) -> Floats:
    """Two flat regions with a straight border, and a texture over both."""
    canvas = np.empty((_BLOCK, 3, _SIZE, _SIZE), np.float32)
    canvas[:] = _colour(draw, draw.uniform(0, 1))
    u, _ = draw.coordinates(12.0, draw.uniform(1, 1), 1.0)
    _paste(canvas, _coverage(u), _colour(draw, draw.uniform(0, 1)))
    period = draw.uniform(5.0, 9.0)
    u, v = draw.coordinates(8.0, period, 1.0)
    mask = np.empty((_BLOCK, _SIZE, _SIZE), np.float32)
    for offset, name in enumerate(_TEXTURES):
        rows = slice(offset, None, len(_TEXTURES))
        mask[rows] = _texture(name, u[rows], v[rows], period[rows])
    _paste(canvas, mask * draw.uniform(0.1, 0.5), _colour(draw, draw.uniform(0, 1)))
    return canvas


def _clutter(draw: _Draw, piece: int, reach: float) -> Floats:
    """Mask of one small shape per image, of the same shapes as the objects."""
    radius = draw.uniform(2.0, 4.5)
    u, v = draw.coordinates(reach, radius, 1.0)
    mask = np.empty_like(u)
    for offset in range(len(_SHAPES)):
        rows = slice(offset, None, len(_SHAPES))
        name = _SHAPES[(offset + piece) % len(_SHAPES)]
        mask[rows] = _coverage(-_shape(name, u[rows], v[rows]) * radius[rows])
    return mask


def _object(draw: _Draw) -> tuple[Floats, Floats]:
    """Mask and paint of the object that makes the class."""
    radius, period = draw.uniform(8.5, 13.0), draw.uniform(4.5, 7.5)
    u, v = draw.coordinates(4.5, radius, 0.4)
    s, t = draw.coordinates(4.0, period, 1.0)
    mask, share = np.empty_like(u), np.empty_like(u)
    for label, (texture, shape) in enumerate(_CLASSES):
        rows = slice(label * _PER_CLASS, (label + 1) * _PER_CLASS)
        mask[rows] = _coverage(-_shape(shape, u[rows], v[rows]) * radius[rows])
        share[rows] = _texture(texture, s[rows], t[rows], period[rows])
    hue = np.repeat(np.arange(len(_CLASSES), dtype=np.float32) / len(_CLASSES), _PER_CLASS)
    first = _colour(draw, hue[:, None, None] + draw.uniform(-0.25, 0.25), 0.6, 1.0)
    second = _colour(draw, draw.uniform(0, 1), 0.1, 0.5)
    return mask, first + share[:, None] * (second - first)


def _light(draw: _Draw, canvas: Floats) -> NDArray[np.uint8]:
    """Coloured light, exposure, shading from one side and sensor noise, as bytes."""
    tint = np.stack([draw.uniform(0.6, 1.0) for _ in range(3)], axis=1)
    slope, _ = draw.coordinates(0.0, draw.uniform(40, 120), 1.0)
    lit = canvas * (tint * draw.uniform(0.6, 1.3)[:, None]) * (1 + slope)[:, None]
    # The sum of two bytes has a triangular distribution: near enough to a Gaussian, and exact.
    raw = draw.rng.integers(0, 256, (2, *canvas.shape), np.uint8)
    grain = raw[0].astype(np.float32) + raw[1] - np.float32(255)
    noisy = lit * np.float32(255) + grain * draw.uniform(0.02, 0.12)[:, None]
    return np.clip(noisy, 0, 255).astype(np.uint8)


def _draw_examples(path: str, columns: int = 12, zoom: int = 3) -> None:
    """Write a picture with one row of training images of seed 0 per class."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    images, labels = render(_BLOCK, seed=0, part="train")
    rows = [images[labels == label][:columns] for label in range(len(CLASS_NAMES))]
    padded = np.pad(np.stack(rows), ((0, 0), (0, 0), (1, 1), (1, 1), (0, 0)), constant_values=255)
    cell = (_SIZE + 2) * zoom
    sheet = padded.transpose(0, 2, 1, 3, 4).reshape(len(rows) * (_SIZE + 2), -1, 3)
    sheet = sheet.repeat(zoom, axis=0).repeat(zoom, axis=1)
    height, width = sheet.shape[0], sheet.shape[1] + 140
    figure = pyplot.figure(figsize=(width / 100, height / 100), dpi=100)
    figure.figimage(sheet, xo=140, yo=0)
    for row, name in enumerate(CLASS_NAMES):
        middle = 1 - (row + 0.5) * cell / height
        figure.text(130 / width, middle, name, ha="right", va="center", fontsize=11)
    figure.savefig(path, pil_kwargs={"optimize": True}, metadata={"Software": None})


def _main(arguments: list[str]) -> int:
    if len(arguments) != 1 or not arguments[0].endswith(".png"):
        print("usage: python -m alexnet_tf.data.builtin FILE.png", file=sys.stderr)
        return 2
    _draw_examples(arguments[0])
    return 0


if __name__ == "__main__":
    sys.exit(_main(sys.argv[1:]))
