"""The layers of a net as values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

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

    The defaults of `size` (the paper's n), `k`, `alpha` and `beta` are the paper's constants,
    chosen there on a validation set for pixels of 0 to 255.
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
    exist. Not in the paper; layers-145.cfg has one after the second LRN (`cnorm2`), and the
    defaults are its constants.
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

    `filters` maps are made with kernels of `kernel` x `kernel` pixels at every `stride`-th
    pixel. In the paper LRN follows the ReLU (sections 3.3 and 3.5), as in `order`'s default;
    layers-145.cfg normalises conv1's linear outputs. Steps without a layer are left out.

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
        """Zero pixels on the right and at the bottom: `padding_end`, or without it `padding`."""
        return self.padding if self.padding_end is None else self.padding_end


@dataclass(frozen=True, kw_only=True)
class DenseSpec:
    """One hidden fully-connected layer, its non-linearity, and dropout after it.

    `groups=2` of a two-tower net: each half of the units sees its own tower alone. The output
    layer is no `DenseSpec`: its fields are `ModelSpec.output_...`.
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
