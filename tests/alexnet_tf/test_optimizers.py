"""The optimizer against NumPy, step by step, as section 5 writes it."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
import tiny

from alexnet_tf.optimizers import PaperSGD

tiny.pin_one_thread()


def net(penalty: Any = None) -> Any:
    keras.utils.set_random_seed(0)
    inputs = keras.Input((5,))
    shared: Any = {"bias_initializer": "ones", "kernel_regularizer": penalty}
    hidden = keras.layers.Dense(4, "tanh", name="fc1", **shared)(inputs)
    return keras.Model(inputs, keras.layers.Dense(3, name="fc2", **shared)(hidden))


def trained(optimizer: Any, steps: int) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Weights after some steps with the optimizer, and after the same steps in NumPy.

    NumPy takes the gradients from the net's weights at each step and follows
    v <- m v - d e w - e g; w <- w + v in float64.
    """
    model = net()
    rng = np.random.default_rng(1)
    optimizer.build(model.trainable_variables)
    expected = {v.path: np.asarray(v, np.float64) for v in model.trainable_variables}
    velocity = {path: np.zeros_like(w) for path, w in expected.items()}
    for _ in range(steps):
        x, y = rng.normal(size=(8, 5)), rng.normal(size=(8, 3))
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((model(x.astype(np.float32)) - y.astype(np.float32)) ** 2)
        gradients: Any = tape.gradient(loss, [v.value for v in model.trainable_variables])
        for variable, gradient in zip(model.trainable_variables, gradients, strict=True):
            layer, kind = variable.path.split("/")
            rate = float(optimizer.learning_rate) * optimizer.rate_factors.get(layer, 1)
            rate *= optimizer.rate_factors.get(variable.path, 1)
            decay = optimizer.weight_decays.get(layer, optimizer.decay)
            if kind == "bias":
                rate, decay = rate * optimizer.bias_rate, 0
            if rate == 0:
                continue
            w, v = expected[variable.path], velocity[variable.path]
            v = optimizer.momentum * v - decay * rate * w - rate * np.asarray(gradient, np.float64)
            velocity[variable.path], expected[variable.path] = v, w + v
        optimizer.apply(gradients)
    return {v.path: np.asarray(v) for v in model.trainable_variables}, expected


@pytest.mark.parametrize(
    "optimizer",
    [
        lambda: PaperSGD(0.05),
        lambda: PaperSGD(0.05, momentum=0.5, weight_decay=0.1),
        lambda: PaperSGD(0.05, bias_rate=2.0),
        lambda: PaperSGD(0.05, rate_factors={"fc1": 0.1, "fc2/bias": 3.0}),
        lambda: PaperSGD(0.05, rate_factors={"fc1": 0.0}),
        lambda: PaperSGD(0.05, weight_decays={"fc2": 0.3}),
        lambda: PaperSGD(0.05, momentum=0.0, weight_decay=0.0),
    ],
)
def test_a_hundred_steps_are_those_of_the_paper_s_formula(optimizer):
    found, expected = trained(optimizer(), 100)
    for path, weights in expected.items():
        np.testing.assert_allclose(found[path], weights, rtol=2e-4, atol=2e-6, err_msg=path)


def test_a_frozen_layer_keeps_its_bits_and_the_others_move():
    before = {v.path: np.asarray(v) for v in net().trainable_variables}
    after, _ = trained(PaperSGD(0.05, rate_factors={"fc1": 0.0}), 5)
    for path, weights in before.items():
        assert np.array_equal(after[path], weights) == path.startswith("fc1")


def test_decay_is_an_l2_penalty_of_half_the_size_and_not_keras_decay():
    def run(optimizer, penalty):
        model = net(penalty)
        model.compile(optimizer, "mse", jit_compile=False)
        rng = np.random.default_rng(3)
        x, y = rng.normal(size=(64, 5)), rng.normal(size=(64, 3))
        model.fit(x, y, batch_size=8, epochs=3, shuffle=False, verbose=0)
        return np.concatenate([w.ravel() for w in model.get_weights()])

    ours = run(PaperSGD(0.05, weight_decay=0.2), None)
    penalty = run(keras.optimizers.SGD(0.05, momentum=0.9), keras.regularizers.L2(0.1))
    decoupled = run(keras.optimizers.SGD(0.05, momentum=0.9, weight_decay=0.2), None)
    np.testing.assert_allclose(ours, penalty, rtol=1e-4, atol=1e-6)
    assert np.abs(ours - decoupled).max() > 1e-3


def test_without_decay_it_is_keras_sgd_bit_for_bit():
    def run(optimizer):
        model = net()
        model.compile(optimizer, "mse", jit_compile=False)
        rng = np.random.default_rng(3)
        x, y = rng.normal(size=(64, 5)), rng.normal(size=(64, 3))
        model.fit(x, y, batch_size=8, epochs=3, shuffle=False, verbose=0)
        return model.get_weights()

    ours = run(PaperSGD(0.05, weight_decay=0.0))
    for a, b in zip(ours, run(keras.optimizers.SGD(0.05, momentum=0.9)), strict=True):
        np.testing.assert_array_equal(a, b)


def test_the_configuration_makes_the_optimizer_again():
    arguments: dict[str, Any] = {
        "momentum": 0.8,
        "weight_decay": 0.1,
        "bias_rate": 2.0,
        "rate_factors": {"fc1": 0.5},
        "weight_decays": {"fc2": 0.2},
    }
    config = PaperSGD(0.03, **arguments).get_config()
    again = PaperSGD.from_config(config)
    assert again.get_config() == config
    assert {name: config[name] for name in arguments} == arguments
    assert float(again.learning_rate) == pytest.approx(0.03)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"momentum": 1.0}, "`momentum` must be at least 0 and below 1. Received: momentum=1.0"),
        ({"weight_decay": -1}, "`weight_decay` must be at least 0. Received: weight_decay=-1"),
        ({"bias_rate": -1}, "`bias_rate` must be at least 0. Received: bias_rate=-1"),
    ],
)
def test_arguments_that_make_no_sense_are_refused(arguments, message):
    with pytest.raises(ValueError) as error:
        PaperSGD(0.1, **arguments)
    assert str(error.value) == message
