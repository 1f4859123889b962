"""The layers of a net, or of one of its towers, from a `ModelSpec`."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import initializers, layers

from alexnet_tf.errors import SpecError
from alexnet_tf.layers import (
    ClippedPooling2D,
    FlattenTowers,
    GroupedConv2D,
    GroupedDense,
    LocallyConnected2D,
    LocalResponseNorm,
    ScaledDropout,
    SpatialResponseNorm,
)
from alexnet_tf.spec import ConvSpec, DenseSpec, ModelSpec, Precision, dtype_policy


@dataclass(frozen=True)
class Column:
    """Makes the layers of the whole net (`tower` None), or those of tower 0 or 1.

    A tower's layers have half of the maps and units, and as initial weights its half of
    the whole net's: both ways to build a spec begin at the same point. Names of a tower's
    layers end in "a" or "b" (conv1a, conv1b), as in layers-145.cfg.

    Args:
        spec: the net.
        seed: of the initial weights and of dropout (`layer_seed`).
        precision: of every layer but the output, which computes in float32.
        tower: None, 0 or 1.
    """

    spec: ModelSpec
    seed: int
    precision: Precision
    tower: int | None = None

    @property
    def _policy(self) -> str:
        return dtype_policy(self.precision)

    def conv(self, index: int) -> list[keras.layers.Layer]:
        """Return the layers of convolution `index`, to be called in their order.

        From its padding, which is a layer where Keras' "same" pads otherwise, to its pooling.

        Raises:
            SpecError: of a tower, local weights or a norm over the maps of both towers.
        """
        conv, name = self.spec.convs[index], self.spec.names()[index]
        made = [*self._padding(conv, name), self._convolution(conv, name)]
        steps = conv.order[1:] if conv.order[:1] == ("activation",) else conv.order
        for step in steps:
            made += self._step(step, conv, name)
        return made

    def flatten(self) -> keras.layers.Layer:
        """Return the layer between the convolutions and the first dense layer.

        Values lie tower by tower also in a net of two towers on one device (`FlattenTowers`), so
        that the rows of the next kernel are the same.
        """
        if self.tower is None and self.spec.towers > 1:
            return FlattenTowers(self.spec.towers, dtype=self._policy, name="flatten")
        return layers.Flatten(dtype=self._policy, name=self._named("flatten"))

    def dense(self, index: int) -> list[keras.layers.Layer]:
        """Return hidden dense layer `index`, counted from 0, and its dropout, if it has any."""
        dense, name = self.spec.dense[index], self.spec.names()[len(self.spec.convs) + index]
        made: list[keras.layers.Layer] = [self._dense(dense, name)]
        if dense.dropout:
            made.append(
                ScaledDropout(
                    dense.dropout,
                    self.spec.dropout_scaling,
                    seed=layer_seed(self.seed, self._named(f"dropout_{name}")),
                    dtype=self._policy,
                    name=self._named(f"dropout_{name}"),
                )
            )
        return made

    def output(self) -> keras.layers.Layer:
        """Return the layer of the logits, whole: the 2012 code has it on one GPU.

        It has zero biases and computes in float32 whatever the precision; softmax is part of the
        loss.
        """
        name = self.spec.names()[-1]
        return layers.Dense(
            self.spec.classes,
            kernel_initializer=self._initial(name, parts=1, softmax=True),
            dtype="float32",  # softmax cross-entropy loses digits in half precision
            name=name,
        )

    def _parts(self) -> int:
        return 1 if self.tower is None else self.spec.towers

    def _named(self, name: str) -> str:
        return name if self.tower is None else f"{name}{'ab'[self.tower]}"

    def _padding(self, conv: ConvSpec, name: str) -> Iterator[keras.layers.Layer]:
        if _padded_apart(conv):
            sides = ((conv.padding, conv.end), (conv.padding, conv.end))
            same = conv.padding == conv.end
            extent = conv.padding if same else sides
            yield layers.ZeroPadding2D(extent, name=self._named(f"pad_{name}"))

    def _convolution(self, conv: ConvSpec, name: str) -> keras.layers.Layer:
        parts = self._parts()
        groups = conv.groups if self.tower is None else 1
        common: dict[str, Any] = {
            "activation": self.spec.activation if conv.order[:1] == ("activation",) else None,
            "kernel_initializer": self._initial(name, parts),
            "bias_initializer": initializers.Constant(conv.init_bias),
            "dtype": self._policy,
            "name": self._named(name),
        }
        if conv.weights == "local":
            if parts > 1:
                raise SpecError(f"{name}: local weights are built in one tower only")
            return LocallyConnected2D(
                conv.filters, conv.kernel, conv.stride, conv.padding, **common
            )
        common["padding"] = "valid" if _padded_apart(conv) or conv.padding == 0 else "same"
        if groups > 1:
            common["groups"] = groups
        kind = layers.Conv2D if groups == 1 else GroupedConv2D
        return kind(conv.filters // parts, conv.kernel, conv.stride, **common)

    def _step(self, step: str, conv: ConvSpec, name: str) -> Iterator[keras.layers.Layer]:
        common: dict[str, Any] = {"dtype": self._policy}
        if step == "activation":
            common["name"] = self._named(f"{self.spec.activation}_{name}")
            yield layers.Activation(self.spec.activation, **common)
        elif step == "norm" and conv.norm is not None:
            norm = conv.norm
            yield LocalResponseNorm(
                norm.size,
                norm.k,
                norm.alpha,
                norm.beta,
                norm.alpha_over,
                groups=self._norm_groups(conv, name),
                name=self._named(f"norm_{name}"),
                **common,
            )
        elif step == "spatial_norm" and conv.spatial_norm is not None:
            spatial = conv.spatial_norm
            common["name"] = self._named(f"spatial_norm_{name}")
            yield SpatialResponseNorm(
                spatial.size, spatial.alpha, spatial.beta, spatial.k, **common
            )
        elif step == "pool" and conv.pool is not None:
            pool = conv.pool
            common["name"] = self._named(name.replace("conv", "pool"))
            yield ClippedPooling2D(pool.kind, pool.size, pool.stride, **common)

    def _norm_groups(self, conv: ConvSpec, name: str) -> int:
        if conv.norm is None or conv.norm.across == "tower":
            return self.spec.towers if self.tower is None else 1
        if self.tower is not None:
            raise SpecError(
                f'{name}: a norm across the whole layer would join the towers; use across="tower"'
                " or build the net on one device"
            )
        return 1

    def _dense(self, dense: DenseSpec, name: str) -> keras.layers.Layer:
        parts = self._parts()
        groups = dense.groups if self.tower is None else 1
        common: dict[str, Any] = {
            "activation": self.spec.activation,
            "kernel_initializer": self._initial(name, parts),
            "bias_initializer": initializers.Constant(dense.init_bias),
            "dtype": self._policy,
            "name": self._named(name),
        }
        if groups > 1:
            return GroupedDense(dense.units, groups, **common)
        return layers.Dense(dense.units // parts, **common)

    def _initial(self, layer: str, parts: int, *, softmax: bool = False) -> Any:
        spec, number = self.spec, layer_seed(self.seed, layer)
        if spec.init == "gaussian":
            whole = initializers.RandomNormal(0.0, spec.init_stds()[layer], seed=number)
        elif spec.activation == "relu" and not softmax:
            whole = initializers.HeNormal(seed=number)
        else:
            whole = initializers.GlorotUniform(seed=number)
        return whole if parts == 1 else PartOf(whole, self.tower or 0, parts)


@keras.saving.register_keras_serializable("alexnet_tf")
class PartOf(initializers.Initializer):
    """A tower's share of what `initializer` gives the whole layer: a slice of the last axis.

    Args:
        initializer: as for any Keras layer; it is asked for the whole layer's shape.
        part: number of the tower, from 0.
        parts: number of towers.
    """

    def __init__(self, initializer: Any, part: int, parts: int):
        self.initializer: Any = initializers.get(initializer)
        self.part, self.parts = part, parts

    def __call__(self, shape, dtype=None, **kwargs):
        width = shape[-1]
        whole = self.initializer((*shape[:-1], width * self.parts), dtype=dtype, **kwargs)
        return whole[..., self.part * width : (self.part + 1) * width]

    def get_config(self):
        serialised = initializers.serialize(self.initializer)
        return {"initializer": serialised, "part": self.part, "parts": self.parts}


def layer_seed(seed: int, layer: str) -> int:
    """Return the seed of one layer's random numbers, 0 to 2**31 - 1: of (seed, layer name) alone.

    A layer keeps its initial weights when others are added or left out.

    Args:
        seed: of the run, at least 0.
        layer: such as "conv1", or "dropout_fc6" for the masks of dropout.

    >>> layer_seed(0, "conv1")
    1445258706
    """
    sequence = np.random.SeedSequence([seed, zlib.crc32(layer.encode())])
    return int(sequence.generate_state(1)[0] >> 1)


def _padded_apart(conv: ConvSpec) -> bool:
    """Keras' "same" is the spec's padding only at stride 1 and (kernel - 1) / 2 pixels."""
    if conv.weights == "local":
        return False
    usual = conv.stride == 1 and conv.padding == conv.end and 2 * conv.padding == conv.kernel - 1
    return max(conv.padding, conv.end) > 0 and not usual
