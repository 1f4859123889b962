"""Preparing shards: mean, colours and order as NumPy has them; bad files listed."""

from __future__ import annotations

import csv
import errno
import io
import json
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from preparing import KINDS, run, tree

from ablations.execution.training import default_jobs
from alexnet_tf.data.colour import rgb_pca
from alexnet_tf.data.prepare import __main__ as prepare
from alexnet_tf.data.prepare.folder import Tree
from alexnet_tf.data.prepare.resize import square
from alexnet_tf.data.prepare.source import shown
from alexnet_tf.data.shards import open_shards

# --- the whole command --------------------------------------------------------------------


def test_mean_and_colours_are_those_that_numpy_computes(tmp_path, capsys):
    source = tree(tmp_path / "source")
    run(source, tmp_path / "out")
    facts = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (facts["classes"], facts["train_images"], facts["test_images"]) == (2, 10, 4)
    index = json.loads((tmp_path / "out" / "index.json").read_bytes())
    assert index["class_names"] == ["a", "b"] and index["counts"]["train"] == [5, 5]
    shards = open_shards(tmp_path / "out")
    seen = []
    for path in sorted((source / "train").rglob("*.png")):
        pixels = square(Image.open(path).convert("RGB"), 16)
        buffer = io.BytesIO()
        Image.fromarray(pixels).save(buffer, "JPEG", quality=95, subsampling="4:2:0")
        seen.append(np.asarray(Image.open(buffer)))
    np.testing.assert_array_equal(
        shards.mean_image, np.mean(seen, axis=0, dtype=np.float64).astype(np.float32)
    )
    flat = np.concatenate([image.reshape(-1, 3) for image in seen]).astype(np.float64)
    vectors, values = shards.eigenvectors, shards.eigenvalues
    np.testing.assert_allclose(
        vectors * values @ vectors.T, np.cov(flat, rowvar=False, bias=True), rtol=1e-9
    )
    np.testing.assert_array_equal(values, rgb_pca(seen)[0])


def test_the_order_is_a_shuffle_that_names_decide(tmp_path):
    source = tree(tmp_path / "source", train=40)
    names = [item.name for item in Tree(source).items("train", 0, 80)]
    assert names == [item.name for item in Tree(source).items("train", 0, 80)]
    assert sorted(names) != names and len(set(names)) == 80
    labels = [item.label for item in Tree(source).items("train", 0, 80)]
    assert 4 <= sum(labels[:16]) <= 12 and labels == [int("/b/" in name) for name in names]
    (source / "train" / "a" / "7.png").unlink()
    names.remove("train/a/7.png")
    assert names == [item.name for item in Tree(source).items("train", 0, 80)]


@pytest.fixture
def odd(tmp_path: Path) -> Path:
    """A tree with the whole corpus in one class, among good files."""
    root = tree(tmp_path / "odd")
    for kind in KINDS.values():
        (root / "train" / "a" / kind.name).write_bytes(kind.data)
    os.mkfifo(root / "train" / "a" / "fifo.jpg")
    (root / "train" / "a" / "loop.jpg").symlink_to("loop.jpg")
    (root / "train" / "a" / "nowhere.jpg").symlink_to("missing.jpg")
    (root / "train" / "a" / "folder").mkdir()
    (root / "train" / "loose.jpg").write_bytes(KINDS["plain.jpg"].data)
    (root / "train" / "a" / ".hidden.jpg").write_bytes(b"")
    (root / "train" / "A").mkdir()
    (root / "val" / "A").mkdir()
    for part in ("train", "val"):
        (root / part / "A" / "x.jpg").write_bytes(KINDS["tall.JPEG"].data)
    return root


LISTED = {kind.name: kind.reason for kind in KINDS.values() if kind.reason} | {
    "fifo.jpg": "a FIFO, not a file",
    "loop.jpg": "cannot be read",
    "nowhere.jpg": "cannot be read",
    "folder": "a folder inside a class folder",
    "loose.jpg": "lies in no class folder",
}


def test_a_list_of_bad_files_has_no_formula_for_a_spreadsheet(tmp_path):
    flat = tree(tmp_path / "source", val=0, classes=("=cmd", "b")) / "train"
    (flat / "=cmd" / '=HYPERLINK("x").jpg').write_bytes(b"")
    run(flat, tmp_path / "out", code=3)
    rows = list(csv.reader((tmp_path / "out" / "bad_files.csv").read_text("utf-8").splitlines()))
    assert rows[1][0] == '\'=cmd/=HYPERLINK("x").jpg'


def test_processes_by_default_are_those_that_may_be_used(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: {3})
    assert prepare._parser().parse(["a", "b"]).jobs == 1
    assert default_jobs() == 1


def test_bad_files_stop_it_before_the_index_and_are_all_listed_once(odd, tmp_path, capsys):
    out = tmp_path / "out"
    run(odd, out, "--shard-images", 100, code=3)
    said = capsys.readouterr().err
    assert not (out / "index.json").exists()
    rows = list(csv.reader((out / "bad_files.csv").read_text("utf-8").splitlines()))
    found = {Path(name).name: reason for name, reason in rows[1:]}
    assert len(rows) - 1 == len(found) and set(found) == set(LISTED)
    for name, reason in found.items():
        assert LISTED[name] in reason and said.count(f"/{name}: ") == 1
    last = said.strip().splitlines()[-1]
    assert f"{len(LISTED)} files" in last and "--skip-bad" in last and "Traceback" not in said
    assert "hidden, so not read: train/a/.hidden.jpg" in said
    assert "differ in case or accents: A, a" in said
    run(odd, out, "--shard-images", 100, "--skip-bad")
    warned = capsys.readouterr()
    assert "1 test images have the same pixels as a training image" in warned.err
    index = json.loads((out / "index.json").read_bytes())
    assert {Path(name).name for name, _ in index["skipped"]} == {shown(name) for name in LISTED}
    good = sum(kind.pixels is not None for kind in KINDS.values())
    assert index["counts"] == {"train": [1, 5 + good, 5], "test": [1, 2, 2]}
    assert index["notes"]["transparency dropped"] == 3 and index["notes"]["CMYK"] == 2


def test_check_reads_everything_and_writes_nothing(odd, tmp_path, capsys):
    run(odd, tmp_path / "out", "--check", code=3)
    assert capsys.readouterr().err.count("bad: ") == len(LISTED)
    assert not (tmp_path / "out").exists()
    run(tree(tmp_path / "good"), tmp_path / "out", "--check")
    assert not (tmp_path / "out").exists()


def test_a_file_that_may_not_be_read_is_listed(tmp_path, capsys, monkeypatch):
    source = tree(tmp_path / "source")
    read = Path.read_bytes

    def refuse(path: Path) -> bytes:
        if path.name == "3.png" and path.parent.name == "a":
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", refuse)
    run(source, tmp_path / "out", code=3)
    assert "train/a/3.png: cannot be read: Permission denied" in capsys.readouterr().err
