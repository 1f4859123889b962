"""Variants of a five-convolution, two-tower net: what the ablations change.

Each function takes an experiment whose net has the layers of the paper (conv1 to conv5,
fc6, fc7, fc8), of any width, and returns a changed one.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from alexnet_tf.errors import SpecError
from alexnet_tf.spec.code2012 import Layer as Layer
from alexnet_tf.spec.code2012 import code2012 as code2012
from alexnet_tf.spec.code2012 import divisions_2012 as divisions_2012
from alexnet_tf.spec.code2012 import init_2012 as init_2012
from alexnet_tf.spec.code2012 import inputs_2012 as inputs_2012
from alexnet_tf.spec.code2012 import jitter_2012 as jitter_2012
from alexnet_tf.spec.code2012 import norms_2012 as norms_2012
from alexnet_tf.spec.code2012 import schedule_2012 as schedule_2012
from alexnet_tf.spec.code2012 import times as times
from alexnet_tf.spec.code2012 import wider as wider
from alexnet_tf.spec.experiment import Experiment
from alexnet_tf.spec.layers import PoolSpec
from alexnet_tf.spec.norms import constant_norms as constant_norms
from alexnet_tf.spec.norms import with_norms as with_norms
from alexnet_tf.spec.norms import without_lrn as without_lrn
from alexnet_tf.spec.towers import full_communication as full_communication
from alexnet_tf.spec.towers import no_communication as no_communication
from alexnet_tf.spec.towers import one_gpu as one_gpu
from alexnet_tf.spec.towers import six_conv as six_conv
from alexnet_tf.spec.train import RateChange
from alexnet_tf.values import replace


def non_overlapping(base: Experiment) -> Experiment:
    """Pooling windows of 2 x 2 at stride 2 (section 3.4).

    Where the ceil rule makes maps larger than with overlap, as for 224 x 224 inputs, the
    convolution before has one pixel less of padding if it can, as in layers-147.cfg.
    """
    made = base
    for index, conv in enumerate(base.model.convs):
        if conv.pool is None:
            continue
        pool = PoolSpec(kind=conv.pool.kind, size=2, stride=2)
        made = replace(made, {f"model.convs.{index}.pool": pool})
        larger = made.model.shapes[index].handed_on > base.model.shapes[index].handed_on
        if larger and conv.padding:
            made = replace(made, {f"model.convs.{index}.padding": conv.padding - 1})
    return made


def without_conv(base: Experiment, name: str) -> Experiment:
    """The net without one convolution; its pooling and norm go to a neighbour.

    A neighbour without pooling takes them, the one before it first, so that every later
    layer sees maps of the same size. Where the layer was the one in which the towers meet,
    the next convolution becomes that.

    Raises:
        SpecError: there is no such convolution, or no neighbour can pool in its place.

    >>> from alexnet_tf.spec import PAPER
    >>> without_conv(PAPER, "conv3").model.names()
    ('conv1', 'conv2', 'conv4', 'conv5', 'fc6', 'fc7', 'fc8')
    """
    convs = list(base.model.convs)
    names = base.model.names()[: len(convs)]
    if name not in names:
        raise SpecError(f"no convolution '{name}' in {', '.join(names)}")
    index = names.index(name)
    gone = convs.pop(index)
    if gone.pool is not None:
        beside = [i for i in (index - 1, index) if 0 <= i < len(convs) and convs[i].pool is None]
        if not beside:
            raise SpecError(f"no neighbour of {name} can take its pooling")
        convs[beside[0]] = dataclasses.replace(
            convs[beside[0]],
            pool=gone.pool,
            norm=gone.norm,
            spatial_norm=gone.spatial_norm,
            order=gone.order,
        )
    if index and index < len(convs) and gone.groups == 1:
        convs[index] = dataclasses.replace(convs[index], groups=1)
    return replace(base, {"model.convs": tuple(convs)})


def without_dense(base: Experiment, name: str) -> Experiment:
    """The net without one hidden fully-connected layer and its dropout.

    Args:
        base: any experiment.
        name: "fc6" or "fc7".

    Raises:
        SpecError: the net has no such layer.
    """
    kept = tuple(dense for dense in base.model.dense if dense.name != name)
    if len(kept) == len(base.model.dense):
        raise SpecError(f"no hidden fully-connected layer '{name}'")
    return replace(base, {"model.dense": kept})


def without_dropout(base: Experiment) -> Experiment:
    """Every unit takes part in every update (section 4.2)."""
    dense = (dataclasses.replace(layer, dropout=0.0) for layer in base.model.dense)
    return replace(base, {"model.dense": tuple(dense)})


def constant_rate(base: Experiment) -> Experiment:
    """One learning rate throughout, and the validation error measured after every epoch."""
    free = {"train.plateau": None, "train.changes": (), "train.validate": "epoch"}
    return replace(base, free)


def untrained(base: Experiment) -> Experiment:
    """The net with its initial weights: one epoch at a learning rate of zero."""
    still = {"train.learning_rate": 0.0, "train.plateau": None, "train.changes": ()}
    return replace(base, {**still, "train.validate": "end", "train.epochs": 1})


def unit_biases(base: Experiment) -> Experiment:
    """Biases of 1 in conv2, conv4, conv5 and the hidden fully-connected layers (section 5)."""
    convs = (
        dataclasses.replace(conv, init_bias=1.0 if number in (2, 4, 5) else 0.0)
        for number, conv in enumerate(base.model.convs, start=1)
    )
    dense = (dataclasses.replace(layer, init_bias=1.0) for layer in base.model.dense)
    return replace(base, {"model.convs": tuple(convs), "model.dense": tuple(dense)})


def zero_biases(base: Experiment) -> Experiment:
    """Biases of 0 where the paper has 1 (section 5)."""
    convs = (dataclasses.replace(conv, init_bias=0.0) for conv in base.model.convs)
    dense = (dataclasses.replace(layer, init_bias=0.0) for layer in base.model.dense)
    return replace(base, {"model.convs": tuple(convs), "model.dense": tuple(dense)})


def scaled_init(base: Experiment, factor: float) -> Experiment:
    """Every layer's standard deviation, or gain, times `factor`, which is greater than 0."""
    model = base.model
    std, gain = times(model.output_init_std, model.output_init_gain, factor)
    return replace(
        base,
        {
            "model.convs": tuple(wider(conv, factor) for conv in model.convs),
            "model.dense": tuple(wider(dense, factor) for dense in model.dense),
            "model.output_init_std": std,
            "model.output_init_gain": gain,
        },
    )


def scaled_width(base: Experiment, factor: float) -> Experiment:
    """Every layer but the output with `factor` times as many maps or units, rounded (section 7).

    Gains and windows of norms stay. The numbers of maps must still fall into the layers' groups.

    >>> from alexnet_tf.spec import PAPER
    >>> [conv.filters for conv in scaled_width(PAPER, 0.5).model.convs]
    [48, 128, 192, 192, 128]
    """
    model = base.model
    convs = (replace(conv, filters=round(factor * conv.filters)) for conv in model.convs)
    dense = (replace(layer, units=round(factor * layer.units)) for layer in model.dense)
    return replace(base, {"model.convs": tuple(convs), "model.dense": tuple(dense)})


def with_gains(base: Experiment, gains: Mapping[str, float]) -> Experiment:
    """Initial weights of N(0, gain^2 / fan-in), with each layer's gain by its name.

    Raises:
        KeyError: a layer, fc8 included, has no gain.
    """
    model = base.model
    names = model.names()
    layers = [
        dataclasses.replace(layer, init_gain=gains[name])
        for layer, name in zip((*model.convs, *model.dense), names, strict=False)
    ]
    count = len(model.convs)
    return replace(
        base,
        {
            "model.convs": tuple(layers[:count]),
            "model.dense": tuple(layers[count:]),
            "model.output_init_gain": gains[names[-1]],
        },
    )


def he_gains(base: Experiment) -> Experiment:
    """Gains of sqrt(2) before a ReLU (He et al. 2015), of 1 for the output layer."""
    *hidden, output = base.model.names()
    return with_gains(base, {**dict.fromkeys(hidden, 2**0.5), output: 1.0})


def tanh(base: Experiment, learning_rate: float) -> Experiment:
    """Tanh for ReLU, with what suits it: gains of 1 (Glorot), zero biases, a rate of its own.

    The divisions of the rate keep their ratio to it.

    >>> from alexnet_tf.spec import PAPER
    >>> changed = tanh(PAPER, learning_rate=0.005)
    >>> changed.model.activation, changed.model.convs[1].init_bias
    ('tanh', 0.0)
    """
    factor = learning_rate / base.train.learning_rate
    changes = tuple(
        dataclasses.replace(change, learning_rate=change.learning_rate * factor)
        for change in base.train.changes
    )
    changed = {
        "model.activation": "tanh",
        "train.learning_rate": learning_rate,
        "train.changes": changes,
    }
    return with_gains(zero_biases(replace(base, changed)), dict.fromkeys(base.model.names(), 1.0))


def halved_dropout(base: Experiment) -> Experiment:
    """No unit is dropped and outputs are halved in training too: 2012's dropout, off.

    `without_dropout` also doubles what the next layer sees.
    """
    return replace(base, {"model.dropout_scaling": "halved"})


def reductions(base: Experiment, count: int) -> Experiment:
    """The rate divided by ten `count` times, 0 to 3, after 1/2, 3/4 and 9/10 of the epochs.

    Section 5 has three reductions, at plateaus of the validation error. Another count: SpecError.
    """
    if not 0 <= count <= 3:
        raise SpecError(f"the rate is reduced 0 to 3 times. Received: {count}")
    train = base.train
    changes = tuple(
        RateChange(
            epoch=max(1, round(share * train.epochs)), learning_rate=train.learning_rate / 10**n
        )
        for n, share in enumerate((0.5, 0.75, 0.9)[:count], start=1)
    )
    return replace(constant_rate(base), {"train.changes": changes})
