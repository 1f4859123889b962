"""Crops, reflections, colours and views against direct enumeration and closed forms."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import tensorflow as tf
import tiny
from hypothesis import given, settings
from hypothesis import strategies as st

from alexnet_tf.data.augment import InputPipeline, input_pipeline
from alexnet_tf.data.colour import jitter_axes
from alexnet_tf.data.scaling import Normaliser, normaliser
from alexnet_tf.data.split import split
from alexnet_tf.spec import AugmentSpec, DataSpec, JitterSpec, replace
from alexnet_tf.spec.data import JitterScale, MeanCrop

tiny.pin_one_thread()


some = settings(max_examples=30, deadline=None)


SIZE, CROP = 9, 6


NOTHING = Normaliser(np.zeros((1, 1, 1), np.float32), np.ones((1, 1, 1), np.float32))

#: Every pixel of every image has a value of its own, so that a crop names its place.
IMAGES = (np.arange(4 * SIZE * SIZE * 3) % 251).astype(np.uint8).reshape(4, SIZE, SIZE, 3)
MEAN = np.random.default_rng(0).uniform(90, 150, (SIZE, SIZE, 3)).astype(np.float32)


def presented(images: np.ndarray, epoch: int = 0, batch: int = 0, seed: int = 0, **fields):
    """(inputs, the input_pipeline) of one batch; `fields` are the augmentation's."""
    spec = DataSpec(augment=AugmentSpec(**fields))
    made = InputPipeline(spec, SIZE, CROP, NOTHING)
    return np.asarray(made.training(tf.constant(images), seed, epoch, batch)), made


def places(inputs: np.ndarray, images: np.ndarray) -> list[tuple[int, int, bool]]:
    """(top, left, reflected) of each crop, found by trying every one."""
    found = []
    for crop, image in zip(inputs, images.astype(np.float32), strict=True):
        found.append(
            next(
                (y, x, mirrored)
                for y in range(SIZE - CROP + 1)
                for x in range(SIZE - CROP + 1)
                for mirrored in (False, True)
                if np.array_equal(
                    crop, image[y : y + CROP, x : x + CROP][:, :: -1 if mirrored else 1]
                )
            )
        )
    return found


@some
@given(st.integers(0, 2**31 - 1), st.integers(0, 100), st.integers(0, 1000))
def test_every_crop_is_a_window_of_its_image_and_a_pure_function(seed, epoch, batch):
    inputs, _ = presented(IMAGES, epoch, batch, seed, flip=True)
    again, _ = presented(IMAGES, epoch, batch, seed, flip=True)
    np.testing.assert_array_equal(inputs, again)
    assert len(places(inputs, IMAGES)) == 4


def test_all_windows_and_both_reflections_come_equally_often():
    images = np.repeat(IMAGES[:1], 4000, axis=0)
    inputs, _ = presented(images, flip=True)
    found, counts = np.unique(places(inputs, images), axis=0, return_counts=True)
    assert len(found) == 4 * 4 * 2
    # 4000 draws of 32: five standard deviations around 125
    assert np.abs(counts - 125).max() < 5 * np.sqrt(125)


def test_positions_restrict_the_windows_as_the_paper_s_factor_2048_does():
    images = np.repeat(IMAGES[:1], 500, axis=0)
    inputs, _ = presented(images, positions=3)
    assert {place[:2] for place in places(inputs, images)} == {
        (y, x) for y in range(3) for x in range(3)
    }
    inputs, _ = presented(images, crop="centre")
    assert set(places(inputs, images)) == {(1, 1, False)}


@pytest.mark.parametrize("shared", [1, 2, 3])
def test_images_in_a_row_share_a_draw_when_asked_to(shared):
    images = np.repeat(IMAGES[:1], 300, axis=0)
    inputs, _ = presented(images, flip=True, shared_by=shared)
    found = np.array(places(inputs, images))
    blocks = found.reshape(-1, shared, 3)
    assert (blocks == blocks[:, :1]).all()
    assert len(np.unique(blocks[:, 0], axis=0)) > 20


def test_epochs_batches_and_seeds_draw_anew():
    base, _ = presented(IMAGES, 1, 1, 1, flip=True)
    for other in ((2, 1, 1), (1, 2, 1), (1, 1, 2)):
        assert not np.array_equal(base, presented(IMAGES, *other, flip=True)[0])


@pytest.mark.parametrize("scale", ["eigenvalue", "stddev"])
def test_the_jitter_s_covariance_is_the_closed_form_s(scale):
    axes = np.diag([5.0, 3.0, 1.0]).astype(np.float32) @ np.array(
        [[0.6, 0.8, 0], [-0.8, 0.6, 0], [0, 0, 1]], np.float32
    )
    spec = DataSpec(augment=AugmentSpec(jitter=JitterSpec(sigma=0.5, scale=scale)))
    made = InputPipeline(spec, CROP, CROP, NOTHING, axes)
    black = tf.zeros((30_000, CROP, CROP, 3), tf.uint8)
    inputs = np.asarray(made.training(black, 0, 0, 0))
    assert (inputs == inputs[:, :1, :1]).all()
    expected = 0.25 * axes.T @ axes
    error = np.sqrt((expected**2 + np.outer(*[expected.diagonal()] * 2)) / len(inputs))
    assert (np.abs(np.cov(inputs[:, 0, 0].T) - expected) < 5 * error + 1e-6).all()


def test_the_jitter_and_its_division_end_when_they_should():
    jitter = JitterSpec(divide=1.1, epochs=2)
    made = InputPipeline(
        DataSpec(augment=AugmentSpec(crop="centre", jitter=jitter)),
        CROP,
        CROP,
        NOTHING,
        np.eye(3, dtype=np.float32) * 30,
    )
    grey = tf.fill((2, CROP, CROP, 3), tf.constant(110, tf.uint8))
    early, late = (np.asarray(made.training(grey, 0, epoch, 0)) for epoch in (1, 2))
    assert (late == 110).all()
    assert np.abs(early - 100).max() > 0.1
    still = dataclasses.replace(made, axes=np.zeros((3, 3), np.float32))
    np.testing.assert_allclose(np.asarray(still.training(grey, 0, 1, 0)), 100, rtol=1e-6)


def test_the_paper_s_and_the_code_s_colours_differ_by_the_root(tiny_images):
    chosen = split(tiny_images, DataSpec(validation_images=50))
    pixels = tiny_images.train_images[chosen.train].reshape(-1, 3).astype(np.float64)
    covariance = np.cov(pixels.T, bias=True)
    values, vectors = tiny_images.colours_of(chosen.train)
    paper = jitter_axes(values, vectors, "eigenvalue").astype(np.float64)
    code = jitter_axes(values, vectors, "stddev").astype(np.float64)
    # the code's axes have the pixels' own covariance; the paper's its square, of pixels in 0 to 1
    np.testing.assert_allclose(code.T @ code, covariance, rtol=1e-5, atol=1e-3)
    np.testing.assert_allclose(
        paper.T @ paper / 255**2, (covariance / 255**2) @ (covariance / 255**2), rtol=1e-4
    )


@pytest.mark.parametrize("scale", ["eigenvalue", "stddev"])
def test_training_adds_the_colours_that_records_were_made_with(tiny_images, scale: JitterScale):
    augment = AugmentSpec(jitter=JitterSpec(scale=scale))
    experiment = replace(tiny.experiment(), {"data.augment": augment})
    chosen = split(tiny_images, experiment.data)
    made = input_pipeline(experiment, tiny_images, chosen)
    values, vectors = tiny_images.colours_of(chosen.train)
    lengths = values / 255 if scale == "eigenvalue" else np.sqrt(values)
    # to the bit, and in this order of operations: records of nets must stay what a run gives
    axes = (vectors * lengths[None, :]).T.astype(np.float32)
    np.testing.assert_array_equal(made.axes, axes)
    images = tiny_images.train_images[:6]
    added = np.asarray(made.colours(6, 5, 3, 7))[:, None, None, :]
    expected = (images.astype(np.float32) + added - made.scaling.offset) * made.scaling.scale
    np.testing.assert_array_equal(np.asarray(made.training(images, 5, 3, 7)), expected)


@pytest.mark.parametrize("mean_crop", ["matching", "centre"])
@pytest.mark.parametrize("flip", [False, True])
def test_a_crop_subtracts_the_mean_that_its_preset_says(mean_crop: MeanCrop, flip: bool):
    spec = DataSpec(mean_crop=mean_crop, augment=AugmentSpec(flip=flip))
    scaling = Normaliser(MEAN, np.ones((1, 1, 1), np.float32))
    images = np.repeat(IMAGES[:1], 60, axis=0)
    inputs = np.asarray(InputPipeline(spec, SIZE, CROP, scaling).training(images, 0, 0, 0))
    plain = np.asarray(InputPipeline(spec, SIZE, CROP, NOTHING).training(images, 0, 0, 0))
    for crop, place in zip(inputs, places(plain, images), strict=True):
        y, x, mirrored = place
        window = IMAGES[0][y : y + CROP, x : x + CROP].astype(np.float32)
        if mean_crop == "matching":
            expected = (window - MEAN[y : y + CROP, x : x + CROP])[:, :: -1 if mirrored else 1]
        else:
            expected = window[:, :: -1 if mirrored else 1] - MEAN[1 : 1 + CROP, 1 : 1 + CROP]
        np.testing.assert_allclose(crop, expected, atol=1e-4)


@pytest.mark.parametrize("mean_crop", ["matching", "centre"])
def test_ten_views_are_those_of_section_4_1(mean_crop: MeanCrop):
    scaling = Normaliser(MEAN, np.ones((1, 1, 1), np.float32))
    made = InputPipeline(DataSpec(mean_crop=mean_crop), SIZE, CROP, scaling)
    found = [np.asarray(view) for view in made.views(tf.constant(IMAGES), 10)]
    far, middle = SIZE - CROP, 1
    expected = []
    for mirrored in (False, True):
        for y, x in ((0, 0), (0, far), (far, 0), (far, far), (middle, middle)):
            window = IMAGES[:, y : y + CROP, x : x + CROP].astype(np.float32)
            if mean_crop == "matching":
                centred = window - MEAN[y : y + CROP, x : x + CROP]
                expected.append(centred[:, :, ::-1] if mirrored else centred)
            else:
                shown = window[:, :, ::-1] if mirrored else window
                expected.append(shown - MEAN[middle : middle + CROP, middle : middle + CROP])
    assert len(found) == 10
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-4)
    np.testing.assert_array_equal(np.asarray(made.centre(tf.constant(IMAGES))), found[4])


def test_without_augmentation_the_whole_scaled_image_is_the_input(tiny_images):
    experiment = tiny.experiment()
    chosen = split(tiny_images, experiment.data)
    scaling = normaliser(tiny_images, chosen, experiment.data)
    made = input_pipeline(experiment, tiny_images, chosen)
    images = tiny_images.train_images[:5]
    expected = (images.astype(np.float32) - scaling.offset) * scaling.scale
    np.testing.assert_array_equal(np.asarray(made.training(images, 0, 3, 2)), expected)
    np.testing.assert_array_equal(np.asarray(made.centre(images)), expected)
