"""Both norms of 2012 against slow NumPy versions written from their formulas."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
import tiny
from hypothesis import given
from hypothesis import strategies as st
from slow_layers import some, with_gradient

from alexnet_tf.layers import (
    LocalResponseNorm,
    SpatialResponseNorm,
)

tiny.pin_one_thread()


@pytest.fixture(autouse=True)
def forget_models():
    yield
    keras.utils.clear_session()


# --- local response normalisation ---------------------------------------------------------


def lrn_by_hand(x, n, k, alpha, beta, groups):
    """b_i = a_i / (k + alpha sum_{j = max(0, i - n/2)}^{min(N - 1, i + n/2)} a_j^2)^beta."""
    x = x.astype(np.float64)
    out = np.empty_like(x)
    width = x.shape[-1] // groups
    for i in range(x.shape[-1]):
        first = i // width * width
        low, high = max(first, i - n // 2), min(first + width - 1, i + n // 2)
        out[..., i] = x[..., i] / (k + alpha * (x[..., low : high + 1] ** 2).sum(-1)) ** beta
    return out


def lrn_gradient_by_hand(x, upstream, n, k, alpha, beta, groups):
    """Derivative of sum(upstream * b), term by term."""
    x, upstream = x.astype(np.float64), upstream.astype(np.float64)
    out = np.zeros_like(x)
    width = x.shape[-1] // groups
    for i in range(x.shape[-1]):
        first = i // width * width
        window = range(max(first, i - n // 2), min(first + width - 1, i + n // 2) + 1)
        energy = k + alpha * sum(x[..., j] ** 2 for j in window)
        out[..., i] += upstream[..., i] * energy**-beta
        for j in window:
            slope = -2 * alpha * beta * x[..., i] * x[..., j] * energy ** (-beta - 1)
            out[..., j] += upstream[..., i] * slope
    return out


@st.composite
def lrns(draw):
    groups = draw(st.integers(1, 3))
    shape = (*draw(st.lists(st.integers(1, 4), min_size=1, max_size=3)), 0)
    channels = groups * draw(st.integers(1, 9))
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    x = rng.normal(0, draw(st.sampled_from([0.1, 1, 30])), (*shape[:-1], channels))
    arguments = {
        "size": draw(st.sampled_from([1, 3, 5, 9])),
        "k": draw(st.floats(0.5, 3)),
        "alpha": draw(st.sampled_from([0.0, 1e-4, 2e-2, 0.5])),
        "beta": draw(st.sampled_from([0.5, 0.6, 0.75, 1.0])),
        "groups": groups,
    }
    return arguments, x.astype(np.float32), rng.normal(size=x.shape).astype(np.float32)


@some
@given(lrns(), st.sampled_from(["sum", "mean"]))
def test_lrn_and_its_gradient_are_those_of_the_formula(case, alpha_over):
    arguments, x, upstream = case
    layer = LocalResponseNorm(**arguments, alpha_over=alpha_over)
    value, gradient = with_gradient(layer, x, upstream)
    n, k, beta, groups = (arguments[name] for name in ("size", "k", "beta", "groups"))
    alpha = arguments["alpha"] / (n if alpha_over == "mean" else 1)
    expected = lrn_by_hand(x, n, k, alpha, beta, groups)
    slope = lrn_gradient_by_hand(x, upstream, n, k, alpha, beta, groups)
    np.testing.assert_allclose(value, expected, rtol=2e-5, atol=1e-6)
    np.testing.assert_allclose(gradient, slope, rtol=1e-4, atol=2e-5)


@pytest.mark.parametrize(("alpha_over", "alpha"), [("sum", 1e-3), ("mean", 1e-3 / 5)])
def test_lrn_is_tensorflow_s_with_either_alpha(alpha_over, alpha):
    x = np.random.default_rng(0).normal(0, 30, (2, 5, 5, 13)).astype(np.float32)
    upstream = np.random.default_rng(1).normal(size=x.shape).astype(np.float32)
    ours = with_gradient(LocalResponseNorm(5, 2.0, 1e-3, 0.75, alpha_over), x, upstream)
    theirs = with_gradient(
        lambda x: tf.nn.local_response_normalization(x, 2, 2.0, alpha, 0.75), x, upstream
    )
    for found, expected in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(found, expected, rtol=2e-5, atol=1e-5)


def test_the_factor_is_what_lrn_multiplies_by():
    x = np.random.default_rng(0).normal(0, 30, (2, 3, 3, 12)).astype(np.float32)
    layer = LocalResponseNorm(alpha=1e-3, alpha_over="mean", groups=2)
    value = np.asarray(layer(x))
    np.testing.assert_allclose(layer.factor(x) * x, value, rtol=2e-5)


def test_the_defaults_of_lrn_are_the_paper_s():
    layer = LocalResponseNorm()
    assert (layer.k, layer.size, layer.alpha, layer.beta) == (2, 5, 1e-4, 0.75)
    assert (layer.alpha_over, layer.groups) == ("sum", 1)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@pytest.mark.parametrize("scale", [1.0, 1000.0])
def test_lrn_in_half_precision_sums_in_single(dtype, scale):
    # 1000^2 is beyond float16
    x = np.random.default_rng(0).normal(0, scale, (3, 4, 4, 12)).astype(np.float32)
    x = np.asarray(tf.cast(tf.cast(x, dtype), tf.float32))
    value, gradient = with_gradient(
        LocalResponseNorm(dtype=dtype), tf.cast(x, dtype), np.ones_like(x)
    )
    expected = lrn_by_hand(x, 5, 2, 1e-4, 0.75, 1)
    slope = lrn_gradient_by_hand(x, np.ones_like(x), 5, 2, 1e-4, 0.75, 1)
    precision = 2**-8 if dtype == "bfloat16" else 2**-10
    assert str(value.dtype) == str(gradient.dtype) == dtype
    np.testing.assert_allclose(value.astype(np.float64), expected, rtol=precision, atol=1e-4)
    np.testing.assert_allclose(gradient.astype(np.float64), slope, rtol=4 * precision, atol=1e-3)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_lrn_gives_the_same_under_xla(dtype):
    x = np.random.default_rng(0).normal(0, 30, (2, 4, 4, 12)).astype(np.float32)
    layer, upstream = LocalResponseNorm(dtype=dtype), np.ones_like(x)

    @tf.function(jit_compile=True)
    def compiled(inputs):
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            value = layer(inputs)
        return value, tape.gradient(value, inputs)

    inputs = tf.cast(x, dtype)
    found: Any = compiled(inputs)
    for a, b in zip(found, with_gradient(layer, np.asarray(inputs), upstream), strict=True):
        tolerance = 1e-5 if dtype == "float32" else 2**-6
        np.testing.assert_allclose(
            np.asarray(a, np.float32), np.asarray(b, np.float32), rtol=tolerance, atol=1e-5
        )


def test_lrn_towers_are_normalised_alone():
    x = np.random.default_rng(0).normal(0, 50, (2, 3, 3, 16)).astype(np.float32)
    whole = np.asarray(LocalResponseNorm(groups=2)(x))
    halves = [np.asarray(LocalResponseNorm()(part)) for part in np.split(x, 2, axis=-1)]
    # products of other shapes may sum in another order: five terms, each rounded to 6e-8
    np.testing.assert_allclose(whole, np.concatenate(halves, axis=-1), rtol=1e-6)
    across = np.asarray(LocalResponseNorm()(x))
    # rounding is 1e-6 of a value at most; a neighbour of the other tower changes it by per cents
    differing = np.flatnonzero(np.abs(across / whole - 1).max((0, 1, 2)) > 1e-4)
    assert set(differing) == {6, 7, 8, 9}


# --- the same map's neighbourhood ---------------------------------------------------------


def spatial_by_hand(x, size, alpha, beta, k):
    x = x.astype(np.float64)
    out = np.empty_like(x)
    reach = size // 2
    for i, j in np.ndindex(x.shape[1:3]):
        rows = slice(max(0, i - reach), i + reach + 1)
        columns = slice(max(0, j - reach), j + reach + 1)
        energy = (x[:, rows, columns] ** 2).sum((1, 2))
        out[:, i, j] = x[:, i, j] * (k + alpha / size**2 * energy) ** -beta
    return out


@some
@given(
    st.tuples(*(st.integers(1, n) for n in (2, 8, 8, 3))),
    st.sampled_from([1, 3, 5]),
    st.sampled_from([1e-3, 0.5]),
    st.sampled_from([0.5, 0.75]),
    st.integers(0, 99),
)
def test_spatial_norm_and_its_gradient_are_those_of_the_formula(shape, size, alpha, beta, seed):
    rng = np.random.default_rng(seed)
    x, upstream = (rng.normal(0, s, shape).astype(np.float32) for s in (3, 1))
    layer = SpatialResponseNorm(size, alpha, beta)
    value, gradient = with_gradient(layer, x, upstream)
    np.testing.assert_allclose(value, spatial_by_hand(x, size, alpha, beta, 1), rtol=1e-4)
    step, at = 1e-4, tuple(rng.integers(0, n) for n in shape)
    higher, lower = x.astype(np.float64), x.astype(np.float64)
    higher[at] += step
    lower[at] -= step
    rise = spatial_by_hand(higher, size, alpha, beta, 1) - spatial_by_hand(
        lower, size, alpha, beta, 1
    )
    slope = (rise * upstream).sum() / (2 * step)
    np.testing.assert_allclose(gradient[at], slope, rtol=1e-3, atol=1e-4)
