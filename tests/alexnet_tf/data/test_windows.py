"""Windows cut out of images, small and large, against NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tensorflow as tf
import tiny
from hypothesis import given, settings
from hypothesis import strategies as st

from alexnet_tf.data.windows import cropped

tiny.pin_one_thread()
SIZE = 72


@settings(max_examples=30, deadline=None)
@given(
    crop=st.sampled_from([5, 63, 64, 70]),
    seed=st.integers(0, 1000),
    single=st.booleans(),
    kind=st.sampled_from([np.uint8, np.float32]),
)
def test_a_window_is_a_slice_and_mirrored_where_that_is_drawn(crop, seed, single, kind):
    rng = np.random.default_rng(seed)
    images: Any = rng.integers(0, 256, (4, SIZE, SIZE, 3)).astype(kind)
    images = images[0] if single else images
    starts = rng.integers(0, SIZE - crop + 1, (4, 2)).astype(np.int32)
    mirrored = rng.random(4) < 0.5
    found = np.asarray(cropped(tf.constant(images), starts, mirrored, crop))
    assert found.dtype == kind
    for k, (top, left) in enumerate(starts):
        part = (images if single else images[k])[top : top + crop, left : left + crop]
        np.testing.assert_array_equal(found[k], part[:, ::-1] if mirrored[k] else part)


@pytest.mark.parametrize("crop", [8, 64])
def test_no_operation_has_a_state(crop):
    """One with a state would end the prefetching of a stream under determinism."""
    cut = tf.function(cropped).get_concrete_function(
        tf.TensorSpec((None, SIZE, SIZE, 3), tf.uint8),
        tf.TensorSpec((None, 2), tf.int32),
        tf.TensorSpec((None,), tf.bool),
        crop,
    )
    operations = cut.graph.get_operations()
    assert operations and not [op.name for op in operations if op.op_def.is_stateful]
