"""What is computed, as immutable validated values.

An `Experiment` is a model, its data, its training and a seed. A variant is
`replace(base, {"model.activation": "tanh"})` or plain `dataclasses.replace`;
`diff(a, b)` names what differs. *Where* and *how fast* it is computed (devices,
threads, folders) is never part of a spec, so that `Experiment.run_id`, a hash of
the spec alone, names the computation.

This module imports the standard library only.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from alexnet_tf.values import (
    SpecError,
    check_types,
    from_dict,
    require,
    to_dict,
    without_defaults,
)
from alexnet_tf.values import diff as diff
from alexnet_tf.values import replace as replace

Activation = Literal["relu", "tanh"]
Initialisation = Literal["gaussian", "glorot_he"]
PoolKind = Literal["max", "avg"]
DatasetName = Literal["cifar10", "builtin"]
Scaling = Literal["mean_image", "standardised"]
Precision = Literal["float32", "mixed_bfloat16"]

#: Part of every run id. Raise it when the meaning or the default of a field changes.
SPEC_VERSION = 1


@dataclass(frozen=True, kw_only=True)
class PoolSpec:
    """Pooling with the 2012 code's ceil rule: out = 1 + ceil((in - size) / stride).

    Windows that overhang the right or bottom edge are clipped: `max` is over the
    pixels that exist, `avg` divides by their number. `size` > `stride` is the
    paper's overlapping pooling (section 3.4).
    """

    kind: PoolKind = "max"
    size: int = 3
    stride: int = 2

    def __post_init__(self) -> None:
        check_types(self)
        require(self, self.size >= 1, "size", "at least 1")
        require(self, 1 <= self.stride <= self.size, "stride", "between 1 and the size")


@dataclass(frozen=True, kw_only=True)
class ConvSpec:
    """One convolution, its non-linearity, and the pooling after it (None: no pooling)."""

    filters: int
    kernel: int = 5
    stride: int = 1
    padding: int = 2  # zero pixels on each side
    init_std: float = 0.01  # of the Gaussian initialisation
    init_bias: float = 0.0
    pool: PoolSpec | None = None

    def __post_init__(self) -> None:
        check_types(self)
        for name in ("filters", "kernel", "stride"):
            require(self, getattr(self, name) >= 1, name, "at least 1")
        require(self, self.padding >= 0, "padding", "at least 0")
        require(self, self.init_std > 0, "init_std", "greater than 0")


@dataclass(frozen=True, kw_only=True)
class DenseSpec:
    """One hidden fully-connected layer and its non-linearity."""

    units: int
    init_std: float = 0.01
    init_bias: float = 0.0

    def __post_init__(self) -> None:
        check_types(self)
        require(self, self.units >= 1, "units", "at least 1")
        require(self, self.init_std > 0, "init_std", "greater than 0")


@dataclass(frozen=True, kw_only=True)
class ModelSpec:
    """A stack of convolutions, hidden fully-connected layers and a softmax output.

    `init="gaussian"` draws each layer's weights from N(0, init_std^2), as the paper
    (section 5) and the 2012 code do. `init="glorot_he"` ignores `init_std` and scales
    by fan-in and fan-out: He normal before a ReLU, Glorot uniform before a tanh and
    before the softmax.
    """

    input_size: int = 32  # height and width in pixels
    channels: int = 3
    classes: int = 10
    convs: tuple[ConvSpec, ...]
    dense: tuple[DenseSpec, ...] = ()
    output_init_std: float = 0.01
    activation: Activation = "relu"
    init: Initialisation = "gaussian"

    def __post_init__(self) -> None:
        check_types(self)
        for name in ("input_size", "channels"):
            require(self, getattr(self, name) >= 1, name, "at least 1")
        require(self, self.classes >= 2, "classes", "at least 2")
        require(self, len(self.convs) >= 1, "convs", "one convolution or more")
        require(self, self.output_init_std > 0, "output_init_std", "greater than 0")
        for index, (conv, size) in enumerate(zip(self.convs, self._sizes(), strict=True)):
            if size < 1:
                raise SpecError(
                    f"`model.convs.{index}` must leave at least one pixel. "
                    f"Received: kernel={conv.kernel}, padding={conv.padding}, pool={conv.pool}"
                )

    def _sizes(self) -> Iterator[int]:
        """Yield the height (= width) in pixels after each convolution and its pooling."""
        size = self.input_size
        for conv in self.convs:
            size = (size + 2 * conv.padding - conv.kernel) // conv.stride + 1
            if conv.pool is not None and size >= 1:
                size = 1 + max(0, math.ceil((size - conv.pool.size) / conv.pool.stride))
            yield size

    @property
    def feature_size(self) -> int:
        """Number of values that the convolutions hand to the first dense layer."""
        *_, size = self._sizes()
        return size * size * self.convs[-1].filters

    def parameters(self) -> int:
        """Number of trainable weights and biases."""
        total, inputs = 0, self.channels
        for conv in self.convs:
            total += (conv.kernel**2 * inputs + 1) * conv.filters
            inputs = conv.filters
        inputs = self.feature_size
        for units in (*(layer.units for layer in self.dense), self.classes):
            total += (inputs + 1) * units
            inputs = units
        return total

    def flops(self) -> int:
        """Multiply-adds x 2 of one image's forward pass (convolutions and matrix products)."""
        total, inputs, size = 0, self.channels, self.input_size
        for conv, pooled in zip(self.convs, self._sizes(), strict=True):
            out = (size + 2 * conv.padding - conv.kernel) // conv.stride + 1
            total += 2 * out * out * conv.kernel**2 * inputs * conv.filters
            inputs, size = conv.filters, pooled
        inputs = self.feature_size
        for units in (*(layer.units for layer in self.dense), self.classes):
            total += 2 * inputs * units
            inputs = units
        return total


@dataclass(frozen=True, kw_only=True)
class DataSpec:
    """Which images, how they are split, and how pixels become network inputs.

    The validation images are a stratified part of the published training set, chosen
    by a hash of their index (`split`); the published test set is never part of either.
    `scaling="mean_image"` subtracts the per-pixel mean over the training images and
    keeps the range 0-255 (paper section 2); `"standardised"` subtracts the mean and
    divides by the standard deviation of each colour channel.
    """

    dataset: DatasetName = "cifar10"
    train_images: int | None = None  # a stratified part of the training images; None: all
    validation_images: int = 5000
    split: int = 0
    scaling: Scaling = "mean_image"

    def __post_init__(self) -> None:
        check_types(self)
        if self.train_images is not None:
            require(self, self.train_images >= 10, "train_images", "at least 10, or null for all")
        require(self, self.validation_images >= 0, "validation_images", "at least 0")
        require(self, self.split >= 0, "split", "at least 0")


@dataclass(frozen=True, kw_only=True)
class TrainSpec:
    """Stochastic gradient descent with momentum in the paper's form (section 5).

    v <- momentum * v - learning_rate * gradient; w <- w + v, with the gradient averaged
    over the batch and no weight decay.
    Training ends after `epochs`, or after the first epoch whose training error is at
    most `stop_at_error`.
    """

    batch_size: int = 128
    learning_rate: float = 0.01
    momentum: float = 0.9
    epochs: int = 90
    stop_at_error: float | None = None  # a fraction, 0 to 1; None: train all epochs
    precision: Precision = "float32"

    def __post_init__(self) -> None:
        check_types(self)
        require(self, self.batch_size >= 1, "batch_size", "at least 1")
        require(self, self.learning_rate >= 0, "learning_rate", "at least 0")
        require(self, 0 <= self.momentum < 1, "momentum", "at least 0 and below 1")
        require(self, self.epochs >= 1, "epochs", "at least 1")
        if self.stop_at_error is not None:
            require(self, 0 <= self.stop_at_error <= 1, "stop_at_error", "between 0 and 1")


@dataclass(frozen=True, kw_only=True)
class Experiment:
    """Everything that decides the numbers of one run."""

    model: ModelSpec
    data: DataSpec = field(default_factory=DataSpec)
    train: TrainSpec = field(default_factory=TrainSpec)
    seed: int = 0

    def __post_init__(self) -> None:
        check_types(self)
        require(self, 0 <= self.seed < 2**31, "seed", "between 0 and 2**31 - 1")

    @property
    def run_id(self) -> str:
        """16 hex digits: SHA-256 of the canonical JSON without fields at their default.

        Leaving defaults out keeps the ids of old records when a field is added.
        """
        text = json.dumps([SPEC_VERSION, without_defaults(self)], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def to_json(experiment: Experiment) -> str:
    """Canonical JSON: every field, sorted keys, two spaces of indent, a final newline."""
    return json.dumps(to_dict(experiment), indent=2, sort_keys=True, allow_nan=False) + "\n"


def from_json(text: str) -> Experiment:
    """Inverse of `to_json`.

    Raises:
        SpecError: not JSON, or not an experiment.
    """
    try:
        values = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise SpecError(f"the spec is not JSON: {error}") from error
    return from_dict(Experiment, values)


# The four-layer net of cuda-convnet's layers-19pct.cfg (89,578 parameters): the
# natural reading of "a four-layer convolutional network" in section 3.1, for which
# no configuration file exists.
_FOUR_LAYER = ModelSpec(
    convs=(
        ConvSpec(filters=32, init_std=1e-4, pool=PoolSpec(kind="max")),
        ConvSpec(filters=32, pool=PoolSpec(kind="avg")),
        ConvSpec(filters=64, pool=PoolSpec(kind="avg")),
    )
)

#: The four-layer net as it was trained in 2012: Gaussian initialisation of standard
#: deviation 1e-4 (conv1) and 0.01, raw pixels minus the mean image.
PAPER_ERA = Experiment(model=_FOUR_LAYER, data=DataSpec(scaling="mean_image"))

#: The same net with fan-scaled initialisation and standardised pixels.
MODERN = Experiment(
    model=dataclasses.replace(_FOUR_LAYER, init="glorot_he"),
    data=DataSpec(scaling="standardised"),
)
