"""Images read from shards are those prepared."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import tensorflow as tf  # noqa: E402, threads are pinned first
import tiny
from made_shards import SHARD, expected, flip

from alexnet_tf.data.prepare.folder import Tree
from alexnet_tf.data.shards import open_shards

tiny.pin_one_thread()


# --- reading ------------------------------------------------------------------------------


def test_what_was_prepared_is_opened(either):
    found = open_shards(either)
    assert (found.name, found.synthetic, found.size) == ("imagenet", False, 16)
    assert found.class_names == ("cat", "dog", "emu") and "source" in found.source
    assert np.bincount(found.train_labels).tolist() == [7, 7, 7]
    assert np.bincount(found.test_labels).tolist() == [2, 2, 2]
    assert found.train_labels.dtype == found.test_labels.dtype == np.int64
    assert found.mean_image.shape == (16, 16, 3) and found.mean_image.dtype == np.float32
    assert found.eigenvalues.shape == (3,) and found.eigenvectors.shape == (3, 3)
    assert len(found.fingerprint()) == 64
    labels = [item.label for item in Tree(either.parent / "source").items("train", 0, 21)]
    assert found.train_labels.tolist() == labels


@pytest.mark.parametrize("part", ["train", "test"])
def test_the_reader_gives_the_pixels_of_any_indices_in_a_stream(either, part):
    pixels = expected(either, part)
    rng = np.random.default_rng(0)
    indices = rng.integers(0, len(pixels), (6, 9)).astype(np.int32)
    read = open_shards(either).reader(part)
    batches = tf.data.Dataset.from_tensor_slices(indices).map(read, num_parallel_calls=2)
    for index, batch in zip(indices, batches, strict=True):
        assert batch.shape == (9, 16, 16, 3) and batch.dtype == tf.uint8
        np.testing.assert_array_equal(batch, np.stack([pixels[i] for i in index]))


def test_the_mean_image_is_the_mean_of_what_the_reader_gives(either):
    found = open_shards(either)
    images = found.reader("train")(tf.range(21)).numpy()
    mean = images.mean(axis=0, dtype=np.float64).astype(np.float32)
    np.testing.assert_array_equal(found.mean_image, mean)


def stream(read: Callable[[tf.Tensor], tf.Tensor], indices: list[int]) -> list[np.ndarray]:
    return list(tf.data.Dataset.from_tensors(indices).map(read).as_numpy_iterator())


def test_an_index_outside_and_no_index_at_all(whole):
    read = open_shards(whole).reader("test")
    assert read(tf.zeros((0,), tf.int64)).shape == (0, 16, 16, 3)
    for index in (-1, 6):
        with pytest.raises(tf.errors.OpError, match="not in 0 to 5"):
            stream(read, [index])


def test_a_record_that_is_damaged_later_is_an_error_and_no_wrong_picture(copy):
    read = open_shards(copy).reader("train")
    flip(copy / SHARD)
    with pytest.raises(tf.errors.OpError, match="mismatch"):
        stream(read, [5, 6, 7])
