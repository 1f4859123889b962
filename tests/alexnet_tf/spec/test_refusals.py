"""Specs that are no experiment are refused in one line that names the field."""

from __future__ import annotations

import dataclasses
import json

import pytest
from any_spec import FULL, leaves
from hypothesis import given, settings
from hypothesis import strategies as st

from alexnet_tf.errors import SpecError
from alexnet_tf.spec import (
    PAPER_ERA,
    Experiment,
    from_json,
    replace,
    to_json,
)
from alexnet_tf.values import from_dict, parse_setting, to_dict

# --- what is refused ----------------------------------------------------------------------

NAMES = sorted({path.rpartition(".")[2] for path, _ in leaves(to_dict(FULL))})
LONG = [name for name in NAMES if len(name) >= 5]


@pytest.mark.parametrize("name", LONG)
def test_a_misspelt_field_is_refused_and_the_right_name_is_in_the_message(name):
    path = next(p for p, _ in leaves(to_dict(FULL)) if p.rpartition(".")[2] == name)
    typo = path[: -len(name)] + name[:2] + name[3:]
    with pytest.raises(SpecError) as error:
        replace(FULL, {typo: 1})
    assert f"'{name}'" in str(error.value) and typo in str(error.value)
    stored = to_dict(FULL)
    at = stored
    *parents, _ = path.split(".")
    for part in parents:
        at = at[int(part)] if isinstance(at, list) else at[part]
    at[typo.rpartition(".")[2]] = at.pop(name)
    with pytest.raises(SpecError) as error:
        from_dict(Experiment, stored)
    assert f"'{name}'" in str(error.value)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("train.batch_size", True),
        ("train.batch_size", 64.0),
        ("train.batch_size", "64"),
        ("train.batch_size", None),
        ("train.batch_size", [64]),
        ("train.batch_size", 0),
        ("train.epochs", 0),
        ("train.epochs", -1),
        ("train.learning_rate", float("nan")),
        ("train.learning_rate", float("inf")),
        ("train.learning_rate", -0.1),
        ("train.learning_rate", False),
        ("train.learning_rate", "0.1"),
        pytest.param("train.learning_rate", 10**400, id="train.learning_rate-huge"),
        ("train.momentum", 1.0),
        ("train.stop_at_error", 25),
        ("train.stop_at_error", float("nan")),
        ("train.precision", "float16"),
        ("train.precision", 32),
        ("model.activation", "rleu"),
        ("model.activation", None),
        ("model.activation", []),
        ("model.init", {}),
        ("model.classes", 1),
        ("model.input_size", 0),
        ("model.convs", []),
        ("model.convs", None),
        ("model.convs", "conv"),
        ("model.convs", [1]),
        ("model.convs", [{}]),
        ("model.convs.0", 3),
        ("model.convs.0.filters", 0),
        ("model.convs.0.kernel", 99),
        ("model.convs.0.init_std", 0),
        ("model.convs.0.pool.stride", 4),
        ("model.convs.0.pool", 3),
        ("model.convs.0.pool.kind", "min"),
        ("model.convs.3.filters", 4),
        ("model.convs.-1.filters", 4),
        ("model.convs.x.filters", 4),
        ("model.dense", [{"units": 0}]),
        ("model.activation.x", 1),
        ("data.train_images", 9),
        ("data.validation_images", -1),
        ("data.dataset", "mnist"),
        ("data.augment.shared_by", 0),
        ("data.augment.positions", 0),
        ("data.augment.crop", "left"),
        ("data.augment.jitter.sigma", -1),
        ("data.augment.jitter.divide", 0),
        ("model.towers", 3),
        ("model.convs.0.groups", 2),
        ("model.convs.1.groups", 3),
        ("model.convs.1.filters", 33),
        ("model.convs.1.padding_end", -1),
        ("model.convs.1.weights", "tied"),
        ("model.convs.1.order", ["pool", "pool"]),
        ("model.convs.1.order", ["activation"]),
        ("model.convs.1.name", "conv1"),
        ("model.convs.1.name", "conv 2"),
        ("model.convs.2.norm.size", 4),
        ("model.convs.2.norm.k", 0),
        ("model.convs.2.norm.alpha", -1),
        ("model.convs.2.spatial_norm.size", 2),
        ("model.convs.2.spatial_norm.beta", 0),
        ("model.dense.0.dropout", 1.0),
        ("model.dense.0.units", 7),
        ("model.dense.0.weight_decay", -0.1),
        ("model.output_weight_decay", -0.1),
        ("train.weight_decay", -0.1),
        ("train.bias_rate", -1),
        ("train.plateau", {}),
        ("train.changes.0.epoch", 0),
        ("train.changes.0.layer", "conv9"),
        ("seed", -1),
        ("seed", 2**31),
        ("seed", 1.5),
        ("", 1),
        (".", 1),
        ("train", 1),
        ("train", None),
        ("train", []),
    ],
)
def test_values_that_are_not_allowed_are_refused_in_one_line(path, value):
    with pytest.raises(SpecError) as error:
        replace(FULL, {path: value})
    assert str(error.value) and "\n" not in str(error.value)


def test_a_wrong_value_is_named_with_its_field_and_the_nearest_allowed_one():
    with pytest.raises(SpecError, match=r"activation.*'rleu'.*Did you mean 'relu'"):
        replace(PAPER_ERA, {"model.activation": "rleu"})
    with pytest.raises(SpecError, match=r"batch_size.*at least 1.*Received: 0"):
        replace(PAPER_ERA, {"train.batch_size": 0})


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(["relu", "max", "cifar10"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner),
    max_leaves=5,
)


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from([path for path, _ in leaves(to_dict(FULL))] + ["model", "data", "model.convs"]),
    json_values,
)
def test_any_json_at_any_field_is_either_allowed_or_a_spec_error(path, value):
    try:
        other = replace(FULL, {path: value})
    except SpecError as error:
        assert "\n" not in str(error)
        return
    assert from_json(to_json(other)) == other


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("pretraining", {"a\nb": None}),
        ("model.a\nb", 1),
        ("model.convs.0\n", 1),
        ("train.epochs.a\x1bb", 1),
    ],
)
def test_a_field_s_name_from_outside_stays_on_its_line(path, value):
    with pytest.raises(SpecError, match=r"no field '.*\\(n|x1b)") as error:
        replace(FULL, {path: value})
    assert str(error.value).isprintable()


@settings(max_examples=200, deadline=None)
@given(json_values)
def test_any_json_document_is_either_an_experiment_or_a_spec_error(value):
    with pytest.raises(SpecError):
        from_json(json.dumps(value))


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "null", "3", '{"model": 3}', pytest.param("[" * 100_000, id="deep nesting")],
)
def test_text_that_is_no_experiment_is_a_spec_error(text):
    with pytest.raises(SpecError):
        from_json(text)


def test_a_missing_field_is_named_by_its_path():
    with pytest.raises(SpecError, match="'model' is missing"):
        from_json("{}")
    stored = to_dict(PAPER_ERA)
    del stored["model"]["convs"][1]["filters"]
    with pytest.raises(SpecError, match=r"'model\.convs\.1\.filters' is missing"):
        from_dict(Experiment, stored)


def test_values_cannot_be_changed_in_place():
    for value, name in (
        (PAPER_ERA, "seed"),
        (PAPER_ERA.train, "epochs"),
        (PAPER_ERA.model, "init"),
    ):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(value, name, 1)
    assert isinstance(from_json(to_json(PAPER_ERA)).model.convs, tuple)
    assert hash(from_json(to_json(FULL))) == hash(FULL)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("train.batch_size=64", ("train.batch_size", 64)),
        ("model.activation=tanh", ("model.activation", "tanh")),
        ("data.train_images=null", ("data.train_images", None)),
        ("train.learning_rate=1e-3", ("train.learning_rate", 1e-3)),
        ("a = b=c", ("a", "b=c")),
    ],
)
def test_a_setting_is_a_path_and_a_json_value_or_a_word(text, expected):
    assert parse_setting(text) == expected


@pytest.mark.parametrize("text", ["", "train.batch_size", "=64"])
def test_a_setting_without_path_or_value_is_refused(text):
    with pytest.raises(SpecError):
        parse_setting(text)
