"""The folder that the command writes: evaluated, inspected, and never taken for a training."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import published_files as theirs
import published_forward as forward
import pytest
import tiny

from alexnet_tf import evaluate, files, inspect_net, load, records
from alexnet_tf.data.images import Images
from alexnet_tf.errors import DataError, LockedError, SpecError
from alexnet_tf.finished_run import open_run
from alexnet_tf.spec import BVLC_ALEXNET, replace, to_json
from alexnet_tf.train import train
from alexnet_tf.weights import __main__ as command
from alexnet_tf.weights import read, write_run

tiny.pin_one_thread()

# ten classes, as the images have
NET = replace(theirs.small(BVLC_ALEXNET, theirs.MAPS, classes=10), {"data.dataset": "cifar10"})
ARRAYS = theirs.drawn_small(classes=10)
MEAN = np.array([122.67891434, 116.66876762, 104.00698793])  # of red, green, blue


@pytest.fixture(scope="module")
def images() -> Images:
    return tiny.images(train=60, test=20, size=107)


@pytest.fixture(scope="module")
def places(images, tmp_path_factory) -> tiny.Prepared:
    return tiny.prepare(tmp_path_factory.mktemp("images"), images)


@pytest.fixture(scope="module")
def file(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("file") / "mine.caffemodel"
    theirs.caffemodel(ARRAYS, path)
    return path


@pytest.fixture(scope="module")
def run(file, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("runs") / "run"
    spec = out.parent / "spec.json"
    spec.write_text(to_json(NET))
    assert command.main([str(file), "--net", str(spec), "--out", str(out)]) == 0
    return out


def test_a_run_from_pixels_to_logits_is_that_of_the_file(run, places, images):
    """Blue, green, red of the centre less Caffe's mean, through the arrays in Caffe's layout."""
    opened = open_run(run, data_dir=places.data_dir, cache=places.cache)
    found = opened.outputs("fc8", "test", np.arange(4))
    for image, row in zip(images.test_images, found, strict=False):
        pixels = image[2:105, 2:105].astype(float) - MEAN
        expected = forward.logits(ARRAYS, pixels[:, :, ::-1].transpose(2, 0, 1), forward.Steps())
        np.testing.assert_allclose(row, expected, rtol=0, atol=1e-4)


def test_its_record_says_that_nothing_was_trained(run, file):
    record = records.of_run(run)
    assert record.status == "imported" and record.experiment == NET
    assert "weights of mine.caffemodel (SHA-256 " in record.reason
    assert "not trained here" in record.reason and str(file.parent) not in record.reason
    assert not record.curve and record.test_error is None and record.data is None
    assert records.from_json(records.to_json(record)) == record


@pytest.mark.parametrize("views", ["1", "10"])
def test_evaluate_takes_it(run, places, capsys, views):
    options = ["--data", str(places.data_dir), "--cache", str(places.cache), "--views", views]
    assert evaluate.main([str(run), *options]) == 0
    found = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert found["images"] == 20 and 0 <= found["top1_error"] <= 1


def test_inspect_net_takes_it_and_leaves_figures_3_and_4(run, places):
    found = inspect_net.inspect_net(run, data_dir=places.data_dir, cache=places.cache)
    names = {"kernel_colour_split", "fc7_neighbour_agreement", "dropout_mean_error", "norm_spread"}
    assert names < set(found) and found["norm_spread"] > 1
    with np.load(run / "inspection.npz") as kept:
        ours = ARRAYS["conv1"][0].transpose(2, 3, 1, 0)[:, :, ::-1]
        np.testing.assert_array_equal(kept["conv1"], ours)
        assert kept["neighbours"].shape[:2] == (8, 6)


def test_images_of_other_classes_are_refused(run, tmp_path, tmp_path_factory, capsys):
    spec, out = tmp_path / "spec.json", tmp_path / "run"
    theirs.caffemodel(theirs.drawn_small(classes=7), tmp_path / "net.caffemodel")
    spec.write_text(to_json(replace(NET, {"model.classes": 7})))
    arguments = [str(tmp_path / "net.caffemodel"), "--net", str(spec), "--out", str(out)]
    assert command.main(arguments) == 0
    prepared = tiny.prepare(tmp_path_factory.mktemp("ten"), tiny.images(60, 20, size=107))
    capsys.readouterr()
    options = ["--data", str(prepared.data_dir), "--cache", str(prepared.cache)]
    assert evaluate.main([str(out), *options]) == 3
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and "10 classes" in said and "the model has 7" in said


def test_a_folder_that_holds_a_run_is_left_as_it_is(run, file):
    before = {path: path.stat().st_mtime_ns for path in run.iterdir() if path.name != "lock"}
    with pytest.raises(SpecError, match="holds a run already"):
        write_run(read(file, NET), run)
    with pytest.raises(SpecError, match="not trained here. Use another folder"):
        train(NET, out=run)
    assert {path: path.stat().st_mtime_ns for path in before} == before


def test_a_held_folder_is_left_alone(file, tmp_path):
    with files.lock(tmp_path), pytest.raises(LockedError):
        write_run(read(file, NET), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["lock"]


def test_another_net_put_into_its_folder_is_refused(run, places, tmp_path):
    there = tmp_path / "run"
    shutil.copytree(run, there)
    net = load(there / "model.keras")
    net.set_weights([2 * values for values in net.get_weights()])
    net.save(there / "model.keras")
    with pytest.raises(DataError, match="is not the net of this run"):
        open_run(there, data_dir=places.data_dir, cache=places.cache)
