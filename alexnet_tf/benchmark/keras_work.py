"""Work of a worker in TensorFlow: training steps, batches, response norms, products."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from alexnet_tf import arithmetic
from alexnet_tf.benchmark.rows import Row, norm_input, without_norm
from alexnet_tf.benchmark.settings import Settings, Work
from alexnet_tf.data.augment import InputPipeline, input_pipeline
from alexnet_tf.data.images import Images
from alexnet_tf.data.labelled import Source
from alexnet_tf.data.split import Split
from alexnet_tf.data.stream import training_stream
from alexnet_tf.layers import LocalResponseNorm
from alexnet_tf.loss_scaling import descent
from alexnet_tf.model import build_alexnet
from alexnet_tf.spec import Experiment, Precision, ResponseNormSpec, compute_type, replace
from alexnet_tf.train import step

_EPOCH = 1000  # batches of the pipeline's epoch: an order is drawn rarely, as in real sets
_NORM_BATCH = 64


def work(row: Row, settings: Settings) -> Work:
    """Return what `row` times, with threads and determinism as a training has them.

    Training steps have a rate of 1e-4, those from memory one batch of random numbers. The
    pipeline presents prepared images, or random ones without. A norm is timed on 64 images,
    whatever the batch. Neither of these two has a matrix product beside it.

    Args:
        row: of library "alexnet_tf" or "tensorflow".
        settings: net, batch, device, threads, images.

    Raises:
        RuntimeError: a GPU is asked for and TensorFlow sees none.
    """
    arithmetic.pin(threads=settings.threads, precision=row.precision)
    if settings.gpu and not tf.config.list_physical_devices("GPU"):
        raise RuntimeError(f"TensorFlow sees no {settings.device}")
    keras.utils.set_random_seed(0)
    experiment = settings.experiment if row.lrn else without_norm(settings.experiment)
    changes = {"train.precision": row.precision, "train.batch_size": settings.batch}
    experiment = replace(experiment, {**changes, "train.epochs": 1_000_000})
    if row.kind == "norm":
        return Work(_norm(row, experiment), None, _NORM_BATCH)
    if row.kind == "pipeline":
        batches, _ = _pipeline(experiment, settings)
        return Work(lambda: next(batches), None, settings.batch, lead=4)
    multiply = _product(settings.matrix, row.precision)
    if row.kind == "train_pipeline":
        made = _training_step(experiment, *_pipeline(experiment, settings))
        return Work(made, multiply, settings.batch, lead=1)
    return Work(_training_step(experiment, _memory(experiment)), multiply, settings.batch)


def pictures(experiment: Experiment, count: int) -> Images:
    """Return random images of the size that the spec's data set has, as if read from it.

    Args:
        experiment: its data set (256 pixels for "imagenet", else 32, or the net's input where
            that is larger) and number of classes.
        count: of training images; there are no test images.
    """
    size = max(experiment.model.input_size, 256 if experiment.data.dataset == "imagenet" else 32)
    draw = np.random.default_rng(0)
    pixels = draw.integers(0, 256, (count, size, size, 3), np.uint8)
    labels = draw.integers(0, experiment.model.classes, count)
    names = tuple(f"class {k}" for k in range(experiment.model.classes))
    facts = (experiment.data.dataset, True, "random numbers", names)
    return Images(*facts, pixels, labels, pixels[:0], labels[:0])


def _training_step(
    experiment: Experiment, batches: Iterator[Any], shown: InputPipeline | None = None
) -> Callable[[], Any]:
    """Return a step on the next batch: of inputs, or of bytes that `shown` scales inside of it."""
    # Keras annotates strings only
    model: Any = build_alexnet(experiment)
    train = experiment.train
    model.compile(
        # so low that random labels never make numbers that are slow to compute with
        optimizer=descent(train.precision)(1e-4, train.momentum, train.weight_decay),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
        jit_compile=False,
        auto_scale_loss=False,
    )
    if shown is not None:
        step.scaling(model, shown)
    model.make_train_function()
    return lambda: float(model.train_function(batches)["loss"])


def _memory(experiment: Experiment) -> Iterator[Any]:
    """Return an endless iterator over one batch."""
    model, batch = experiment.model, experiment.train.batch_size
    draw = np.random.default_rng(0)
    shape = (batch, model.input_size, model.input_size, model.channels)
    images = tf.constant(50 * draw.standard_normal(shape, np.float32))
    labels = tf.constant(draw.integers(0, model.classes, batch))
    return iter(tf.data.Dataset.from_tensors((images, labels)).repeat())


def _pipeline(experiment: Experiment, settings: Settings) -> tuple[Iterator[Any], InputPipeline]:
    """Return an endless iterator over batches that are read and cropped, and what scales them."""
    source: Source
    if settings.data is None:
        source = pictures(experiment, 2 * settings.batch)
    else:
        from alexnet_tf.data.shards import open_shards

        source = open_shards(settings.data, verify=False)
    every = np.arange(len(source.train_labels))
    shown = input_pipeline(experiment, source, Split(every, every[:0], every[:0]))
    # few images are shown often, so that every batch is whole
    chosen = np.resize(every, _EPOCH * settings.batch)
    options: Any = {"epochs": range(1), "threads": settings.threads, "scaled": False}
    stream = training_stream(source, chosen, shown, experiment, **options)
    return iter(stream.repeat()), shown


def _norm(row: Row, experiment: Experiment) -> Callable[[], Any]:
    """Return the first response norm, forward and backward, on 64 images."""
    model = experiment.model
    spec = next(conv.norm for conv in model.convs if conv.norm is not None)
    layer = _layer(spec, model.towers) if row.library == "alexnet_tf" else _fused(spec)
    draw = np.random.default_rng(0)
    shape = (_NORM_BATCH, *norm_input(model))
    maps, upstream = (tf.constant(draw.standard_normal(shape, np.float32)) for _ in range(2))

    @tf.function
    def both() -> Any:
        with tf.GradientTape() as tape:
            tape.watch(maps)
            normalised = layer(maps)
        return normalised, tape.gradient(normalised, maps, output_gradients=[upstream])

    # reading a value waits for a GPU
    return lambda: [float(result[0, 0, 0, 0]) for result in both()]


def _layer(spec: ResponseNormSpec, towers: int) -> Callable[[Any], Any]:
    groups = towers if spec.across == "tower" else 1
    return LocalResponseNorm(
        spec.size, spec.k, spec.alpha, spec.beta, spec.alpha_over, groups=groups
    )


def _fused(spec: ResponseNormSpec) -> Callable[[Any], Any]:
    alpha = spec.alpha / (spec.size if spec.alpha_over == "mean" else 1)
    fused: Any = tf.nn.local_response_normalization
    return lambda maps: fused(maps, spec.size // 2, spec.k, alpha, spec.beta)


def _product(size: int, precision: Precision) -> Callable[[], Any]:
    dtype = compute_type(precision)
    draw = np.random.default_rng(0)
    matrix: Any = tf.cast(draw.standard_normal((size, size), np.float32), dtype)
    multiply: Any = tf.function(lambda: tf.reduce_sum(tf.matmul(matrix, matrix)))
    return lambda: float(multiply())
