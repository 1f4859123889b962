"""The colour jitter of section 4.1 against its closed form."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tiny
from slow_layers import BASIS

from alexnet_tf.data.augment import input_pipeline
from alexnet_tf.data.colour import IMAGENET_EIGENVALUES, IMAGENET_EIGENVECTORS
from alexnet_tf.data.split import split
from alexnet_tf.layers import PCAJitter
from alexnet_tf.spec import AugmentSpec, JitterSpec, replace

tiny.pin_one_thread()


@pytest.fixture(autouse=True)
def forget_models():
    yield
    keras.utils.clear_session()


# --- colour jitter ------------------------------------------------------------------------


@pytest.mark.parametrize("scale", ["eigenvalue", "stddev"])
def test_the_covariance_of_the_jitter_is_that_of_the_closed_form(scale):
    values, sigma = np.array([9000.0, 4000.0, 250.0]), 0.3
    layer = PCAJitter(values.tolist(), BASIS.tolist(), sigma, scale, seed=1)
    images = np.zeros((40_000, 1, 1, 3), np.float32)
    colours = np.asarray(layer(images, training=True))[:, 0, 0]
    lengths = values / 255 if scale == "eigenvalue" else np.sqrt(values)
    expected = sigma**2 * BASIS @ np.diag(lengths**2) @ BASIS.T
    # four standard errors of a covariance of Gaussian draws
    error = np.sqrt((expected**2 + np.outer(*[expected.diagonal()] * 2)) / len(images))
    assert (np.abs(np.cov(colours.T) - expected) < 4 * error).all()
    assert (np.abs(colours.mean(0)) < 4 * np.sqrt(expected.diagonal() / len(images))).all()


def test_jitter_adds_one_colour_to_all_pixels_of_an_image_in_training_only():
    images = np.random.default_rng(0).normal(size=(5, 4, 3, 3)).astype(np.float32)
    layer = PCAJitter([3.0, 2.0, 1.0], BASIS.tolist(), seed=4)
    added = np.asarray(layer(images, training=True)) - images
    np.testing.assert_allclose(added, np.broadcast_to(added[:, :1, :1], added.shape), atol=1e-6)
    assert len(np.unique(added[:, 0, 0].round(5), axis=0)) == 5
    np.testing.assert_array_equal(np.asarray(layer(images, training=False)), images)
    again = PCAJitter([3.0, 2.0, 1.0], BASIS.tolist(), seed=4)
    np.testing.assert_array_equal(np.asarray(again(images, training=True)) - images, added)


def test_jitter_of_integers_is_of_floats_and_clips_nothing():
    images = np.full((64, 2, 2, 3), 250, np.uint8)

    def made() -> PCAJitter:
        return PCAJitter([900.0, 0.0, 0.0], np.eye(3).tolist(), scale="stddev", seed=2)

    layer = made()
    assert np.asarray(layer(images, training=False)).dtype == np.float32
    shown = np.asarray(made()(images, training=True))
    same = np.asarray(made()(images.astype(np.float32), training=True))
    np.testing.assert_array_equal(shown, same)
    assert shown[..., 0].max() > 255 and np.abs(shown[..., 0] % 1).max() > 0


def test_jitter_s_colours_are_imagenet_s_where_none_are_given():
    layer = PCAJitter(scale="stddev")
    np.testing.assert_array_equal(layer.eigenvalues, IMAGENET_EIGENVALUES.tolist())
    np.testing.assert_array_equal(layer.eigenvectors, IMAGENET_EIGENVECTORS.tolist())
    with pytest.raises(ValueError, match="give both or none"):
        PCAJitter([1.0, 1.0, 1.0])


@pytest.mark.parametrize(("scale", "grey_levels"), [("eigenvalue", 5.8), ("stddev", 12.2)])
def test_photographs_are_shifted_by_a_few_grey_levels(scale, grey_levels):
    images = np.full((20_000, 1, 1, 3), 128, np.uint8)
    shown = np.asarray(PCAJitter(scale=scale, seed=3)(images, training=True))[:, 0, 0]
    along = (shown - 128) @ IMAGENET_EIGENVECTORS[:, 0]
    assert along.std() == pytest.approx(grey_levels, rel=0.02)
    # five standard deviations of a sum of three
    assert np.abs(shown - 128).max() < 5 * grey_levels


def test_the_layer_and_training_add_the_same_colours_for_the_same_draws(tiny_images):
    chosen = split(tiny_images, tiny.experiment().data)
    jitter = AugmentSpec(jitter=JitterSpec())
    experiment = replace(tiny.experiment(), {"data.augment": jitter})
    trained = input_pipeline(experiment, tiny_images, chosen)
    values, vectors = tiny_images.colours_of(chosen.train)
    layer = PCAJitter(values.tolist(), vectors.tolist(), seed=1)
    np.testing.assert_array_equal(layer._axes, trained.axes)
    images = tiny_images.train_images[:8]
    draws = keras.random.normal((8, 3), stddev=0.1, seed=keras.random.SeedGenerator(1))
    colours = np.asarray(draws) @ trained.axes
    np.testing.assert_allclose(
        np.asarray(layer(images, training=True)), images + colours[:, None, None, :], atol=1e-4
    )


def test_integers_become_float32_under_any_policy():
    images = np.full((2, 2, 2, 3), 201, np.uint8)
    layer = PCAJitter(seed=2, dtype="mixed_bfloat16")
    for training in (False, True):
        assert keras.backend.standardize_dtype(layer(images, training=training).dtype) == "float32"
    # bfloat16 has no 201
    np.testing.assert_array_equal(np.asarray(layer(images)), images)
