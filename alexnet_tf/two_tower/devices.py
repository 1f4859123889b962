"""Names of devices, and several devices out of one CPU."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import tensorflow as tf

_NAME = re.compile(r"(?:/?device:|/)?([A-Za-z]+):(\d+)")


def checked_pairs(pairs: Any) -> tuple[tuple[str, str], ...]:
    """Return the pairs as names such as "GPU:0", or raise.

    TensorFlow itself puts the work of a missing device on device 0 and says nothing.

    Args:
        pairs: list of (device of tower 0, device of tower 1), in any of TensorFlow's spellings.
            The two may be the same.

    Raises:
        ValueError: no pair, a pair that is not two names, a device in two pairs, or a
            device that does not exist.

    >>> checked_pairs([("cpu:0", "/device:CPU:0")])
    (('CPU:0', 'CPU:0'),)
    """
    if not isinstance(pairs, Sequence) or isinstance(pairs, str) or not pairs:
        raise ValueError(
            f'`pairs` must be a list such as [("GPU:0", "GPU:1")]. Received: pairs={pairs!r}'
        )
    named = tuple(_checked_pair(pair) for pair in pairs)
    there = [_short(device.name) for device in tf.config.list_logical_devices()]
    taken: set[str] = set()
    for device in (device for pair in named for device in dict.fromkeys(pair)):
        if device not in there:
            raise ValueError(f"there is no device {device}, only {', '.join(there)}{_hint(device)}")
        if device in taken:
            raise ValueError(f"{device} must stand in one pair only. Received: pairs={pairs!r}")
        taken.add(device)
    return named


def split_cpu(parts: int) -> None:
    """Make the CPU appear as the devices CPU:0 to CPU:parts-1; they share its cores.

    Args:
        parts: at least 1; two for a pair.

    Raises:
        RuntimeError: TensorFlow has already run something with another number.
    """
    cpu = tf.config.list_physical_devices("CPU")[0]
    try:
        tf.config.set_logical_device_configuration(
            cpu, [tf.config.LogicalDeviceConfiguration()] * parts
        )
    except RuntimeError as error:
        there = len(tf.config.list_logical_devices("CPU"))
        if there != parts:
            raise RuntimeError(
                f"TensorFlow already runs with {there} CPU devices and cannot be given {parts} "
                "any more. Split the CPU in a fresh process, before anything is computed."
            ) from error


def _checked_pair(pair: Any) -> tuple[str, str]:
    if isinstance(pair, str) or not isinstance(pair, Sequence) or len(pair) != 2:
        raise ValueError(f'a pair must be two devices: ("GPU:0", "GPU:1"). Received: {pair!r}')
    return _short(pair[0]), _short(pair[1])


def _short(device: Any) -> str:
    """Return "GPU:0" for "GPU:0", "gpu:0", "/GPU:0" and "/device:GPU:0"."""
    match = _NAME.fullmatch(device) if isinstance(device, str) else None
    if match is None:
        raise ValueError(f'a device must have a name such as "GPU:0". Received: {device!r}')
    return f"{match[1].upper()}:{int(match[2])}"


def _hint(device: str) -> str:
    if not device.startswith("CPU"):
        return ""
    needed = int(device.partition(":")[2]) + 1
    return (
        f". Split the CPU before TensorFlow runs anything: alexnet_tf.two_tower.split_cpu({needed})"
    )
