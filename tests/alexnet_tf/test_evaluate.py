"""Views and ensembles against direct enumeration; the command on real runs."""

from __future__ import annotations

import dataclasses
import json
import shutil
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tiny

from alexnet_tf import arrays, evaluate, files, records
from alexnet_tf.data.augment import input_pipeline
from alexnet_tf.data.split import split
from alexnet_tf.errors import DataError
from alexnet_tf.finished_run import open_run
from alexnet_tf.model import build_alexnet
from alexnet_tf.records import Part
from alexnet_tf.spec import AugmentSpec, replace
from alexnet_tf.train import train

tiny.pin_one_thread()

SMALL = replace(tiny.experiment(), {"model.input_size": 6, "data.augment": AugmentSpec(flip=True)})


def ten_views(images: np.ndarray, size: int) -> np.ndarray:
    """(10, B, size, size, C): corners and centre by hand, then the five mirrored."""
    far = images.shape[1] - size
    corners = [(0, 0), (0, far), (far, 0), (far, far), (far // 2, far // 2)]
    five = np.stack([images[:, y : y + size, x : x + size] for y, x in corners])
    return np.concatenate([five, five[:, :, :, ::-1]])


@pytest.fixture(scope="module")
def runs(prepared, tmp_path_factory) -> list[Path]:
    """Two finished runs on crops."""
    folder = tmp_path_factory.mktemp("runs")
    for seed in (0, 1):
        keras.utils.clear_session()
        train(
            replace(SMALL, seed=seed),
            out=folder / str(seed),
            data_dir=prepared.data_dir,
            cache=prepared.cache,
        )
    return [folder / "0", folder / "1"]


def command(prepared, *arguments: str) -> int:
    places = ["--data", str(prepared.data_dir), "--cache", str(prepared.cache)]
    return evaluate.main([*arguments, *places])


def last_json(capsys) -> dict:
    return json.loads(capsys.readouterr().out.strip().splitlines()[-1])


@pytest.mark.parametrize("views", [1, 10])
def test_the_command_gives_what_the_record_says_and_keras_too(
    prepared, runs, tiny_images, capsys, views
):
    record = json.loads((runs[0] / "result.json").read_text())
    assert command(prepared, str(runs[0]), "--views", str(views)) == 0
    found = last_json(capsys)
    (expected,) = [e for e in record["evaluations"] if (e["part"], e["views"]) == ("test", views)]
    for name in ("top1_error", "top5_error", "loss", "images"):
        assert found[name] == pytest.approx(expected[name], rel=1e-5), name
    if views == 1:
        assert record["test_error"] == expected["top1_error"]
    # the same again by hand: the saved model in Keras, crops by indexing
    model: Any = keras.models.load_model(runs[0] / "model.keras", safe_mode=True)
    data = tiny_images
    train_part = np.setdiff1d(np.arange(300), validation(data))
    pixels = data.train_images[train_part].astype(np.float64)
    mean, deviation = pixels.mean((0, 1, 2)), pixels.std((0, 1, 2))
    images = ((data.test_images - mean) / deviation).astype(np.float32)
    shown = np.asarray(ten_views(images, 6)) if views == 10 else images[None, :, 1:7, 1:7]
    chances = np.mean([np.asarray(keras.ops.softmax(model(view))) for view in shown], axis=0)
    error = (chances.argmax(1) != data.test_labels).mean()
    assert found["top1_error"] == pytest.approx(error)


def validation(data) -> np.ndarray:
    return split(data, SMALL.data).validation


def test_an_ensemble_averages_probabilities_and_keeps_them(prepared, runs, capsys):
    assert command(prepared, str(runs[0]), "--ensemble", str(runs[1])) == 0
    found = last_json(capsys)
    kept = [np.load(run / "test_1.npz", allow_pickle=False) for run in runs]
    chances = np.mean([k["probabilities"] for k in kept], axis=0)
    assert found["nets"] == 2
    assert found["top1_error"] == pytest.approx((chances.argmax(1) != kept[0]["labels"]).mean())
    written = [(run / "test_1.npz").stat().st_mtime_ns for run in runs]
    assert command(prepared, str(runs[0]), "--ensemble", str(runs[1])) == 0
    assert [(run / "test_1.npz").stat().st_mtime_ns for run in runs] == written


def cut(content: bytes) -> bytes:
    return content[: len(content) // 2]


@pytest.mark.parametrize("damage", [cut, lambda content: b"", lambda content: b"\x93NUMPY"])
def test_kept_probabilities_that_are_damaged_are_computed_again(prepared, runs, capsys, damage):
    kept = runs[0] / "test_1.npz"
    before = kept.read_bytes()
    assert command(prepared, str(runs[0])) == 0
    expected = last_json(capsys)
    kept.write_bytes(damage(before))
    assert command(prepared, str(runs[0])) == 0
    assert last_json(capsys) == pytest.approx(expected)
    assert kept.stat().st_size == len(before)


def test_a_held_folder_is_read_but_not_written(prepared, runs, tmp_path, capsys):
    run = shutil.copytree(runs[0], tmp_path / "run")
    with files.lock(run):
        assert command(prepared, str(run)) == 0
        (run / "test_1.npz").unlink()
        assert command(prepared, str(run)) == 5
    assert "is held by process" in capsys.readouterr().err
    assert not (run / "test_1.npz").exists()


def test_a_folder_without_a_run_is_refused_in_one_line(prepared, tmp_path, capsys):
    assert command(prepared, str(tmp_path)) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and str(tmp_path) in said


def test_a_fresh_process_loads_a_saved_net_it_did_not_build(prepared, runs):
    arguments = [str(runs[0]), "--part", "validation", "--data", str(prepared.data_dir)]
    arguments += ["--cache", str(prepared.cache)]
    code = "import sys; from alexnet_tf import evaluate; sys.exit(evaluate.main(sys.argv[1:]))"
    ended = tiny.python(code, *arguments)
    assert ended.returncode == 0, ended.stderr
    found = json.loads(ended.stdout.splitlines()[-1])
    record = records.read(runs[0] / "result.json")
    assert found["top1_error"] == pytest.approx(record.validation_error)


def test_a_record_says_of_each_test_image_whether_it_was_wrong(runs):
    record = records.read(runs[0] / "result.json")
    parts = {(item.part, item.views): item for item in record.evaluations}
    assert set(parts) == {("train", 1), ("validation", 1), ("test", 1), ("test", 10)}
    for views in (1, 10):
        with np.load(runs[0] / f"test_{views}.npz") as kept:
            assert str(kept["weights"]) == record.weights_sha256
            wrong = kept["probabilities"].argmax(axis=1) != kept["labels"]
        found = parts["test", views]
        assert found.mistakes() == wrong.tolist()
        assert found.top1_error == pytest.approx(wrong.mean())


def test_a_net_is_tested_on_the_part_that_its_spec_names(prepared, tmp_path, tiny_images, capsys):
    spec = replace(SMALL, {"data.test_images": 20, "train.epochs": 1})
    keras.utils.clear_session()
    record = train(spec, out=tmp_path, data_dir=prepared.data_dir, cache=prepared.cache)
    assert record.data is not None and record.data.test_images == 20
    assert {e.views: e.images for e in record.evaluations if e.part == "test"} == {1: 20, 10: 20}
    chosen = split(tiny_images, spec.data).test
    with np.load(tmp_path / "test_10.npz") as kept:
        assert kept["labels"].tolist() == tiny_images.test_labels[chosen].tolist()
    (tmp_path / "test_10.npz").unlink()
    assert command(prepared, str(tmp_path), "--views", "10") == 0
    assert last_json(capsys)["images"] == 20


def test_ten_views_and_their_centre_are_those_of_single_predictions(tiny_images):
    made = input_pipeline(SMALL, tiny_images, split(tiny_images, SMALL.data))
    predictor = evaluate.Predictor(build_alexnet(SMALL), made)
    batches = [tiny_images.test_images[:7], tiny_images.test_images[7:10]]
    centre, ten = evaluate.centre_and_ten(predictor, batches)
    # other batches, hence other sums: tolerance of a float32 probability
    np.testing.assert_allclose(centre, evaluate.probabilities(predictor, batches), rtol=1e-5)
    each = [
        np.asarray(predictor._one_view(view))
        for view in made.views(tiny_images.test_images[:10], 10)
    ]
    np.testing.assert_allclose(ten, np.mean(each, axis=0), rtol=1e-5)


def test_parts_without_images_are_refused_and_turned_images_have_labels_of_their_own(
    prepared, runs, tiny_images
):
    net = open_run(runs[0], data_dir=prepared.data_dir, cache=prepared.cache)
    empties: dict[Part, Any] = {"test": {"test": net.test[:0]}, "validation": {"validation": []}}
    for part, empty in empties.items():
        with pytest.raises(DataError, match=f"run {net.record.run_id} has no {part} images"):
            evaluate._predicted(dataclasses.replace(net, **empty), evaluate.Settings(part=part))
    four = replace(SMALL, {"data.labels": "classes_and_turns"})
    turned = dataclasses.replace(net, record=dataclasses.replace(net.record, experiment=four))
    own: dict[Part, Any] = {
        "test": tiny_images.test_labels[net.test],
        "validation": tiny_images.train_labels[net.validation],
    }
    for part, labels in own.items():
        found = [evaluate._predicted(of, evaluate.Settings(part=part)) for of in (net, turned)]
        assert np.array_equal(found[0][0], found[1][0])
        assert found[0][1].tolist() == labels.tolist()
        assert found[1][1].tolist() == (4 * labels).tolist()


def test_nets_of_other_images_are_no_ensemble(prepared, runs, tmp_path, capsys):
    other = shutil.copytree(runs[1], tmp_path / "run")
    weights = records.of_run(other).weights_sha256
    kept = arrays.read_predictions(runs[1] / "test_1.npz", weights)
    assert kept is not None
    arrays.keep_predictions(other / "test_1.npz", kept[0], kept[1][::-1], weights)
    assert command(prepared, str(runs[0]), "--ensemble", str(runs[1]), str(other)) == 3
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and "must be evaluated on the same images" in said


def test_kept_probabilities_need_no_images_but_those_that_are_named(prepared, runs, tmp_path):
    kept = evaluate.Settings()
    named = evaluate.Settings(data_dir=tmp_path)
    assert len(evaluate.predictions(runs[0], kept)[1]) == 60
    with pytest.raises(DataError):
        evaluate.predictions(runs[0], named)
