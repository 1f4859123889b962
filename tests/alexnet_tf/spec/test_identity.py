"""Experiments as values: to JSON and back, compared, and named by what they hold."""

from __future__ import annotations

import json
from typing import Any, get_args

import pytest
from any_spec import CHOICES, FULL, leaves, many, models
from hypothesis import assume, given
from hypothesis import strategies as st

from alexnet_tf.errors import SpecError
from alexnet_tf.spec import (
    MODERN,
    PAPER_ERA,
    DataSpec,
    Experiment,
    TrainSpec,
    diff,
    from_json,
    layers,
    replace,
    to_json,
)
from alexnet_tf.values import from_dict, to_dict, without_defaults

# What stands in place of a part that is not there.
PARTS = {
    "pool": {"size": 2, "stride": 1},
    "norm": {"k": 3.0},
    "spatial_norm": {"k": 3.0},
    "jitter": {"sigma": 0.2},
    "plateau": {"patience": 7},
    "constants": {"mean": [120.0, 110.0, 100.0]},
    "pretraining": {"data": {"split": 3}, "train": {"epochs": 2}, "classes": 5},
}
experiments = st.builds(
    Experiment,
    model=models(),
    data=st.builds(
        DataSpec,
        dataset=st.sampled_from(CHOICES["dataset"]),
        train_images=st.none() | st.integers(10, 50_000),
        validation_images=st.integers(0, 5000),
        split=st.integers(0, 9),
        scaling=st.sampled_from(CHOICES["scaling"]),
    ),
    train=st.builds(
        TrainSpec,
        batch_size=st.integers(1, 512),
        learning_rate=st.floats(0.0, 10.0),
        momentum=st.floats(0.0, 0.999),
        epochs=st.integers(1, 100),
        stop_at_error=st.none() | st.floats(0.0, 1.0),
        precision=st.sampled_from(CHOICES["precision"]),
    ),
    seed=st.integers(0, 2**31 - 1),
)
PLATEAU = replace(
    FULL, {"train.changes": [], "train.validate": "epoch", "train.plateau": {"patience": 3}}
)


# An augmentation and a jitter of its own; `validate` leaves a plateau free.
STAGED = replace(
    FULL,
    {
        "pretraining": {
            "data": {"train_images": 500, "augment": {"positions": 3, "jitter": {"epochs": 5}}},
            "train": {"stop_at_error": 0.5, "validate": "epoch"},
            "classes": 40,
        }
    },
)


def changed(experiment: Experiment, path: str, value: Any) -> Experiment | None:
    """The experiment with another allowed value at the leaf; None where the rest forbids any."""
    name = path.rpartition(".")[2]
    if name in PARTS:
        candidates = [PARTS[name]]
    elif name in CHOICES:
        candidates = [other for other in CHOICES[name] if other != value]
    elif name == "flip":
        candidates = [not value]
    elif isinstance(value, str):
        candidates = list(get_args(layers.Step))
    elif value is None:
        candidates = [1000, 0.5]
    elif isinstance(value, int):
        candidates = [value + 1, value - 1, value + 2]
    else:
        candidates = [value / 2 + 1e-3, value + 0.001]
    for candidate in candidates:
        try:
            other = replace(experiment, {path: candidate})
        except SpecError:
            continue
        if other != experiment:
            return other
    return None


def shuffled(value: Any, draw) -> Any:
    """The same JSON with the keys of every object in another order."""
    if isinstance(value, dict):
        keys = draw(st.permutations(list(value)))
        return {key: shuffled(value[key], draw) for key in keys}
    return [shuffled(item, draw) for item in value] if isinstance(value, list) else value


# --- JSON and ids -------------------------------------------------------------------------


@many
@given(experiments)
def test_json_gives_back_an_equal_experiment_with_the_same_id(experiment):
    text = to_json(experiment)
    assert from_json(text) == experiment
    assert from_json(text).run_id == experiment.run_id
    assert to_json(from_json(text)) == text


@many
@given(experiments, st.data())
def test_the_id_does_not_depend_on_the_order_of_keys_or_on_spelled_out_defaults(experiment, data):
    stored = shuffled(json.loads(to_json(experiment)), data.draw)
    assert from_dict(Experiment, stored).run_id == experiment.run_id
    short = from_dict(Experiment, json.loads(json.dumps(without_defaults(experiment))))
    assert short == experiment and short.run_id == experiment.run_id


def test_ids_are_16_hex_digits_and_do_not_change_between_versions():
    # Records carry these ids: a change here orphans every record, and needs SPEC_VERSION.
    for experiment in (PAPER_ERA, MODERN, FULL):
        assert len(experiment.run_id) == 16 and int(experiment.run_id, 16) >= 0
    assert (PAPER_ERA.run_id, MODERN.run_id) == ("51a371b9c262e465", "d1b490aa66db3a46")


# Fields that cannot change alone: every tower sees the image; a step stands in an order
# once; a recorded schedule names a layer, here the output; a plateau needs a validation
# error each epoch, and no recorded schedule beside it.
BOUND = {"model.convs.0.groups", "model.output_name", "train.plateau", "train.validate"}
FIELDS = [(FULL, path) for path, _ in leaves(to_dict(FULL))]


FIELDS += [(STAGED, path) for path, _ in leaves(to_dict(STAGED)) if "pretraining" in path]


FIELDS += [(PLATEAU, path) for path, _ in leaves(to_dict(PLATEAU)) if "plateau" in path]


@pytest.mark.parametrize(
    ("full", "path"),
    [(full, path) for full, path in FIELDS if ".order." not in path and path not in BOUND],
)
def test_every_field_is_part_of_the_id_and_diff_names_exactly_it(full, path):
    value = dict(leaves(to_dict(full)))[path]
    other = changed(full, path, value)
    assert other is not None, "no other value of this field is allowed"
    assert other.run_id != full.run_id
    after = dict(leaves(to_dict(other)))
    part = path.rpartition(".")[2] in PARTS and value is None
    found = diff(full, other)
    if part:
        assert found and all(p.startswith(path) for p in found)
    else:
        assert found == {path: (value, after[path])}
    assert replace(other, {path: value}) == full


@pytest.mark.parametrize(
    ("base", "changes"),
    [
        (FULL, {"model.convs.0.order": ("pool", "activation")}),
        (FULL, {"train.validate": "epoch"}),
        (FULL, {"train.changes": (), "train.validate": "epoch", "train.plateau": {}}),
        (replace(FULL, {"train.changes": []}), {"model.output_name": "end"}),
    ],
)
def test_fields_that_are_bound_to_others_are_part_of_the_id_too(base, changes):
    other = replace(base, changes)
    assert other.run_id != base.run_id and diff(base, other)


@many
@given(experiments, st.data())
def test_replace_and_diff_are_inverse_on_any_field_of_any_experiment(experiment, data):
    path, value = data.draw(st.sampled_from(leaves(to_dict(experiment))))
    other = changed(experiment, path, value)
    assume(other is not None)
    assert isinstance(other, Experiment)
    assert other.run_id != experiment.run_id
    differences = diff(experiment, other)
    assert differences and all(p == path or p.startswith(f"{path}.") for p in differences)
    if path.rpartition(".")[2] not in PARTS:
        assert list(differences) == [path]
        assert replace(experiment, {p: new for p, (_, new) in differences.items()}) == other
    assert replace(other, {path: value}) == experiment
    assert diff(experiment, experiment) == {}


@many
@given(experiments, experiments)
def test_experiments_are_equal_exactly_if_diff_is_empty_and_exactly_if_ids_are(a, b):
    assert (a == b) == (diff(a, b) == {}) == (a.run_id == b.run_id)


@pytest.mark.parametrize("path", ["train.learning_rate", "train.momentum", "train.stop_at_error"])
def test_minus_zero_is_zero(path):
    a, b = replace(FULL, {path: 0.0}), replace(FULL, {path: -0.0})
    assert a == b and a.run_id == b.run_id


def test_ints_given_for_floats_are_the_same_experiment():
    a, b = replace(PAPER_ERA, {"train.learning_rate": 1}), PAPER_ERA
    b = replace(b, {"train.learning_rate": 1.0})
    assert a == b and a.run_id == b.run_id and to_json(a) == to_json(b)
    assert type(a.train.learning_rate) is float
