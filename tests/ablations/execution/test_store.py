"""A run's folder: which record counts, what is read again, what is set aside or deleted."""

from __future__ import annotations

import dataclasses
import json
import os
from pathlib import Path

import fake_runs
import pytest
import tiny

from ablations.execution import store
from ablations.plan import PlannedRun, StudyRun
from alexnet_tf import files, records, sealed
from alexnet_tf.errors import LockedError
from alexnet_tf.records import RunRecord

EXPERIMENT = tiny.experiment()
ID = EXPERIMENT.run_id
PLANNED = PlannedRun(arm="paper", role="reported", experiment=EXPERIMENT)
DONE = fake_runs.record(EXPERIMENT, test_error=0.5)
FAILED = fake_runs.record(EXPERIMENT, status="failed", reason="killed", weights_sha256="")


def put(path: Path, content: str | RunRecord) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else records.to_json(content))
    return path


@pytest.fixture
def place(tmp_path) -> Path:
    found = store.folder(tmp_path, ID)
    assert found == tmp_path / "runs" / ID and not found.exists()
    return found


def run(record: RunRecord | None, folder: Path | None = None) -> StudyRun:
    return StudyRun(planned=PLANNED, record=record, folder=folder, inspection={})


def below(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


# --- which record counts --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("left", "state", "counts"),
    [
        ({}, "new", None),
        ({"epoch_00001.state": "x"}, "partial", None),
        ({"failed.json": FAILED}, "failed", FAILED),
        ({"failed.json": FAILED, "epoch_00001.state": "x"}, "failed", FAILED),
        ({"result.json": DONE, "epoch_00001.state": "x"}, "done", DONE),
        ({"result.json": DONE, "failed.json": FAILED}, "done", DONE),
        ({"result.json": "{", "failed.json": FAILED}, "failed", FAILED),
        ({"result.json": "{", "epoch_00001.state": "x"}, "partial", None),
    ],
)
def test_a_result_counts_before_a_failure_and_a_failure_before_a_state(
    tmp_path, place, left, state, counts
):
    for name, content in left.items():
        put(place / name, content)
    assert store.Records(tmp_path).state(ID) == state
    assert store.record(tmp_path, ID) == counts
    assert [one.record for one in store.read(tmp_path, [PLANNED])] == [counts]


def test_a_diverged_run_is_finished_and_a_failed_one_is_not(place):
    diverged = fake_runs.record(EXPERIMENT, status="diverged", reason="NaN", weights_sha256="")
    assert [store.finished(run(one)) for one in (DONE, diverged, FAILED, None)] == [
        *(True, True, False, False)
    ]
    assert not store.has_net(run(DONE)) and not store.has_net(run(DONE, place))
    put(place / "model.keras", "net")
    assert store.has_net(run(DONE, place))


def test_a_record_of_another_run_is_named_and_left_out(tmp_path, place, caplog):
    other = fake_runs.record(tiny.experiment(seed=1), test_error=0.25)
    path = put(place / "result.json", other)
    assert store.record(tmp_path, ID) is None
    assert f"{path} holds another run, {other.run_id}; it is left out" in caplog.text


def test_a_damaged_record_is_named_and_counts_as_absent(tmp_path, place, caplog):
    path = put(place / "result.json", records.to_json(DONE).replace("0.5", "0.4"))
    assert store.record(tmp_path, ID) is None
    assert str(path) in caplog.text and "the run counts as not done" in caplog.text


def test_a_finished_record_is_read_again_only_where_its_file_changed(tmp_path, place, monkeypatch):
    seen: list[Path] = []
    read = records.read
    monkeypatch.setattr(records, "read", lambda path: seen.append(path) or read(path))
    of = store.Records(tmp_path)
    failed, result = put(place / "failed.json", FAILED), place / "result.json"
    for _ in range(2):  # a further try may replace it
        assert of.read([PLANNED])[0].record == FAILED
    assert seen == [failed, failed]
    put(result, DONE)
    for _ in range(3):
        assert of.read([PLANNED, PLANNED])[1].record == DONE
    assert seen == [failed, failed, result]
    better = dataclasses.replace(DONE, test_error=0.25)
    put(result, better)
    os.utime(result, ns=(1, 1))
    assert of.read([PLANNED])[0].record == better and seen[3:] == [result]
    result.unlink()
    assert of.state(ID) == "failed"


# --- what was measured of a net -------------------------------------------------------------


@pytest.mark.parametrize(
    ("weights", "content", "said"),
    [
        ("w", {"values": {"a": 0.5, "b": None}, "weights_sha256": "w"}, "not made"),
        ("w", {"values": [0.5], "weights_sha256": "w"}, "not made"),
        ("w", {"values": {"a": 0.5}}, "not made"),
        ("w", {"values": {"a": 0.5}, "weights_sha256": "other"}, ""),
    ],
)
def test_an_inspection_that_is_none_or_of_other_weights_is_left_out(
    tmp_path, place, caplog, weights, content, said
):
    put(place / "result.json", fake_runs.record(EXPERIMENT, weights_sha256=weights))
    put(place / store.INSPECTION, sealed.dumps(content))
    (found,) = store.read(tmp_path, [PLANNED])
    assert found.inspection == {} and found.record is not None and found.folder == place
    assert (str(place / store.INSPECTION) in caplog.text) == bool(said) and said in caplog.text


def test_numbers_that_are_not_finite_are_left_out_of_an_inspection(tmp_path, place, caplog):
    put(place / "result.json", DONE)
    values = '{"values": {"a": 0.5, "b": NaN, "c": -Infinity}, "weights_sha256": "w"}'
    put(place / store.INSPECTION, values)
    assert store.read(tmp_path, [PLANNED])[0].inspection == {"a": 0.5} and not caplog.text
    (place / "result.json").unlink()  # nothing says of which weights it is
    assert store.read(tmp_path, [PLANNED])[0].inspection == {}


# --- what is set aside ----------------------------------------------------------------------


def test_a_failure_is_written_beside_a_result_that_counts_before_it(tmp_path, place):
    store.write_failure(tmp_path, PLANNED, "out of memory")
    found = records.read(place / "failed.json")
    assert (found.status, found.reason, found.run_id) == ("failed", "out of memory", ID)
    put(place / "result.json", DONE)
    store.write_failure(tmp_path, PLANNED, "once more")
    assert store.record(tmp_path, ID) == DONE


def test_only_a_result_that_cannot_be_read_is_set_aside_as_damaged(tmp_path, place):
    store.set_aside_damaged(tmp_path, ID)  # there is none
    put(place / "result.json", DONE)
    store.set_aside_damaged(tmp_path, ID)
    assert below(place) == ["result.json"]
    for content in ("half", "empty"):
        put(place / "result.json", content)
        store.set_aside_damaged(tmp_path, ID)
        assert below(place) == ["result.corrupt"]
        assert (place / "result.corrupt").read_text() == content


def test_a_result_is_set_aside_with_all_that_is_of_its_weights(tmp_path, place):
    put(place / "result.json", DONE)
    gone = ("inspection.json", "inspection.npz", "epoch_00001.state", "epoch_00002.state")
    for name in (*gone, "pretraining/epoch_00001.state", "spec.json"):
        put(place / name, "x")
    store.set_aside(tmp_path, ID)
    assert below(place) == ["result.aside", "spec.json"]
    assert records.read(place / "result.aside") == DONE
    store.drop_states(tmp_path, ID)  # nothing to drop


@pytest.mark.parametrize(
    ("count", "words"),
    [(1, "1 run that failed before stays so"), (2, "2 runs that failed before stay so")],
)
def test_failed_runs_that_stay_so_are_counted(count, words):
    assert store.stay_failed(count) == f"{words}; --retry-failed tries again"


# --- of which environment a state is --------------------------------------------------------


def state(place: Path, name: str, python: str) -> None:
    put(place / name, "hash\n" + json.dumps({"environment": {"python": python}}) + "\narrays")


def test_the_environment_of_the_newest_state_is_told(tmp_path, place):
    assert store.of_newest_state(tmp_path, ID) is None
    before = fake_runs.record(EXPERIMENT, environment=fake_runs.ENVIRONMENT)
    put(place / "pretraining" / "result.json", before)
    assert store.of_newest_state(tmp_path, ID) == fake_runs.ENVIRONMENT.fingerprint()
    put(place / "pretraining" / "result.json", DONE)  # it names no environment
    assert store.of_newest_state(tmp_path, ID) is None
    for name, python in (
        ("pretraining/epoch_00009.state", "3.9"),
        ("epoch_00002.state", "3.11"),
        ("epoch_00010.state", "3.12"),
    ):
        state(place, name, python)
        assert store.of_newest_state(tmp_path, ID) == {"python": python}


@pytest.mark.parametrize("content", ["", "hash\n", "hash\n{", "hash\n{}\n", "hash\n[1]\n"])
def test_a_state_that_cannot_be_read_tells_no_environment(tmp_path, place, content):
    put(place / "epoch_00001.state", content)
    assert store.of_newest_state(tmp_path, ID) is None


# --- what is deleted ------------------------------------------------------------------------


def test_all_is_deleted_but_the_lock_and_the_spec(tmp_path, place):
    kept = put(tmp_path / "elsewhere" / "photograph", "x")
    for name in ("result.json", "spec.json", "epoch_00001.state", "pretraining/result.json"):
        put(place / name, "x")
    (place / "link").symlink_to(kept.parent)
    with files.lock(place), pytest.raises(LockedError):
        store.delete(tmp_path, ID)
    assert (place / "result.json").exists()
    store.delete(tmp_path, ID)
    assert below(place) == ["lock", "spec.json"] and kept.exists()
