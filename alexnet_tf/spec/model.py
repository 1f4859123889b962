"""The network as a value: convolutions, response norms, pooling, dense layers, towers."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from alexnet_tf.errors import SpecError
from alexnet_tf.values import check_types, require

Activation = Literal["relu", "tanh"]
Initialisation = Literal["gaussian", "glorot_he"]
PoolKind = Literal["max", "avg"]
AlphaOver = Literal["sum", "mean"]
Across = Literal["tower", "layer"]
Weights = Literal["shared", "local"]
Step = Literal["activation", "norm", "spatial_norm", "pool"]
DropoutScaling = Literal["original", "inverted", "halved"]


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
class ResponseNormSpec:
    """Local response normalisation over neighbouring maps (section 3.3).

    y = x (k + alpha S)^-beta with S the sum of squares over `size` maps, or their sum
    divided by `size` (`alpha_over="mean"`, the 2012 code). `across="tower"` never looks
    over the border between towers (the 2012 code, and the only reading under which GPUs
    communicate in certain layers alone); `"layer"` is the paper's formula to the letter.
    """

    size: int = 5
    k: float = 2.0
    alpha: float = 1e-4
    beta: float = 0.75
    alpha_over: AlphaOver = "sum"
    across: Across = "tower"

    def __post_init__(self) -> None:
        _check_norm(self)
        require(self, self.size % 2 == 1, "size", "odd")


@dataclass(frozen=True, kw_only=True)
class SpatialNormSpec:
    """Response normalisation over a square of pixels of the same map.

    y = x (k + alpha S / size^2)^-beta, S over the `size` x `size` pixels around x that
    exist. Not in the paper; layers-145.cfg has one after the second LRN (`cnorm2`).
    """

    size: int = 5
    k: float = 1.0
    alpha: float = 1e-3
    beta: float = 0.75

    def __post_init__(self) -> None:
        _check_norm(self)
        require(self, self.size % 2 == 1, "size", "odd")


@dataclass(frozen=True, kw_only=True)
class ConvSpec:
    """One convolution and what follows it, in the order of `order`; None: not there.

    `groups=2` of a two-tower net: each half of the maps sees its own tower's maps
    alone. `weights="local"` gives every position a kernel of its own (cuda-convnet's
    local layers), with one bias a position and map.
    """

    filters: int
    kernel: int = 5
    stride: int = 1
    padding: int = 2  # zero pixels on each side
    init_std: float = 0.01  # of the Gaussian initialisation
    init_gain: float | None = None  # in its place: standard deviation times sqrt(fan-in)
    init_bias: float = 0.0
    pool: PoolSpec | None = None
    padding_end: int | None = None  # zero pixels right and bottom, where they differ
    groups: int = 1
    weights: Weights = "shared"
    norm: ResponseNormSpec | None = None
    spatial_norm: SpatialNormSpec | None = None
    order: tuple[Step, ...] = ("activation", "norm", "spatial_norm", "pool")
    weight_decay: float | None = None  # None: the training's
    name: str | None = None  # None: conv1, conv2, ... by position

    def __post_init__(self) -> None:
        check_types(self)
        for name in ("filters", "kernel", "stride", "groups"):
            require(self, getattr(self, name) >= 1, name, "at least 1")
        require(self, self.padding >= 0, "padding", "at least 0")
        if self.padding_end is not None:
            require(self, self.padding_end >= 0, "padding_end", "at least 0, or null")
        _check_init(self)
        require(self, self.filters % self.groups == 0, "groups", "a divisor of `filters`")
        if self.weights == "local":
            require(self, self.groups == 1, "groups", '1 with weights="local"')
        require(self, len(set(self.order)) == len(self.order), "order", "without repetition")
        for step in ("norm", "spatial_norm", "pool"):
            there = getattr(self, step) is None or step in self.order
            require(self, there, "order", f"a list with '{step}', which the layer has")
        _check_decay(self)
        _check_name(self)

    @property
    def end(self) -> int:
        """Zero pixels on the right and at the bottom."""
        return self.padding if self.padding_end is None else self.padding_end


@dataclass(frozen=True, kw_only=True)
class DenseSpec:
    """One hidden fully-connected layer, its non-linearity, and dropout after it.

    `groups=2` of a two-tower net: each half of the units sees its own tower alone.
    """

    units: int
    init_std: float = 0.01
    init_gain: float | None = None  # in its place: standard deviation times sqrt(fan-in)
    init_bias: float = 0.0
    dropout: float = 0.0  # probability of setting an output to zero (section 4.2)
    groups: int = 1
    weight_decay: float | None = None  # None: the training's
    name: str | None = None  # None: counted on from the convolutions: fc4 after conv3

    def __post_init__(self) -> None:
        check_types(self)
        for name in ("units", "groups"):
            require(self, getattr(self, name) >= 1, name, "at least 1")
        _check_init(self)
        require(self, 0 <= self.dropout < 1, "dropout", "at least 0 and below 1")
        require(self, self.units % self.groups == 0, "groups", "a divisor of `units`")
        _check_decay(self)
        _check_name(self)


@dataclass(frozen=True)
class Shape:
    """Height (= width) in pixels of what a convolution sees, makes, and hands on."""

    inputs: int
    convolved: int
    handed_on: int


@dataclass(frozen=True, kw_only=True)
class ModelSpec:
    """A stack of convolutions, hidden fully-connected layers and a softmax output.

    `init="gaussian"` draws each layer's weights from N(0, init_std^2), as the paper
    (section 5) and the 2012 code do, or from N(0, init_gain^2 / fan-in), so that a variant
    with another fan-in keeps the layer's gain. `init="glorot_he"` ignores both and scales
    by fan-in and fan-out: He normal before a ReLU, Glorot uniform before a tanh and
    before the softmax.

    With `towers=2` every layer's maps and units fall into two halves, one a GPU
    (Figure 2); layers with `groups=2` stay inside their tower.

    `dropout_scaling`: "original" multiplies by the 0/1 mask in training and by the
    probability of keeping at test time (section 4.2); "inverted" divides by it in
    training (Keras); "halved" only multiplies by it, always: the 2012 code's dropout
    when switched off.
    """

    input_size: int = 32  # height and width in pixels
    channels: int = 3
    classes: int = 10
    convs: tuple[ConvSpec, ...]
    dense: tuple[DenseSpec, ...] = ()
    output_init_std: float = 0.01
    output_init_gain: float | None = None
    activation: Activation = "relu"
    init: Initialisation = "gaussian"
    towers: int = 1
    dropout_scaling: DropoutScaling = "original"
    output_weight_decay: float | None = None  # None: the training's
    output_name: str | None = None  # None: counted on from the layers before

    def __post_init__(self) -> None:
        check_types(self)
        for name in ("input_size", "channels"):
            require(self, getattr(self, name) >= 1, name, "at least 1")
        require(self, self.classes >= 2, "classes", "at least 2")
        require(self, self.towers in (1, 2), "towers", "1 or 2")
        require(self, len(self.convs) >= 1, "convs", "one convolution or more")
        require(self, self.output_init_std > 0, "output_init_std", "greater than 0")
        gain = self.output_init_gain
        require(self, gain is None or gain > 0, "output_init_gain", "greater than 0, or null")
        decay = self.output_weight_decay
        require(self, decay is None or decay >= 0, "output_weight_decay", "at least 0, or null")
        for index, (conv, shape) in enumerate(zip(self.convs, self._shapes(), strict=True)):
            if shape.handed_on < 1:
                raise SpecError(
                    f"`model.convs.{index}` must leave at least one pixel. "
                    f"Received: kernel={conv.kernel}, padding={conv.padding}, pool={conv.pool}"
                )
        self._check_towers()
        if len(set(self.names())) != len(self.names()):
            raise SpecError(f"layer names must differ. Received: {', '.join(self.names())}")

    def _check_towers(self) -> None:
        inputs = self.channels
        for index, conv in enumerate(self.convs):
            where = f"`model.convs.{index}.groups`"
            _check_groups(where, conv.groups, conv.filters, self.towers)
            if index == 0 and conv.groups != 1:
                raise SpecError(f"{where} must be 1: every tower sees the image. Received: 2")
            inputs = conv.filters
        for index, dense in enumerate(self.dense):
            where = f"`model.dense.{index}.groups`"
            _check_groups(where, dense.groups, dense.units, self.towers)
        if inputs % self.towers:
            raise SpecError(f"the last convolution's maps must fall into {self.towers} towers")

    def _shapes(self) -> Iterator[Shape]:
        size = self.input_size
        for conv in self.convs:
            inputs = size
            size = convolved = (size + conv.padding + conv.end - conv.kernel) // conv.stride + 1
            if conv.pool is not None and size >= 1:
                size = 1 + max(0, math.ceil((size - conv.pool.size) / conv.pool.stride))
            yield Shape(inputs, convolved, size)

    @property
    def shapes(self) -> tuple[Shape, ...]:
        """One `Shape` a convolution."""
        return tuple(self._shapes())

    @property
    def feature_size(self) -> int:
        """Number of values that the convolutions hand to the first dense layer."""
        return self.shapes[-1].handed_on ** 2 * self.convs[-1].filters

    def names(self) -> tuple[str, ...]:
        """Layer names in order: conv1, ..., fc6, ..., the last one the output's."""
        kinds = [(c.name, "conv" if c.weights == "shared" else "local") for c in self.convs]
        kinds += [(d.name, "fc") for d in self.dense]
        named = [name or f"{kind}{n}" for n, (name, kind) in enumerate(kinds, start=1)]
        return (*named, self.output_name or f"fc{len(kinds) + 1}")

    def parameters(self) -> int:
        """Number of trainable weights and biases."""
        return sum(weights + biases for weights, biases in self.weights_and_biases().values())

    def weights_and_biases(self) -> dict[str, tuple[int, int]]:
        """Layer name -> (weights, biases)."""
        counts, inputs = [], self.channels
        for conv, shape in zip(self.convs, self.shapes, strict=True):
            places = shape.convolved**2 if conv.weights == "local" else 1
            fan_in = conv.kernel**2 * inputs // conv.groups
            counts.append((places * fan_in * conv.filters, places * conv.filters))
            inputs = conv.filters
        inputs = self.feature_size
        for dense in self.dense:
            counts.append((inputs // dense.groups * dense.units, dense.units))
            inputs = dense.units
        counts.append((inputs * self.classes, self.classes))
        return dict(zip(self.names(), counts, strict=True))

    def init_stds(self) -> dict[str, float]:
        """Layer name -> standard deviation of its Gaussian initial weights."""
        given = [(layer.init_std, layer.init_gain) for layer in (*self.convs, *self.dense)]
        given.append((self.output_init_std, self.output_init_gain))
        return {
            name: std if gain is None else gain / math.sqrt(weights // units)
            for (name, (weights, units)), (std, gain) in zip(
                self.weights_and_biases().items(), given, strict=True
            )
        }

    def init_gains(self) -> dict[str, float]:
        """Layer name -> its standard deviation times the square root of its fan-in."""
        sizes, stds = self.weights_and_biases(), self.init_stds()
        return {
            name: stds[name] * math.sqrt(weights // units)
            for name, (weights, units) in sizes.items()
        }

    def neurons(self) -> dict[str, int]:
        """Layer name -> number of its outputs before pooling, as section 3.5 counts them."""
        maps = [s.convolved**2 * c.filters for c, s in zip(self.convs, self.shapes, strict=True)]
        units = [dense.units for dense in self.dense]
        return dict(zip(self.names(), [*maps, *units, self.classes], strict=True))

    def flops(self) -> int:
        """Multiply-adds x 2 of one image's forward pass (convolutions and matrix products)."""
        total, inputs = 0, self.channels
        for conv, shape in zip(self.convs, self.shapes, strict=True):
            fan_in = conv.kernel**2 * inputs // conv.groups
            total += 2 * shape.convolved**2 * fan_in * conv.filters
            inputs = conv.filters
        inputs = self.feature_size
        for dense in self.dense:
            total += 2 * inputs // dense.groups * dense.units
            inputs = dense.units
        return total + 2 * inputs * self.classes


def _check_norm(spec: ResponseNormSpec | SpatialNormSpec) -> None:
    check_types(spec)
    require(spec, spec.size >= 1, "size", "at least 1")
    require(spec, spec.k > 0, "k", "greater than 0")
    require(spec, spec.alpha >= 0, "alpha", "at least 0")
    require(spec, spec.beta > 0, "beta", "greater than 0")


def _check_init(spec: ConvSpec | DenseSpec) -> None:
    require(spec, spec.init_std > 0, "init_std", "greater than 0")
    gain = spec.init_gain
    require(spec, gain is None or gain > 0, "init_gain", "greater than 0, or null")


def _check_decay(spec: ConvSpec | DenseSpec) -> None:
    decay = spec.weight_decay
    require(spec, decay is None or decay >= 0, "weight_decay", "at least 0, or null")


def _check_name(spec: ConvSpec | DenseSpec) -> None:
    name = spec.name
    require(spec, name is None or name.isidentifier(), "name", "a word such as conv3, or null")


def _check_groups(where: str, groups: int, outputs: int, towers: int) -> None:
    if groups not in (1, towers):
        allowed = "1" if towers == 1 else "1 or 2"
        raise SpecError(f"{where} must be {allowed} in a net of {towers}. Received: {groups}")
    if outputs % towers:
        raise SpecError(f"{where}: {outputs} outputs do not fall into {towers} towers")
