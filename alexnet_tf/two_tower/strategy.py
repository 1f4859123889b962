"""A distribution strategy whose replica is a pair of devices, one a tower (section 3.2)."""

from __future__ import annotations

import contextlib
import threading
import types
from collections.abc import Iterator, Sequence
from typing import Any

import tensorflow as tf
from tensorflow.python.distribute import (
    distribute_utils,
    mirrored_strategy,
    values,
    values_util,
)

from alexnet_tf.two_tower.devices import checked_pairs

#: Scope of the operations that add up the gradients of several pairs.
REDUCE = "reduce_gradients"


class TwoTowerStrategy(tf.distribute.Strategy):
    """Model parallelism inside a pair of devices, data parallelism over the pairs.

    Tower t's variables, their momenta and its operations lie on the t-th device of
    every pair (Figure 2). Everything else, such as the loss, lies on a pair's first
    device, and a batch is divided among the pairs.

        [("GPU:0", "GPU:1")]                      two GPUs, as in 2012
        [("GPU:0", "GPU:0")]                      one GPU
        [("CPU:0", "CPU:1")]                      a CPU after `split_cpu(2)`
        [("GPU:0", "GPU:1"), ("GPU:2", "GPU:3")]  four GPUs, half of each batch a pair

    Args:
        pairs: (device of tower 0, device of tower 1), one or more; the two may be the
            same device, and two pairs have no device in common.

    Raises:
        ValueError: malformed pairs, or a device that does not exist.
    """

    # read by MirroredStrategy's half of the work
    _collective_key_base = 0

    def __init__(self, pairs: Sequence[Sequence[str]]):
        self.pairs = checked_pairs(pairs)
        super().__init__(_PairExtended(self, self.pairs))

    @contextlib.contextmanager
    def tower(self, tower: int) -> Iterator[None]:
        """Put variables and operations made inside on the device of `tower`, 0 or 1.

        Outside of a replica operations go to the first pair.

        Raises:
            ValueError: `tower` is neither.
        """
        if tower not in (0, 1):
            raise ValueError(f"`tower` must be 0 or 1. Received: tower={tower!r}")
        local: Any = self.extended.local
        before, local.tower = getattr(local, "tower", None), tower
        try:
            with tf.device(self.pairs[_replica()][tower]):
                yield
        finally:
            local.tower = before


def tower_scope(tower: int) -> contextlib.AbstractContextManager[None]:
    """Return the scope of `tower`, which is empty outside of a `TwoTowerStrategy`.

    The same code builds a net for two devices and for one.

    Args:
        tower: 0 or 1.

    Raises:
        ValueError: `tower` is neither, when the scope of a strategy is entered.
    """
    strategy = tf.distribute.get_strategy()
    if isinstance(strategy, TwoTowerStrategy):
        return strategy.tower(tower)
    return contextlib.nullcontext()


class _PairExtended(mirrored_strategy.MirroredExtended):
    """MirroredStrategy over the first devices of the pairs, with variables placed by tower."""

    def __init__(self, container: TwoTowerStrategy, pairs: tuple[tuple[str, str], ...]):
        self._pairs = pairs
        self.local = threading.local()  # each replica is traced in a thread of its own
        super().__init__(
            container,
            devices=[first for first, _ in pairs],
            cross_device_ops=tf.distribute.ReductionToOneDevice(),
        )

    def _create_variable(self, next_creator, **kwargs):
        tower = getattr(self.local, "tower", None)
        # a momentum comes with the variable that it belongs to
        if tower is not None and kwargs.get("colocate_with") is None:
            devices = tuple(pair[tower] for pair in self._pairs)
            kwargs["colocate_with"] = types.SimpleNamespace(_devices=devices)
        return super()._create_variable(next_creator, **kwargs)

    def _batch_reduce_to(self, reduce_op, value_destination_pairs, options):
        with tf.name_scope(REDUCE):
            return [_reduced(reduce_op, value) for value, _ in value_destination_pairs]


def _reduced(reduce_op: Any, value: Any) -> Any:
    """Return the sum or mean of a value over the pairs, on every device that holds a part.

    MirroredStrategy's own reduction would take tower 1's parts over device 0.
    """
    parts: Any = getattr(value, "values", [value])
    with tf.device(parts[0].device):
        total = tf.add_n(parts) if len(parts) > 1 else parts[0]
        if reduce_op == tf.distribute.ReduceOp.MEAN:
            total = total / len(parts)
    copies = [total]
    for part in parts[1:]:
        with tf.device(part.device):
            copies.append(tf.identity(total))
    mirrored: Any = values.Mirrored
    return distribute_utils.regroup(copies, wrap_class=mirrored)


def _replica() -> int:
    if tf.distribute.in_cross_replica_context():
        return 0
    return values_util.get_current_replica_id_as_int() or 0
