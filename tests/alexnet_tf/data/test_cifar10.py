"""CIFAR-10 that is missing, short or damaged is refused by name; a damaged copy is made again."""

from __future__ import annotations

import dataclasses
import os
import struct
from pathlib import Path

import numpy as np
import pytest
import tiny

from alexnet_tf.data import __main__ as command
from alexnet_tf.data import cifar10
from alexnet_tf.data.images import Images
from alexnet_tf.data.load import load
from alexnet_tf.errors import DataError


def balanced(count: int) -> tuple[np.ndarray, np.ndarray]:
    return np.zeros((count, 32, 32, 3), np.uint8), np.arange(count) % 10


def refusal(arrays, expected: int = 200) -> str:
    path = Path("/somewhere/cifar10/3.0.2")
    with pytest.raises(DataError) as error:
        cifar10._check(path, "train", arrays, expected)
    assert "\n" not in str(error.value)
    assert str(path) in str(error.value)
    assert "python -m alexnet_tf.data cifar10 --data-dir /somewhere" in str(error.value)
    return str(error.value)


def test_the_published_number_of_each_class_is_accepted():
    cifar10._check(Path("x"), "train", balanced(200), 200)
    assert (cifar10.TRAIN_IMAGES, cifar10.TEST_IMAGES) == (50_000, 10_000)


@pytest.mark.parametrize("count", [0, 199, 210])
def test_a_wrong_number_of_images_is_named(count):
    assert f"expected 200 train images, got {count}" in refusal(balanced(count))


def test_a_class_with_too_few_images_is_named():
    images, labels = balanced(200)
    labels[0] = 1
    assert "[19, 21, 20" in refusal((images, labels))


def test_a_label_that_is_no_class_is_named():
    images, labels = balanced(200)
    labels[0] = 10
    refusal((images, labels))


@pytest.mark.parametrize("shape", [(32, 32), (32, 32, 1), (28, 28, 3)])
def test_images_of_another_shape_are_named(shape):
    assert str(shape) in refusal((np.zeros((200, *shape), np.uint8), balanced(200)[1]))


def test_missing_data_are_told_with_the_folder_and_the_command(tmp_path):
    assert not cifar10.is_prepared(tmp_path)
    for ask in (cifar10.key, cifar10.read, lambda folder: load("cifar10", data_dir=folder)):
        with pytest.raises(DataError) as error:
            ask(tmp_path)
        assert str(error.value) == (
            f"CIFAR-10 is not prepared in {tmp_path}. Download it with: "
            f"python -m alexnet_tf.data cifar10 --data-dir {tmp_path}"
        )


def test_the_folder_is_the_one_given_then_the_variable_then_the_home(tmp_path, monkeypatch):
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path / "variable"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert cifar10.folder(tmp_path / "given") == tmp_path / "given"
    assert cifar10.folder(Path("~/x")) == tmp_path / "home" / "x"
    assert cifar10.folder(None) == tmp_path / "variable"
    for unset in ("", None):
        monkeypatch.setenv("TFDS_DATA_DIR", "") if unset == "" else monkeypatch.delenv(
            "TFDS_DATA_DIR"
        )
        assert cifar10.folder(None) == tmp_path / "home" / "tensorflow_datasets"


def test_the_key_changes_with_the_prepared_files(tmp_path):
    path = tmp_path / "cifar10" / "3.0.2"
    path.mkdir(parents=True)
    (path / "dataset_info.json").write_text("{}")
    first = cifar10.key(tmp_path)
    assert cifar10.key(tmp_path) == first and len(first) == 16
    (path / "train.tfrecord").write_bytes(b"1")
    second = cifar10.key(tmp_path)
    (path / "train.tfrecord").write_bytes(b"12")
    assert len({first, second, cifar10.key(tmp_path)}) == 3


# --- the decoded copy ---------------------------------------------------------------------


@pytest.fixture
def source(tmp_path: Path, tiny_images: Images, monkeypatch):
    """(folders, list of the reads of the source so far), for the tiny images."""
    folders = tiny.prepare(tmp_path, tiny_images)
    reads = []

    def read(data_dir):
        reads.append(data_dir)
        return tiny_images

    monkeypatch.setattr(cifar10, "read", read)
    return folders, reads


def same(a: Images, b: Images) -> bool:
    return a.fingerprint() == b.fingerprint() and all(
        getattr(a, f.name) == getattr(b, f.name)
        for f in dataclasses.fields(a)
        if not isinstance(getattr(a, f.name), np.ndarray)
    )


def copy_of(folders: tiny.Prepared) -> Path:
    (path,) = folders.cache.iterdir()
    return path


def test_a_decoded_copy_gives_the_same_images_without_the_source(source, tiny_images):
    folders, reads = source
    found = load("cifar10", data_dir=folders.data_dir, cache=folders.cache)
    assert reads == [] and same(found, tiny_images)
    for name in ("train_images", "train_labels", "test_images", "test_labels"):
        mine, theirs = getattr(found, name), getattr(tiny_images, name)
        assert mine.dtype == theirs.dtype
        np.testing.assert_array_equal(mine, theirs)


def test_without_a_cache_the_source_is_read(source, tiny_images):
    folders, reads = source
    assert same(load("cifar10", data_dir=folders.data_dir), tiny_images)
    assert len(reads) == 1


def test_a_damaged_copy_is_noticed_and_made_again(source, tiny_images):
    folders, reads = source
    path = copy_of(folders)
    good = path.read_bytes()
    rng = np.random.default_rng(0)
    places = [3, 70, 100, len(good) // 2, len(good) // 3, *rng.integers(400, len(good) - 2000, 20)]
    damaged = [good[:place] for place in (0, 10, 65, 200, len(good) // 2, len(good) - 1)]
    for place in places:
        flipped = bytearray(good)
        flipped[int(place)] ^= 16
        damaged.append(bytes(flipped))
    for content in damaged:
        path.write_bytes(content)
        reads.clear()
        found = load("cifar10", data_dir=folders.data_dir, cache=folders.cache)
        assert found.fingerprint() == tiny_images.fingerprint()
        if reads:  # noticed: a new copy stands there
            assert path.read_bytes() == good
        else:  # the damage lies in what nobody reads, e.g. a time stamp of the archive
            assert same(found, tiny_images)
    assert [p.name for p in folders.cache.iterdir()] == [path.name]


def test_a_flipped_pixel_in_the_copy_is_noticed(source):
    folders, reads = source
    path = copy_of(folders)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    load("cifar10", data_dir=folders.data_dir, cache=folders.cache)
    assert len(reads) == 1


def test_changed_source_files_make_a_new_copy(source):
    folders, reads = source
    (folders.data_dir / "cifar10" / "3.0.2" / "dataset_info.json").write_text("{ }")
    load("cifar10", data_dir=folders.data_dir, cache=folders.cache)
    assert len(reads) == 1 and len(list(folders.cache.iterdir())) == 2


# --- the command --------------------------------------------------------------------------


def test_a_misspelt_data_set_is_told_the_nearest_name(capsys):
    assert command.main(["cifar01"]) == 2
    said = capsys.readouterr().err.strip()
    assert "'cifar10'" in said and "\n" not in said


def test_the_command_describes_what_it_found(source, tiny_images, capsys):
    folders, _ = source
    arguments = ["cifar10", "--data-dir", str(folders.data_dir), "--cache", str(folders.cache)]
    assert command.main(arguments) == 0
    said = capsys.readouterr().out.strip().splitlines()[-1]
    assert tiny_images.fingerprint() in said and '"train_images": 300' in said


def test_a_failed_download_is_code_3_in_one_line(tmp_path, monkeypatch, capsys):
    def fail(data_dir):
        raise DataError("CIFAR-10 could not be prepared")

    monkeypatch.setattr(cifar10, "download", fail)
    assert command.main(["cifar10", "--data-dir", str(tmp_path)]) == 3
    assert capsys.readouterr().err.strip().endswith("could not be prepared")


# --- the real files, where they are -------------------------------------------------------


def records_end(data: bytes, count: int) -> int:
    """Offset at which the first `count` records of a TFRecord file end."""
    offset = 0
    for _ in range(count):
        (length,) = struct.unpack_from("<Q", data, offset)
        offset += 8 + 4 + length + 4
    return offset


@pytest.mark.skipif(
    not os.environ.get("TFDS_DATA_DIR") or not cifar10.is_prepared(None),
    reason="no CIFAR-10 under $TFDS_DATA_DIR",
)
@pytest.mark.parametrize("cut", ["at a record", "in a header", "in an image", "everything"])
def test_truncated_real_files_are_refused_by_name(tmp_path, cut):
    original = cifar10._require_prepared(None)
    copy = tmp_path / "cifar10" / original.name
    copy.mkdir(parents=True)
    train = next(original.glob("*train.tfrecord*"))
    for path in original.iterdir():
        if path != train:
            (copy / path.name).symlink_to(path)
    data = train.read_bytes()
    at = records_end(data, 100)
    length = {"at a record": at, "in a header": at + 6, "in an image": at + 600, "everything": 0}
    (copy / train.name).write_bytes(data[: length[cut]])
    with pytest.raises(DataError) as error:
        cifar10.read(tmp_path)
    assert str(copy) in str(error.value) and "\n" not in str(error.value)
    assert f"--data-dir {tmp_path}" in str(error.value)
    assert "{{" not in str(error.value) and "[Op:" not in str(error.value)
    if cut == "at a record":
        assert "50000" in str(error.value) and " 100 " in str(error.value)
