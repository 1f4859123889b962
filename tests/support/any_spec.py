"""Any experiment, drawn field by field, and changes of one."""

from __future__ import annotations

from typing import Any, get_args

from hypothesis import settings
from hypothesis import strategies as st

from alexnet_tf import spec as specs
from alexnet_tf.spec import (
    PAPER_ERA,
    ConvSpec,
    DenseSpec,
    ModelSpec,
    PoolSpec,
    layers,
    replace,
)
from alexnet_tf.spec import data as data_spec
from alexnet_tf.spec import model as model_spec
from alexnet_tf.spec import train as train_spec

many = settings(max_examples=100, deadline=None)
CHOICES: dict[str, tuple[str, ...]] = {
    "kind": get_args(specs.PoolKind),
    "activation": get_args(specs.Activation),
    "init": get_args(specs.Initialisation),
    "dataset": get_args(specs.DatasetName),
    "scaling": get_args(specs.Scaling),
    "precision": get_args(specs.Precision),
    "weights": get_args(layers.Weights),
    "alpha_over": get_args(layers.AlphaOver),
    "across": get_args(layers.Across),
    "dropout_scaling": get_args(model_spec.DropoutScaling),
    "mean_crop": get_args(data_spec.MeanCrop),
    "crop": get_args(data_spec.Crop),
    "labels": get_args(data_spec.Labels),
    "scale": get_args(data_spec.JitterScale),
    "bias_annealing": get_args(train_spec.BiasAnnealing),
    "validate": get_args(train_spec.Validate),
    "name": ("first", "second"),
    "output_name": ("last", "end"),
    "layer": ("fc5", "conv3"),
}
positive = st.floats(1e-6, 10.0)
biases = st.floats(-1.0, 1.0)


def pooled(extent: int, size: int, stride: int) -> int:
    """Number of windows until the last one reaches the edge, counted one by one."""
    start, windows = 0, 1
    while start + size < extent:
        start, windows = start + stride, windows + 1
    return windows


def convolved(extent: int, conv: ConvSpec) -> int:
    """Number of places at which the kernel fits, counted one by one."""
    last = extent + 2 * conv.padding - conv.kernel
    return len(range(0, last + 1, conv.stride))


@st.composite
def models(draw, largest: int = 14) -> ModelSpec:
    size = extent = draw(st.integers(1, largest))
    convs = []
    for _ in range(draw(st.integers(1, 3))):
        padding = draw(st.integers(0, 2))
        pool = None
        if draw(st.booleans()):
            window = draw(st.integers(1, 4))
            stride = draw(st.integers(1, window))
            pool = PoolSpec(kind=draw(st.sampled_from(CHOICES["kind"])), size=window, stride=stride)  # pyright: ignore[reportArgumentType]
        conv = ConvSpec(
            filters=draw(st.integers(1, 4)),
            kernel=draw(st.integers(1, min(5, extent + 2 * padding))),
            stride=draw(st.integers(1, 2)),
            padding=padding,
            init_std=draw(positive),
            init_bias=draw(biases),
            pool=pool,
        )
        convs.append(conv)
        extent = convolved(extent, conv)
        if pool is not None:
            extent = pooled(extent, pool.size, pool.stride)
    dense = st.builds(DenseSpec, units=st.integers(1, 5), init_std=positive, init_bias=biases)
    return ModelSpec(
        input_size=size,
        channels=draw(st.integers(1, 3)),
        classes=draw(st.integers(2, 11)),
        convs=tuple(convs),
        dense=tuple(draw(st.lists(dense, max_size=2))),
        output_init_std=draw(positive),
        activation=draw(st.sampled_from(CHOICES["activation"])),  # pyright: ignore[reportArgumentType]
        init=draw(st.sampled_from(CHOICES["init"])),  # pyright: ignore[reportArgumentType]
    )


# Between them every optional field is filled, so that every path of the values is a leaf.
FULL = replace(
    PAPER_ERA,
    {
        "model.dense": [{"units": 8, "weight_decay": 0.1}],
        "model.towers": 2,
        "model.output_weight_decay": 0.1,
        "model.convs.1.padding_end": 3,
        "model.convs.1.weight_decay": 0.1,
        "model.convs.2.norm": {"size": 3},
        "model.convs.2.spatial_norm": {"size": 3},
        "data.train_images": 1000,
        "data.augment": {"positions": 3, "jitter": {"epochs": 5}},
        "data.constants": {"mean": [120.0, 110.0, 100.0]},
        "train.stop_at_error": 0.25,
        "train.changes": [{"epoch": 3, "learning_rate": 0.1, "layer": "fc5"}],
    },
)


def leaves(value: Any, path: str = "") -> list[tuple[str, Any]]:
    """Every (dotted path, scalar) below the JSON form of a value."""
    if isinstance(value, dict):
        parts = value.items()
    elif isinstance(value, list):
        parts = enumerate(value)
    else:
        return [(path, value)]
    return [leaf for k, v in parts for leaf in leaves(v, f"{path}.{k}" if path else str(k))]
