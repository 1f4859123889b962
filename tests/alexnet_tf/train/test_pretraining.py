"""Pre-training: what it hands on, what survives a kill, and the labels of turned images."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
import tiny
from hypothesis import given, settings
from hypothesis import strategies as st

from alexnet_tf import evaluate, records
from alexnet_tf.data.rotation import turned
from alexnet_tf.spec import AugmentSpec, Experiment, Pretraining, from_json, replace, to_json
from alexnet_tf.train import loop as module
from alexnet_tf.train import train
from alexnet_tf.train.loop import Training

tiny.pin_one_thread()

BASE = replace(
    tiny.experiment(epochs=2), {"model.input_size": 6, "data.augment": AugmentSpec(flip=True)}
)
FIRST = Pretraining(
    data=dataclasses.replace(BASE.data, labels="classes_and_turns"),
    train=dataclasses.replace(BASE.train, epochs=3),
    classes=40,
)
STAGED = replace(BASE, pretraining=FIRST)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 99), st.integers(0, 9), st.integers(0, 9), st.integers(1, 9))
def test_an_image_is_turned_as_its_label_says(seed, epoch, batch, count):
    rng = np.random.default_rng(seed)
    images = rng.integers(0, 256, (count, 5, 5, 3)).astype(np.uint8)
    labels = rng.integers(0, 10, count)
    shown, wanted = turned(tf.constant(images), tf.constant(labels), seed, epoch, batch)
    for image, label, picture, number in zip(images, labels, shown, wanted, strict=True):
        assert number // 4 == label
        np.testing.assert_array_equal(np.rot90(image, int(number) % 4), picture)
    again = turned(tf.constant(images), tf.constant(labels), seed, epoch, batch)
    np.testing.assert_array_equal(wanted, again[1])


def test_every_turn_is_as_likely_and_drawn_anew_each_epoch():
    images, labels = tf.zeros([4000, 1, 1, 3]), tf.zeros([4000], tf.int64)
    first, second = (turned(images, labels, 0, epoch, 0)[1].numpy() for epoch in (0, 1))
    counts = np.bincount(first, minlength=4)
    assert ((counts - 1000) ** 2 / 1000).sum() < 16.3  # chi-squared, 3 degrees, p = 0.001
    assert 0.2 < (first == second).mean() < 0.3


def test_a_spec_with_pretraining_keeps_other_ids_and_comes_back_from_json():
    assert from_json(to_json(STAGED)) == STAGED
    assert STAGED.run_id != BASE.run_id
    assert BASE.first_stage is None
    first = STAGED.first_stage
    assert first == Experiment(
        model=dataclasses.replace(BASE.model, classes=40), data=FIRST.data, train=FIRST.train
    )


@pytest.fixture(scope="module")
def staged(prepared, tmp_path_factory):
    """A finished run with pre-training: its folder and its record."""
    out = tmp_path_factory.mktemp("staged") / "run"
    return out, train(STAGED, out=out, data_dir=prepared.data_dir, cache=prepared.cache)


def test_the_first_stage_learns_forty_labels_and_is_a_run_of_its_own(staged):
    first = records.read(staged[0] / "pretraining" / "result.json")
    assert first.experiment == STAGED.first_stage and len(first.curve) == 3
    model: Any = keras.models.load_model(staged[0] / "pretraining" / "model.keras")
    assert model.output_shape == (None, 40)
    with np.load(staged[0] / "pretraining" / "test_1.npz") as kept:
        assert set(kept["labels"] % 4) == {0} and kept["labels"].max() == 36


def test_the_first_stage_is_evaluated_on_its_own_labels(staged, prepared):
    folder = staged[0] / "pretraining"
    places = {"data_dir": prepared.data_dir, "cache": prepared.cache}
    for part in ("validation", "test"):
        settings = evaluate.Settings(part=part, **places)
        found, labels = evaluate.predictions(folder, settings)
        expected = {e.part: e for e in records.read(folder / "result.json").evaluations}[part]
        assert evaluate.top_k_error(found, labels) == pytest.approx(expected.top1_error)


def test_training_starts_from_every_layer_but_the_output(staged, prepared, tmp_path, monkeypatch):
    started: list[dict[str, list[np.ndarray]]] = []

    def weights(self):
        started.append({layer.name: layer.get_weights() for layer in self.model.layers})

    monkeypatch.setattr(module.Training, "_fit", weights)
    places = {"data_dir": prepared.data_dir, "cache": prepared.cache}
    train(STAGED, out=tmp_path / "staged", **places)
    train(BASE, out=tmp_path / "plain", **places)
    monkeypatch.undo()
    # `_fit` was replaced in the first stage too, which is therefore as it was initialised
    first, begun, plain = started
    output = BASE.model.names()[-1]
    same = [name for name in begun if name != output and begun[name]]
    assert len(same) == 3
    for name in same:
        for there, here in zip(first[name], begun[name], strict=True):
            np.testing.assert_array_equal(there, here)
    for there, here in zip(plain[output], begun[output], strict=True):
        np.testing.assert_array_equal(there, here)


def test_pretraining_changes_the_outcome(staged, prepared, tmp_path):
    plain = train(BASE, out=tmp_path, data_dir=prepared.data_dir, cache=prepared.cache)
    assert plain.weights_sha256 != staged[1].weights_sha256
    assert staged[1].curve[0].train_loss < plain.curve[0].train_loss


@pytest.mark.parametrize("epoch", [2, 4])
def test_a_kill_in_either_stage_changes_no_bit(staged, prepared, tmp_path, epoch):
    out, seen = tmp_path / "run", 0
    with tiny.child(prepared, STAGED, out) as child:
        for event in child.events():
            seen += event["event"] == "epoch"
            if seen == epoch:
                child.process.kill()
                break
        child.end()
    assert not (out / "result.json").exists()
    with tiny.child(prepared, STAGED, out) as child:
        assert child.end() == 0, child.errors()
    record = json.loads((out / "result.json").read_text())
    assert record["weights_sha256"] == staged[1].weights_sha256


def test_a_first_stage_that_diverges_is_the_outcome_of_the_run(prepared, tmp_path, monkeypatch):
    def diverge(self, start=None):
        return records.RunRecord(experiment=self.experiment, status="diverged", reason="NaN")

    monkeypatch.setattr(Training, "finish", diverge)
    record = train(STAGED, out=tmp_path, data_dir=prepared.data_dir, cache=prepared.cache)
    assert (record.status, record.reason) == ("diverged", "in pre-training, NaN")
    assert record.experiment == STAGED
