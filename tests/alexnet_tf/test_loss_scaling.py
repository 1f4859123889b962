"""Descent on a scaled loss against NumPy: a step in float16, the rule of the scale, overflow."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import tiny
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import layers, ops

from alexnet_tf.loss_scaling import LARGEST, LossScaledSGD, descent
from alexnet_tf.optimizers import PaperSGD
from alexnet_tf.spec import Precision

tiny.pin_one_thread()

MOMENTUM, DECAY, RATE = 0.9, 0.01, 0.5
OPTIONS: dict[str, Any] = {"momentum": MOMENTUM, "weight_decay": DECAY, "learning_rate": RATE}


# --- one step of a net ---------------------------------------------------------------------


def net(output_size: float) -> Any:
    """A hidden layer in float16, and one in float32 with weights of about this size."""
    draw: Any = keras.initializers.RandomNormal
    x = inputs = keras.Input((6,))
    hidden: dict[str, Any] = {"dtype": "mixed_float16", "activation": "relu", "name": "fc1"}
    x = layers.Dense(8, kernel_initializer=draw(0.0, 0.5, seed=1), **hidden)(x)
    x = layers.Dense(3, kernel_initializer=draw(0.0, output_size, seed=2), name="fc2")(x)
    return keras.Model(inputs, x)


def gradients_by_hand(start: list[np.ndarray], x: np.ndarray, labels: np.ndarray, scale: float):
    """Gradients of the mean cross-entropy, each rounded to float16 where the net rounds it."""
    kernel, bias, last, last_bias = start

    def half(values: np.ndarray) -> np.ndarray:
        with np.errstate(over="ignore"):
            return values.astype(np.float16).astype(np.float64)

    summed = half(half(x) @ half(kernel))
    hidden = np.maximum(half(summed + half(bias)), 0)
    logits = hidden @ last.astype(np.float64) + last_bias
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    wrong = (odds / odds.sum(axis=1, keepdims=True) - np.eye(3)[labels]) / len(x) * scale
    back = half(wrong @ last.astype(np.float64).T) * (hidden > 0)
    of_hidden = [half(half(x).T @ back), half(back.sum(axis=0))]
    return [g / scale for g in (*of_hidden, hidden.T @ wrong, wrong.sum(axis=0))]


def stepped(optimizer: PaperSGD, x: np.ndarray, output_size: float = 0.5):
    """Weights before and after one step, and the model; the labels are 0, 1, 2, 0, ..."""
    model, labels = net(output_size), np.arange(len(x)) % 3
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer, loss, jit_compile=False, auto_scale_loss=False)
    start = [np.asarray(v) for v in model.trainable_variables]
    model.fit(x, labels, batch_size=len(x), verbose=0)
    return start, [np.asarray(v) for v in model.trainable_variables], model


def images(size: float = 1.0) -> np.ndarray:
    return (size * np.random.default_rng(0).standard_normal((9, 6))).astype(np.float32)


def test_a_step_is_that_of_float16_arithmetic_in_numpy():
    start, end, model = stepped(LossScaledSGD(**OPTIONS, initial_scale=1024.0), images())
    labels = np.arange(9) % 3
    expected = gradients_by_hand(start, images(), labels, 1024.0)
    for before, after, gradient in zip(start, end, expected, strict=True):
        assert before.dtype == after.dtype == np.float32
        decayed = DECAY * before.astype(np.float64) if before.ndim == 2 else 0.0
        size = RATE * np.abs(gradient).max()
        np.testing.assert_allclose(
            after - before, -RATE * (gradient + decayed), rtol=0, atol=2e-3 * size
        )
    assert int(model.optimizer.skipped) == 0 and float(model.optimizer.loss_scale) == 1024


def test_gradients_too_small_for_float16_are_there_with_the_scale_and_not_without():
    """fc2 hands back some 1e-8 an image, which in float16 is 0."""
    start, _, plain = stepped(PaperSGD(RATE, weight_decay=0.0), images(), output_size=1e-7)
    _, _, scaled = stepped(LossScaledSGD(RATE, weight_decay=0.0), images(), output_size=1e-7)
    lost, found = (np.asarray(model.optimizer.velocities[0]) for model in (plain, scaled))
    labels = np.arange(9) % 3
    assert not gradients_by_hand(start, images(), labels, 1.0)[0].any() and not lost.any()
    expected = -RATE * gradients_by_hand(start, images(), labels, 2.0**15)[0]
    np.testing.assert_allclose(found, expected, rtol=0, atol=3e-3 * np.abs(expected).max())


def test_an_overflow_leaves_every_bit_and_the_next_step_is_taken():
    optimizer = LossScaledSGD(**OPTIONS, initial_scale=2.0**15)
    start, end, model = stepped(optimizer, images(3e3))
    expected = gradients_by_hand(start, images(3e3), np.arange(9) % 3, 2.0**15)
    assert not np.isfinite(expected[0]).all(), "nothing was planted"
    assert [a.tobytes() for a in start] == [b.tobytes() for b in end]
    assert not any(np.asarray(v).any() for v in optimizer.velocities)
    assert (float(optimizer.loss_scale), int(optimizer.skipped)) == (2.0**14, 1)
    model.fit(images(), np.arange(9) % 3, batch_size=9, verbose=0)
    assert all(
        (np.asarray(v) != e).any() for v, e in zip(model.trainable_variables, end, strict=True)
    )
    assert (float(optimizer.loss_scale), int(optimizer.since_change)) == (2.0**14, 1)


# --- the rule of the scale -----------------------------------------------------------------


@given(
    finite=st.lists(st.booleans(), max_size=12),
    growth=st.integers(1, 4),
    power=st.integers(0, 24),
    spoiled=st.sampled_from([np.inf, -np.inf, np.nan]),
    where=st.integers(0, 1),
)
@settings(max_examples=25, deadline=None)
def test_scale_and_counters_follow_the_rule_and_only_finite_steps_move(
    finite, growth, power, spoiled, where
):
    pair = [keras.Variable(np.array([-0.0, 1.5], np.float32), name=n) for n in ("kernel", "bias")]
    options: dict[str, Any] = {**OPTIONS, "weight_decay": 0.0}
    optimizer = LossScaledSGD(**options, initial_scale=2.0**power, growth_steps=growth)
    optimizer.build(pair)
    scale, since, skipped = 2.0**power, 0, 0
    weights, velocity = [np.array([-0.0, 1.5])] * 2, [np.zeros(2)] * 2
    for number, good in enumerate(finite):
        true = [np.full(2, 0.25 * (number + 1)), np.full(2, -0.5)]
        given_ = [(scale * g).astype(np.float32) for g in true]
        if good:
            velocity = [MOMENTUM * v - RATE * g for v, g in zip(velocity, true, strict=True)]
            weights = [w + v for w, v in zip(weights, velocity, strict=True)]
            since += 1
            if since == growth:
                scale, since = min(2 * scale, LARGEST), 0
        else:
            given_[where][1] = spoiled
            scale, since, skipped = scale / 2, 0, skipped + 1
        before = [np.asarray(v).tobytes() for v in pair]
        optimizer.apply([ops.convert_to_tensor(g) for g in given_])
        assert good or [np.asarray(v).tobytes() for v in pair] == before
        assert float(optimizer.loss_scale) == scale
        assert (int(optimizer.since_change), int(optimizer.skipped)) == (since, skipped)
        assert optimizer.exhausted is (scale < 1)
    for variable, expected in zip(pair, weights, strict=True):
        np.testing.assert_allclose(np.asarray(variable), expected, rtol=1e-5, atol=1e-5)


def test_a_frozen_layer_stays_and_the_other_moves():
    model = net(0.5)
    optimizer = LossScaledSGD(1.0, 0.0, 0.0, rate_factors={"fc1": 0.0}, initial_scale=4.0)
    optimizer.build(model.trainable_variables)
    before = [np.asarray(v) for v in model.trainable_variables]
    optimizer.apply([ops.full(v.shape, 8.0) for v in model.trainable_variables])
    moved = [b - np.asarray(v) for v, b in zip(model.trainable_variables, before, strict=True)]
    assert not moved[0].any() and not moved[1].any()
    for step in moved[2:]:
        np.testing.assert_allclose(step, 2.0, rtol=1e-6)  # 8, divided by the scale


@pytest.mark.parametrize("given_", [{"initial_scale": 3.0}, {"initial_scale": 2.0**25}])
def test_a_scale_that_divides_with_rounding_is_refused(given_):
    with pytest.raises(ValueError, match="must be a power of two from 1 to 2"):
        LossScaledSGD(**given_)
    with pytest.raises(ValueError, match="at least 1. Received: growth_steps=0"):
        LossScaledSGD(growth_steps=0)


def test_its_configuration_makes_it_again():
    made = LossScaledSGD(0.1, initial_scale=8.0, growth_steps=3, bias_rate=2.0)
    again = LossScaledSGD.from_config(made.get_config())
    assert again.get_config() == made.get_config()
    assert (again.initial_scale, again.growth_steps, again.bias_rate) == (8, 3, 2)


@pytest.mark.parametrize(
    ("precision", "kind"),
    [("float32", PaperSGD), ("mixed_bfloat16", PaperSGD), ("mixed_float16", LossScaledSGD)],
)
def test_only_float16_has_its_loss_scaled(precision: Precision, kind: type):
    assert descent(precision) is kind
