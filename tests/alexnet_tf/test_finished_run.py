"""A finished run whose net is missing or damaged: the command evaluate, and open_run."""

from __future__ import annotations

import dataclasses
import io
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import keras
import pytest
import tiny

from alexnet_tf import evaluate, records
from alexnet_tf.errors import DataError
from alexnet_tf.finished_run import open_run
from alexnet_tf.spec import DenseSpec, replace
from alexnet_tf.train import train
from alexnet_tf.trained_net import load

tiny.pin_one_thread()


@pytest.fixture(scope="module")
def run(prepared, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    train(tiny.experiment(), out=folder, data_dir=prepared.data_dir, cache=prepared.cache)
    return folder


def cut(content: bytes) -> bytes:
    return content[: len(content) // 2]


def flipped(content: bytes) -> bytes:
    """The archive with other bytes in the middle of its largest part, the weights."""
    middle = len(content) // 2
    return content[:middle] + bytes(byte ^ 255 for byte in content[middle : middle + 64]) + content[
        middle + 64 :
    ]  # fmt: skip


def without_weights(content: bytes) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(made, "w") as new:
        for name in old.namelist():
            if not name.endswith(".h5"):
                new.writestr(name, old.read(name))
    return made.getvalue()


def deflated(content: bytes) -> bytes:
    """The archive as another program packs it, with a byte that begins no block of deflate."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old:
        with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new:
            for name in old.namelist():
                new.writestr(name, old.read(name))
            part = new.getinfo("config.json")
    start = part.header_offset + 30 + len(part.filename)  # 30 bytes before the name
    return made.getvalue()[:start] + b"\xff" + made.getvalue()[start + 1 :]


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (None, "left no model.keras"),
        (cut, "be read: it is cut short"),
        (lambda content: b"x", "be read: it is cut short"),
        (flipped, "model.keras cannot be read"),
        (deflated, "model.keras cannot be read"),
        (without_weights, "model.keras cannot be read"),
    ],
)
def test_a_run_without_its_net_is_refused_in_one_line(
    prepared, run, tmp_path, capsys, damage: Callable[[bytes], bytes] | None, words
):
    for name in ("result.json", "spec.json"):
        shutil.copy(run / name, tmp_path)
    if damage is not None:
        content = damage((run / "model.keras").read_bytes())
        (tmp_path / "model.keras").write_bytes(content)
    places = ["--data", str(prepared.data_dir), "--cache", str(prepared.cache)]
    assert evaluate.main([str(tmp_path), *places]) == 3
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and words in said and str(tmp_path) in said
    with pytest.raises(DataError, match=words):
        open_run(tmp_path, data_dir=prepared.data_dir, cache=prepared.cache)


SAVE = """
import sys
import alexnet_tf
from alexnet_tf.spec import CIFAR_13PCT, CIFAR_ALEXNET
alexnet_tf.build_alexnet(CIFAR_ALEXNET).save(f"{sys.argv[1]}/whole.keras")
alexnet_tf.build_alexnet(CIFAR_13PCT).save(f"{sys.argv[1]}/local.keras")
alexnet_tf.build_two_tower(CIFAR_ALEXNET).save(f"{sys.argv[1]}/towers.keras")
"""
LOAD = "import alexnet_tf, sys; print(*(alexnet_tf.load(p).output_shape for p in sys.argv[1:]))"


def test_saved_nets_are_loaded_in_a_fresh_process_by_one_call(tmp_path):
    saved = tiny.python(SAVE, str(tmp_path))
    assert saved.returncode == 0, saved.stderr
    done = tiny.python(LOAD, *map(str, tmp_path.glob("*.keras")))
    assert done.stdout == "(None, 10) (None, 10) (None, 10)\n", done.stderr


def test_a_file_that_is_no_net_is_refused_in_one_line(tmp_path):
    (tmp_path / "x.keras").write_bytes(b"x")
    for name, words in (("x.keras", "no file of Keras"), ("y.keras", "no file")):
        with pytest.raises(DataError, match=words):
            load(tmp_path / name)


def copied(run: Path, folder: Path, net: Path) -> Path:
    """The record of a run beside the net of another, without kept numbers."""
    folder.mkdir()
    for name in ("result.json", "spec.json"):
        shutil.copy(run / name, folder)
    shutil.copy(net / "model.keras", folder)
    return folder


@pytest.mark.parametrize("older", [False, True])
def test_the_net_of_another_run_is_refused(prepared, run, tmp_path, older):
    places = {"data_dir": prepared.data_dir, "cache": prepared.cache}
    changes = {"model.dense": (DenseSpec(units=12, dropout=0.5),)} if not older else {}
    for seed in (0, 1):
        keras.utils.clear_session()
        spec = replace(tiny.experiment(epochs=1, seed=seed), changes)
        train(spec, out=tmp_path / str(seed), **places)
    own = copied(tmp_path / "0", tmp_path / "own", tmp_path / "0")
    mixed = copied(tmp_path / "0", tmp_path / "mixed", tmp_path / "1")
    if older:
        for folder in (own, mixed):
            record = dataclasses.replace(records.of_run(folder), net_sha256="")
            (folder / "result.json").write_text(records.to_json(record))
    assert open_run(own, **places).record.experiment.seed == 0
    words = ["--data", str(prepared.data_dir), "--cache", str(prepared.cache)]
    assert evaluate.main([str(own), *words]) == 0
    assert evaluate.main([str(mixed), *words]) == 3
    with pytest.raises(DataError, match="is not the net of this run"):
        open_run(mixed, **places)
    assert not (mixed / "test_1.npz").exists()


def test_images_that_are_named_are_looked_at_where_numbers_are_kept(prepared, run, tmp_path):
    others = tiny.prepare(tmp_path, tiny.images(seed=1))
    assert evaluate.main([str(run)]) == 0  # kept
    for place in (others.data_dir, tmp_path / "nowhere"):
        words = ["--data", str(place), "--cache", str(others.cache)]
        assert evaluate.main([str(run), *words]) == 3
