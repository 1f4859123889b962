"""The built-in data set: reproducible bytes, balanced labels, and no cue that does it alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alexnet_tf.data import builtin, builtin_sheet


@pytest.fixture(scope="module")
def train() -> tuple[np.ndarray, np.ndarray]:
    return builtin.render(4000, seed=0, part="train")


@pytest.fixture(scope="module")
def test() -> tuple[np.ndarray, np.ndarray]:
    return builtin.render(1000, seed=0, part="test")


def test_images_are_bytes_and_labels_are_indices(train):
    images, labels = train
    assert images.shape == (4000, 32, 32, 3) and images.dtype == np.uint8
    assert labels.shape == (4000,) and labels.dtype == np.int64
    assert images.flags.c_contiguous
    assert len(builtin.CLASS_NAMES) == len(set(builtin.CLASS_NAMES)) == 10
    # The range is used, and clipping at its ends destroys little.
    assert images.min() == 0 and images.max() == 255
    assert np.mean((images == 0) | (images == 255)) < 0.05


def test_classes_are_balanced_and_mixed_in_every_block(train):
    blocks = train[1].reshape(-1, 200)
    for labels in blocks:
        assert np.bincount(labels, minlength=10).tolist() == [20] * 10
    # Shuffled differently in each block: a position must not tell the class.
    assert not np.array_equal(blocks[0], np.sort(blocks[0]))
    assert not np.array_equal(blocks[0], blocks[1])


def test_rendering_again_gives_the_same_bytes(train):
    images, labels = builtin.render(400, seed=0, part="train")
    assert images.tobytes() == train[0][:400].tobytes()
    assert labels.tobytes() == train[1][:400].tobytes()


@settings(max_examples=20, deadline=None)
@given(start=st.integers(0, 999), count=st.integers(1, 500))
def test_any_cut_equals_a_slice_of_the_whole(train, start, count):
    images, labels = builtin.render(count, seed=0, part="train", start=start)
    assert np.array_equal(images, train[0][start : start + count])
    assert np.array_equal(labels, train[1][start : start + count])


def test_no_image_occurs_twice_in_or_across_the_parts(train, test):
    seen = {image.tobytes() for images, _ in (train, test) for image in images}
    assert len(seen) == 5000


def test_another_seed_gives_other_images(train):
    images, labels = builtin.render(400, seed=1, part="train")
    assert np.mean(images == train[0][:400]) < 0.05
    assert not np.array_equal(labels, train[1][:400])


def test_images_differ_within_a_class(train):
    """Varied light and place: no image is near the mean of its class."""
    images, labels = train
    for label in range(10):
        members = images[labels == label].astype(np.float32)
        assert members.std(axis=0).min() > 25


def _nearest_mean(train, test, features) -> float:
    """Fraction of test images nearest to the training mean of their own class."""
    known, asked = features(train[0]), features(test[0])
    means = np.stack([known[train[1] == label].mean(axis=0) for label in range(10)])
    distances = ((asked[:, None] - means) ** 2).sum(axis=2)
    return float(np.mean(distances.argmin(axis=1) == test[1]))


def _mean_colour(images: np.ndarray) -> np.ndarray:
    return images.astype(np.float64).mean(axis=(1, 2))


def _centre_colour(images: np.ndarray) -> np.ndarray:
    return _mean_colour(images[:, 10:22, 10:22])


def _pixels(images: np.ndarray) -> np.ndarray:
    return images[:, ::2, ::2].reshape(len(images), -1).astype(np.float64)


def _contrast(images: np.ndarray) -> np.ndarray:
    """Relative grey-level differences at five distances: a texture cue without a place."""
    grey = images.astype(np.float64).mean(axis=3)[:, 6:26, 6:26]
    spread = grey.std(axis=(1, 2)) + 1
    steps = [np.abs(grey[:, :, d:] - grey[:, :, :-d]).mean(axis=(1, 2)) for d in (1, 2, 3, 4, 6)]
    return np.stack(steps, axis=1) / spread[:, None]


# Chance is 0.1 with a standard error of 0.0095 on 1000 images.
@pytest.mark.parametrize("features", [_centre_colour, _contrast])
def test_colour_and_texture_are_cues(train, test, features):
    assert _nearest_mean(train, test, features) > 0.14


@pytest.mark.parametrize("features", [_mean_colour, _centre_colour, _pixels, _contrast])
def test_no_simple_cue_is_enough(train, test, features):
    assert _nearest_mean(train, test, features) < 0.40


def test_brightness_and_background_are_no_cue(train, test):
    """A frame of border pixels without colour holds next to no object."""

    def border_grey(images: np.ndarray) -> np.ndarray:
        grey = images.astype(np.float64).mean(axis=3)
        return np.stack([grey[:, :2].mean(axis=(1, 2)), grey[:, -2:].mean(axis=(1, 2))], axis=1)

    assert _nearest_mean(train, test, border_grey) < 0.14


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"count": 0}, "`count` must be at least 1. Received: count=0"),
        ({"seed": -1}, "`seed` must be at least 0. Received: seed=-1"),
        ({"start": -1}, "`start` must be at least 0. Received: start=-1"),
        ({"part": "val"}, "`part` must be 'train' or 'test'. Received: part='val'"),
    ],
)
def test_arguments_out_of_range_are_named(arguments, message):
    with pytest.raises(ValueError) as caught:
        builtin.render(**{"count": 1, "seed": 0, "part": "train", **arguments})
    assert str(caught.value) == message


def sheet(*words: str) -> int:
    rendered = builtin.render(200, seed=0, part="train")
    return builtin_sheet.main(words, lambda: rendered, builtin.CLASS_NAMES)


def test_usage_error_is_one_line(capsys):
    assert sheet() == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_picture_is_drawn(tmp_path: Path):
    pytest.importorskip("matplotlib")
    assert sheet(str(tmp_path / "examples.png")) == 0
    assert (tmp_path / "examples.png").read_bytes().startswith(b"\x89PNG")
    assert [path.name for path in tmp_path.iterdir()] == ["examples.png"]


def test_a_picture_below_a_file_is_an_error_of_the_disk_in_one_line(tmp_path: Path, capsys):
    pytest.importorskip("matplotlib")
    (tmp_path / "file").write_bytes(b"")
    assert sheet(str(tmp_path / "file" / "x.png")) == 4
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and f"{tmp_path / 'file'}: Not a directory" in said
