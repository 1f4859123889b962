"""Preparing shards: every file decoded rightly or listed, and the same bytes however it went."""

from __future__ import annotations

import csv
import errno
import io
import json
import os
import signal
import subprocess
import sys
import time
from fractions import Fraction
from pathlib import Path

import bad_images
import numpy as np
import pytest
import tiny
from PIL import Image

from alexnet_tf.data.colour import rgb_pca
from alexnet_tf.data.prepare import __main__ as prepare
from alexnet_tf.data.prepare import convert, shard_set
from alexnet_tf.data.prepare.decode import BadImage, decode
from alexnet_tf.data.prepare.folder import Tree
from alexnet_tf.data.prepare.resize import square
from alexnet_tf.data.prepare.source import shown
from alexnet_tf.data.shards import open_shards

KINDS = {kind.name: kind for kind in bad_images.kinds()}
SAMPLE = Path(__file__).parents[2] / "shared" / "imagenet-sample"


def tree(
    root: Path, *, train: int = 5, val: int = 2, classes: tuple[str, ...] = ("b", "a")
) -> Path:
    """A tree of small PNG files of random sizes and colours."""
    rng = np.random.default_rng(0)
    for part, count in (("train", train), ("val", val)):
        for name in classes:
            folder = root / part / name
            folder.mkdir(parents=True)
            for k in range(count):
                pixels = rng.integers(0, 256, (*rng.integers(17, 40, 2), 3), dtype=np.uint8)
                Image.fromarray(pixels).save(folder / f"{k}.png")
    return root


def run(source: object, out: Path, *options: object, code: int = 0) -> None:
    arguments = ["--size", 16, "--jobs", 1, "--shard-images", 4, *options]
    assert prepare.main([str(source), str(out), *map(str, arguments)]) == code


def content(folder: Path) -> dict[str, bytes]:
    found = {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    found.pop(".verified.json", None)
    return found


# --- decoding -----------------------------------------------------------------------------


def test_the_corpus_is_large_and_its_names_are_unique():
    kinds = bad_images.kinds()
    assert len(KINDS) == len(kinds) >= 50
    assert all((kind.pixels is None) == bool(kind.reason) for kind in kinds)


@pytest.mark.parametrize("name", KINDS)
def test_a_file_is_decoded_rightly_or_refused_with_its_reason(name):
    kind = KINDS[name]
    if kind.pixels is None:
        with pytest.raises(BadImage) as error:
            decode(kind.data)
        assert kind.reason in str(error.value) and "\n" not in str(error.value)
        return
    image, notes = decode(kind.data)
    found = np.asarray(image).astype(int)
    assert found.shape == kind.pixels.shape and sorted(notes) == sorted(kind.notes)
    assert np.abs(found - kind.pixels).max() <= kind.within


def test_every_flipped_bit_of_a_png_is_noticed_or_harmless():
    good = KINDS["rgba.png"].data
    wrong = 0
    for place in range(8, len(good) - 12, 7):
        damaged = bytearray(good)
        damaged[place] ^= 4
        try:
            found = np.asarray(decode(bytes(damaged))[0])
        except BadImage:
            continue
        wrong += found.shape != (40, 40, 3) or bool((found != bad_images.colours()).any())
    assert wrong == 0


# --- geometry -----------------------------------------------------------------------------


def exact_area(pixels: np.ndarray, size: int) -> np.ndarray:
    """Area average and central crop, as rational numbers, pixel by pixel."""
    height, width, _ = pixels.shape
    short = min(height, width)
    sides = [int(Fraction(side * size, short) + Fraction(1, 2)) for side in (height, width)]
    result = np.zeros((size, size, 3), np.uint8)
    weights = []
    for side, out in zip((height, width), sides, strict=True):
        rows = []
        for j in range((out - size) // 2, (out - size) // 2 + size):
            low, high = Fraction(j * side, out), Fraction((j + 1) * side, out)
            covered = [min(high, i + 1) - max(low, i) for i in range(side)]
            rows.append([(i, c / (high - low)) for i, c in enumerate(covered) if c > 0])
        weights.append(rows)
    for y, across in enumerate(weights[0]):
        for x, along in enumerate(weights[1]):
            for c in range(3):
                mean = sum(int(pixels[i, j, c]) * u * v for i, u in across for j, v in along)
                result[y, x, c] = int(mean + Fraction(1, 2))
    return result


@pytest.mark.parametrize("shape", [(8, 8), (9, 8), (8, 13), (11, 17), (23, 10), (16, 41), (31, 9)])
def test_shrinking_is_the_exact_average_of_areas(shape):
    pixels = np.random.default_rng(1).integers(0, 256, (*shape, 3), dtype=np.uint8)
    np.testing.assert_array_equal(square(Image.fromarray(pixels), 8), exact_area(pixels, 8))


@pytest.mark.parametrize("shape", [(5, 9), (7, 7), (15, 6), (1, 3), (13, 12)])
def test_enlarging_is_cubic_and_cropped_in_the_centre(shape):
    image = Image.fromarray(np.random.default_rng(2).integers(0, 256, (*shape, 3), dtype=np.uint8))
    height, width = shape
    short = min(shape)
    columns, rows = ((2 * side * 16 + short) // (2 * short) for side in (width, height))
    whole = np.asarray(image.resize((columns, rows), Image.Resampling.BICUBIC)).astype(int)
    top, left = (rows - 16) // 2, (columns - 16) // 2
    crop = whole[top : top + 16, left : left + 16]
    assert np.abs(square(image, 16) - crop).max() <= 1  # a box of floats, not of whole pixels


@pytest.mark.parametrize(("shape", "left"), [((8, 12), 2), ((8, 13), 2), ((8, 8), 0)])
def test_an_odd_pixel_is_cut_off_behind(shape, left):
    pixels = np.arange(np.prod(shape) * 3).reshape(*shape, 3).astype(np.uint8)
    found = square(Image.fromarray(pixels), 8)
    np.testing.assert_array_equal(found, pixels[:, left : left + 8])


def test_long_thin_pictures_take_no_memory():
    assert square(Image.new("RGB", (1, 20_000), (9, 8, 7)), 256).reshape(-1, 3).tolist() == [
        [9, 8, 7]
    ] * (256 * 256)


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


# --- resuming -----------------------------------------------------------------------------

KILLED = """
import os, signal, sys
from alexnet_tf.data.{package} import {module}
from alexnet_tf.data.prepare import __main__ as prepare
real, calls = {module}.{name}, []
def deadly(*args, **kwargs):
    calls.append(1)
    if len(calls) == {at}:
        os.kill(os.getpid(), signal.SIGKILL)
    return real(*args, **kwargs)
{module}.{name} = deadly
sys.exit(prepare.main(sys.argv[1:]))
"""


@pytest.mark.parametrize(
    ("module", "name", "at"),
    [
        ("prepare.convert", "_record", 7),
        ("shard_format.shard_files", "sha256", 2),
        ("shard_format.index", "write_atomic", 2),
    ],
    ids=["in a shard", "behind a shard", "before the index"],
)
def test_killed_anywhere_the_same_command_continues_to_the_same_bytes(tmp_path, module, name, at):
    package, _, name_of_module = module.partition(".")
    source, out = tree(tmp_path / "source"), tmp_path / "out"
    options = ["--size", "16", "--jobs", "1", "--shard-images", "4"]
    died = tiny.python(
        KILLED.format(package=package, module=name_of_module, name=name, at=at),
        str(source),
        str(out),
        *options,
    )
    assert died.returncode == -signal.SIGKILL, died.stderr
    assert not (out / "index.json").exists() and (out / ".partial").is_dir()
    run(source, out)
    run(source, tmp_path / "whole")
    assert content(out) == content(tmp_path / "whole")


def test_finished_shards_are_not_made_twice_and_changed_files_are(tmp_path, monkeypatch):
    source = tree(tmp_path / "source")
    victim = sorted((source / "train" / "a").iterdir())[2]
    good = victim.read_bytes()
    victim.write_bytes(b"")
    run(source, tmp_path / "out", code=3)
    made = []
    real = shard_set.write_shard
    monkeypatch.setattr(
        shard_set, "write_shard", lambda path, *a, **k: made.append(path) or real(path, *a, **k)
    )
    victim.write_bytes(good)
    run(source, tmp_path / "out")
    assert len(made) == 1
    assert not (tmp_path / "out" / "bad_files.csv").exists()
    monkeypatch.undo()
    run(source, tmp_path / "whole")
    assert content(tmp_path / "out") == content(tmp_path / "whole")


def test_two_processes_write_the_same_bytes_as_one(tmp_path):
    source = tree(tmp_path / "source", train=40)
    run(source, tmp_path / "one", "--shard-images", 60)
    run(source, tmp_path / "two", "--shard-images", 60, "--jobs", 2)
    assert content(tmp_path / "one") == content(tmp_path / "two")


def test_workers_end_when_their_parent_is_killed(tmp_path):
    code = """
import os, sys, time
from alexnet_tf.data.prepare.convert import Settings, converter
from alexnet_tf.data.prepare.source import Item
if __name__ == "__main__":
    with converter(2) as convert:
        items = (Item(str(k), 0, b"") for k in range(64))
        for _ in convert(items, Settings(8)):
            import multiprocessing
            print(*(child.pid for child in multiprocessing.active_children()), flush=True)
            time.sleep(100)
"""
    script = tmp_path / "script.py"
    script.write_text(code)
    with subprocess.Popen(
        [sys.executable, str(script)], stdout=subprocess.PIPE, env=tiny.environment(), text=True
    ) as parent:
        assert parent.stdout is not None
        workers = [int(pid) for pid in parent.stdout.readline().split()]
        parent.kill()
    assert workers
    for _ in range(600):
        if not any(map(alive, workers)):
            return
        time.sleep(0.05)
    raise AssertionError("a worker lives on")


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


# --- the folder for the shards ------------------------------------------------------------


def test_a_finished_folder_is_checked_and_not_made_again(tmp_path, capsys):
    source, out = tree(tmp_path / "source"), tmp_path / "out"
    run(source, out)
    before = content(out)
    run(source, out)
    assert "prepared already; 0 shards made anew" in capsys.readouterr().err
    assert content(out) == before
    run(source, out, "--quality", 90, code=3)
    said = capsys.readouterr().err
    assert "other options" in said and content(out) == before


def test_damaged_and_missing_shards_of_a_finished_folder_are_made_anew(tmp_path, capsys):
    source, out = tree(tmp_path / "source"), tmp_path / "out"
    run(source, out)
    before = content(out)
    (out / "train-00001.array_record").unlink()
    data = bytearray(before["test-00000.array_record"])
    data[200] ^= 1
    (out / "test-00000.array_record").write_bytes(data)
    run(source, out)
    assert "2 shards made anew" in capsys.readouterr().err
    assert content(out) == before


def test_a_folder_with_other_things_is_left_alone(tmp_path, capsys):
    source, out = tree(tmp_path / "source"), tmp_path / "out"
    out.mkdir()
    (out / "thesis.txt").write_text("x")
    run(source, out, code=3)
    assert "not empty" in capsys.readouterr().err and content(out) == {"thesis.txt": b"x"}


def test_a_full_disk_is_code_4_in_one_line(tmp_path, capsys, monkeypatch):
    source = tree(tmp_path / "source")
    monkeypatch.setattr(
        shard_set.shutil, "disk_usage", lambda path: type("Usage", (), {"free": 10})()
    )
    run(source, tmp_path / "out", "--encoding", "raw", code=4)
    assert "14 images need 0.0 GB" in capsys.readouterr().err


def test_a_folder_that_cannot_be_written_is_code_4(tmp_path, capsys):
    source = tree(tmp_path / "source")
    (tmp_path / "file").write_text("")
    run(source, tmp_path / "file" / "out", code=4)
    said = capsys.readouterr().err.strip()
    assert "\n" not in said and "Not a directory" in said


# --- classes ------------------------------------------------------------------------------


def refusal(source: Path, out: Path, capsys) -> str:
    run(source, out, code=3)
    said = capsys.readouterr().err.strip().splitlines()
    assert "Traceback" not in "".join(said)
    return said[-1]


def test_classes_that_cannot_be_right_are_refused_together(tmp_path, capsys):
    source = tree(tmp_path / "source")
    (source / "train" / "empty").mkdir()
    (source / "val" / "stranger").mkdir()
    said = refusal(source, tmp_path / "out", capsys)
    assert "classes in train but not in val: empty" in said
    assert "classes in val but not in train: stranger" in said
    assert "class folders without a file: empty" in said
    assert "class folders without a file in val: stranger" in said


def test_val_without_class_folders_is_explained(tmp_path, capsys):
    source = tree(tmp_path / "source", val=0)
    for name in ("a", "b"):
        (source / "val" / name).rmdir()
    (source / "val" / "1.jpg").write_bytes(b"")
    assert "holds 1 files: move each" in refusal(source, tmp_path / "out", capsys)


def test_missing_empty_and_half_sources_are_refused(tmp_path, capsys):
    assert "is not a folder" in refusal(tmp_path / "nowhere", tmp_path / "out", capsys)
    (tmp_path / "empty").mkdir()
    assert "no class folder" in refusal(tmp_path / "empty", tmp_path / "out", capsys)
    (tmp_path / "half" / "val" / "a").mkdir(parents=True)
    assert "val but no train" in refusal(tmp_path / "half", tmp_path / "out", capsys)


def test_single_classes_twins_and_folders_beside_are_warned_of(tmp_path, capsys):
    source = tree(tmp_path / "source", classes=("caf\u00e9", "cafe\u0301"))
    (source / "test").mkdir()
    run(source, tmp_path / "out")
    said = capsys.readouterr().err
    assert "differ in case or accents" in said and "neither train nor val: test" in said
    run(tree(tmp_path / "single", classes=("a",)), tmp_path / "out 2")
    assert "one class only" in capsys.readouterr().err


def test_a_flat_tree_is_divided_by_the_hash_of_names(tmp_path):
    source = tree(tmp_path / "source", train=20, val=0)
    flat = source / "train"
    whole, divided = Tree(flat), Tree(flat, val_share=0.25)
    assert (whole.count("train"), whole.count("test")) == (40, 0)
    assert (divided.count("train"), divided.count("test")) == (30, 10)
    test = list(divided.items("test", 0, 10))
    assert sum(item.label for item in test) == 5
    names = {item.name for item in test} | {item.name for item in divided.items("train", 0, 30)}
    assert names == {item.name for item in whole.items("train", 0, 40)}
    assert all((flat / name).is_file() for name in names)


# --- usage --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "options",
    [("--size", "x"), ("--size", "0"), ("--quality", "101"), ("--val-share", "1"), ("--jobs", "0")],
)
def test_options_out_of_range_are_code_2(tmp_path, options):
    with pytest.raises(SystemExit) as end:
        prepare.main([str(tmp_path), str(tmp_path / "out"), *options])
    assert end.value.code == 2


def test_a_share_beside_a_val_folder_and_out_inside_of_source_are_code_2(tmp_path, capsys):
    source = tree(tmp_path / "source")
    run(source, tmp_path / "out", "--val-share", 0.5, code=2)
    run(source, source / "out", code=2)
    assert "outside of SOURCE" in capsys.readouterr().err


def test_without_a_terminal_progress_is_lines(tmp_path, capsys):
    run(tree(tmp_path / "source"), tmp_path / "out")
    assert "14 of 14 images" in capsys.readouterr().err


# --- other sources ------------------------------------------------------------------------


def test_an_unprepared_tfds_data_set_is_told_without_a_catalogue(tmp_path, capsys):
    run("tfds:imagenet2012", tmp_path / "out", "--data-dir", tmp_path, code=3)
    said = capsys.readouterr().err.strip()
    assert "tfds build imagenet2012" in said and "\n" not in said


TFDS = SAMPLE.parent / "tensorflow_datasets"


@pytest.mark.skipif(not (TFDS / "cifar10").is_dir(), reason=f"no CIFAR-10 in {TFDS}")
def test_a_tfds_data_set_is_read_in_blocks_of_its_own_order():
    from alexnet_tf.data.prepare.tfds import TfdsSource

    source = TfdsSource("cifar10", TFDS)
    assert (source.count("train"), source.count("test")) == (50_000, 10_000)
    assert source.class_names[0] == "airplane" and len(source.class_names) == 10
    items = list(source.items("test", 100, 140))
    assert len({item.name for item in items}) == 40
    (later,) = source.items("test", 139, 140)
    assert later == items[-1]
    batch = convert._convert(items, convert.Settings(32, "raw"))
    assert all(image.record is not None for image in batch.images)


@pytest.mark.skipif(not SAMPLE.is_dir(), reason=f"no photographs in {SAMPLE}")
def test_real_photographs_are_all_decoded(tmp_path):
    out = tmp_path / "out"
    run(SAMPLE, out, "--size", 64, "--shard-images", 64)
    index = json.loads((out / "index.json").read_bytes())
    assert index["skipped"] == [] and index["counts"]["train"] == [1] * 160
    assert len(index["shards"]["train"]) == 3
    shards = open_shards(out)
    assert 90 < shards.mean_image.mean() < 140
    assert 8 < shards.eigenvalues[0] / shards.eigenvalues[1] < 20
