"""Shards: what is damaged is found when they are opened, what is read is what was prepared."""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
import tiny
from PIL import Image

from alexnet_tf.data import __main__ as command
from alexnet_tf.data import shards
from alexnet_tf.data.prepare import __main__ as prepare
from alexnet_tf.data.prepare.folder import Tree
from alexnet_tf.data.shard_format import index as index_module
from alexnet_tf.data.shard_format.shard_files import records
from alexnet_tf.data.shards import open_shards
from alexnet_tf.errors import DataError

tiny.pin_one_thread()

import tensorflow as tf  # noqa: E402, threads are pinned first

Change = Callable[[Path], object]
SHARD = "train-00001.array_record"


def make(root: Path, encoding: str) -> Path:
    rng = np.random.default_rng(3)
    for part, count in (("train", 7), ("val", 2)):
        for name in ("cat", "dog", "emu"):
            folder = root / "source" / part / name
            folder.mkdir(parents=True)
            for k in range(count):
                pixels = rng.integers(0, 256, (40, 50, 3), dtype=np.uint8)
                Image.fromarray(pixels).resize((20, 25)).save(folder / f"{k}.png")
    options = ["--size", "16", "--jobs", "1", "--shard-images", "5", "--encoding", encoding]
    assert prepare.main([str(root / "source"), str(root / "out"), *options]) == 0
    return root / "out"


@pytest.fixture(scope="module", params=["jpeg", "raw"])
def either(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """21 training and 6 test images in shards of 5."""
    return make(tmp_path_factory.mktemp(request.param), request.param)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("whole"), "jpeg")


@pytest.fixture
def copy(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole, tmp_path / "out"))


def expected(folder: Path, part: Literal["train", "test"]) -> list[np.ndarray]:
    """The pixels of the records, straight from the files of the source."""
    from alexnet_tf.data.prepare.convert import Settings, _record

    encoding = json.loads((folder / "index.json").read_bytes())["encoding"]
    source = Tree(folder.parent / "source")
    items = source.items(part, 0, source.count(part))
    settings = Settings(16, encoding)
    return [_record(Path(item.content).read_bytes(), settings)[1] for item in items]  # type: ignore[arg-type]


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


# --- what is refused ----------------------------------------------------------------------


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[300] ^= 1  # in the first record; most of so small a shard is padding
    path.write_bytes(data)


def cut(path: Path, length: int) -> None:
    path.write_bytes(path.read_bytes()[:length])


def edit(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    index = json.loads((folder / "index.json").read_bytes())
    change(index)
    (folder / "index.json").write_text(json.dumps(index))


def fewer_labels(folder: Path) -> None:
    with np.load(folder / "arrays.npz", allow_pickle=False) as stored:
        arrays = dict(stored)
    arrays["train_labels"] = arrays["train_labels"][:-1]
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    (folder / "arrays.npz").write_bytes(buffer.getvalue())
    digest = index_module.hashlib.sha256(buffer.getvalue()).hexdigest()
    edit(folder, lambda index: index["arrays"].update(sha256=digest))


REFUSED: dict[str, tuple[Change, str]] = {
    "bit flip": (lambda f: flip(f / SHARD), f"{SHARD}: is damaged"),
    "short": (lambda f: cut(f / SHARD, 3000), f"{SHARD}: has 3,000 bytes, expected"),
    "empty": (lambda f: cut(f / SHARD, 0), f"{SHARD}: has 0 bytes"),
    "missing": (lambda f: (f / SHARD).unlink(), f"{SHARD}: is missing"),
    "two missing": (
        lambda f: [(f / SHARD).unlink(), (f / "test-00000.array_record").unlink()],
        f"{SHARD} (and 1 more shards): is missing",
    ),
    "swapped": (lambda f: shutil.copy(f / "train-00000.array_record", f / SHARD), SHARD),
    "foreign": (
        lambda f: shutil.copy(f / SHARD, f / "train-00009.array_record"),
        "train-00009.array_record is not named in the index",
    ),
    "no arrays": (lambda f: (f / "arrays.npz").unlink(), "arrays.npz cannot be read"),
    "arrays": (lambda f: flip(f / "arrays.npz"), "arrays.npz is damaged"),
    "no index": (lambda f: (f / "index.json").unlink(), "holds no index.json"),
    "unfinished": (
        lambda f: [(f / "index.json").unlink(), (f / ".partial").mkdir()],
        "not finished. Run the same command again",
    ),
    "index cut": (lambda f: cut(f / "index.json", 300), "index.json cannot be read"),
    "other json": (lambda f: (f / "index.json").write_text("[1]"), "is not an index"),
    "newer": (lambda f: edit(f, lambda i: i.update(version=9)), "has version 9, this code reads 1"),
    "older": (lambda f: edit(f, lambda i: i.update(version=0)), "Prepare the folder again"),
    "no field": (lambda f: edit(f, lambda i: i.pop("shards")), "the index is damaged"),
    "count": (
        lambda f: edit(f, lambda i: i["shards"]["train"][1].update(count=4)),
        "the train shards hold 20 images, the labels are 21 and the classes add up to 21",
    ),
    "class count": (
        lambda f: edit(f, lambda i: i["counts"]["test"].__setitem__(0, 3)),
        "the test shards hold 6 images, the labels are 6 and the classes add up to 7",
    ),
    "labels": (fewer_labels, "the train shards hold 21 images, the labels are 20"),
    "class name": (
        lambda f: edit(f, lambda i: i["class_names"].__setitem__(0, "cow")),
        "another fingerprint",
    ),
}


@pytest.mark.parametrize("change", REFUSED)
def test_what_is_damaged_is_refused_in_one_line_that_names_it(copy, change):
    spoil, text = REFUSED[change]
    spoil(copy)
    with pytest.raises(DataError) as error:
        open_shards(copy)
    assert text in str(error.value) and str(copy) in str(error.value)
    assert "\n" not in str(error.value)


def test_a_shard_cut_at_a_record_is_not_taken_for_a_shorter_one(copy):
    path = copy / SHARD
    assert records(path) == 5
    for length in np.linspace(path.stat().st_size - 1, 0, 30, dtype=int):
        cut(path, int(length))
        with pytest.raises(DataError, match="bytes, expected"):
            open_shards(copy, verify=False)


def test_a_wrong_count_with_the_right_hash_is_found(copy):
    def lie(index: dict[str, Any]) -> None:
        first, second = index["shards"]["train"][:2]
        first["count"], second["count"] = first["count"] + 1, second["count"] - 1
        with np.load(copy / "arrays.npz", allow_pickle=False) as stored:
            labels = stored["train_labels"], stored["test_labels"]
        index["fingerprint"] = index_module.fingerprint(index, *labels)

    edit(copy, lie)
    with pytest.raises(DataError, match="has 5 records, expected 6"):
        open_shards(copy)


# --- remembering the check ----------------------------------------------------------------


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the shards whose bytes were compared."""
    names: list[str] = []
    real = shards.sha256
    monkeypatch.setattr(shards, "sha256", lambda path: names.append(path.name) or real(path))
    return names


def test_unchanged_shards_are_read_once(copy, hashed):
    (copy / ".verified.json").unlink(missing_ok=True)
    open_shards(copy)
    assert len(hashed) == 7
    open_shards(copy)
    assert len(hashed) == 7
    (copy / SHARD).touch()
    open_shards(copy)
    assert hashed[7:] == [SHARD]


def test_without_verify_only_sizes_are_compared(copy, hashed):
    (copy / ".verified.json").unlink(missing_ok=True)
    flip(copy / SHARD)
    open_shards(copy, verify=False)
    assert hashed == [] and not (copy / ".verified.json").exists()
    with pytest.raises(DataError):
        open_shards(copy)
    with pytest.raises(DataError):
        open_shards(copy)
    assert hashed.count(SHARD) == 2, "damage is not remembered as right"


@pytest.mark.parametrize("stamp", ["", "[]", '{"train-00000.array_record": 1}'])
def test_a_damaged_stamp_is_as_good_as_none(copy, hashed, stamp):
    (copy / ".verified.json").write_text(stamp)
    open_shards(copy)
    assert len(hashed) == 7


def test_a_folder_that_cannot_be_written_is_checked_each_time(copy, hashed, monkeypatch):
    def refuse(path: Path, data: bytes) -> None:
        raise OSError("read-only")

    (copy / ".verified.json").unlink(missing_ok=True)
    monkeypatch.setattr(shards, "write_atomic", refuse)
    open_shards(copy)
    open_shards(copy)
    assert len(hashed) == 14


def test_importing_and_opening_load_no_tensorflow(whole):
    code = (
        "import sys\nfrom pathlib import Path\nfrom alexnet_tf.data.shards import open_shards\n"
        "open_shards(Path(sys.argv[1]))\nprint('tensorflow' in sys.modules)"
    )
    result = tiny.python(code, str(whole))
    assert result.stdout.strip() == "False", result.stderr


def test_the_fingerprint_tells_other_images_and_labels_apart(either, whole):
    same = json.loads((either / "index.json").read_bytes())["encoding"] == "jpeg"
    assert (open_shards(either).fingerprint() == open_shards(whole).fingerprint()) == same


# --- the command --------------------------------------------------------------------------


def test_the_command_describes_a_folder_of_photographs(whole, capsys):
    assert command.main(["imagenet", "--data-dir", str(whole)]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert (facts["train_images"], facts["test_images"]) == (21, 6)
    assert facts["fingerprint"] == open_shards(whole).fingerprint()


def test_a_folder_that_is_not_prepared_is_code_3_with_what_to_do(tmp_path, capsys):
    assert command.main(["imagenet", "--data-dir", str(tmp_path)]) == 3
    said = capsys.readouterr().err
    assert "python -m alexnet_tf.data.prepare" in said and said.count("\n") == 1
    assert command.main(["imagenet"]) == 3
