"""Every tensor that one training step sends between devices, and whether it may."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import keras
import numpy as np
import tensorflow as tf

from alexnet_tf.optimizers import PaperSGD
from alexnet_tf.two_tower.sends import Send, observe
from alexnet_tf.two_tower.strategy import REDUCE, TwoTowerStrategy

#: forward, backward: activations and their gradients; reduce: gradients of weights on
#: their way between pairs; image: the batch; other: nothing that a step needs.
Direction = Literal["forward", "backward", "reduce", "image", "other"]


@dataclass(frozen=True)
class Crossing:
    """One tensor that one training step sends from one device to another.

    `layer` and `consumer` have the names of the model's layers: conv2a, xchg_conv3b, ...
    """

    source: str  # device, such as "GPU:0"
    target: str
    direction: Direction
    tensor: str  # operation that made it
    layer: str  # layer that made it, or whose gradient it is; "" where none
    consumer: str  # layer that takes it, or the operation where none
    dtype: str
    shape: tuple[int, ...] | None  # None: unknown, and then it is not legal
    bytes: int | None
    legal: bool


@dataclass(frozen=True)
class CommunicationReport:
    """Tensors that one training step on `batch_size` images sends between devices.

    `crossings` has every tensor but the single numbers, of which there are `scalars`: the
    learning rate at each of tower 1's variables, counters and metrics.
    `heavy_ops`: device -> kind of convolution or matrix product -> count.
    """

    batch_size: int
    crossings: tuple[Crossing, ...]
    scalars: int
    heavy_ops: dict[str, dict[str, int]]

    @property
    def illegal(self) -> tuple[Crossing, ...]:
        """The crossings that have no place in the design (section 3.2), or whose size is unknown.

        Legal are activations into a layer xchg_..., their gradients back, the batch, and gradients
        of weights between the same towers of two pairs.
        """
        return tuple(crossing for crossing in self.crossings if not crossing.legal)

    def bytes(self, *directions: Direction) -> int:
        """Sum over the crossings in these directions; over all without an argument.

        A tensor of unknown size counts as 0; it is among `illegal`.
        """
        chosen = [c for c in self.crossings if not directions or c.direction in directions]
        return sum(crossing.bytes or 0 for crossing in chosen)

    def for_batch(self, batch_size: int) -> CommunicationReport:
        """Return the report of another batch: gradients of weights do not grow with it.

        Args:
            batch_size: a multiple of the images that were traced.

        Raises:
            ValueError: it is none.
        """
        if batch_size % self.batch_size:
            raise ValueError(
                f"`batch_size` must be a multiple of {self.batch_size}. Received: {batch_size}"
            )
        factor = batch_size // self.batch_size
        grown = tuple(_grown(c, factor) for c in self.crossings)
        return dataclasses.replace(self, batch_size=batch_size, crossings=grown)


def communication_report(model: keras.Model, batch_size: int = 8) -> CommunicationReport:
    """Return what one training step of a two-tower model sends between devices.

    One step is traced and run on random images; all variables are put back afterwards.
    A model that is not compiled is compiled with `PaperSGD` and softmax cross-entropy.

    Args:
        model: from `build_two_tower`.
        batch_size: images of the step, over all pairs.

    Raises:
        ValueError: the batch cannot be divided among the pairs.
        RuntimeError: TensorFlow showed no graph, so that nothing is known.
    """
    strategy = model.distribute_strategy
    replicas = strategy.num_replicas_in_sync
    if batch_size < 1 or batch_size % replicas:
        raise ValueError(
            f"`batch_size` must be a multiple of the {replicas} pairs. Received: {batch_size}"
        )
    trained: Any = model
    with strategy.scope():
        if not model.compiled:
            loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
            trained.compile(PaperSGD(), loss)
        trained.make_train_function(force=True)
        batches = iter(strategy.experimental_distribute_dataset(_random_batch(model, batch_size)))
        kept = [
            (variable, np.array(variable))
            for variable in (*model.variables, *model.optimizer.variables)
        ]
        try:
            step = observe(lambda: trained.train_function(batches))
        finally:
            for variable, value in kept:
                variable.assign(value)
            trained.reset_metrics()
    trained.train_function = None
    judge = _Judge(model)
    crossings = [judge.crossing(send) for send in step.sends if send.shape != ()]
    crossings.sort(
        key=lambda c: (c.direction != "image", c.direction == "backward", -(c.bytes or 0))
    )
    scalars = len(step.sends) - len(crossings)
    return CommunicationReport(batch_size, tuple(crossings), scalars, step.heavy)


def _random_batch(model: keras.Model, batch_size: int) -> tf.data.Dataset:
    draw = np.random.default_rng(0)
    images = draw.normal(size=(batch_size, *model.input_shape[1:])).astype(np.float32)
    labels = draw.integers(0, model.output_shape[-1], batch_size)
    # shapes are known in the graph only if no batch is smaller
    return tf.data.Dataset.from_tensor_slices((images, labels)).batch(
        batch_size, drop_remainder=True
    )


class _Judge:
    """Directions and legality of crossings, from the layers and devices of one model."""

    def __init__(self, model: keras.Model):
        strategy = model.distribute_strategy
        pairs = strategy.pairs if isinstance(strategy, TwoTowerStrategy) else ()
        self.place = {
            device: (number, tower)
            for number, pair in enumerate(pairs)
            for tower, device in enumerate(pair)
        }
        self.towers = {layer.name: getattr(layer, "tower", None) for layer in model.layers}
        self.first = {node.operation.name for node in _consumers(model)}

    def crossing(self, send: Send) -> Crossing:
        """Return the tensor with its direction and the verdict on it."""
        layer, consumer = self._layer(send.tensor), self._layer(send.consumer)
        direction = self._direction(send, layer, consumer)
        return Crossing(
            source=send.source,
            target=send.target,
            direction=direction,
            tensor=send.tensor,
            layer=layer,
            consumer=consumer or send.consumer.rpartition("PartitionedCall/")[2],
            dtype=send.dtype,
            shape=send.shape,
            bytes=send.bytes,
            legal=direction != "other" and send.bytes is not None,
        )

    def _direction(self, send: Send, layer: str, consumer: str) -> Direction:
        source, target = self.place.get(send.source), self.place.get(send.target)
        if target is None:
            return "other"
        if REDUCE in send.tensor or REDUCE in send.consumer:
            same_tower = source is not None and source[1] == target[1]
            return "reduce" if same_tower else "other"
        if _is_input(send.tensor):
            labels = not consumer and target[1] == 0
            ok = labels or (consumer in self.first and self.towers[consumer] == target[1])
            return "image" if ok else "other"
        if source is None or source[0] != target[0] or source[1] == target[1]:
            return "other"
        if "gradients/" in send.tensor:
            exchanged = layer.startswith("xchg_") and self.towers[layer] == source[1]
            return "backward" if exchanged else "other"
        arrives = consumer.startswith("xchg_") and self.towers[consumer] == target[1]
        made = bool(layer) and self.towers[layer] == source[1]
        return "forward" if arrives and made and "gradients/" not in send.consumer else "other"

    def _layer(self, operation: str) -> str:
        """Return the innermost layer in the operation's name, or ""."""
        for part in reversed(operation.split("/")):
            for name in (part, re.sub(r"_\d+$", "", part)):
                if name in self.towers:
                    return name
        return ""


def _is_input(tensor: str) -> bool:
    """A function's argument: nothing has been computed from the batch yet."""
    return "/input/_" in tensor or "IteratorGetNext" in tensor


def _consumers(model: keras.Model) -> Iterator[Any]:
    for tensor in model.inputs:
        yield from tensor._keras_history.operation._outbound_nodes


def _grown(crossing: Crossing, factor: int) -> Crossing:
    if crossing.direction not in ("forward", "backward", "image") or crossing.shape is None:
        return crossing
    return dataclasses.replace(
        crossing,
        shape=(crossing.shape[0] * factor, *crossing.shape[1:]),
        bytes=None if crossing.bytes is None else crossing.bytes * factor,
    )
