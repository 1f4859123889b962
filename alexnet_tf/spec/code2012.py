"""The 2012 source code where it differs from the text: one function for each disagreement."""

from __future__ import annotations

import dataclasses
from typing import TypeVar

from alexnet_tf.spec.data import JitterSpec
from alexnet_tf.spec.experiment import Experiment
from alexnet_tf.spec.layers import ConvSpec, DenseSpec, SpatialNormSpec
from alexnet_tf.spec.train import RateChange
from alexnet_tf.values import replace

#: A convolution or a hidden fully-connected layer.
Layer = TypeVar("Layer", ConvSpec, DenseSpec)


# Net 145's schedule on ILSVRC-2012, written down by hand in layer-params-145.cfg.
_EPOCHS_2012 = 91


_CHANGES_2012 = (
    RateChange(epoch=25, learning_rate=1e-3),
    RateChange(epoch=51, learning_rate=1e-4),
    RateChange(epoch=67, learning_rate=1e-5, layer="conv1"),
    RateChange(epoch=72, learning_rate=0.0, layer="conv1"),
    RateChange(epoch=79, learning_rate=1e-5),
)


def wider(layer: Layer, factor: float) -> Layer:
    """Return the layer with `factor` times the spread of its initial weights."""
    std, gain = times(layer.init_std, layer.init_gain, factor)
    return dataclasses.replace(layer, init_std=std, init_gain=gain)


def times(std: float, gain: float | None, factor: float) -> tuple[float, float | None]:
    return (std * factor, None) if gain is None else (std, gain * factor)


def norms_2012(base: Experiment) -> Experiment:
    """Norms and their order as in layers-145.cfg: alpha over n, LRN before ReLU, a third norm."""
    return replace(
        base,
        {
            "model.convs.0.norm.alpha_over": "mean",
            "model.convs.0.order": ("norm", "pool", "activation"),
            "model.convs.1.norm.alpha_over": "mean",
            "model.convs.1.spatial_norm": SpatialNormSpec(),
            "model.convs.4.order": ("pool", "activation"),
        },
    )


def init_2012(base: Experiment) -> Experiment:
    """Three times the standard deviation in conv3 and all after it.

    0.03 for 0.01 in layers-145.cfg, and in conv6 of layers-146-2009.cfg.
    """
    first, second, *others = base.model.convs
    return replace(base, {"model.convs": (first, second, *(wider(c, 3) for c in others))})


def inputs_2012(base: Experiment) -> Experiment:
    """Crops shared by a quarter of a batch, the centre's mean, jitter as in convdata_jpeg.py.

    Of the 128 images of a batch in 2012, 32 had the same crop.
    """
    return replace(
        base,
        {
            "data.mean_crop": "centre",
            "data.augment.positions": None,
            "data.augment.shared_by": max(1, base.train.batch_size // 4),
            "data.augment.jitter": jitter_2012(base),
        },
    )


def jitter_2012(base: Experiment) -> JitterSpec:
    """Jitter by standard deviations, up to the share of the epochs at which it was ended."""
    return JitterSpec(scale="stddev", divide=1.1, epochs=_scaled(67, base))


def divisions_2012(base: Experiment) -> Experiment:
    """The three divisions of every layer's rate at the epochs written down for net 145.

    A base whose schedule is a recorded one keeps its length, and the changes come at the
    same shares of it; the paper's own plateau rule gives way to the 91 epochs of 2012. Rates
    keep their ratio to the first one, which was 0.01.
    """
    return _dated(base, tuple(change for change in _CHANGES_2012 if change.layer is None))


def schedule_2012(base: Experiment) -> Experiment:
    """The rates written down for net 145, and biases at twice the weights' rate throughout.

    As `divisions_2012`; conv1 also has divisions of its own and is frozen in the end.
    """
    settings = {"train.bias_rate": 2.0, "train.bias_annealing": "never"}
    return replace(_dated(base, _CHANGES_2012), settings)


def _dated(base: Experiment, changes: tuple[RateChange, ...]) -> Experiment:
    """Return the base with changes of 2012, at their share of its epochs and its rate."""
    share = base.train.learning_rate / 0.01
    epochs = base.train.epochs if base.train.plateau is None else _EPOCHS_2012
    base = replace(base, {"train.plateau": None, "train.epochs": epochs})
    changes = tuple(
        dataclasses.replace(
            change, epoch=_scaled(change.epoch, base), learning_rate=change.learning_rate * share
        )
        for change in changes
    )
    return replace(base, {"train.changes": changes})


def code2012(base: Experiment) -> Experiment:
    """Net 145 as it really was: layers-145.cfg, layer-params-145.cfg, convdata_jpeg.py."""
    return inputs_2012(schedule_2012(init_2012(norms_2012(base))))


def _scaled(epoch: int, base: Experiment) -> int:
    """Return the epoch of 2012 at the same share of the training."""
    if base.train.plateau is not None:
        return epoch
    return max(1, round(epoch * base.train.epochs / _EPOCHS_2012))
