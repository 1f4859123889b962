"""Batches, read and presented in tf.data while the batch before them trains."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import tensorflow as tf

from alexnet_tf.data.augment import Presenter
from alexnet_tf.data.images import Part
from alexnet_tf.data.labelled import Source
from alexnet_tf.data.order import batches
from alexnet_tf.data.turns import turned
from alexnet_tf.spec import Experiment

_BATCH = 250  # images of an evaluation


def training_stream(
    source: Source,
    chosen: np.ndarray,
    presenter: Presenter,
    experiment: Experiment,
    *,
    first_epoch: int,
    threads: int = 1,
) -> tf.data.Dataset:
    """Return the endless stream of (inputs, labels) batches from epoch `first_epoch` on.

    inputs: (batch, crop, crop, 3) float32, scaled; labels: (batch,) int64. `chosen` are
    the indices of the training images. What a batch holds is a function of the seed, the
    epoch and its number, however many `threads` make batches.
    """
    read = source.reader("train")
    images, labels = tf.constant(chosen), tf.constant(source.train_labels[chosen])
    size, seed = experiment.train.batch_size, experiment.seed
    turns = experiment.data.turns > 1

    def indices() -> Iterator[tuple[np.ndarray, int, int]]:
        for epoch in range(first_epoch, experiment.train.epochs):
            for number, index in enumerate(batches(seed, epoch, len(chosen), size)):
                yield index, epoch, number

    def present(index: Any, epoch: Any, number: Any) -> tuple[Any, Any]:
        pixels, wanted = read(tf.gather(images, index)), tf.gather(labels, index)
        if turns:
            pixels, wanted = turned(pixels, wanted, seed, epoch, number)
        return presenter.training(pixels, seed, epoch, number), wanted

    number = tf.TensorSpec((), tf.int32)
    signature = (tf.TensorSpec((None,), tf.int32), number, number)
    return (
        tf.data.Dataset.from_generator(indices, output_signature=signature)
        .map(present, **_parallel(threads))
        .prefetch(2)
    )


def image_batches(source: Source, part: Part, chosen: np.ndarray, threads: int) -> tf.data.Dataset:
    """Return (B, H, W, 3) uint8 batches of the images `chosen`, in their order, once."""
    read = source.reader(part)
    return (
        tf.data.Dataset.from_tensor_slices(chosen)
        .batch(_BATCH)
        .map(read, **_parallel(threads))
        .prefetch(2)
    )


def _parallel(threads: int) -> dict[str, Any]:
    """Arguments of `map`; one batch at a time needs no pool of its own."""
    return {"num_parallel_calls": threads, "deterministic": True} if threads > 1 else {}
