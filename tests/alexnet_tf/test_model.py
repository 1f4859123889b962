"""Nets against slow NumPy computations of the same thing."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf
import tiny
from any_spec import models
from hypothesis import given, settings
from hypothesis import strategies as st
from slow_nets import pool_by_hand

from alexnet_tf.model import build_alexnet
from alexnet_tf.spec import MODERN, PAPER_ERA, ModelSpec, replace

tiny.pin_one_thread()


few = settings(max_examples=12, deadline=None)
NET = tiny.experiment().model
FOUR = PAPER_ERA.model


@pytest.fixture(autouse=True)
def forget_models():
    yield
    keras.utils.clear_session()


# --- nets ---------------------------------------------------------------------------------


def kernels(model: keras.Model) -> dict[str, np.ndarray]:
    return {
        layer.name: np.asarray(layer.kernel) for layer in model.layers if hasattr(layer, "kernel")
    }


def test_the_four_layer_net_has_the_layers_and_shapes_of_the_2012_file():
    model = build_alexnet(FOUR)
    shapes = {layer.name: tuple(layer.output.shape[1:]) for layer in model.layers[1:]}
    assert shapes == {
        "conv1": (32, 32, 32),
        "pool1": (16, 16, 32),
        "conv2": (16, 16, 32),
        "pool2": (8, 8, 32),
        "conv3": (8, 8, 64),
        "pool3": (4, 4, 64),
        "flatten": (1024,),
        "fc4": (10,),
    }
    assert list(kernels(model)) == ["conv1", "conv2", "conv3", "fc4"]
    assert model.count_params() == FOUR.parameters() == 89_578


@few
@given(models(largest=12), st.integers(0, 2**31 - 1))
def test_any_net_has_the_parameters_and_features_its_spec_says(spec, seed):
    model = build_alexnet(spec, seed=seed)
    assert model.count_params() == spec.parameters()
    assert model.get_layer("flatten").output.shape[1] == spec.feature_size
    images = np.zeros((2, spec.input_size, spec.input_size, spec.channels), np.float32)
    logits = np.asarray(model(images))
    assert logits.shape == (2, spec.classes) and np.isfinite(logits).all()
    keras.utils.clear_session()


def test_gaussian_weights_have_the_deviations_of_the_spec_and_biases_their_value():
    spec = replace(FOUR, {"convs.1.init_bias": 0.5, "dense": [{"units": 64, "init_bias": 1.0}]})
    model = build_alexnet(spec, seed=3)
    expected = {"conv1": 1e-4, "conv2": 0.01, "conv3": 0.01, "fc4": 0.01, "fc5": 0.01}
    for name, kernel in kernels(model).items():
        sigma = expected[name]
        assert kernel.std() == pytest.approx(sigma, rel=5 / np.sqrt(2 * kernel.size)), name
        assert abs(kernel.mean()) < 5 * sigma / np.sqrt(kernel.size), name
        assert np.abs(kernel).max() > 2.5 * sigma, f"{name} is cut off"
    biases = {n: set(np.asarray(model.get_layer(n).bias).tolist()) for n in expected}
    assert biases == {"conv1": {0.0}, "conv2": {0.5}, "conv3": {0.0}, "fc4": {1.0}, "fc5": {0.0}}


@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_fan_scaled_weights_have_he_deviation_before_relu_and_glorot_elsewhere(activation):
    spec = replace(MODERN.model, {"activation": activation, "dense": [{"units": 64}]})
    for name, kernel in kernels(build_alexnet(spec)).items():
        area = int(np.prod(kernel.shape[:-2]))
        fan_in, fan_out = area * kernel.shape[-2], area * kernel.shape[-1]
        he = activation == "relu" and name != "fc5"
        sigma = np.sqrt(2 / fan_in) if he else np.sqrt(2 / (fan_in + fan_out))
        assert kernel.std() == pytest.approx(sigma, rel=6 / np.sqrt(2 * kernel.size)), name
        bound = np.sqrt(3) * sigma
        assert (np.abs(kernel).max() <= bound * 1.001) == (not he), name


def test_the_seed_decides_the_weights():
    first, again, other = (kernels(build_alexnet(NET, seed=s)) for s in (5, 5, 6))
    for name in first:
        np.testing.assert_array_equal(first[name], again[name])
        assert (first[name] != other[name]).mean() > 0.99, name


def test_layers_of_equal_shape_do_not_start_equal():
    spec = replace(NET, {"dense": [{"units": 6}, {"units": 6}, {"units": 6}]})
    found = kernels(build_alexnet(spec))
    assert found["fc4"].shape == found["fc5"].shape
    assert (found["fc4"] != found["fc5"]).all()


def test_variants_share_the_initial_weights_of_their_common_layers():
    base = kernels(build_alexnet(NET, seed=5))
    deeper = kernels(build_alexnet(replace(NET, {"dense": [{"units": 12}, {"units": 9}]}), seed=5))
    for name in ("conv1", "conv2", "fc3"):
        np.testing.assert_array_equal(base[name], deeper[name])
    unpooled = kernels(build_alexnet(replace(NET, {"convs.0.pool": None}), seed=5))
    np.testing.assert_array_equal(base["conv2"], unpooled["conv2"])


def test_relu_and_tanh_start_from_the_same_gaussian_weights():
    pair = [
        kernels(build_alexnet(replace(FOUR, {"activation": activation}), seed=2))
        for activation in ("relu", "tanh")
    ]
    for name in pair[0]:
        np.testing.assert_array_equal(pair[0][name], pair[1][name])


def convolve_by_hand(x: np.ndarray, kernel: np.ndarray, bias, conv) -> np.ndarray:
    p, k, s = conv.padding, conv.kernel, conv.stride
    x = np.pad(x, ((0, 0), (p, p), (p, p), (0, 0)))
    out = [
        [
            np.einsum("nabc,abcf->nf", x[:, i : i + k, j : j + k], kernel) + bias
            for j in range(0, x.shape[2] - k + 1, s)
        ]
        for i in range(0, x.shape[1] - k + 1, s)
    ]
    return np.array(out).transpose(2, 0, 1, 3)


def forward_by_hand(model: keras.Model, spec: ModelSpec, images: np.ndarray) -> np.ndarray:
    act = np.tanh if spec.activation == "tanh" else lambda v: np.maximum(v, 0)
    x = images.astype(np.float64)

    def weights(name: str) -> list[np.ndarray]:
        return [np.asarray(v, np.float64) for v in model.get_layer(name).weights]

    for number, conv in enumerate(spec.convs, start=1):
        kernel, bias = weights(f"conv{number}")
        x = act(convolve_by_hand(x, kernel, bias, conv))
        if conv.pool is not None:
            x = pool_by_hand(x, conv.pool.kind, conv.pool.size, conv.pool.stride)
    x = x.reshape(len(x), -1)
    number = len(spec.convs)
    for _ in spec.dense:
        number += 1
        kernel, bias = weights(f"fc{number}")
        x = act(x @ kernel + bias)
    kernel, bias = weights(f"fc{number + 1}")
    return x @ kernel + bias


@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_the_forward_pass_is_that_of_numpy(activation):
    changes = {"activation": activation, "convs.1.stride": 2, "convs.1.init_bias": 0.3}
    strided = replace(NET, {**changes, "convs.1.padding": 2})
    four = replace(FOUR, {"activation": activation, "input_size": 8, "convs.0.init_std": 0.1})
    for spec in (strided, four):
        images = np.random.default_rng(1).normal(size=(3, 8, 8, 3)).astype(np.float32)
        model = build_alexnet(spec, seed=4)
        found, expected = np.asarray(model(images)), forward_by_hand(model, spec, images)
        assert np.abs(expected).max() > 1e-5
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4 * np.abs(expected).max())


def test_half_precision_keeps_weights_and_logits_in_single():
    images = np.random.default_rng(1).normal(size=(3, 8, 8, 3)).astype(np.float32)
    single, half = (
        build_alexnet(NET, seed=1),
        build_alexnet(NET, seed=1, precision="mixed_bfloat16"),
    )
    assert half.get_layer("conv1").compute_dtype == "bfloat16"
    assert {v.dtype for v in half.trainable_variables} == {"float32"}
    a, b = np.asarray(single(images)), np.asarray(half(images))
    assert b.dtype == np.float32
    np.testing.assert_allclose(a, b, atol=0.05 * np.abs(a).max())
    assert (a != b).any()


@pytest.mark.parametrize("precision", ["float32", "mixed_bfloat16"])
def test_training_steps_lower_the_loss_of_their_batch(precision):
    model = build_alexnet(NET, seed=1, precision=precision)
    model.compile(
        optimizer=keras.optimizers.SGD(0.05, momentum=0.9),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        jit_compile=False,  # pyright: ignore[reportArgumentType]
    )
    images = np.random.default_rng(1).normal(size=(16, 8, 8, 3)).astype(np.float32)
    labels = np.arange(16) % 10
    losses = np.ravel([model.train_on_batch(images, labels) for _ in range(20)])
    assert np.isfinite(losses).all() and losses[-1] < losses[0] - 0.1


# Keras 3.15 saves by np.array(tf.Variable), whose __array__ has no `copy` under NumPy 2
@pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept:DeprecationWarning")
def test_a_saved_net_is_loaded_in_safe_mode(tmp_path):
    images = np.random.default_rng(1).normal(size=(3, 8, 8, 3)).astype(np.float32)
    model = build_alexnet(NET, seed=1)
    model.save(tmp_path / "net.keras")
    loaded = keras.saving.load_model(tmp_path / "net.keras", safe_mode=True)
    assert isinstance(loaded, keras.Model)
    np.testing.assert_array_equal(np.asarray(model(images)), np.asarray(loaded(images)))


def test_momentum_is_that_of_the_paper():
    rng = np.random.default_rng(0)
    start, slope = rng.normal(size=5), rng.normal(size=(5, 5)) / 5
    rate, momentum = 0.05, 0.9
    optimizer = keras.optimizers.SGD(rate, momentum=momentum)
    variable = keras.Variable(start.astype(np.float32))
    optimizer.build([variable])
    w, v = start.copy(), np.zeros(5)
    for step in range(20):
        gradient = slope @ np.asarray(variable, np.float64) + step
        optimizer.apply([tf.constant(gradient, tf.float32)], [variable])
        v = momentum * v - rate * (slope @ w + step)
        w = w + v
        np.testing.assert_allclose(np.asarray(variable), w, rtol=2e-5, atol=1e-5)
