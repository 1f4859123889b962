"""The checks, each for a process of its own: a device against the processor, or against itself.

    python -m alexnet_tf.check_gpu.checks arithmetic GPU:0

prints the findings as JSON on the last line.
"""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from alexnet_tf import arithmetic, gpus
from alexnet_tf.check_gpu.findings import Finding, within
from alexnet_tf.errors import exit_code
from alexnet_tf.model import build_alexnet
from alexnet_tf.optimizers import PaperSGD
from alexnet_tf.spec import (
    CIFAR_11PCT,
    CIFAR_18PCT,
    CIFAR_ALEXNET,
    PAPER,
    Experiment,
    Precision,
)
from alexnet_tf.two_tower import TwoTowerStrategy, build_two_tower, split_cpu, to_single

_BATCH = 32
#: Nets that have every layer of the project between them: LRN and grouped convolutions,
#: response norms over pixels and clipped pooling, locally connected layers.
_NETS = {"CIFAR_ALEXNET": CIFAR_ALEXNET, "CIFAR_18PCT": CIFAR_18PCT, "CIFAR_11PCT": CIFAR_11PCT}
#: Sums of the same numbers in another order; a product in TensorFloat-32 is 1e-4 off.
_ROUNDING = 2e-6
#: Gradients through eight layers, in which a sum rounded otherwise may choose another maximum.
_GRADIENTS = 1e-2
_TOWER_MEMORY = 8192  # MiB of a half of a GPU


def devices(device: str) -> list[Finding]:
    """Say what there is: GPUs, their memory, and the libraries loaded for them."""
    arithmetic.pin(threads=1)
    if device.startswith("GPU"):
        gpus.require()
    with tf.device(device):
        tf.reduce_sum(tf.ones((8, 8)) @ tf.ones((8, 8)))  # loads what computes
    found = [Finding(check="GPUs", found=", ".join(gpus.names()) or "none")]
    if gpus.software():
        found.append(Finding(check="software", found=gpus.software()))
    return found


def arithmetic_of(device: str, precision: Precision = "float32") -> list[Finding]:
    """Compare a matrix product and a convolution with float64 sums.

    An error is relative to the sum of the absolute products, as the rounding of a sum is.
    """
    arithmetic.pin(threads=1, precision=precision)
    draw = np.random.default_rng(0)
    a, b = (draw.standard_normal((512, 512)).astype(np.float32) for _ in range(2))
    exact, size = (f(a).astype(np.float64) @ f(b).astype(np.float64) for f in (np.array, np.abs))
    with tf.device(device):
        product = np.abs(tf.constant(a) @ tf.constant(b) - exact).max() / size.max()
    found = [within(f"{precision}: matrix product against float64", product, _ROUNDING)]
    images = draw.standard_normal((8, 16, 16, 32)).astype(np.float32)
    kernel = draw.standard_normal((5, 5, 32, 64)).astype(np.float32)
    windows = np.lib.stride_tricks.sliding_window_view(images, (5, 5), (1, 2))
    flat, weights = windows.transpose(0, 1, 2, 4, 5, 3).reshape(-1, 800), kernel.reshape(800, 64)
    exact, size = (
        f(flat).astype(np.float64) @ f(weights).astype(np.float64) for f in (np.array, np.abs)
    )
    with tf.device(device):
        made = np.asarray(tf.nn.conv2d(images, kernel, 1, "VALID")).reshape(-1, 64)
    convolved = np.abs(made - exact).max() / size.max()
    return [*found, within(f"{precision}: convolution against float64", convolved, _ROUNDING)]


def rounded(device: str) -> list[Finding]:
    """Say how far the same two are off where TensorFloat-32 is asked for; no bound."""
    found = arithmetic_of(device, "tensorfloat32")
    return [dataclasses.replace(each, wanted="", passed=True) for each in found]


def nets(device: str, precision: Precision = "float32") -> list[Finding]:
    """Compare logits and gradients of every kind of layer with those of the processor.

    Dropout is on: its draws must be the same on both.
    """
    arithmetic.pin(threads=1, precision=precision)
    found = []
    for name, spec in _NETS.items():
        here, there = (_gradients(spec, where) for where in (device, "CPU:0"))
        apart = [_apart(one, other) for one, other in zip(here, there, strict=True)]
        found.append(within(f"{name}: logits against the processor's", apart[0], _GRADIENTS / 10))
        found.append(within(f"{name}: gradients likewise", max(apart[1:]), _GRADIENTS))
    return found


def towers(device: str) -> list[Finding]:
    """Train two towers on two devices and the grouped net on one, for three updates each.

    With one GPU the two devices are halves of it. Dropout is off.
    """
    arithmetic.set_up_gpus()
    tf.config.experimental.enable_op_determinism()
    pair = _pair(device)
    spec = dataclasses.replace(
        CIFAR_ALEXNET.model,
        dense=tuple(dataclasses.replace(d, dropout=0.0) for d in CIFAR_ALEXNET.model.dense),
    )
    strategy = TwoTowerStrategy([pair])
    with strategy.scope():
        model: Any = build_two_tower(spec, seed=1)
        model.compile(PaperSGD(0.01), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    with tf.device(device):
        single: Any = build_alexnet(spec, seed=1)
        single.compile(PaperSGD(0.01), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
        copy = build_alexnet(spec, seed=1)
    images, labels = _batch(CIFAR_ALEXNET)
    for net in (model, single):
        net.fit(images, labels, batch_size=_BATCH, epochs=3, shuffle=False, verbose=0)
    to_single(model, copy)
    apart = max(
        _apart(np.asarray(one), np.asarray(other))
        for one, other in zip(copy.trainable_variables, single.trainable_variables, strict=True)
    )
    wrong = [
        variable.path
        for layer in model.layers
        for variable in layer.trainable_variables
        if not str(variable.value.device).endswith(pair[layer.name.endswith("b")])
    ]
    placed = f"{len(model.trainable_variables)} variables, {len(wrong)} elsewhere"
    return [
        Finding(check=f"two towers on {' + '.join(pair)}", found=placed, passed=not wrong),
        within("two towers: weights after 3 updates, against one device", apart, _GRADIENTS),
    ]


def memory(device: str) -> list[Finding]:
    """Say what a training step of the paper's net takes at its batch of 128; GPUs alone."""
    if not device.startswith("GPU"):
        return []
    arithmetic.pin(threads=1)
    keras.utils.set_random_seed(0)
    draw = np.random.default_rng(0)
    size = PAPER.model.input_size
    images = draw.standard_normal((PAPER.train.batch_size, size, size, 3)).astype(np.float32)
    labels = draw.integers(0, PAPER.model.classes, len(images))
    with tf.device(device):
        model: Any = build_alexnet(PAPER)
        model.compile(PaperSGD(1e-4), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
        model.fit(images, labels, batch_size=len(images), verbose=0)
    peak = tf.config.experimental.get_memory_info(device)["peak"] / 2**30
    what = f"the paper's net, batch of {len(images)}: memory of a training step"
    return [Finding(check=what, found=f"{peak:.2f} GiB")]


def _gradients(spec: Experiment, device: str) -> list[np.ndarray]:
    """Return the logits of one batch in training, and the gradient of each weight."""
    images, labels = _batch(spec)
    with tf.device(device):
        model = build_alexnet(spec.model, seed=1)
        with tf.GradientTape() as tape:
            logits: Any = model(tf.constant(images), training=True)
            loss = tf.reduce_mean(
                tf.nn.sparse_softmax_cross_entropy_with_logits(tf.constant(labels), logits)
            )
        found: Any = tape.gradient(loss, [v.value for v in model.trainable_variables])
    return [np.asarray(logits), *(np.asarray(each) for each in found)]


def _batch(spec: Experiment) -> tuple[np.ndarray, np.ndarray]:
    """Return images of the numbers that mean-subtracted pixels have, and labels."""
    draw, size = np.random.default_rng(0), spec.model.input_size
    images = draw.standard_normal((_BATCH, size, size, spec.model.channels)).astype(np.float32)
    scale = 1.0 if spec.data.scaling == "standardised" else 50.0
    return scale * images, draw.integers(0, spec.model.classes, _BATCH)


def _pair(device: str) -> tuple[str, str]:
    """Return two devices of the kind of `device`, halves of one where there is one alone."""
    kind = device.partition(":")[0]
    if kind == "CPU":
        split_cpu(2)
    elif len(cards := tf.config.list_physical_devices(kind)) == 1:
        half = tf.config.LogicalDeviceConfiguration(memory_limit=_TOWER_MEMORY)
        tf.config.set_logical_device_configuration(cards[0], [half, half])
    return f"{kind}:0", f"{kind}:1"


def _apart(one: np.ndarray, other: np.ndarray) -> float:
    """Return the length of the difference over the length of the second."""
    return float(np.linalg.norm(one - other) / np.linalg.norm(other))


CHECKS: dict[str, Callable[[str], list[Finding]]] = {
    "devices": devices,
    "arithmetic": arithmetic_of,
    "rounded": rounded,
    "nets": nets,
    "towers": towers,
    "memory": memory,
}


def main(argv: Sequence[str]) -> int:
    """Run the check named first on the device named second, and print its findings as JSON."""
    name, device = argv

    def check() -> int:
        print(json.dumps([dataclasses.asdict(each) for each in CHECKS[name](device)]))
        return 0

    return exit_code("alexnet_tf.check_gpu", check)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
