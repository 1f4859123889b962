"""Batches, read and presented in tf.data while the batch before them trains."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from alexnet_tf.data.augment import InputPipeline
from alexnet_tf.data.images import Part
from alexnet_tf.data.labelled import Source
from alexnet_tf.data.order import batches_per_epoch, epoch_order
from alexnet_tf.data.rotation import turned
from alexnet_tf.spec import Experiment

# Images of an evaluation: at 24 x 24 x 32 maps their largest tensor is 4 MB, and 250 take
# 7 % more time.
_BATCH = 50
_ORDERS = 2**24  # indices of images, int32


def training_stream(
    source: Source,
    chosen: np.ndarray,
    input_pipeline: InputPipeline,
    experiment: Experiment,
    *,
    epochs: range,
    threads: int = 1,
    scaled: bool = True,
) -> tf.data.Dataset:
    """Return the stream of (inputs, labels) batches of `epochs`, 0 being the first.

    What a batch holds is a function of the seed, the epoch and its number, however many
    threads make batches.

    Args:
        source: the images.
        chosen: (N,) indices of the training images.
        input_pipeline: crops, reflects, jitters and scales.
        experiment: batch size, seed, rotations.
        epochs: which to give; 0 is the first of the training.
        threads: how many make batches side by side, in a pool of the stream's own.
        scaled: give inputs; else what the images show, in bytes, for `InputPipeline.inputs`.

    Returns:
        Batches of inputs (batch, crop, crop, 3) float32, or of `augment.Shown`, and labels (batch,)
        int64.

    The orders of all `epochs` are held in memory (`epochs_at_once`). No operation has a
    state: TensorFlow, asked for determinism, would drop the prefetching and every parallel
    `map` of a pipeline that has one, without a word.
    """
    read = source.reader("train")
    images, labels = tf.constant(chosen), tf.constant(source.train_labels[chosen])
    size, seed, count = experiment.train.batch_size, experiment.seed, len(chosen)
    steps, rotated = batches_per_epoch(count, size), experiment.data.rotations > 1
    orders = tf.constant(np.stack([epoch_order(seed, epoch, count) for epoch in epochs]))

    @tf.autograph.experimental.do_not_convert  # two seconds, for no change
    def present(step: Any) -> tuple[Any, Any]:
        epoch, number = step // steps, step % steps
        order = orders[epoch - epochs.start]
        index = order[number * size : tf.minimum((number + 1) * size, count)]
        pixels, wanted = read(tf.gather(images, index)), tf.gather(labels, index)
        if rotated:
            pixels, wanted = turned(pixels, wanted, seed, epoch, number)
        show = input_pipeline.training if scaled else input_pipeline.shown
        return show(pixels, seed, epoch, number), wanted

    return _pooled(
        tf.data.Dataset.range(epochs.start * steps, epochs.stop * steps)
        .map(present, **_parallel(threads))
        .prefetch(2),
        threads,
    )


def epochs_at_once(images: int) -> int:
    """Return how many epochs' orders of so many images fit into 64 MiB, at least 1.

    Args:
        images: of an epoch; an index of one takes four bytes.
    """
    return max(1, _ORDERS // images)


def image_batches(source: Source, part: Part, chosen: np.ndarray, threads: int) -> tf.data.Dataset:
    """Return the images `chosen`, in their order, once.

    Args:
        source: the images.
        part: "train" or "test".
        chosen: (N,) indices into the part.
        threads: how many make batches side by side; they change no byte.

    Returns:
        Batches (B, H, W, 3) uint8 of 50 images, the last of what is left.
    """
    read = source.reader(part)
    return _pooled(
        tf.data.Dataset.from_tensor_slices(chosen)
        .batch(_BATCH)
        .map(tf.autograph.experimental.do_not_convert(read), **_parallel(threads))
        .prefetch(2),
        threads,
    )


def _parallel(threads: int) -> dict[str, Any]:
    """Arguments of `map`; one batch at a time needs no pool of its own."""
    return {"num_parallel_calls": threads, "deterministic": True} if threads > 1 else {}


def _pooled(batches: tf.data.Dataset, threads: int) -> tf.data.Dataset:
    """Have a pool of its own make the batches: the process's has as many threads as decide bits."""
    if threads == 1:
        return batches
    options = tf.data.Options()
    options.threading.private_threadpool_size = threads
    options.threading.max_intra_op_parallelism = 1
    return batches.with_options(options)
