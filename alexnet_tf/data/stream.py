"""Batches of a training, gathered and scaled in tf.data while the batch before them trains."""

from __future__ import annotations

import tensorflow as tf

from alexnet_tf.data.images import Images
from alexnet_tf.data.order import batches
from alexnet_tf.data.split import Normaliser, Split
from alexnet_tf.spec import Experiment


def training_stream(
    images: Images, split: Split, scaling: Normaliser, experiment: Experiment, *, first_epoch: int
) -> tf.data.Dataset:
    """Return the endless stream of (inputs, labels) batches from epoch `first_epoch` on.

    inputs: (batch, H, W, 3) float32, scaled; labels: (batch,) int64.
    """
    pixels = tf.constant(images.train_images[split.train])
    labels = tf.constant(images.train_labels[split.train])
    size = experiment.train.batch_size

    def indices():
        for epoch in range(first_epoch, experiment.train.epochs):
            yield from batches(experiment.seed, epoch, len(split.train), size)

    def gather(index: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        raw = tf.cast(tf.gather(pixels, index), tf.float32)
        return (raw - scaling.offset) * scaling.scale, tf.gather(labels, index)

    signature = tf.TensorSpec((None,), tf.int32)
    return (
        tf.data.Dataset.from_generator(indices, output_signature=signature).map(gather).prefetch(2)
    )
