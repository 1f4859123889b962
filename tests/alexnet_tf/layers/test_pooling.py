"""Pooling against slow NumPy versions, window by window."""

from __future__ import annotations

import inspect

import keras
import numpy as np
import pytest
import tensorflow as tf
import tiny
from hypothesis import given, settings
from hypothesis import strategies as st
from slow_nets import pool_by_hand, windows

from alexnet_tf.layers import ClippedPooling2D

tiny.pin_one_thread()


some = settings(max_examples=40, deadline=None)


@pytest.fixture(autouse=True)
def forget_models():
    yield
    keras.utils.clear_session()


def pool_gradient_by_hand(images, upstream, kind: str, size: int, stride: int) -> np.ndarray:
    rows, columns = (windows(extent, size, stride) for extent in images.shape[1:3])
    out = np.zeros(images.shape)
    for n, i, j, k in np.ndindex(upstream.shape):
        r, c = rows[i], columns[j]
        window = images[n, r.start : r.stop, c.start : c.stop, k]
        if kind == "avg":
            out[n, r.start : r.stop, c.start : c.stop, k] += upstream[n, i, j, k] / window.size
        else:
            a, b = np.unravel_index(window.argmax(), window.shape)
            out[n, r.start + a, c.start + b, k] += upstream[n, i, j, k]
    return out


@st.composite
def poolings(draw):
    """(kind, size, stride, images without ties)."""
    size = draw(st.integers(1, 5))
    shape = tuple(draw(st.integers(1, n)) for n in (2, 11, 11, 3))
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    # negative values too: a zero from padding would win a maximum
    images = (rng.permutation(int(np.prod(shape))).reshape(shape) - np.prod(shape)) / 7
    kind, stride = draw(st.sampled_from(["max", "avg"])), draw(st.integers(1, size))
    return kind, size, stride, images.astype(np.float32)


@some
@given(poolings())
def test_pooling_is_that_of_windows_clipped_one_by_one(pooling):
    kind, size, stride, images = pooling
    layer = ClippedPooling2D(kind, size, stride)
    found = np.asarray(layer(images))
    expected = pool_by_hand(images, kind, size, stride)
    assert found.shape == expected.shape == layer.compute_output_shape(images.shape)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


@some
@given(poolings())
def test_the_gradient_of_pooling_goes_to_the_largest_pixel_or_to_all_in_equal_share(pooling):
    kind, size, stride, images = pooling
    layer, inputs = ClippedPooling2D(kind, size, stride), tf.constant(images)
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        out = layer(inputs)
        upstream = np.random.default_rng(0).normal(size=tuple(out.shape)).astype(np.float32)
        total = tf.reduce_sum(out * upstream)
    gradient = tape.gradient(total, inputs)
    assert gradient is not None
    expected = pool_gradient_by_hand(images, upstream, kind, size, stride)
    np.testing.assert_allclose(np.asarray(gradient), expected, rtol=1e-4, atol=1e-5)


def test_pooling_differs_from_both_paddings_of_keras_where_the_2012_rule_does():
    images = np.random.default_rng(0).normal(size=(1, 8, 8, 1)).astype(np.float32)
    ours = np.asarray(ClippedPooling2D("max", 4, 3)(images))  # windows 0-3, 3-6, 6-7
    for padding in ("same", "valid"):
        theirs = np.asarray(keras.layers.MaxPooling2D(4, 3, padding)(images))
        assert theirs.shape != ours.shape or not np.array_equal(theirs, ours)
    np.testing.assert_array_equal(ours, pool_by_hand(images, "max", 4, 3))


def test_the_configuration_of_a_layer_holds_every_argument_of_its_constructor():
    arguments = set(inspect.signature(ClippedPooling2D.__init__).parameters) - {"self", "kwargs"}
    layer = ClippedPooling2D("avg", 4, 3, name="pool")
    own = set(layer.get_config()) - set(keras.layers.Layer().get_config())
    assert own == arguments
    again = ClippedPooling2D.from_config(layer.get_config())
    assert again.get_config() == layer.get_config()
    assert (again.kind, again.size, again.stride) == ("avg", 4, 3)


@pytest.mark.parametrize("kind", ["max", "avg"])
def test_pooling_in_half_precision_gives_half_precision(kind):
    images = np.arange(2 * 7 * 7 * 3, dtype=np.float32).reshape(2, 7, 7, 3) % 61
    found = ClippedPooling2D(kind, 3, 2, dtype="mixed_bfloat16")(images)
    assert found.dtype == tf.bfloat16
    expected = pool_by_hand(images, kind, 3, 2)
    np.testing.assert_allclose(np.asarray(found, np.float32), expected, rtol=1e-2, atol=0.1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("min", 3, 2), "`kind` must be 'max' or 'avg'. Received: kind='min'"),
        (("max", 0, 1), "`size` must be at least 1. Received: size=0"),
        (("max", 3, 0), "`stride` must be between 1 and `size`. Received: stride=0"),
        (("avg", 3, 4), "`stride` must be between 1 and `size`. Received: stride=4"),
    ],
)
def test_a_pooling_that_makes_no_sense_is_refused(arguments, message):
    with pytest.raises(ValueError) as error:
        ClippedPooling2D(*arguments)
    assert str(error.value) == message
