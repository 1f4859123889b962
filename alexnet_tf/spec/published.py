"""Nets whose trained weights are published: Caffe's two, and torchvision's.

`alexnet_tf.weights` reads their files. The training fields are the published recipes as far as
the spec has fields for them; none of these nets was trained here.
"""

from __future__ import annotations

import dataclasses

from alexnet_tf.spec.data import AugmentSpec, DataSpec, ScalingConstants
from alexnet_tf.spec.experiment import Experiment
from alexnet_tf.spec.layers import ConvSpec, DenseSpec, PoolSpec, ResponseNormSpec, Step
from alexnet_tf.spec.model import ModelSpec
from alexnet_tf.spec.train import RateChange, TrainSpec

_POOL = PoolSpec()

# Caffe divides alpha by the number of maps, has k = 1 by default and knows no towers: a window
# of its LRN looks over the border between groups.
_CAFFE_LRN = ResponseNormSpec(k=1.0, alpha_over="mean", across="layer")

# The colours of Caffe's ilsvrc_2012_mean.npy (blue 104.007, green 116.669, red 122.679), which
# its examples subtract; its training subtracted the mean image.
_CAFFE_MEAN = ScalingConstants(mean=(122.67891434, 116.66876762, 104.00698793))

# torchvision standardises pixels of 0 to 1 with mean 0.485, 0.456, 0.406 and deviation 0.229,
# 0.224, 0.225. Scaled here and not in conv1, since conv1 pads with zeros after it.
_TORCHVISION = ScalingConstants(mean=(123.675, 116.28, 103.53), deviation=(58.395, 57.12, 57.375))

_MIRRORED_CROPS = AugmentSpec(flip=True)


def _divided_every(epochs: int, base: TrainSpec) -> TrainSpec:
    """Return the training with the rate divided by ten every so many epochs."""
    changes = tuple(
        RateChange(epoch=n * epochs, learning_rate=base.learning_rate / 10**n)
        for n in range(1, -(-base.epochs // epochs))
    )
    return dataclasses.replace(base, changes=changes)


def _caffe_net(order: tuple[Step, ...], bias: float) -> Experiment:
    """Return Caffe's net: `order` of conv1's and conv2's steps, `bias` where 2012 had one."""
    normed = ConvSpec(filters=96, kernel=11, norm=_CAFFE_LRN, pool=_POOL, order=order)
    three = ConvSpec(filters=384, kernel=3, padding=1)
    grouped = dataclasses.replace(three, groups=2, init_bias=bias)
    dense = DenseSpec(units=4096, init_std=0.005, init_bias=bias, dropout=0.5)
    return Experiment(
        model=ModelSpec(
            input_size=227,
            classes=1000,
            towers=2,
            convs=(
                dataclasses.replace(normed, name="conv1", stride=4, padding=0),
                dataclasses.replace(
                    normed, name="conv2", filters=256, kernel=5, groups=2, init_bias=bias
                ),
                dataclasses.replace(three, name="conv3"),
                dataclasses.replace(grouped, name="conv4"),
                dataclasses.replace(grouped, name="conv5", filters=256, pool=_POOL),
            ),
            dense=(dataclasses.replace(dense, name="fc6"), dataclasses.replace(dense, name="fc7")),
            output_name="fc8",
            dropout_scaling="inverted",
        ),
        data=DataSpec(
            dataset="imagenet", validation_images=0, augment=_MIRRORED_CROPS, constants=_CAFFE_MEAN
        ),
        # 450,000 updates, divided every 100,000, which are 19.98 epochs of 1,281,167 images
        train=_divided_every(20, TrainSpec(batch_size=256, weight_decay=5e-4, bias_rate=2.0)),
    )


#: Caffe's `bvlc_alexnet`: 227 pixels, no padding in conv1, LRN before pooling with k = 1.
BVLC_ALEXNET = _caffe_net(("activation", "norm", "pool"), bias=0.1)

#: Caffe's `bvlc_reference_caffenet`: the same with pooling before LRN, and biases of 1.
CAFFENET = _caffe_net(("activation", "pool", "norm"), bias=1.0)

#: torchvision's `alexnet`, after "One weird trick" (Krizhevsky 2014): one column of 64, 192,
#: 384, 256 and 256 maps without LRN. Its dropout before fc6, on pooled maps, is no field of the
#: spec; it acts in training alone.
TORCHVISION_ALEXNET = Experiment(
    model=ModelSpec(
        input_size=224,
        classes=1000,
        convs=(
            ConvSpec(name="conv1", filters=64, kernel=11, stride=4, pool=_POOL),
            ConvSpec(name="conv2", filters=192, pool=_POOL),
            ConvSpec(name="conv3", filters=384, kernel=3, padding=1),
            ConvSpec(name="conv4", filters=256, kernel=3, padding=1),
            ConvSpec(name="conv5", filters=256, kernel=3, padding=1, pool=_POOL),
        ),
        dense=(
            DenseSpec(name="fc6", units=4096, dropout=0.5),
            DenseSpec(name="fc7", units=4096),
        ),
        output_name="fc8",
        dropout_scaling="inverted",
    ),
    data=DataSpec(
        dataset="imagenet", validation_images=0, augment=_MIRRORED_CROPS, constants=_TORCHVISION
    ),
    train=_divided_every(30, TrainSpec(batch_size=256, weight_decay=1e-4)),
)
