"""Principal components of colours: exact sums, the covariance, order and signs."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from alexnet_tf.data.colour import (
    IMAGENET_EIGENVALUES,
    IMAGENET_EIGENVECTORS,
    Moments,
    moments,
    rgb_pca,
)

pictures = hnp.arrays(np.uint8, st.tuples(st.integers(1, 5), st.integers(1, 7), st.just(3)))


def stacked(images) -> np.ndarray:
    return np.concatenate([image.reshape(-1, 3) for image in images]).astype(np.float64)


@settings(max_examples=60, deadline=None)
@given(st.lists(pictures, min_size=1, max_size=4))
def test_it_decomposes_the_covariance_that_numpy_computes(images):
    values, vectors = rgb_pca(images)
    expected = np.cov(stacked(images), rowvar=False, bias=True)
    np.testing.assert_allclose(vectors * values @ vectors.T, expected, atol=1e-8)
    np.testing.assert_allclose(vectors.T @ vectors, np.eye(3), atol=1e-12)
    assert (np.diff(values) <= 0).all() and (values >= 0).all()
    largest = np.abs(vectors).argmax(axis=0)
    assert (vectors[largest, range(3)] > 0).all()


@settings(max_examples=40, deadline=None)
@given(st.lists(pictures, min_size=2, max_size=5), st.randoms())
def test_neither_the_order_nor_the_grouping_changes_a_bit(images, random):
    first = rgb_pca(images)
    random.shuffle(images)
    second = rgb_pca([stacked(images).astype(np.uint8)])
    for a, b in zip(first, second, strict=True):
        np.testing.assert_array_equal(a, b)


def test_large_images_are_summed_exactly():
    images = np.random.default_rng(0).integers(0, 256, (2, 300, 301, 3), dtype=np.uint8)
    found, flat = moments(images), images.reshape(-1, 3).astype(np.int64)
    assert found.count == 2 * 300 * 301
    assert found.sums == tuple(flat.sum(axis=0))
    square = flat.T @ flat
    assert found.products == tuple(square[i, j] for i in range(3) for j in range(i, 3))


def test_all_of_imagenet_is_summed_without_rounding():
    white = moments(np.full((256, 256, 3), 255, np.uint8))
    black = moments(np.zeros((256, 256, 3), np.uint8))
    total = Moments.of_numbers([number * 2**20 for number in (white + black).numbers()])
    np.testing.assert_array_equal(total.covariance(), np.full((3, 3), 127.5**2))


def test_sums_are_kept_as_ten_numbers():
    found = moments(np.arange(30, dtype=np.uint8).reshape(2, 5, 3))
    assert Moments.of_numbers(found.numbers()) == found and len(found.numbers()) == 10


def test_one_colour_has_no_variation():
    values, vectors = rgb_pca([np.full((4, 4, 3), 7, np.uint8)])
    np.testing.assert_array_equal(values, 0)
    np.testing.assert_allclose(vectors @ vectors.T, np.eye(3), atol=1e-12)


@pytest.mark.parametrize("images", [[], [np.zeros((0, 3), np.uint8)]])
def test_no_pixels_have_no_components(images):
    with pytest.raises(ValueError, match="no pixel"):
        rgb_pca(images)


@pytest.mark.parametrize(
    "array", [np.zeros((2, 3)), np.zeros((2, 4), np.uint8), np.zeros((), np.uint8)]
)
def test_other_arrays_are_refused(array):
    with pytest.raises(ValueError, match="uint8 of shape"):
        rgb_pca([array])


def test_the_published_values_are_those_of_the_2012_network():
    np.testing.assert_allclose(IMAGENET_EIGENVALUES, [14830.4, 1376.0, 388.9], rtol=1e-4)
    np.testing.assert_allclose(
        IMAGENET_EIGENVECTORS.T @ IMAGENET_EIGENVECTORS, np.eye(3), atol=2e-5
    )
    covariance = IMAGENET_EIGENVECTORS * IMAGENET_EIGENVALUES @ IMAGENET_EIGENVECTORS.T
    np.testing.assert_allclose(np.sqrt(np.diag(covariance)), [74.0, 72.0, 77.0], atol=0.06)
    largest = np.abs(IMAGENET_EIGENVECTORS).argmax(axis=0)
    assert (IMAGENET_EIGENVECTORS[largest, range(3)] > 0).all()
    assert not IMAGENET_EIGENVALUES.flags.writeable
