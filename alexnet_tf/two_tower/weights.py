"""The weights of two towers as those of a net on one device, and back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import keras
import numpy as np


def to_single(towers: keras.Model, single: keras.Model) -> keras.Model:
    """Give `single` the weights of `towers` and return it.

    A layer's two halves stand side by side along the last axis. The trained net can then
    be evaluated and saved where there is one device and no strategy.

    Args:
        towers: from `build_two_tower`, or loaded.
        single: from `build_alexnet` and the same spec.

    Raises:
        ValueError: the two are not nets of the same spec.
    """
    for whole, parts in _matched(towers, single):
        whole.assign(np.concatenate([np.array(part) for part in parts], axis=-1))
    return single


def from_single(single: keras.Model, towers: keras.Model) -> keras.Model:
    """Give `towers` the weights of `single` and return it: the reverse of `to_single`.

    Args:
        single: from `build_alexnet`, or loaded.
        towers: from `build_two_tower` and the same spec.

    Raises:
        ValueError: the two are not nets of the same spec.
    """
    for whole, parts in _matched(towers, single):
        pieces = np.split(np.array(whole), len(parts), axis=-1)
        for part, piece in zip(parts, pieces, strict=True):
            part.assign(piece)
    return towers


def _matched(towers: keras.Model, single: keras.Model) -> Iterator[tuple[Any, list[Any]]]:
    """Yield (variable of a layer, that of tower 0 and that of tower 1, or the whole one's)."""
    halves = {layer.name: layer.trainable_variables for layer in towers.layers}
    count = 0
    for layer in single.layers:
        names = [layer.name] if layer.name in halves else [f"{layer.name}a", f"{layer.name}b"]
        for index, whole in enumerate(layer.trainable_variables):
            parts = [halves[name][index] for name in names if len(halves.get(name, ())) > index]
            shape = (*parts[0].shape[:-1], parts[0].shape[-1] * len(parts)) if parts else None
            if len(parts) != len(names) or tuple(whole.shape) != shape:
                raise ValueError(f"{layer.name} of the net on one device is not in the towers")
            count += len(parts)
            yield whole, parts
    if count != len(towers.trainable_variables):
        raise ValueError("the towers have layers that are not in the net on one device")
