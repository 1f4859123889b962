"""Trainings that are repeated, killed and continued: the same bits."""

from __future__ import annotations

import random
import signal
import time
from pathlib import Path

import keras
import pytest
import tiny
from training_of_tiny import STEPS, after, errors, numbers

from alexnet_tf import records
from alexnet_tf.data import order, stream
from alexnet_tf.errors import DataError, SpecError
from alexnet_tf.records import RunRecord
from alexnet_tf.spec import replace
from alexnet_tf.train import train
from alexnet_tf.train.callback import Interrupted

tiny.pin_one_thread()


EPOCHS = 40
slow = pytest.mark.timeout(1200)


@pytest.fixture(autouse=True)
def forget_models():
    keras.utils.clear_session()


def contents(folder: Path) -> dict[str, tuple[int, bytes]]:
    return {
        path.name: (path.stat().st_mtime_ns, path.read_bytes())
        for path in folder.iterdir()
        if path.name != "lock"
    }


# --- fresh processes ----------------------------------------------------------------------


@pytest.fixture(scope="module")
def reference(prepared, tmp_path_factory) -> RunRecord:
    """The record of an uninterrupted run in a process of its own."""
    folder = tmp_path_factory.mktemp("reference")
    with tiny.child(prepared, tiny.experiment(EPOCHS), folder / "run") as child:
        assert child.end() == 0, child.errors()
    return records.read(folder / "run" / "result.json")


@slow
def test_two_fresh_processes_give_the_same_bits_and_another_seed_others(
    prepared, reference, tmp_path
):
    experiment = tiny.experiment(EPOCHS)
    with (
        tiny.child(prepared, experiment, tmp_path / "same") as same,
        tiny.child(prepared, replace(experiment, seed=1), tmp_path / "other") as other,
    ):
        assert same.end() == 0 and other.end() == 0, same.errors() + other.errors()
    again = records.read(tmp_path / "same" / "result.json")
    assert numbers(again) == numbers(reference)
    assert again.resumes == 0
    changed = records.read(tmp_path / "other" / "result.json")
    assert changed.weights_sha256 != reference.weights_sha256
    assert errors(changed.curve) != errors(reference.curve)


@slow
def test_a_run_killed_three_times_ends_with_the_same_bits(prepared, reference, tmp_path):
    out, moments = tmp_path / "run", random.Random(0)
    experiment = tiny.experiment(EPOCHS)
    for start in (1, 11, 22):
        acknowledged = start + moments.randrange(4)
        with tiny.child(prepared, experiment, out) as child:
            child.until_epoch(acknowledged)
            time.sleep(moments.random() * 0.05)
            child.process.kill()
            assert child.process.wait() == -signal.SIGKILL
        assert not (out / "result.json").exists(), "it ended before it was killed"
        newest = max(out.glob("epoch_*.state"))
        assert int(newest.stem.removeprefix("epoch_")) >= acknowledged
    with tiny.child(prepared, experiment, out) as child:
        assert child.end() == 0, child.errors()
    record = records.read(out / "result.json")
    assert numbers(record) == numbers(reference)
    assert record.resumes == 3
    assert not list(out.glob("*.corrupt"))


@slow
def test_a_run_asked_to_stop_says_75_and_goes_on_only_with_the_same_threads(
    prepared, reference, tmp_path
):
    out, experiment = tmp_path / "run", tiny.experiment(EPOCHS)
    with tiny.child(prepared, experiment, out) as child:
        child.until_epoch(2)
        child.process.terminate()
        assert child.end() == 75
        said = child.errors().strip().splitlines()[-1]
        assert said.startswith("alexnet_tf.train: ") and "continues" in said
        assert "Traceback" not in child.errors()
    before = contents(out)
    with tiny.child(prepared, experiment, out, threads=2) as child:
        assert child.end() == 4
        said = child.errors().strip().splitlines()[-1]
        assert "threads: 1 -> 2" in said and str(out) in said
        assert "Traceback" not in child.errors()
    states = {name: value for name, value in before.items() if name.endswith(".state")}
    assert states and states.items() <= contents(out).items()
    with tiny.child(prepared, experiment, out) as child:
        assert child.end() == 0, child.errors()
    record = records.read(out / "result.json")
    assert numbers(record) == numbers(reference)
    assert record.resumes == 1


# --- this process -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def whole(prepared, tmp_path_factory) -> RunRecord:
    """The record of an uninterrupted run of the tiny experiment in this process."""
    keras.utils.clear_session()
    places = {"data_dir": prepared.data_dir, "cache": prepared.cache}
    return train(tiny.experiment(), out=tmp_path_factory.mktemp("whole"), **places)


def test_a_record_is_complete_and_survives_json(run, tmp_path, tiny_experiment, tiny_images):
    said = []
    record = run(tiny_experiment, progress=said.append)
    assert record.status == "done" and record.reason == "" and record.resumes == 0
    assert [(e.epoch, e.updates) for e in record.curve] == [(1, STEPS), (2, 2 * STEPS), (3, 48)]
    for epoch in record.curve:
        # every training image counts once: errors are exact multiples of 1/250
        assert (epoch.train_error * 250) == pytest.approx(round(epoch.train_error * 250), abs=1e-9)
        assert 0 <= epoch.train_error <= 1 and epoch.train_loss > 0 and epoch.seconds > 0
    assert record.curve[-1].train_error < record.curve[0].train_error < 0.95
    assert record.validation_error is not None and record.test_error is not None
    assert (record.validation_error * 50) == pytest.approx(round(record.validation_error * 50))
    assert (record.test_error * 60) == pytest.approx(round(record.test_error * 60))
    assert len(record.weights_sha256) == 64 and record.images_per_second
    assert record.seconds == pytest.approx(sum(e.seconds for e in record.curve), abs=1e-3)
    assert record.started.endswith("+00:00")
    assert record.data is not None and record.environment is not None
    assert (record.data.train_images, record.data.validation_images) == (250, 50)
    assert (record.data.test_images, record.data.fingerprint) == (60, tiny_images.fingerprint())
    assert record.environment.threads == 1
    assert records.from_json(records.to_json(record)) == record
    assert records.read(tmp_path / "run" / "result.json") == record
    assert [e["epoch"] for e in said if e["event"] == "epoch"] == [1, 2, 3]


def test_a_finished_run_is_returned_and_nothing_is_touched(
    run, tmp_path, tiny_experiment, monkeypatch
):
    first = run(tiny_experiment)
    before = contents(tmp_path / "run")
    monkeypatch.setattr(keras.Model, "fit", None)
    assert run(tiny_experiment) == first
    assert contents(tmp_path / "run") == before


def test_the_folder_of_another_experiment_is_refused(run, tmp_path, tiny_experiment):
    run(tiny_experiment)
    before = contents(tmp_path / "run")
    with pytest.raises(SpecError, match="holds another run"):
        run(replace(tiny_experiment, seed=1))
    assert contents(tmp_path / "run")["result.json"] == before["result.json"]


def test_a_refused_start_does_not_hold_the_folder(run, tiny_experiment):
    with pytest.raises(DataError, match="has 10 classes"):
        run(replace(tiny_experiment, {"model.classes": 11}))
    assert run(tiny_experiment).status == "done"


def test_the_state_of_another_experiment_is_not_continued(run, tiny_experiment):
    other = replace(tiny_experiment, {"train.learning_rate": 0.01})
    with pytest.raises(Interrupted):
        run(tiny_experiment, interrupted=after(2 * STEPS + 3))
    with pytest.raises(SpecError, match="holds another run"):
        run(other)


def test_an_interrupted_run_goes_on_in_the_same_process(
    prepared, tmp_path, tiny_experiment, whole, caplog
):
    options = {"data_dir": prepared.data_dir, "cache": prepared.cache, "out": tmp_path / "part"}
    # no clear_session between the two: a notebook has none either
    with pytest.raises(Interrupted):
        train(tiny_experiment, interrupted=after(2 * STEPS + 3), **options)
    part = train(tiny_experiment, **options)
    assert "damaged" not in caplog.text and not list((tmp_path / "part").glob("*.corrupt"))
    assert part.resumes == 1
    assert numbers(part) == numbers(whole)


def test_a_net_with_dropout_goes_on_after_other_nets_were_built(run, tmp_path, tiny_experiment):
    experiment = replace(tiny_experiment, {"model.dense.0.dropout": 0.5})
    whole = run(experiment, "whole")
    with pytest.raises(Interrupted):
        run(experiment, "part", interrupted=after(2 * STEPS + 3))
    keras.layers.Dropout(0.5)  # Keras numbers what draws, and names would depend on it
    part = run(experiment, "part")
    assert part.resumes == 1 and not list((tmp_path / "part").glob("*.corrupt"))
    assert numbers(part) == numbers(whole)


@pytest.mark.parametrize("updates", [1, STEPS - 1, STEPS, STEPS + 1, 2 * STEPS, 3 * STEPS])
def test_an_interruption_at_any_update_changes_no_bit(run, whole, tiny_experiment, updates):
    with pytest.raises(Interrupted):
        run(tiny_experiment, "part", interrupted=after(updates))
    part = run(tiny_experiment, "part")
    assert numbers(part) == numbers(whole)
    # the update at an epoch's end is followed by the interruption before the state is written
    assert part.resumes == ((updates - 1) // STEPS > 0)


def test_a_run_that_would_repeat_the_first_order_is_noticed(
    run, whole, tiny_experiment, monkeypatch
):
    """Control: the comparison of bits can fail, for the most common fault of resumed runs."""
    with pytest.raises(Interrupted):
        run(tiny_experiment, "part", interrupted=after(2 * STEPS + 3))
    real = order.epoch_order
    monkeypatch.setattr(stream, "epoch_order", lambda s, epoch, n: real(s, epoch - 2, n))
    part = run(tiny_experiment, "part")
    assert part.resumes == 1
    assert part.weights_sha256 != whole.weights_sha256
    assert errors(part.curve)[:2] == errors(whole.curve)[:2]
