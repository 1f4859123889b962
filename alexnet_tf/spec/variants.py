"""Variants of a five-convolution, two-tower net: what the ablations change.

Each function takes an experiment whose net has the layers of the paper (conv1 to conv5,
fc6, fc7, fc8), of any width, and returns a changed one.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TypeVar

from alexnet_tf.errors import SpecError
from alexnet_tf.spec.data import JitterSpec
from alexnet_tf.spec.experiment import Experiment
from alexnet_tf.spec.model import ConvSpec, DenseSpec, PoolSpec, SpatialNormSpec
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


def without_lrn(base: Experiment) -> Experiment:
    """No response normalisation of any kind (section 3.3; layers-148.cfg)."""
    convs = (dataclasses.replace(c, norm=None, spatial_norm=None) for c in base.model.convs)
    return replace(base, {"model.convs": tuple(convs)})


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
    """The net without one hidden fully-connected layer and its dropout."""
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
    """Every layer's standard deviation, or gain, times `factor`."""
    model = base.model
    std, gain = _times(model.output_init_std, model.output_init_gain, factor)
    return replace(
        base,
        {
            "model.convs": tuple(_wider(conv, factor) for conv in model.convs),
            "model.dense": tuple(_wider(dense, factor) for dense in model.dense),
            "model.output_init_std": std,
            "model.output_init_gain": gain,
        },
    )


def _wider(layer: Layer, factor: float) -> Layer:
    """Return the layer with `factor` times the spread of its initial weights."""
    std, gain = _times(layer.init_std, layer.init_gain, factor)
    return dataclasses.replace(layer, init_std=std, init_gain=gain)


def _times(std: float, gain: float | None, factor: float) -> tuple[float, float | None]:
    return (std * factor, None) if gain is None else (std, gain * factor)


def with_gains(base: Experiment, gains: Mapping[str, float]) -> Experiment:
    """Initial weights of N(0, gain^2 / fan-in), with each layer's gain by its name."""
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


def constant_norms(base: Experiment) -> Experiment:
    """Response norms that respond to nothing, alpha = 0: the factor k^-beta stays."""
    convs = (
        conv
        if conv.norm is None
        else dataclasses.replace(conv, norm=dataclasses.replace(conv.norm, alpha=0.0))
        for conv in base.model.convs
    )
    return replace(base, {"model.convs": tuple(convs)})


def reductions(base: Experiment, count: int) -> Experiment:
    """The rate divided by ten `count` times, 0 to 3, after 1/2, 3/4 and 9/10 of the epochs."""
    train = base.train
    changes = tuple(
        RateChange(
            epoch=max(1, round(share * train.epochs)), learning_rate=train.learning_rate / 10**n
        )
        for n, share in enumerate((0.5, 0.75, 0.9)[:count], start=1)
    )
    return replace(constant_rate(base), {"train.changes": changes})


def one_gpu(base: Experiment) -> Experiment:
    """Half the kernels in one tower; the last convolution and the dense layers whole.

    Footnote 2 and layers-145-half.cfg.
    """
    model = base.model
    *halved, last = (
        dataclasses.replace(conv, filters=conv.filters // 2, groups=1) for conv in model.convs
    )
    whole = dataclasses.replace(last, filters=model.convs[-1].filters)
    return replace(base, {"model.convs": (*halved, whole), "model.towers": 1})


def six_conv(base: Experiment) -> Experiment:
    """A sixth convolution over the last pooling layer, as wide as the fifth (section 6)."""
    last = base.model.convs[-1]
    sixth = ConvSpec(
        name="conv6",
        filters=last.filters,
        kernel=3,
        padding=1,
        init_std=last.init_std,
        init_gain=last.init_gain,
        init_bias=last.init_bias,
    )
    return replace(base, {"model.convs": (*base.model.convs, sixth)})


def no_communication(base: Experiment) -> Experiment:
    """No tower sees the other before fc8 (net 150, layers-150.cfg; not in the paper).

    The kernels that conv2 (a quarter more) and fc6 (twice as many) gain make up for the
    connections that conv3 and fc6 lose.
    """
    model = base.model
    return replace(
        base,
        {
            "model.convs.1.filters": model.convs[1].filters * 5 // 4,
            "model.convs.2.groups": 2,
            "model.dense.0.units": model.dense[0].units * 2,
            "model.dense.0.groups": 2,
            "model.dense.1.groups": 2,
        },
    )


def full_communication(base: Experiment) -> Experiment:
    """Every layer sees both towers' maps (section 3.2: what the paper does not do)."""
    convs = (dataclasses.replace(conv, groups=1) for conv in base.model.convs)
    return replace(base, {"model.convs": tuple(convs)})


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
    return replace(base, {"model.convs": (first, second, *(_wider(c, 3) for c in others))})


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
