"""Dense SIFT against the definition, a loop over pixels, and what it must not depend on."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from ablations.baselines import dense_sift


def by_hand(channel: np.ndarray, cell: float, x: float, y: float) -> np.ndarray:
    """One descriptor as Lowe (2004) words it: every pixel shares its gradient among 8 bins."""
    smooth = ndimage.gaussian_filter(channel.astype(np.float64), cell / 6, mode="nearest")
    rise_y, rise_x = np.gradient(smooth, axis=0), np.gradient(smooth, axis=1)
    cells = np.zeros((4, 4, 8))
    for row in range(channel.shape[0]):
        for column in range(channel.shape[1]):
            dx, dy = column + 0.5 - x, row + 0.5 - y
            length = math.hypot(rise_x[row, column], rise_y[row, column])
            weight = length * math.exp(-(dx**2 + dy**2) / (2 * (2 * cell) ** 2))
            turn = math.atan2(rise_y[row, column], rise_x[row, column]) / (2 * math.pi) * 8 % 8
            low = int(turn)
            for j in range(4):
                for i in range(4):
                    near_x = max(0.0, 1 - abs(dx / cell - (i - 1.5)))
                    near_y = max(0.0, 1 - abs(dy / cell - (j - 1.5)))
                    share = weight * near_x * near_y
                    cells[j, i, low % 8] += share * (1 - (turn - low))
                    cells[j, i, (low + 1) % 8] += share * (turn - low)
    flat = cells.ravel()
    flat = np.minimum(flat, 0.2 * np.linalg.norm(flat))
    return np.sqrt(flat / flat.sum()) if flat.sum() > 0 else flat


@pytest.mark.parametrize("side", [16, 32, 40])
def test_every_descriptor_is_that_of_the_definition(side):
    rng = np.random.default_rng(side)
    image = rng.integers(0, 256, (1, side, side, 3), dtype=np.uint8)
    found = dense_sift.descriptors(image)
    where = (dense_sift.places(side) + 0.5) * side
    sizes = np.repeat(
        [grid.cell for grid in dense_sift.grids(side)],
        [len(grid.centres) ** 2 for grid in dense_sift.grids(side)],
    )
    assert found.shape == (1, len(where), 3 * dense_sift.WIDTH)
    for number in rng.choice(len(where), 6, replace=False):
        for colour in range(3):
            x, y = where[number]
            expected = by_hand(image[0, ..., colour], float(sizes[number]), x, y)
            given_ = found[0, number, colour * 128 : (colour + 1) * 128]
            assert np.abs(given_ - expected).max() < 2e-3


def test_descriptors_of_32_pixels_lie_inside_and_are_as_many_as_said():
    counts = [len(grid.centres) for grid in dense_sift.grids(32)]
    assert counts == [13, 11, 9]
    for grid in dense_sift.grids(32):
        assert grid.centres[0] - 2 * grid.cell >= -1e-9
        assert grid.centres[-1] + 2 * grid.cell <= 32 + 1e-9
    assert np.abs(dense_sift.places(32)).max() < 0.5


def test_the_places_of_larger_images_are_the_same_shares():
    assert np.allclose(dense_sift.places(32), dense_sift.places(256))


def test_an_image_without_a_gradient_has_zeros():
    assert not dense_sift.descriptors(np.full((2, 32, 32, 3), 77, np.uint8)).any()


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 60), st.integers(0, 2**31))
def test_brightness_and_contrast_do_not_matter(shift, seed):
    image = np.random.default_rng(seed).integers(0, 90, (1, 32, 32, 3), dtype=np.uint8)
    plain = dense_sift.descriptors(image)
    other = dense_sift.descriptors((2 * image + shift).astype(np.uint8))
    assert np.abs(plain - other).max() < 1e-3


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**31))
def test_the_directions_share_the_whole_length(seed):
    maps = np.random.default_rng(seed).normal(0, 50, (2, 9, 9)).astype(np.float32)
    lengths = np.hypot(np.gradient(maps, axis=1), np.gradient(maps, axis=2))
    shared = dense_sift.directions(maps)
    assert np.allclose(shared.sum(axis=1), lengths, atol=1e-3) and shared.min() >= 0


def test_a_mirrored_image_has_the_mirrored_descriptors():
    image = np.random.default_rng(1).integers(0, 256, (1, 32, 32, 3), dtype=np.uint8)
    plain = dense_sift.descriptors(image)[0].reshape(-1, 3, 4, 4, 8)
    mirrored = dense_sift.descriptors(image[:, :, ::-1])[0].reshape(-1, 3, 4, 4, 8)
    where = dense_sift.places(32)
    first = len(dense_sift.grids(32)[0].centres) ** 2
    place = {(round(x, 6), round(y, 6)): n for n, (x, y) in enumerate(where[:first])}
    other = [place[round(-x, 6), round(y, 6)] for x, y in where[:first]]
    turned = (4 - np.arange(8)) % 8  # of a gradient whose x has the other sign
    assert np.allclose(mirrored[other][:, :, :, ::-1][..., turned], plain[:first], atol=2e-3)
