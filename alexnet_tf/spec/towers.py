"""Variants of the towers: one, two that meet elsewhere, and a sixth convolution."""

from __future__ import annotations

import dataclasses

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
from alexnet_tf.spec.layers import ConvSpec
from alexnet_tf.values import replace


def one_gpu(base: Experiment) -> Experiment:
    """Half the kernels in one tower; the last convolution and the dense layers whole.

    Footnote 2 and layers-145-half.cfg. With the last convolution whole, and so the input of
    the first dense layer, the net has nearly as many parameters as the one of two towers.

    >>> from alexnet_tf.spec import PAPER
    >>> PAPER.model.parameters(), one_gpu(PAPER).model.parameters()
    (60965224, 59798312)
    """
    model = base.model
    *halved, last = (
        dataclasses.replace(conv, filters=conv.filters // 2, groups=1) for conv in model.convs
    )
    whole = dataclasses.replace(last, filters=model.convs[-1].filters)
    return replace(base, {"model.convs": (*halved, whole), "model.towers": 1})


def six_conv(base: Experiment) -> Experiment:
    """A sixth convolution over the last pooling layer, as wide as the fifth (section 6).

    3 x 3 kernels over the maps of both towers, without norm or pooling, with the initial
    weights and biases of the fifth (layers-146-2009.cfg); the maps keep their size.

    >>> from alexnet_tf.spec import PAPER
    >>> six_conv(PAPER).model.weights_and_biases()["conv6"]
    (589824, 256)
    """
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

    Raises:
        SpecError: fewer than three convolutions or two hidden dense layers, or one tower.
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
    """Every convolution sees both towers' maps (section 3.2: what the paper does not do).

    conv2, conv4 and conv5 then have twice the weights. Dense layers are left as they are: in the
    paper's net they are connected to both towers already.
    """
    convs = (dataclasses.replace(conv, groups=1) for conv in base.model.convs)
    return replace(base, {"model.convs": tuple(convs)})
