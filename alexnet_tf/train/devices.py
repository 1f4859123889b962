"""The devices of a training."""

from __future__ import annotations

from collections.abc import Sequence

from alexnet_tf import environment, gpus
from alexnet_tf.errors import DeviceError
from alexnet_tf.records import Environment
from alexnet_tf.two_tower import TwoTowerStrategy


def strategy(pairs: Sequence[tuple[str, str]]) -> TwoTowerStrategy | None:
    """Return the strategy for these pairs of devices; None without any.

    Raises:
        DeviceError: a device is missing, or a pair is not two devices of one kind.
    """
    try:
        return TwoTowerStrategy(pairs) if pairs else None
    except ValueError as error:
        raise DeviceError(str(error)) from error


def described(pairs: Sequence[tuple[str, str]], threads: int) -> Environment:
    """Return what a record says of the machine.

    The device is "CPU", or the names of the visible GPUs.

    Args:
        pairs: of two towers; their names are appended to the device's, such as
            "CPU, two towers on CPU:0 + CPU:1".
        threads: of an operation.
    """
    name = " and ".join(sorted(set(gpus.names()))) or "CPU"
    towers = ", ".join(" + ".join(pair) for pair in pairs)
    device = f"{name}, two towers on {towers}" if towers else name
    return environment.describe(threads=threads, device=device, cuda=gpus.software())
