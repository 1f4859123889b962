"""Every file is decoded rightly or refused; shrinking and cropping by closed forms."""

from __future__ import annotations

from fractions import Fraction

import bad_images
import numpy as np
import pytest
from PIL import Image
from preparing import KINDS

from alexnet_tf.data.prepare.decode import BadImage, decode
from alexnet_tf.data.prepare.resize import square

# --- decoding -----------------------------------------------------------------------------


def test_the_corpus_is_large_and_its_names_are_unique():
    kinds = bad_images.kinds()
    assert len(KINDS) == len(kinds) >= 50
    assert all((kind.pixels is None) == bool(kind.reason) for kind in kinds)


@pytest.mark.parametrize("name", KINDS)
def test_a_file_is_decoded_rightly_or_refused_with_its_reason(name):
    kind = KINDS[name]
    if kind.pixels is None:
        with pytest.raises(BadImage) as error:
            decode(kind.data)
        assert kind.reason in str(error.value) and "\n" not in str(error.value)
        return
    image, notes = decode(kind.data)
    found = np.asarray(image).astype(int)
    assert found.shape == kind.pixels.shape and sorted(notes) == sorted(kind.notes)
    assert np.abs(found - kind.pixels).max() <= kind.within


def test_every_flipped_bit_of_a_png_is_noticed_or_harmless():
    good = KINDS["rgba.png"].data
    wrong = 0
    for place in range(8, len(good) - 12, 7):
        damaged = bytearray(good)
        damaged[place] ^= 4
        try:
            found = np.asarray(decode(bytes(damaged))[0])
        except BadImage:
            continue
        wrong += found.shape != (40, 40, 3) or bool((found != bad_images.colours()).any())
    assert wrong == 0


# --- geometry -----------------------------------------------------------------------------


def exact_area(pixels: np.ndarray, size: int) -> np.ndarray:
    """Area average and central crop, as rational numbers, pixel by pixel."""
    height, width, _ = pixels.shape
    short = min(height, width)
    sides = [int(Fraction(side * size, short) + Fraction(1, 2)) for side in (height, width)]
    result = np.zeros((size, size, 3), np.uint8)
    weights = []
    for side, out in zip((height, width), sides, strict=True):
        rows = []
        for j in range((out - size) // 2, (out - size) // 2 + size):
            low, high = Fraction(j * side, out), Fraction((j + 1) * side, out)
            covered = [min(high, i + 1) - max(low, i) for i in range(side)]
            rows.append([(i, c / (high - low)) for i, c in enumerate(covered) if c > 0])
        weights.append(rows)
    for y, across in enumerate(weights[0]):
        for x, along in enumerate(weights[1]):
            for c in range(3):
                mean = sum(int(pixels[i, j, c]) * u * v for i, u in across for j, v in along)
                result[y, x, c] = int(mean + Fraction(1, 2))
    return result


@pytest.mark.parametrize("shape", [(8, 8), (9, 8), (8, 13), (11, 17), (23, 10), (16, 41), (31, 9)])
def test_shrinking_is_the_exact_average_of_areas(shape):
    pixels = np.random.default_rng(1).integers(0, 256, (*shape, 3), dtype=np.uint8)
    np.testing.assert_array_equal(square(Image.fromarray(pixels), 8), exact_area(pixels, 8))


@pytest.mark.parametrize("shape", [(5, 9), (7, 7), (15, 6), (1, 3), (13, 12)])
def test_enlarging_is_cubic_and_cropped_in_the_centre(shape):
    image = Image.fromarray(np.random.default_rng(2).integers(0, 256, (*shape, 3), dtype=np.uint8))
    height, width = shape
    short = min(shape)
    columns, rows = ((2 * side * 16 + short) // (2 * short) for side in (width, height))
    whole = np.asarray(image.resize((columns, rows), Image.Resampling.BICUBIC)).astype(int)
    top, left = (rows - 16) // 2, (columns - 16) // 2
    crop = whole[top : top + 16, left : left + 16]
    assert np.abs(square(image, 16) - crop).max() <= 1  # a box of floats, not of whole pixels


@pytest.mark.parametrize(("shape", "left"), [((8, 12), 2), ((8, 13), 2), ((8, 8), 0)])
def test_an_odd_pixel_is_cut_off_behind(shape, left):
    pixels = np.arange(np.prod(shape) * 3).reshape(*shape, 3).astype(np.uint8)
    found = square(Image.fromarray(pixels), 8)
    np.testing.assert_array_equal(found, pixels[:, left : left + 8])


def test_long_thin_pictures_take_no_memory():
    assert square(Image.new("RGB", (1, 20_000), (9, 8, 7)), 256).reshape(-1, 3).tolist() == [
        [9, 8, 7]
    ] * (256 * 256)
