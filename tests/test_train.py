"""Trainings that are repeated, killed, continued and refused: the same bits or a clear word."""

from __future__ import annotations

import dataclasses
import random
import signal
import time
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import pytest
import tiny

from alexnet_tf import environment, records
from alexnet_tf.data import order, stream
from alexnet_tf.errors import DataError, EnvironmentChangedError, SpecError
from alexnet_tf.records import EpochResult, RunRecord
from alexnet_tf.spec import Experiment, replace, to_json
from alexnet_tf.train import __main__ as command_line
from alexnet_tf.train import train
from alexnet_tf.train.callback import Interrupted

tiny.pin_one_thread()

EPOCHS = 40
STEPS = 16  # ceil(250 images / 16)
slow = pytest.mark.timeout(1200)


@pytest.fixture(autouse=True)
def forget_models():
    keras.utils.clear_session()


@pytest.fixture
def run(prepared: tiny.Prepared, tmp_path: Path) -> Callable[..., RunRecord]:
    """Train in this process, in folder `name` of the test."""

    def start(experiment: Experiment, name: str = "run", **options) -> RunRecord:
        keras.utils.clear_session()
        return train(
            experiment,
            out=tmp_path / name,
            data_dir=prepared.data_dir,
            cache=prepared.cache,
            **options,
        )

    return start


def after(updates: int) -> Callable[[], bool]:
    """An `interrupted` that says True after so many updates."""
    left = iter(range(updates - 1))
    return lambda: next(left, None) is None


def errors(curve: tuple[EpochResult, ...]) -> list[tuple[int, int, float, float]]:
    return [(e.epoch, e.updates, e.train_error, e.train_loss) for e in curve]


def numbers(record: RunRecord) -> dict[str, object]:
    """Everything in a record that an interruption must not change."""
    names = ("run_id", "status", "validation_error", "test_error", "weights_sha256", "data")
    return {**{n: getattr(record, n) for n in names}, "curve": errors(record.curve)}


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
    prepared, tmp_path, tiny_experiment, run, caplog
):
    whole = run(tiny_experiment, "whole")
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
def test_an_interruption_at_any_update_changes_no_bit(run, tiny_experiment, updates):
    whole = run(tiny_experiment, "whole")
    with pytest.raises(Interrupted):
        run(tiny_experiment, "part", interrupted=after(updates))
    part = run(tiny_experiment, "part")
    assert numbers(part) == numbers(whole)
    # the update at an epoch's end is followed by the interruption before the state is written
    assert part.resumes == ((updates - 1) // STEPS > 0)


def test_a_run_that_would_repeat_the_first_order_is_noticed(run, tiny_experiment, monkeypatch):
    """Control: the comparison of bits can fail, for the most common fault of resumed runs."""
    whole = run(tiny_experiment, "whole")
    with pytest.raises(Interrupted):
        run(tiny_experiment, "part", interrupted=after(2 * STEPS + 3))
    real = order.epoch_order
    monkeypatch.setattr(stream, "epoch_order", lambda s, epoch, n: real(s, epoch - 2, n))
    part = run(tiny_experiment, "part")
    assert part.resumes == 1
    assert part.weights_sha256 != whole.weights_sha256
    assert errors(part.curve)[:2] == errors(whole.curve)[:2]


@pytest.fixture
def fitted(monkeypatch) -> list[keras.Model]:
    """The models that were trained so far."""
    models, fit = [], keras.Model.fit

    def watched(model, *args, **kwargs):
        models.append(model)
        return fit(model, *args, **kwargs)

    monkeypatch.setattr(keras.Model, "fit", watched)
    return models


@pytest.fixture
def poison(monkeypatch) -> None:
    """One weight of the first convolution is no number from the first update on."""
    fit = keras.Model.fit

    def poisoned(model, *args, **kwargs):
        kernel = model.get_layer("conv1").kernel
        value = np.asarray(kernel).copy()
        value[0, 0, 0, 0] = np.nan
        kernel.assign(value)
        return fit(model, *args, **kwargs)

    monkeypatch.setattr(keras.Model, "fit", poisoned)


@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_a_weight_that_is_not_a_number_is_seen_behind_any_activation(
    run, tiny_experiment, poison, activation
):
    record = run(replace(tiny_experiment, {"model.activation": activation}))
    assert record.status == "diverged"
    assert "conv1" in record.reason and "\n" not in record.reason
    assert record.curve == () and record.test_error is None and record.validation_error is None
    assert records.from_json(records.to_json(record)) == record


@pytest.mark.parametrize("activation", ["relu", "tanh"])
@pytest.mark.parametrize("rate", [1e6, 1e30])
def test_a_rate_far_too_high_is_recorded_as_it_is(run, tiny_experiment, fitted, activation, rate):
    changes = {"model.activation": activation, "train.learning_rate": rate}
    record = run(replace(tiny_experiment, changes))
    assert records.from_json(records.to_json(record)) == record
    assert all(np.isfinite([e.train_loss, e.train_error]).all() for e in record.curve)
    (model,) = fitted
    finite = all(np.isfinite(np.asarray(v)).all() for v in model.trainable_variables)
    if record.status == "done":
        assert finite and len(record.curve) == 3 and record.test_error is not None
    else:
        assert record.status == "diverged" and "finite" in record.reason
        assert not finite or "loss" in record.reason
        assert record.test_error is None and record.validation_error is None


def test_a_diverged_run_is_finished(run, tiny_experiment, poison, monkeypatch):
    first = run(tiny_experiment)
    assert first.status == "diverged"
    monkeypatch.setattr(keras.Model, "fit", None)
    assert run(tiny_experiment) == first


def test_training_stops_after_the_first_epoch_at_the_error_asked_for(run, tiny_experiment):
    whole = run(replace(tiny_experiment, {"train.epochs": 12}), "whole")
    found = [epoch.train_error for epoch in whole.curve]
    limit = found[5]
    first = next(i for i, error in enumerate(found, start=1) if error <= limit)
    assert 1 < first < 12
    changes = {"train.epochs": 12, "train.stop_at_error": limit}
    stopped = run(replace(tiny_experiment, changes), "stopped")
    assert stopped.status == "done"
    assert errors(stopped.curve) == errors(whole.curve)[:first]


def test_a_run_that_had_reached_its_error_before_a_kill_trains_no_further(
    run, tmp_path, tiny_experiment, monkeypatch
):
    experiment = replace(tiny_experiment, {"train.stop_at_error": 1.0})
    first = run(experiment)
    assert len(first.curve) == 1
    (tmp_path / "run" / "result.json").unlink()  # as if killed between the state and the record
    monkeypatch.setattr(keras.Model, "fit", None)
    again = run(experiment)
    assert numbers(again) == numbers(first)


def test_the_order_of_images_and_the_initial_weights_do_not_depend_on_the_activation(
    run, tiny_experiment, monkeypatch
):
    asked: list[list[tuple[int, int, int]]] = []
    real = order.epoch_order

    def recorded(*arguments):
        asked[-1].append(arguments)
        return real(*arguments)

    monkeypatch.setattr(stream, "epoch_order", recorded)
    for activation in ("relu", "tanh"):
        asked.append([])
        run(replace(tiny_experiment, {"model.activation": activation}), activation)
    assert asked[0] == asked[1] == [(0, epoch, 250) for epoch in range(3)]


def test_other_images_are_a_change_that_is_refused(run, prepared, tmp_path, tiny_experiment):
    with pytest.raises(Interrupted):
        run(tiny_experiment, interrupted=after(2 * STEPS + 3))
    other = tiny.prepare(tmp_path / "others", tiny.images(seed=1))
    keras.utils.clear_session()
    with pytest.raises(EnvironmentChangedError, match="data: ") as error:
        train(tiny_experiment, out=tmp_path / "run", data_dir=other.data_dir, cache=other.cache)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("python", "3.0.0"),
        ("tensorflow", "1.0"),
        ("keras", "1.0"),
        ("numpy", "1.0"),
        ("cpu", "another"),
        ("isa", "none"),
        ("device", "another"),
        ("onednn", "0"),
        ("threads", 64),
    ],
)
def test_a_changed_environment_is_refused_with_code_4_and_named(
    interrupted, prepared, monkeypatch, capsys, field, value
):
    out, spec, before = interrupted
    real = environment.describe
    monkeypatch.setattr(
        environment,
        "describe",
        lambda **known: dataclasses.replace(real(**known), **{field: value}),
    )
    keras.utils.clear_session()
    assert command(prepared, spec, out) == 4
    said = one_line(capsys)
    assert f"{field}: " in said and f"-> {value}" in said
    assert not (out / "result.json").exists()
    states = {path.name: path.read_bytes() for path in out.glob("*.state")}
    assert states == before


@pytest.mark.parametrize("field", ["host", "memory_gib", "cores", "code", "system"])
def test_what_changes_no_bit_is_no_part_of_the_fingerprint(field):
    here = environment.describe(threads=1)
    changed = dataclasses.replace(here, **{field: "another"})
    assert changed.fingerprint() == here.fingerprint()


@pytest.fixture(scope="module")
def interrupted(prepared, tmp_path_factory):
    """(folder, spec file, states) of a run that was interrupted after two epochs."""
    folder = tmp_path_factory.mktemp("interrupted")
    experiment = tiny.experiment()
    spec = folder / "spec.json"
    spec.write_text(to_json(experiment))
    keras.utils.clear_session()
    with pytest.raises(Interrupted):
        train(
            experiment,
            out=folder / "run",
            data_dir=prepared.data_dir,
            cache=prepared.cache,
            interrupted=after(2 * STEPS + 3),
        )
    states = {path.name: path.read_bytes() for path in (folder / "run").glob("*.state")}
    assert len(states) == 2
    return folder / "run", spec, states


# --- the command line ---------------------------------------------------------------------


def one_line(capsys: pytest.CaptureFixture[str]) -> str:
    """The one line that the command said; TensorFlow's own log lines do not count."""
    written = capsys.readouterr().err
    said = [line for line in written.splitlines() if line.startswith("alexnet_tf.train: ")]
    assert len(said) == 1 and "Traceback" not in written, written
    return said[0]


def command(prepared: tiny.Prepared, spec: Path, out: Path, *more: str) -> int:
    """Run `python -m alexnet_tf.train` in this process, leaving its signal handlers behind."""
    handlers = {n: signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM)}
    arguments = ["--spec", str(spec), "--out", str(out), "--cache", str(prepared.cache)]
    try:
        return command_line.main([*arguments, "--data-dir", str(prepared.data_dir), *more])
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)


@pytest.mark.parametrize(
    "content",
    [None, b"", b"{", b"3", b'{"model": 1}', b'{"modle": {}}', b"\xff\xfe", b'{"seed": NaN}'],
)
def test_a_spec_that_is_no_experiment_is_refused_in_one_line_with_code_2(
    prepared, tmp_path, capsys, content
):
    spec = tmp_path / "spec.json"
    if content is not None:
        spec.write_bytes(content)
    assert command(prepared, spec, tmp_path / "run") == 2
    one_line(capsys)
    assert not (tmp_path / "run" / "result.json").exists()


@pytest.mark.parametrize("threads", ["0", "-1", "two"])
def test_a_number_of_threads_below_1_is_refused_with_code_2(
    prepared, tmp_path, capsys, threads, tiny_experiment
):
    spec = tmp_path / "spec.json"
    spec.write_text(to_json(tiny_experiment))
    try:
        code = command(prepared, spec, tmp_path / "run", "--threads", threads)
    except SystemExit as end:
        code = end.code
    assert code == 2
    assert "threads" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [[], ["--spec"], ["--spec", "x", "--out", "y", "--wrong"]])
def test_a_wrong_command_line_is_refused_with_code_2(capsys, arguments):
    with pytest.raises(SystemExit) as end:
        command_line.main(arguments)
    assert end.value.code == 2
    assert "Traceback" not in capsys.readouterr().err


def test_missing_data_are_code_3_and_the_command_that_helps(tmp_path, capsys, tiny_experiment):
    spec = tmp_path / "spec.json"
    spec.write_text(to_json(tiny_experiment))
    empty = tiny.Prepared(tmp_path / "none", tmp_path / "cache")
    assert command(empty, spec, tmp_path / "run") == 3
    said = one_line(capsys)
    assert "python -m alexnet_tf.data cifar10" in said
    assert str(tmp_path / "none") in said


def test_too_few_images_are_code_3(prepared, tmp_path, capsys, tiny_experiment):
    spec = tmp_path / "spec.json"
    spec.write_text(to_json(replace(tiny_experiment, {"data.train_images": 5000})))
    assert command(prepared, spec, tmp_path / "run") == 3
    assert "a class has 30 images" in one_line(capsys)


@pytest.mark.parametrize(
    "changes", [{"model.input_size": 16}, {"model.channels": 1}, {"model.classes": 5}]
)
def test_a_net_that_does_not_fit_the_images_is_refused_in_one_line(
    prepared, tmp_path, capsys, tiny_experiment, changes
):
    spec = tmp_path / "spec.json"
    spec.write_text(to_json(replace(tiny_experiment, changes)))
    assert command(prepared, spec, tmp_path / "run") in (2, 3)
    one_line(capsys)


def test_a_held_folder_is_code_5(prepared, tmp_path, capsys, tiny_experiment):
    from alexnet_tf import files

    spec = tmp_path / "spec.json"
    spec.write_text(to_json(tiny_experiment))
    with files.lock(tmp_path / "run"):
        assert command(prepared, spec, tmp_path / "run") == 5
    assert "is held by process" in capsys.readouterr().err


def test_a_damaged_record_is_code_4_and_is_not_overwritten(
    prepared, tmp_path, capsys, tiny_experiment
):
    spec, out = tmp_path / "spec.json", tmp_path / "run"
    spec.write_text(to_json(tiny_experiment))
    out.mkdir()
    (out / "result.json").write_bytes(b"{")
    assert command(prepared, spec, out) == 3
    assert str(out / "result.json") in one_line(capsys)
    assert (out / "result.json").read_bytes() == b"{"
