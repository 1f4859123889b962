"""A whole small net of the paper's kind against NumPy."""

from __future__ import annotations

import re
from typing import Any

import keras
import numpy as np
import pytest
import tiny

from alexnet_tf import build_alexnet
from alexnet_tf.spec import (
    CIFAR_11PCT,
    ConvSpec,
    DenseSpec,
    Experiment,
    ModelSpec,
    PoolSpec,
    ResponseNormSpec,
    SpatialNormSpec,
    replace,
)

tiny.pin_one_thread()


@pytest.fixture(autouse=True)
def forget_models():
    yield
    keras.utils.clear_session()


# --- a whole small net against NumPy ------------------------------------------------------

TINY = ModelSpec(
    input_size=11,
    classes=3,
    towers=2,
    convs=(
        ConvSpec(
            filters=4,
            kernel=3,
            stride=2,
            padding=0,
            padding_end=2,
            norm=ResponseNormSpec(size=3, alpha=0.5),
            pool=PoolSpec(),
            init_std=0.5,
        ),
        ConvSpec(
            filters=8,
            kernel=3,
            padding=1,
            groups=2,
            init_bias=1.0,
            norm=ResponseNormSpec(alpha=0.3, alpha_over="mean"),
            spatial_norm=SpatialNormSpec(size=3, alpha=0.4),
            pool=PoolSpec(kind="avg", size=2, stride=2),
            init_std=0.5,
        ),
        ConvSpec(filters=6, kernel=3, padding=1, init_std=0.5),
        ConvSpec(filters=6, kernel=3, padding=1, groups=2, init_std=0.5),
    ),
    dense=(
        DenseSpec(units=8, dropout=0.5, init_bias=1.0, init_std=0.5),
        DenseSpec(units=6, groups=2, dropout=0.5, init_std=0.5),
    ),
    output_init_std=0.5,
)


def relu(x):
    return np.maximum(x, 0)


def convolve(x, kernel, bias, conv):
    begin, end = conv.padding, conv.padding if conv.padding_end is None else conv.padding_end
    x = np.pad(x, ((0, 0), (begin, end), (begin, end), (0, 0)))
    size = (x.shape[1] - conv.kernel) // conv.stride + 1
    out = np.empty((len(x), size, size, kernel.shape[-1]))
    for i, j in np.ndindex(size, size):
        y, z = i * conv.stride, j * conv.stride
        window = x[:, y : y + conv.kernel, z : z + conv.kernel]
        out[:, i, j] = np.einsum("byxc,yxcf->bf", window, kernel) + bias
    return out


def pool(x, spec):
    windows = [range(0, 1 + max(0, -(-(x.shape[1] - spec.size) // spec.stride)))] * 2
    out = np.empty((len(x), len(windows[0]), len(windows[1]), x.shape[-1]))
    for i in windows[0]:
        for j in windows[1]:
            y, z = i * spec.stride, j * spec.stride
            part = x[:, y : y + spec.size, z : z + spec.size]
            out[:, i, j] = part.max((1, 2)) if spec.kind == "max" else part.mean((1, 2))
    return out


def across_maps(x, spec):
    alpha = spec.alpha / (spec.size if spec.alpha_over == "mean" else 1)
    half, count = spec.size // 2, x.shape[-1]
    energy = [(x[..., max(0, i - half) : i + half + 1] ** 2).sum(-1) for i in range(count)]
    return x * (spec.k + alpha * np.stack(energy, -1)) ** -spec.beta


def within_map(x, spec):
    half, out = spec.size // 2, np.empty_like(x)
    for i, j in np.ndindex(x.shape[1:3]):
        part = x[:, max(0, i - half) : i + half + 1, max(0, j - half) : j + half + 1]
        energy = spec.alpha / spec.size**2 * (part**2).sum((1, 2))
        out[:, i, j] = x[:, i, j] * (spec.k + energy) ** -spec.beta
    return out


def by_hand(model: keras.Model, spec: ModelSpec, images: np.ndarray) -> np.ndarray:
    """The logits at test time, tower by tower, joined where the paper's GPUs communicate."""

    def weights(name: str) -> tuple[np.ndarray, np.ndarray]:
        layer: Any = model.get_layer(name)
        return np.asarray(layer.kernel, np.float64), np.asarray(layer.bias, np.float64)

    def half(array: np.ndarray, tower: int) -> np.ndarray:
        return np.split(array, 2, axis=-1)[tower]

    towers = [images.astype(np.float64)] * 2
    for index, conv in enumerate(spec.convs):
        kernel, bias = weights(f"conv{index + 1}")
        seen = towers if conv.groups == 2 or index == 0 else [np.concatenate(towers, -1)] * 2
        towers = [convolve(seen[t], half(kernel, t), half(bias, t), conv) for t in (0, 1)]
        steps = {
            "activation": relu,
            "norm": lambda x, c=conv: across_maps(x, c.norm) if c.norm else x,
            "spatial_norm": lambda x, c=conv: (
                within_map(x, c.spatial_norm) if c.spatial_norm else x
            ),
            "pool": lambda x, c=conv: pool(x, c.pool) if c.pool else x,
        }
        for step in conv.order:
            towers = [steps[step](x) for x in towers]
    towers = [x.reshape(len(x), -1) for x in towers]
    for index, dense in enumerate(spec.dense):
        kernel, bias = weights(f"fc{len(spec.convs) + index + 1}")
        seen = towers if dense.groups == 2 else [np.concatenate(towers, -1)] * 2
        keep = 1 - dense.dropout
        towers = [keep * relu(seen[t] @ half(kernel, t) + half(bias, t)) for t in (0, 1)]
    kernel, bias = weights(spec.names()[-1])
    return np.concatenate(towers, -1) @ kernel + bias


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"convs.0.order": ("norm", "pool", "activation")},
        {"convs.1.order": ("pool", "spatial_norm", "activation", "norm")},
        {"convs.2.groups": 2, "dense.0.groups": 2},
    ],
)
def test_steps_come_in_the_order_of_the_spec(changes):
    spec = replace(TINY, changes)
    model = build_alexnet(spec, seed=2)
    images = np.random.default_rng(0).normal(0, 1, (3, 11, 11, 3)).astype(np.float32)
    expected = by_hand(model, spec, images)
    assert np.abs(expected).max() > 0.1
    np.testing.assert_allclose(np.asarray(model(images)), expected, rtol=2e-4, atol=2e-4)


def test_a_relu_before_or_after_max_pooling_is_the_same():
    images = np.random.default_rng(0).normal(0, 1, (3, 11, 11, 3)).astype(np.float32)
    before = replace(TINY, {"convs.3.pool": PoolSpec()})
    after = replace(before, {"convs.3.order": ("pool", "activation")})
    found = [np.asarray(build_alexnet(spec, seed=2)(images)) for spec in (before, after)]
    np.testing.assert_allclose(found[0], found[1], atol=1e-6)


def test_locally_connected_nets_train_a_step():
    experiment = replace(
        CIFAR_11PCT, {"model.convs.0.filters": 4, "model.convs.1.filters": 4, "model.input_size": 8}
    )
    model: Any = build_alexnet(experiment)
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    images = np.random.default_rng(0).normal(0, 1, (8, 8, 8, 3)).astype(np.float32)
    before = [np.asarray(v) for v in model.trainable_variables]
    model.fit(images, np.arange(8), verbose=0)
    assert all(
        np.isfinite(np.asarray(v)).all() and not np.array_equal(np.asarray(v), old)
        for v, old in zip(model.trainable_variables, before, strict=True)
        if not v.path.endswith("conv1/kernel")
    )


def test_a_saved_net_loads_in_safe_mode_and_says_the_same(tmp_path):
    model = build_alexnet(TINY, seed=1)
    images = np.random.default_rng(0).normal(size=(2, 11, 11, 3)).astype(np.float32)
    model.save(tmp_path / "net.keras")
    loaded: Any = keras.models.load_model(tmp_path / "net.keras", safe_mode=True)
    np.testing.assert_array_equal(np.asarray(loaded(images)), np.asarray(model(images)))


def test_an_experiment_brings_its_seed_and_precision():
    model = build_alexnet(Experiment(model=TINY, seed=3))
    for seed, same in ((3, True), (4, False)):
        other = build_alexnet(TINY, seed=seed)
        equal = np.array_equal(model.get_weights()[0], other.get_weights()[0])
        assert equal == same


def test_every_test_that_the_fidelity_page_names_exists():
    page = (tiny.ROOT / "docs" / "fidelity.md").read_text()
    named = set(re.findall(r"`(test_\w+)`", page))
    defined = {
        name
        for path in (tiny.ROOT / "tests").rglob("test_*.py")
        for name in re.findall(r"^def (test_\w+)", path.read_text(), re.MULTILINE)
    }
    assert len(named) > 15 and named <= defined
