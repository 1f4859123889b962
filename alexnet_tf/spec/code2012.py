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
    """Return the layer with `factor` times the spread of its initial weights.

    Args:
        layer: its `init_gain` is multiplied where it is given, else its `init_std`.
        factor: greater than 0.

    Raises:
        SpecError: `factor` is not greater than 0.

    >>> from alexnet_tf.spec import PAPER
    >>> wider(PAPER.model.convs[2], 3).init_std
    0.03
    """
    std, gain = times(layer.init_std, layer.init_gain, factor)
    return dataclasses.replace(layer, init_std=std, init_gain=gain)


def times(std: float, gain: float | None, factor: float) -> tuple[float, float | None]:
    """Return (std, gain) with the one in use times `factor`: the gain, or without one the std."""
    return (std * factor, None) if gain is None else (std, gain * factor)


def norms_2012(base: Experiment) -> Experiment:
    """Norms and their order as in layers-145.cfg: alpha over n, LRN before ReLU, a third norm.

    - Alpha is divided by the number of maps in a window (layer.py): 2e-5 on the plain sum, not
      1e-4.
    - The first LRN acts on the linear outputs of conv1; its ReLU comes after the pooling. So
      does conv5's, which changes no value there.
    - A norm over 5 x 5 pixels of a map (`cnorm2`) follows the second LRN. The paper (section
      3.3) does not mention it.

    Raises:
        SpecError: the net has fewer than five convolutions, or no norm after conv1 or conv2.
    """
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

    0.03 for 0.01 in layers-145.cfg, and in conv6 of layers-146-2009.cfg, where section 5 has
    0.01 for every layer. Fully-connected layers keep theirs, as in the 2012 source.
    """
    first, second, *others = base.model.convs
    return replace(base, {"model.convs": (first, second, *(wider(c, 3) for c in others))})


def inputs_2012(base: Experiment) -> Experiment:
    """Crops shared by a quarter of a batch, the centre's mean, jitter as in convdata_jpeg.py.

    Of the 128 images of a batch in 2012, 32 had the same crop and reflection. All positions of
    a crop are drawn from: 33 x 33 for 224 of 256 pixels, where section 4.1 counts 32 x 32. The
    part of the mean image that is subtracted is its centre, wherever the crop lies. Jitter is
    set also where the base has none.
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
    """Jitter by standard deviations, up to the share of the epochs at which it was ended.

    Args:
        base: its number of epochs is what the 67 of 91 in layer-params-145.cfg are scaled to; a
            base with a plateau rule has no fixed number, and jitter of 67 epochs.

    Returns:
        Sigma 0.1 of the square root of the eigenvalue, and the image divided by 1.1 while
        there is jitter (convdata_jpeg.py).
    """
    return JitterSpec(scale="stddev", divide=1.1, epochs=_scaled(67, base))


def divisions_2012(base: Experiment) -> Experiment:
    """The three divisions of every layer's rate at the epochs written down for net 145.

    A base whose schedule is a recorded one keeps its length, and the changes come at the
    same shares of it; the paper's own plateau rule gives way to the 91 epochs of 2012
    (layer-params-145.cfg). Rates keep their ratio to the first one, which was 0.01.

    >>> from alexnet_tf.spec import PAPER
    >>> [(c.epoch, c.learning_rate) for c in divisions_2012(PAPER).train.changes]
    [(25, 0.001), (51, 0.0001), (79, 1e-05)]
    """
    return _dated(base, tuple(change for change in _CHANGES_2012 if change.layer is None))


def schedule_2012(base: Experiment) -> Experiment:
    """The rates written down for net 145, and biases at twice the weights' rate throughout.

    As `divisions_2012`; conv1 also has divisions of its own and is frozen in the end: its rate
    is divided by ten at epoch 67 and set to 0 at epoch 72 of 91. The biases' rate is twice the
    weights' first one and is never divided, but 0 in a frozen layer. Section 5 has one rate for
    all layers.
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
    """Net 145 as it really was: layers-145.cfg, layer-params-145.cfg, convdata_jpeg.py.

    All of `norms_2012`, `init_2012`, `schedule_2012` and `inputs_2012`. Dropout and the rule of
    descent are the paper's already.

    >>> from alexnet_tf.spec import PAPER
    >>> changed = code2012(PAPER)
    >>> changed.train.bias_rate, changed.data.augment.shared_by, changed.train.epochs
    (2.0, 32, 91)
    """
    return inputs_2012(schedule_2012(init_2012(norms_2012(base))))


def _scaled(epoch: int, base: Experiment) -> int:
    """Return the epoch of 2012 at the same share of the training."""
    if base.train.plateau is not None:
        return epoch
    return max(1, round(epoch * base.train.epochs / _EPOCHS_2012))
