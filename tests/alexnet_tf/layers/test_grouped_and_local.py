"""Grouped and unshared weights, and dropout, against slow NumPy versions."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tiny
from hypothesis import given
from hypothesis import strategies as st
from slow_layers import some, with_gradient

from alexnet_tf.layers import (
    FlattenTowers,
    GroupedConv2D,
    GroupedDense,
    LocallyConnected2D,
    ScaledDropout,
)

tiny.pin_one_thread()


@pytest.fixture(autouse=True)
def forget_models():
    yield
    keras.utils.clear_session()


# --- grouped and unshared weights ---------------------------------------------------------


@some
@given(st.integers(1, 3), st.integers(1, 3), st.integers(1, 3), st.integers(0, 99))
def test_grouped_convolution_is_keras_own(groups, per_group, kernel, seed):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(2, 5, 6, groups * per_group)).astype(np.float32)
    arguments = {"groups": groups, "padding": "same", "activation": "relu"}
    ours = GroupedConv2D(groups * 2, kernel, **arguments)
    theirs = keras.layers.Conv2D(groups * 2, kernel, **arguments)
    for layer in (ours, theirs):
        layer.build(x.shape)
    theirs.set_weights(ours.get_weights())
    np.testing.assert_allclose(np.asarray(ours(x)), np.asarray(theirs(x)), atol=1e-5)


@some
@given(st.integers(1, 3), st.integers(1, 4), st.integers(1, 4), st.integers(0, 99))
def test_grouped_dense_is_a_block_diagonal_product(groups, inputs, outputs, seed):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(3, groups * inputs)).astype(np.float32)
    layer = GroupedDense(groups * outputs, groups, bias_initializer="ones")
    value = np.asarray(layer(x))
    kernel = np.asarray(layer.kernel)
    assert kernel.shape == (inputs, groups * outputs)
    whole = np.zeros((groups * inputs, groups * outputs))
    for g in range(groups):
        rows = slice(g * inputs, (g + 1) * inputs)
        columns = slice(g * outputs, (g + 1) * outputs)
        whole[rows, columns] = kernel[:, columns]
    np.testing.assert_allclose(value, x @ whole + 1, atol=1e-5)


def local_by_hand(x, kernel, bias, size, stride, padding):
    padded = np.pad(x.astype(np.float64), ((0, 0), *[(padding, padding)] * 2, (0, 0)))
    out = np.empty((len(x), *bias.shape))
    for i, j in np.ndindex(bias.shape[:2]):
        top, left = i * stride, j * stride
        window = padded[:, top : top + size, left : left + size].reshape(len(x), -1)
        out[:, i, j] = window @ kernel[i * bias.shape[1] + j] + bias[i, j]
    return out


@some
@given(
    st.integers(3, 7),
    st.integers(3, 7),
    st.integers(1, 3),
    st.integers(1, 2),
    st.integers(0, 2),
    st.integers(0, 99),
)
def test_local_connections_are_a_kernel_a_position(height, width, size, stride, padding, seed):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(2, height, width, 3)).astype(np.float32)
    layer = LocallyConnected2D(4, size, stride, padding, bias_initializer="random_normal")
    value = np.asarray(layer(x))
    kernel, bias = np.asarray(layer.kernel), np.asarray(layer.bias)
    assert value.shape == layer.compute_output_shape(x.shape)
    expected = local_by_hand(x, kernel, bias, size, stride, padding)
    np.testing.assert_allclose(value, expected, atol=1e-4)


def test_local_connections_with_equal_kernels_are_a_convolution():
    x = np.random.default_rng(0).normal(size=(2, 6, 6, 3)).astype(np.float32)
    convolution = keras.layers.Conv2D(4, 3, padding="same", use_bias=False)
    expected = np.asarray(convolution(x))
    layer = LocallyConnected2D(4, 3, padding=1)
    layer.build(x.shape)
    shared = np.asarray(convolution.kernel).reshape(1, 27, 4)
    layer.kernel.assign(np.broadcast_to(shared, layer.kernel.shape))
    value, gradient = with_gradient(layer, x, np.ones_like(expected))
    np.testing.assert_allclose(value, expected, atol=1e-5)
    np.testing.assert_allclose(
        gradient, with_gradient(convolution, x, np.ones_like(expected))[1], atol=1e-5
    )


def test_flattening_by_tower_is_flattening_each_tower():
    x = np.arange(2 * 3 * 2 * 4, dtype=np.float32).reshape(2, 3, 2, 4)
    halves = [part.reshape(2, -1) for part in np.split(x, 2, axis=-1)]
    np.testing.assert_array_equal(np.asarray(FlattenTowers(2)(x)), np.concatenate(halves, 1))
    np.testing.assert_array_equal(np.asarray(FlattenTowers(1)(x)), x.reshape(2, -1))


# --- dropout ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scaling", "survivor", "at_test"),
    [("original", 1.0, 0.25), ("inverted", 4.0, 1.0), ("halved", 0.25, 0.25)],
)
def test_dropout_scales_as_its_source_does(scaling, survivor, at_test):
    x = np.ones((400, 50), np.float32)
    layer = ScaledDropout(0.75, scaling, seed=3)
    trained, tested = (np.asarray(layer(x, training=mode)) for mode in (True, False))
    np.testing.assert_allclose(tested, at_test)
    np.testing.assert_allclose(trained[trained != 0], survivor)
    kept = (trained != 0).mean()
    assert kept == 1 if scaling == "halved" else abs(kept - 0.25) < 0.015
    if scaling != "halved":
        assert abs(trained.mean() - tested.mean()) < 0.06 * survivor
