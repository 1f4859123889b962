"""From a spec to a Keras model of two towers on two devices."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras

from alexnet_tf.column import Column
from alexnet_tf.environment import plain_keras
from alexnet_tf.errors import SpecError
from alexnet_tf.spec import Experiment, ModelSpec, Precision, dtype_policy
from alexnet_tf.two_tower.on_tower import OnTower
from alexnet_tf.two_tower.strategy import tower_scope
from alexnet_tf.two_tower.trainer import TwoTowerModel


@plain_keras()
def build_two_tower(
    spec: ModelSpec | Experiment, *, seed: int | None = None, precision: Precision | None = None
) -> keras.Model:
    """Return the network of `spec` as two towers, layers named conv1a, conv1b, ..., fc8.

    To be called in `TwoTowerStrategy.scope()`; without one it is an ordinary model on one
    device. Same weights, values and gradients as `alexnet_tf.build_alexnet(spec)`.

    The towers meet where a layer has groups=1, in layers named xchg_conv3a, xchg_conv3b,
    ...: conv3, fc6 and fc7 in section 3.2, and before the last layer, which is whole on
    tower 0 (layers-145.cfg:294-299). Both towers see the image.

    Input: (batch, input_size, input_size, channels) float32, already scaled. Output:
    logits (batch, classes) float32.

    Args:
        spec: a model, or an experiment, whose seed and precision are then the defaults.
        seed: of the initial weights; default the experiment's, or 0.
        precision: default the experiment's, or "float32".

    Raises:
        SpecError: the spec has one tower, needs other communication than groups say (local
            weights, a norm across the layer).

    >>> from alexnet_tf.spec import CIFAR_ALEXNET
    >>> net = build_two_tower(CIFAR_ALEXNET)
    >>> [layer.name for layer in net.layers if layer.name.startswith(("conv3", "xchg_conv"))]
    ['xchg_conv3a', 'xchg_conv3b', 'conv3a', 'conv3b']
    """
    if isinstance(spec, Experiment):
        seed = spec.seed if seed is None else seed
        precision = precision or spec.train.precision
        spec = spec.model
    precision = precision or "float32"
    if spec.towers != 2:
        raise SpecError(f"two towers need a spec with towers=2. Received: towers={spec.towers}")
    return _Towers(spec, seed or 0, precision).connected()


class _Towers:
    """Both columns of a net while they are put together."""

    def __init__(self, spec: ModelSpec, seed: int, precision: Precision):
        self.spec, self.policy = spec, dtype_policy(precision)
        self.columns = [Column(spec, seed, precision, tower=t) for t in (0, 1)]

    def connected(self) -> keras.Model:
        """Return the model."""
        spec = self.spec
        image = keras.Input((spec.input_size, spec.input_size, spec.channels), name="image")
        x: list[Any] = [image, image]
        names = spec.names()
        for index, conv in enumerate(spec.convs):
            if index > 0 and conv.groups == 1:
                x = self._exchanged(names[index], x)
            x = self._on_both(lambda column, i=index: column.conv(i), x)
        x = self._on_both(lambda column: [column.flatten()], x)
        for index, dense in enumerate(spec.dense):
            if dense.groups == 1:
                x = self._exchanged(names[len(spec.convs) + index], x)
            x = self._on_both(lambda column, i=index: column.dense(i), x)
        both = self._joined(f"xchg_{names[-1]}", 0, x)
        logits = _placed(0, lambda: [self.columns[0].output()], both)
        return TwoTowerModel(image, logits, name="alexnet")

    def _on_both(self, make: Callable[[Column], list[keras.layers.Layer]], x: list[Any]):
        return [_placed(t, lambda c=c: make(c), x[t]) for t, c in enumerate(self.columns)]

    def _exchanged(self, layer: str, x: list[Any]) -> list[Any]:
        return [self._joined(f"xchg_{layer}{'ab'[t]}", t, x) for t in (0, 1)]

    def _joined(self, name: str, tower: int, x: list[Any]) -> Any:
        join = keras.layers.Concatenate(axis=-1, dtype=self.policy, name=name)
        return OnTower(join, tower)(x)


def _placed(tower: int, make: Callable[[], list[keras.layers.Layer]], x: Any) -> Any:
    """Return x after the layers that `make` makes, in the scope of their tower."""
    with tower_scope(tower):
        for layer in make():
            x = OnTower(layer, tower)(x)
    return x
