"""The stream of batches: each epoch whole, in its order, whatever reads it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tiny
from hypothesis import given, settings
from hypothesis import strategies as st

from alexnet_tf.data.augment import input_pipeline
from alexnet_tf.data.order import epoch_order
from alexnet_tf.data.split import split
from alexnet_tf.data.stream import epochs_at_once, training_stream
from alexnet_tf.spec import AugmentSpec, JitterSpec, replace

tiny.pin_one_thread()


@pytest.mark.parametrize("threads", [1, 3])
def test_the_stream_goes_on_where_it_was_however_many_threads_read(tiny_images, threads):
    experiment = replace(
        tiny.experiment(epochs=4),
        {"model.input_size": 6, "data.augment": AugmentSpec(flip=True, jitter=JitterSpec())},
    )
    chosen = split(tiny_images, experiment.data)
    made = input_pipeline(experiment, tiny_images, chosen)

    def stream(first, threads=1):
        return list(
            training_stream(
                tiny_images, chosen.train, made, experiment, epochs=range(first, 4), threads=threads
            ).as_numpy_iterator()
        )

    whole, later = stream(0), stream(2, threads)
    assert len(whole) == 4 * 16 and len(later) == 2 * 16
    for (a, b), (c, d) in zip(whole[32:], later, strict=True):
        np.testing.assert_array_equal(a, c)
        np.testing.assert_array_equal(b, d)


@settings(max_examples=15, deadline=None)
@given(
    seed=st.integers(0, 2**31 - 1),
    size=st.integers(40, 250),
    epochs=st.tuples(st.integers(0, 40), st.integers(1, 2)),
    threads=st.sampled_from([1, 2]),
)
def test_every_epoch_is_its_order_cut_into_batches_and_the_tail(seed, size, epochs, threads):
    data = tiny.images()
    experiment = replace(tiny.experiment(), {"train.batch_size": size}, seed=seed)
    chosen = split(data, experiment.data)
    made = input_pipeline(experiment, data, chosen)
    asked = range(epochs[0], sum(epochs))
    stream = training_stream(data, chosen.train, made, experiment, epochs=asked, threads=threads)
    found = list(stream.as_numpy_iterator())
    expected = [
        (epoch, number, order[start : start + size])
        for epoch in asked
        for order in (epoch_order(seed, epoch, len(chosen.train)),)
        for number, start in enumerate(range(0, len(order), size))
    ]
    assert len(found) == len(expected)
    for (inputs, labels), (epoch, number, index) in zip(found, expected, strict=True):
        images = chosen.train[index]
        assert labels.tolist() == data.train_labels[images].tolist()
        shown = made.training(data.train_images[images], seed, epoch, number)
        np.testing.assert_array_equal(inputs, np.asarray(shown))


def test_no_operation_of_the_stream_has_a_state(tiny_images):
    experiment = tiny.experiment(epochs=2)
    chosen = split(tiny_images, experiment.data)
    made = input_pipeline(experiment, tiny_images, chosen)
    stream: Any = training_stream(
        tiny_images, chosen.train, made, experiment, epochs=range(2), threads=2
    )
    functions = [d for d in stream._functions()]
    while inner := stream._inputs():
        (stream,) = inner
        functions += stream._functions()
    operations = [op for f in functions for op in f.function.graph.get_operations()]
    assert operations and not [op.name for op in operations if op.op_def.is_stateful]


@pytest.mark.parametrize(("images", "epochs"), [(12_500, 1342), (1_271_167, 13), (2**25, 1)])
def test_the_orders_in_memory_are_at_most_64_mib_or_one(images, epochs):
    assert epochs_at_once(images) == epochs
    assert epochs == 1 or epochs * images * 4 <= 64 * 2**20
