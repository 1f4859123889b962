"""NaN is in no count, no order, no mean and no record."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fake_runs
import numpy as np
import pytest
import tiny
from hypothesis import given
from hypothesis import strategies as st

from alexnet_tf import arrays, dropped_nets, inspect_net, records
from alexnet_tf.errors import OutputError, RecordError
from alexnet_tf.evaluate import evaluation, top_k_error
from alexnet_tf.features import nearest, pixel_ranks

tiny.pin_one_thread()

NAN = float("nan")
RECORD = fake_runs.record(
    tiny.experiment(),
    curve=fake_runs.curve([0.5, 0.25], [0.5, None]),
    evaluations=(fake_runs.evaluated("test", 1, [True, False]),),
    data=fake_runs.FACTS,
    environment=fake_runs.ENVIRONMENT,
    test_error=0.5,
    validation_error=0.25,
    images_per_second=10.0,
)


def numbers(values: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the place of every number of a JSON value but the schema's."""
    if isinstance(values, dict | list):
        inside = values.items() if isinstance(values, dict) else enumerate(values)
        for name, value in inside:
            yield from numbers(value, (*path, name))
    elif isinstance(values, int | float) and not isinstance(values, bool):
        yield path


PLACES = [path for path in numbers(json.loads(records.to_json(RECORD))) if path != ("schema",)]


@given(st.sampled_from(PLACES), st.sampled_from([NAN, float("inf"), -float("inf"), "0.5", [1.0]]))
def test_a_record_with_anything_but_a_number_in_its_place_is_refused(place, wrong):
    values = json.loads(records.to_json(RECORD))
    holder = values
    for name in place[:-1]:
        holder = holder[name]
    holder[place[-1]] = wrong
    with pytest.raises(RecordError, match=r"^r\.json: not a run record: "):
        records.from_json(json.dumps(values), "r.json")


def test_a_record_that_holds_nan_cannot_be_made():
    with pytest.raises(ValueError, match="`RunRecord.test_error` must be finite"):
        fake_runs.record(tiny.experiment(), test_error=NAN)
    with pytest.raises(ValueError, match=r"EpochResult.validation_error` must be finite"):
        fake_runs.curve([0.5], [NAN])
    assert records.from_json(records.to_json(RECORD)) == RECORD


@pytest.mark.parametrize("ties", ["first", "fractional"])
def test_scores_that_are_nan_are_neither_right_nor_wrong(ties):
    scores = np.full((10, 10), 0.1)
    scores[3, 7] = NAN
    with pytest.raises(OutputError, match="the outputs for 1 of 10 images are not finite"):
        top_k_error(scores, np.arange(10), 1, ties)
    with pytest.raises(OutputError, match="1 of 10 test images"):
        evaluation("test", 1, scores, np.arange(10), ties)


def test_infinite_scores_have_an_order():
    assert top_k_error(np.array([[-np.inf, np.inf]]), np.array([1])) == 0


def test_probabilities_that_are_nan_are_not_read_again(tmp_path):
    labels, found = np.arange(3), np.full((3, 3), 1 / 3, np.float32)
    arrays.keep_predictions(tmp_path / "a.npz", found, labels, "w")
    assert arrays.read_predictions(tmp_path / "a.npz", "w") is not None
    found[2, 1] = NAN
    arrays.keep_predictions(tmp_path / "a.npz", found, labels, "w")
    assert arrays.read_predictions(tmp_path / "a.npz", "w") is None


def test_neighbours_of_points_that_are_nan_are_not_ranked():
    points, query = np.ones((9, 2), np.float32), np.zeros((1, 2), np.float32)
    points[4] = 1e15  # far away, and still a number
    assert nearest(query, points)[0].tolist() == [0, 1, 2, 3, 5, 6]
    points[4] = NAN
    with pytest.raises(OutputError, match="1 of 1 images of which neighbours"):
        nearest(query, points)
    with pytest.raises(OutputError):
        pixel_ranks(query, points, np.array([[0]]))


def test_the_divergence_of_nets_that_are_certain_is_a_number(monkeypatch):
    """Of logits so far apart that all probabilities of a class are 0 in float64."""
    logits = np.array([[[0.0, -2000.0, -4000.0]], [[0.0, -3000.0, -1000.0]]], np.float32)

    class Drawn:
        def __init__(self, run):
            pass

        def parts(self, asked, count):
            yield np.zeros((1, 1))

        def logits(self, part, count):
            return np.concatenate([logits, logits[:1]])

        def head(self, part, training):
            return logits[0]

    monkeypatch.setattr(dropped_nets, "_Drawn", Drawn)
    monkeypatch.setattr(dropped_nets, "_unhalved", lambda head: lambda part, training: logits[0])

    class Run:
        test = np.arange(1)

    run: Any = Run()
    assert dropped_nets.divergences(run) == {
        f"dropout_kl_{name}": 0.0 for name in ("halved", "unhalved", "one_mask", "arithmetic")
    }


def test_a_number_that_is_nan_is_left_out_of_an_inspection_and_named(tmp_path, monkeypatch):
    found = {"units_kept": 50.0, "norm_spread": NAN}
    monkeypatch.setattr(inspect_net.treatments, "all_of", lambda net: dict(found))

    class Net:
        record = RECORD

    net: Any = Net()
    with pytest.raises(OutputError, match="norm_spread: not finite") as refused:
        inspect_net._measure(tmp_path, net, ["treatments"])
    assert str(tmp_path) in str(refused.value)
    held = tmp_path / "inspection.json"
    assert json.loads(held.read_text())["values"] == {"units_kept": 50.0}
    held.write_text(held.read_text().replace("50.0", "NaN"))
    assert inspect_net._kept(Path(tmp_path), net) == {}
