"""The network as a value: convolutions, response norms, pooling, dense layers, towers."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from alexnet_tf.errors import SpecError
from alexnet_tf.spec.layers import Activation, ConvSpec, DenseSpec, DropoutScaling, Initialisation
from alexnet_tf.values import check_types, require


@dataclass(frozen=True)
class Shape:
    """Height (= width) in pixels of a convolution's maps.

    `inputs` is that of what it sees, without padding; `convolved` that of its output before
    pooling, `handed_on` after it.
    """

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
        """One `Shape` a convolution.

        >>> from alexnet_tf.spec import PAPER
        >>> [(shape.convolved, shape.handed_on) for shape in PAPER.model.shapes]
        [(55, 27), (27, 13), (13, 13), (13, 13), (13, 6)]
        """
        return tuple(self._shapes())

    @property
    def feature_size(self) -> int:
        """Number of values that the convolutions hand to the first dense layer.

        >>> from alexnet_tf.spec import PAPER
        >>> PAPER.model.feature_size == 6 * 6 * 256
        True
        """
        return self.shapes[-1].handed_on ** 2 * self.convs[-1].filters

    def names(self) -> tuple[str, ...]:
        """Layer names in order: conv1, ..., fc6, ..., the last one the output's.

        >>> from alexnet_tf.spec import PAPER
        >>> PAPER.model.names()
        ('conv1', 'conv2', 'conv3', 'conv4', 'conv5', 'fc6', 'fc7', 'fc8')
        """
        kinds = [(c.name, "conv" if c.weights == "shared" else "local") for c in self.convs]
        kinds += [(d.name, "fc") for d in self.dense]
        named = [name or f"{kind}{n}" for n, (name, kind) in enumerate(kinds, start=1)]
        return (*named, self.output_name or f"fc{len(kinds) + 1}")

    def parameters(self) -> int:
        """Number of trainable weights and biases; the paper's "60 million" (abstract).

        >>> from alexnet_tf.spec import PAPER
        >>> PAPER.model.parameters()
        60965224
        """
        return sum(weights + biases for weights, biases in self.weights_and_biases().values())

    def weights_and_biases(self) -> dict[str, tuple[int, int]]:
        """Layer name -> (weights, biases), the output layer last.

        A layer in two groups has half of the weights that a whole one has; a local layer has
        those of every position.

        >>> from alexnet_tf.spec import PAPER
        >>> PAPER.model.weights_and_biases()["conv1"]
        (34848, 96)
        """
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
        """Layer name -> standard deviation of its Gaussian initial weights, the output layer last.

        `init_gain` divided by the square root of the fan-in where a layer has one, else `init_std`.
        With `init="glorot_he"` the weights are drawn otherwise and these numbers are not used.
        """
        given = [(layer.init_std, layer.init_gain) for layer in (*self.convs, *self.dense)]
        given.append((self.output_init_std, self.output_init_gain))
        return {
            name: std if gain is None else gain / math.sqrt(weights // units)
            for (name, (weights, units)), (std, gain) in zip(
                self.weights_and_biases().items(), given, strict=True
            )
        }

    def init_gains(self) -> dict[str, float]:
        """Layer name -> its standard deviation times the square root of its fan-in.

        A gain of sqrt(2) keeps the variance from one ReLU layer to the next (He et al. 2015). The
        paper's 0.01 in every layer (section 5) is 0.19 in conv1 and 0.96 in fc6.
        """
        sizes, stds = self.weights_and_biases(), self.init_stds()
        return {
            name: stds[name] * math.sqrt(weights // units)
            for name, (weights, units) in sizes.items()
        }

    def neurons(self) -> dict[str, int]:
        """Layer name -> number of its outputs before pooling, as section 3.5 counts them.

        The sum is the "650,000 neurons" of the abstract. Figure 2 has 253,440 for the first layer,
        which is 55 * 48 * 96: one dimension is wrong.

        >>> from alexnet_tf.spec import PAPER
        >>> PAPER.model.neurons()["conv1"], sum(PAPER.model.neurons().values())
        (290400, 659272)
        """
        maps = [s.convolved**2 * c.filters for c, s in zip(self.convs, self.shapes, strict=True)]
        units = [dense.units for dense in self.dense]
        return dict(zip(self.names(), [*maps, *units, self.classes], strict=True))

    def flops(self) -> int:
        """Multiply-adds x 2 of one image's forward pass (convolutions and matrix products).

        Biases, activations, norms, pooling and dropout are not counted. `benchmark.flops` has the
        number of a training step.

        >>> from alexnet_tf.spec import PAPER
        >>> PAPER.model.flops()
        1448813632
        """
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


def _check_groups(where: str, groups: int, outputs: int, towers: int) -> None:
    if groups not in (1, towers):
        allowed = "1" if towers == 1 else "1 or 2"
        raise SpecError(f"{where} must be {allowed} in a net of {towers}. Received: {groups}")
    if outputs % towers:
        raise SpecError(f"{where}: {outputs} outputs do not fall into {towers} towers")
