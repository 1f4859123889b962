"""Trees, classes and other sources: what is refused, warned of and divided."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import pytest
import tiny
from preparing import run, tree

from alexnet_tf.data.prepare import __main__ as prepare
from alexnet_tf.data.prepare import convert, tfds
from alexnet_tf.data.prepare.folder import Tree
from alexnet_tf.data.shards import open_shards
from alexnet_tf.errors import DataError

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
def test_options_out_of_range_are_code_2(tmp_path, options, capsys):
    assert prepare.main([str(tmp_path), str(tmp_path / "out"), *options]) == 2
    said = capsys.readouterr().err
    assert options[0] in said and said.count("\n") == 1


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


@pytest.fixture
def versions(tmp_path) -> Path:
    """Folders of tensorflow-datasets, as they lie there after several preparations."""
    for name in (
        *("two/1.9.0", "two/1.10.0", "two/1.11.0.incompleteH7F3", "small/32x32/1.0.0"),
        *("sizes/32x32/1.0.0", "sizes/64x64/0.9.0", "sizes/64x64/0.10.0"),
    ):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "dataset_info.json").write_text("{}")
    return tmp_path


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("two", "two/1.10.0"),
        ("two:1.9.0", "two/1.9.0"),
        ("small", "small/32x32/1.0.0"),
        ("small:1.0.0", "small/32x32/1.0.0"),
        ("sizes/64x64", "sizes/64x64/0.10.0"),
        ("sizes/64x64:0.9.0", "sizes/64x64/0.9.0"),
    ],
)
def test_a_tfds_data_set_is_that_of_the_name_and_of_the_highest_version(versions, asked, found):
    assert tfds._folder(asked, versions) == versions / found


@pytest.mark.parametrize(
    "asked", ["", "../two", "two/../two", "/etc", "*", "two:", "two:1.9", "a/"]
)
def test_what_is_no_name_of_a_tfds_data_set_is_code_2(versions, capsys, asked):
    run(f"tfds:{asked}", versions / "out", "--data-dir", versions, code=2)
    assert f"or tfds:NAME:1.0.0. Received: tfds:{asked}\n" in capsys.readouterr().err


def test_one_of_several_configurations_is_asked_for(versions, capsys):
    run("tfds:sizes", versions / "out", "--data-dir", versions, code=2)
    said = "has 2 configurations in"
    assert said in (told := capsys.readouterr().err) and "Name one: tfds:sizes/32x32" in told
    run("tfds:two:3.0.0", versions / "out", "--data-dir", versions, code=3)
    assert "tfds build two:3.0.0" in capsys.readouterr().err


KINDS = {"coarse": "ClassLabel", "label": "ClassLabel", "image": "Image", "id": "Text"}


@pytest.mark.parametrize("order", [*itertools.permutations(KINDS)])
def test_the_label_is_the_one_that_supervised_keys_name_in_any_order_of_features(order):
    kinds = {key: KINDS[key] for key in order}
    assert tfds._keys(Path("d"), kinds, ("image", "label")) == ("image", "label")
    with pytest.raises(DataError, match=r"2 features of kind ClassLabel \(coarse, label\)"):
        tfds._keys(Path("d"), kinds, None)
    del kinds["coarse"]
    assert tfds._keys(Path("d"), kinds, None) == ("image", "label")


def test_features_without_names_or_without_an_image_are_refused():
    assert tfds._kinds(object()) == {}
    with pytest.raises(DataError, match=r"0 features of kind Image \(none\)"):
        tfds._keys(Path("d"), {}, None)


TFDS = tiny.SAMPLE.parent / "tensorflow_datasets"


@pytest.mark.skipif(not (TFDS / "cifar10").is_dir(), reason=f"no CIFAR-10 in {TFDS}")
def test_a_tfds_data_set_is_read_in_blocks_of_its_own_order():
    source = tfds.TfdsSource("cifar10", TFDS)
    assert (source.count("train"), source.count("test")) == (50_000, 10_000)
    assert source.class_names[0] == "airplane" and len(source.class_names) == 10
    items = list(source.items("test", 100, 140))
    assert len({item.name for item in items}) == 40
    (later,) = source.items("test", 139, 140)
    assert later == items[-1]
    batch = convert._convert(items, convert.Settings(32, "raw"))
    assert all(image.record is not None for image in batch.images)


@pytest.mark.skipif(not tiny.SAMPLE.is_dir(), reason=f"no photographs in {tiny.SAMPLE}")
def test_real_photographs_are_all_decoded(tmp_path):
    out = tmp_path / "out"
    run(tiny.SAMPLE, out, "--size", 64, "--shard-images", 64)
    index = json.loads((out / "index.json").read_bytes())
    assert index["skipped"] == [] and index["counts"]["train"] == [1] * 160
    assert len(index["shards"]["train"]) == 3
    shards = open_shards(out)
    assert 90 < shards.mean_image.mean() < 140
    assert 8 < shards.eigenvalues[0] / shards.eigenvalues[1] < 20
