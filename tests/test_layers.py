"""The layers of 2012 against slow NumPy versions written from their formulas."""

from __future__ import annotations

import inspect
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
import tiny
from hypothesis import given, settings
from hypothesis import strategies as st

from alexnet_tf.data.colour import IMAGENET_EIGENVALUES, IMAGENET_EIGENVECTORS
from alexnet_tf.layers import (
    ClippedPooling2D,
    FlattenTowers,
    GroupedConv2D,
    GroupedDense,
    LocallyConnected2D,
    LocalResponseNorm,
    PCAJitter,
    ScaledDropout,
    SpatialResponseNorm,
)

tiny.pin_one_thread()

some = settings(max_examples=30, deadline=None)
BASIS = np.linalg.qr(np.random.default_rng(0).normal(size=(3, 3)))[0]


@pytest.fixture(autouse=True)
def forget_models():
    yield
    keras.utils.clear_session()


def with_gradient(layer: Any, x: Any, upstream: Any) -> tuple[np.ndarray, np.ndarray]:
    """Value of the layer at x, and gradient of sum(value * upstream)."""
    inputs = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        value = layer(inputs)
    sources: Any = tf.cast(upstream, value.dtype)
    gradient: Any = tape.gradient(value, inputs, sources)
    return np.asarray(value), np.asarray(gradient)


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
    differing = np.flatnonzero(np.abs(across - whole).max((0, 1, 2)) > 1e-6)
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


# --- colour jitter ------------------------------------------------------------------------


@pytest.mark.parametrize("scale", ["eigenvalue", "stddev"])
def test_the_covariance_of_the_jitter_is_that_of_the_closed_form(scale):
    values, sigma = np.array([9.0, 4.0, 0.25]), 0.3
    layer = PCAJitter(values.tolist(), BASIS.tolist(), sigma, scale, seed=1)
    images = np.zeros((40_000, 1, 1, 3), np.float32)
    colours = np.asarray(layer(images, training=True))[:, 0, 0]
    lengths = values if scale == "eigenvalue" else np.sqrt(values)
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


# --- every layer --------------------------------------------------------------------------

LAYERS: dict[str, tuple[type, dict[str, Any]]] = {
    "LocalResponseNorm": (
        LocalResponseNorm,
        {"size": 3, "k": 1.5, "alpha": 0.1, "beta": 0.6, "alpha_over": "mean", "groups": 2},
    ),
    "SpatialResponseNorm": (
        SpatialResponseNorm,
        {"size": 3, "alpha": 0.1, "beta": 0.6, "k": 1.5},
    ),
    "PCAJitter": (
        PCAJitter,
        {
            "eigenvalues": [3.0, 2.0, 1.0],
            "eigenvectors": BASIS.tolist(),
            "sigma": 0.2,
            "scale": "stddev",
            "seed": 5,
        },
    ),
    "LocallyConnected2D": (
        LocallyConnected2D,
        {
            "filters": 4,
            "kernel_size": 3,
            "strides": 2,
            "padding": 1,
            "activation": "relu",
            "kernel_initializer": "he_normal",
            "bias_initializer": "ones",
        },
    ),
    "ClippedPooling2D": (ClippedPooling2D, {"kind": "avg", "size": 4, "stride": 3}),
    "FlattenTowers": (FlattenTowers, {"towers": 3}),
    "GroupedConv2D": (GroupedConv2D, {"filters": 6, "kernel_size": 3, "groups": 3}),
    "GroupedDense": (GroupedDense, {"units": 6, "groups": 3}),
    "ScaledDropout": (ScaledDropout, {"rate": 0.25, "scaling": "inverted", "seed": 7}),
}
SHAPES = {"GroupedDense": (4, 12), "LocalResponseNorm": (4, 6, 6, 6)}


@pytest.mark.parametrize("name", LAYERS)
def test_a_layer_s_configuration_holds_every_argument_and_makes_it_again(name):
    kind, arguments = LAYERS[name]
    layer = kind(**arguments, name="again")
    parameters = set(inspect.signature(kind.__init__).parameters) - {"self", "kwargs"}
    config = layer.get_config()
    assert parameters <= set(config)
    for argument, value in arguments.items():
        plain = isinstance(value, int | float) or argument not in ("kernel_initializer",)
        if plain and not argument.endswith("initializer") and argument != "kernel_size":
            assert config[argument] == value
    again = kind.from_config(config)
    assert again.get_config() == config


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("policy", ["float32", "mixed_bfloat16", "mixed_float16"])
def test_a_layer_trains_saves_and_loads_in_any_precision(name, policy, tmp_path):
    kind, arguments = LAYERS[name]
    shape = SHAPES.get(name, (4, 6, 6, 3))
    x = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    inputs = keras.Input(shape[1:])
    layer = kind(**arguments, dtype=policy)
    features = layer(inputs)
    assert features.shape == layer.compute_output_shape((None, *shape[1:]))
    flat = keras.layers.Flatten()(features)
    model: Any = keras.Model(inputs, keras.layers.Dense(2, dtype="float32")(flat))
    model.compile("sgd", "mse", jit_compile=False)
    model.fit(x, np.zeros((4, 2)), verbose=0)
    for weight in model.get_weights():
        assert np.isfinite(weight).all()
    path = tmp_path / "model.keras"
    model.save(path)
    loaded: Any = keras.models.load_model(path, safe_mode=True)
    np.testing.assert_array_equal(np.asarray(loaded(x)), np.asarray(model(x)))
    computed = {"float32": "float32"}.get(policy, policy.removeprefix("mixed_"))
    assert layer(x).dtype == computed


@pytest.mark.parametrize(
    ("kind", "arguments", "message"),
    [
        (LocalResponseNorm, {"size": 4}, "`size` must be odd and at least 1. Received: size=4"),
        (LocalResponseNorm, {"k": 0}, "`k` must be greater than 0. Received: k=0"),
        (LocalResponseNorm, {"alpha": -1}, "`alpha` must be at least 0. Received: alpha=-1"),
        (LocalResponseNorm, {"beta": 0}, "`beta` must be greater than 0. Received: beta=0"),
        (
            LocalResponseNorm,
            {"alpha_over": "n"},
            "`alpha_over` must be 'sum' or 'mean'. Received: alpha_over='n'",
        ),
        (LocalResponseNorm, {"groups": 0}, "`groups` must be at least 1. Received: groups=0"),
        (SpatialResponseNorm, {"size": 2}, "`size` must be odd and at least 1. Received: size=2"),
        (SpatialResponseNorm, {"alpha": -1}, "`alpha` must be at least 0. Received: alpha=-1"),
        (SpatialResponseNorm, {"beta": 0}, "`beta` must be greater than 0. Received: beta=0"),
        (SpatialResponseNorm, {"k": 0}, "`k` must be greater than 0. Received: k=0"),
        (LocallyConnected2D, {"filters": 0, "kernel_size": 1}, "`filters` must be at least 1"),
        (LocallyConnected2D, {"filters": 1, "kernel_size": 0}, "`kernel_size` must be at least 1"),
        (GroupedDense, {"units": 3, "groups": 2}, "`groups` must be a divisor of `units`"),
        (FlattenTowers, {"towers": 0}, "`towers` must be at least 1. Received: towers=0"),
        (ScaledDropout, {"rate": 0.5, "scaling": "x"}, "`scaling` must be 'original'"),
        (
            PCAJitter,
            {"eigenvalues": [1, 2], "eigenvectors": BASIS.tolist()},
            "`eigenvalues` must be 3 numbers",
        ),
        (
            PCAJitter,
            {"eigenvalues": [1, 2, -3], "eigenvectors": BASIS.tolist()},
            "`eigenvalues` must be 3 numbers",
        ),
        (
            PCAJitter,
            {"eigenvalues": [1, 2, 3], "eigenvectors": [[1, 2], [3, 4]]},
            "`eigenvectors` must be 3 x 3",
        ),
        (
            PCAJitter,
            {"eigenvalues": [1, 2, 3], "eigenvectors": BASIS.tolist(), "scale": "x"},
            "`scale` must be 'eigenvalue' or 'stddev'",
        ),
    ],
)
def test_arguments_that_make_no_sense_are_refused(kind, arguments, message):
    with pytest.raises(ValueError) as error:
        kind(**arguments)
    assert str(error.value).startswith(message)


def test_shapes_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="`groups` must divide the channels"):
        LocalResponseNorm(groups=2).build((None, 3, 3, 5))
    with pytest.raises(ValueError, match="must have a known height and width"):
        SpatialResponseNorm().build((None, None, 3, 5))
    with pytest.raises(ValueError, match="`kernel_size` must fit"):
        LocallyConnected2D(1, 5).build((None, 3, 3, 1))
    with pytest.raises(ValueError, match="`groups` must divide the inputs"):
        GroupedDense(4, 2).build((None, 5))
