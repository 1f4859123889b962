"""Damaged shards are found when they are opened, and the check is kept."""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny
from made_shards import SHARD, flip

from alexnet_tf import sealed
from alexnet_tf.data import __main__ as command
from alexnet_tf.data import shards
from alexnet_tf.data.shard_format import index as index_module
from alexnet_tf.data.shard_format.shard_files import records
from alexnet_tf.data.shards import open_shards
from alexnet_tf.errors import DataError

tiny.pin_one_thread()


Change = Callable[[Path], object]


def cut(path: Path, length: int) -> None:
    path.write_bytes(path.read_bytes()[:length])


def edit(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    index = sealed.loads((folder / "index.json").read_bytes())
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
    "other json": (lambda f: (f / "index.json").write_text("[1]"), "it is not a JSON object"),
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


# --- keeping the check ----------------------------------------------------------------


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
    assert hashed.count(SHARD) == 2, "damage is not kept as right"


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
