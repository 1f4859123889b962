"""Batches as index arithmetic, the split, and the scaling: pure functions of their arguments."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import tiny
from hypothesis import given, settings
from hypothesis import strategies as st

from alexnet_tf.data.order import epoch_order
from alexnet_tf.data.scaling import normaliser
from alexnet_tf.data.split import Split, split
from alexnet_tf.errors import DataError
from alexnet_tf.spec import DataSpec, ScalingConstants

seeds = st.integers(0, 2**31 - 1)
epochs = st.integers(0, 500)
many = settings(max_examples=60, deadline=None)

IMAGES = tiny.images()
FIRST = Split(train=np.arange(77), validation=np.arange(77, 80), test=np.arange(50))


def spec(**fields) -> DataSpec:
    return DataSpec(**{"validation_images": 50, **fields})


@many
@given(seed=seeds, epoch=epochs, count=st.integers(1, 2000))
def test_the_order_of_an_epoch_is_a_permutation_and_a_pure_function(seed, epoch, count):
    order = epoch_order(seed, epoch, count)
    assert sorted(order.tolist()) == list(range(count))
    np.random.default_rng().random(3)
    assert (epoch_order(seed, epoch, count) == order).all()


@many
@given(seed=seeds, epoch=epochs, later=st.integers(1, 500), other=seeds)
def test_epochs_and_seeds_have_different_orders(seed, epoch, later, other):
    order = epoch_order(seed, epoch, 200)
    assert (epoch_order(seed, epoch + later, 200) != order).any()
    if other != seed:
        assert (epoch_order(other, epoch, 200) != order).any()


def test_seed_and_epoch_are_not_added_up():
    assert (epoch_order(1, 2, 200) != epoch_order(2, 1, 200)).any()
    assert (epoch_order(0, 3, 200) != epoch_order(3, 0, 200)).any()


def test_the_order_is_the_published_one():
    # A changed generator would silently end the comparability of old and new records.
    assert epoch_order(0, 0, 10).tolist() == [4, 6, 2, 7, 3, 5, 9, 0, 8, 1]
    assert epoch_order(7, 3, 10).tolist() == [3, 5, 4, 7, 8, 0, 9, 2, 1, 6]


@many
@given(salt=st.integers(0, 50), validation=st.integers(0, 10), train=st.none() | st.integers(1, 20))
def test_the_split_is_stratified_disjoint_and_of_the_size_asked(salt, validation, train):
    asked = None if train is None else 10 * train
    parts = split(IMAGES, spec(split=salt, validation_images=10 * validation, train_images=asked))
    expected = 30 - validation if train is None else train
    for indices, each in ((parts.train, expected), (parts.validation, validation)):
        assert np.bincount(IMAGES.train_labels[indices], minlength=10).tolist() == [each] * 10
        assert (np.diff(indices) > 0).all()
    assert not set(parts.train.tolist()) & set(parts.validation.tolist())
    again = split(IMAGES, spec(split=salt, validation_images=10 * validation, train_images=asked))
    assert (again.train == parts.train).all() and (again.validation == parts.validation).all()


@many
@given(salt=st.integers(0, 50), smaller=st.integers(1, 25), larger=st.integers(1, 25))
def test_a_smaller_training_set_is_part_of_a_larger_one(salt, smaller, larger):
    smaller, larger = sorted((smaller, larger))
    few = split(IMAGES, spec(split=salt, train_images=10 * smaller))
    more = split(IMAGES, spec(split=salt, train_images=10 * larger))
    everything = split(IMAGES, spec(split=salt))
    assert set(few.train.tolist()) <= set(more.train.tolist()) <= set(everything.train.tolist())
    assert (few.validation == more.validation).all()
    assert (few.validation == everything.validation).all()


def test_another_split_number_chooses_other_validation_images():
    chosen = {tuple(split(IMAGES, spec(split=salt)).validation.tolist()) for salt in range(10)}
    assert len(chosen) == 10


def test_the_split_does_not_look_at_the_pixels():
    dark = dataclasses.replace(IMAGES, train_images=np.zeros_like(IMAGES.train_images))
    assert (split(dark, spec()).train == split(IMAGES, spec()).train).all()


@pytest.mark.parametrize(
    "fields", [{"validation_images": 300}, {"validation_images": 310}, {"train_images": 260}]
)
def test_a_set_too_small_for_what_is_asked_is_refused_in_one_line(fields):
    with pytest.raises(DataError, match="a class has 30 images") as error:
        split(IMAGES, spec(**fields))
    assert "\n" not in str(error.value) and "data.train_images" in str(error.value)


def test_the_largest_training_set_that_fits_is_allowed():
    assert len(split(IMAGES, spec(train_images=250)).train) == 250


def test_mean_image_is_the_mean_over_the_training_images_of_every_pixel():
    part = IMAGES.train_images[:77]
    found = normaliser(IMAGES, FIRST, spec(scaling="mean_image"))
    exact = part.astype(np.float64).mean(axis=0)
    assert found.offset.shape == (8, 8, 3) and found.offset.dtype == np.float32
    np.testing.assert_allclose(found.offset, exact, rtol=1e-7)
    assert (np.asarray(found.scale) == 1).all()


def test_standardised_pixels_have_mean_0_and_deviation_1_in_every_channel():
    part = IMAGES.train_images[:77]
    found = normaliser(IMAGES, FIRST, spec(scaling="standardised"))
    exact = part.astype(np.float64)
    mean, deviation = exact.mean(axis=(0, 1, 2)), exact.std(axis=(0, 1, 2))
    np.testing.assert_allclose(np.ravel(found.offset), mean, rtol=1e-6)
    np.testing.assert_allclose(np.ravel(found.scale), 1 / deviation, rtol=1e-6)
    scaled = (part.astype(np.float32) - found.offset) * found.scale
    assert scaled.dtype == np.float32
    np.testing.assert_allclose(scaled.mean(axis=(0, 1, 2)), 0, atol=1e-4)
    np.testing.assert_allclose(scaled.std(axis=(0, 1, 2)), 1, atol=1e-4)


def test_the_fingerprint_of_the_images_sees_every_pixel_label_and_their_order():
    original = IMAGES.fingerprint()
    assert tiny.images().fingerprint() == original
    for name in ("train_images", "train_labels", "test_images", "test_labels"):
        array = getattr(IMAGES, name)
        changed = array.copy()
        changed.flat[-1] ^= 1
        moved = array[::-1]
        for other in (changed, moved):
            assert dataclasses.replace(IMAGES, **{name: other}).fingerprint() != original, name


@many
@given(salt=st.integers(0, 50), each=st.integers(1, 5))
def test_the_test_images_are_a_fixed_stratified_part(salt, each):
    assert split(IMAGES, spec(split=salt)).test.tolist() == list(range(len(IMAGES.test_labels)))
    chosen = split(IMAGES, spec(split=salt, test_images=10 * each)).test
    assert np.bincount(IMAGES.test_labels[chosen], minlength=10).tolist() == [each] * 10
    assert (np.diff(chosen) > 0).all()
    other = spec(split=salt, test_images=10 * each, validation_images=10, train_images=100)
    assert split(IMAGES, other).test.tolist() == chosen.tolist()
    more = split(IMAGES, spec(split=salt, test_images=10 * each + 10)).test if each < 5 else chosen
    assert set(chosen.tolist()) <= set(more.tolist())


@pytest.mark.parametrize(
    ("asked", "words"), [(15, "multiple of"), (10_000, "Lower data.test_images")]
)
def test_too_many_or_unequal_test_images_are_refused(asked, words):
    with pytest.raises(DataError, match=words):
        split(IMAGES, spec(test_images=asked))


def test_constants_stand_in_place_of_what_would_be_measured():
    constants = ScalingConstants(mean=(120.0, 110.0, 100.0), deviation=(60.0, 50.0, 40.0))
    found = normaliser(IMAGES, FIRST, spec(scaling="mean_image", constants=constants))
    white = (np.full((1, 1, 3), 255, np.float32) - found.offset) * found.scale
    assert white.dtype == np.float32
    np.testing.assert_allclose(white[0, 0], [135 / 60, 145 / 50, 155 / 40], rtol=1e-6)
