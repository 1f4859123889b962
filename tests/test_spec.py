"""Experiments as values: checked, immutable, to JSON and back, and named by what they hold."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field
from typing import Any, get_args

import pytest
import tiny
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from alexnet_tf import spec as specs
from alexnet_tf.errors import SpecError
from alexnet_tf.spec import (
    MODERN,
    PAPER_ERA,
    ConvSpec,
    DataSpec,
    DenseSpec,
    Experiment,
    ModelSpec,
    PoolSpec,
    TrainSpec,
    diff,
    from_json,
    layers,
    replace,
    to_json,
)
from alexnet_tf.spec import data as data_spec
from alexnet_tf.spec import model as model_spec
from alexnet_tf.spec import train as train_spec
from alexnet_tf.values import from_dict, parse_setting, to_dict, without_defaults

many = settings(max_examples=100, deadline=None)

CHOICES: dict[str, tuple[str, ...]] = {
    "kind": get_args(specs.PoolKind),
    "activation": get_args(specs.Activation),
    "init": get_args(specs.Initialisation),
    "dataset": get_args(specs.DatasetName),
    "scaling": get_args(specs.Scaling),
    "precision": get_args(specs.Precision),
    "weights": get_args(layers.Weights),
    "alpha_over": get_args(layers.AlphaOver),
    "across": get_args(layers.Across),
    "dropout_scaling": get_args(model_spec.DropoutScaling),
    "mean_crop": get_args(data_spec.MeanCrop),
    "crop": get_args(data_spec.Crop),
    "labels": get_args(data_spec.Labels),
    "scale": get_args(data_spec.JitterScale),
    "bias_annealing": get_args(train_spec.BiasAnnealing),
    "validate": get_args(train_spec.Validate),
    "name": ("first", "second"),
    "output_name": ("last", "end"),
    "layer": ("fc5", "conv3"),
}
# What stands in place of a part that is not there.
PARTS = {
    "pool": {"size": 2, "stride": 1},
    "norm": {"k": 3.0},
    "spatial_norm": {"k": 3.0},
    "jitter": {"sigma": 0.2},
    "plateau": {"patience": 7},
    "pretraining": {"data": {"split": 3}, "train": {"epochs": 2}, "classes": 5},
}
positive = st.floats(1e-6, 10.0)
biases = st.floats(-1.0, 1.0)


def pooled(extent: int, size: int, stride: int) -> int:
    """Number of windows until the last one reaches the edge, counted one by one."""
    start, windows = 0, 1
    while start + size < extent:
        start, windows = start + stride, windows + 1
    return windows


def convolved(extent: int, conv: ConvSpec) -> int:
    """Number of places at which the kernel fits, counted one by one."""
    last = extent + 2 * conv.padding - conv.kernel
    return len(range(0, last + 1, conv.stride))


@st.composite
def models(draw, largest: int = 14) -> ModelSpec:
    size = extent = draw(st.integers(1, largest))
    convs = []
    for _ in range(draw(st.integers(1, 3))):
        padding = draw(st.integers(0, 2))
        pool = None
        if draw(st.booleans()):
            window = draw(st.integers(1, 4))
            stride = draw(st.integers(1, window))
            pool = PoolSpec(kind=draw(st.sampled_from(CHOICES["kind"])), size=window, stride=stride)  # pyright: ignore[reportArgumentType]
        conv = ConvSpec(
            filters=draw(st.integers(1, 4)),
            kernel=draw(st.integers(1, min(5, extent + 2 * padding))),
            stride=draw(st.integers(1, 2)),
            padding=padding,
            init_std=draw(positive),
            init_bias=draw(biases),
            pool=pool,
        )
        convs.append(conv)
        extent = convolved(extent, conv)
        if pool is not None:
            extent = pooled(extent, pool.size, pool.stride)
    dense = st.builds(DenseSpec, units=st.integers(1, 5), init_std=positive, init_bias=biases)
    return ModelSpec(
        input_size=size,
        channels=draw(st.integers(1, 3)),
        classes=draw(st.integers(2, 11)),
        convs=tuple(convs),
        dense=tuple(draw(st.lists(dense, max_size=2))),
        output_init_std=draw(positive),
        activation=draw(st.sampled_from(CHOICES["activation"])),  # pyright: ignore[reportArgumentType]
        init=draw(st.sampled_from(CHOICES["init"])),  # pyright: ignore[reportArgumentType]
    )


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

# Between them every optional field is filled, so that every path of the values is a leaf.
FULL = replace(
    PAPER_ERA,
    {
        "model.dense": [{"units": 8, "weight_decay": 0.1}],
        "model.towers": 2,
        "model.output_weight_decay": 0.1,
        "model.convs.1.padding_end": 3,
        "model.convs.1.weight_decay": 0.1,
        "model.convs.2.norm": {"size": 3},
        "model.convs.2.spatial_norm": {"size": 3},
        "data.train_images": 1000,
        "data.augment": {"positions": 3, "jitter": {"epochs": 5}},
        "train.stop_at_error": 0.25,
        "train.changes": [{"epoch": 3, "learning_rate": 0.1, "layer": "fc5"}],
    },
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


def leaves(value: Any, path: str = "") -> list[tuple[str, Any]]:
    """Every (dotted path, scalar) below the JSON form of a value."""
    if isinstance(value, dict):
        parts = value.items()
    elif isinstance(value, list):
        parts = enumerate(value)
    else:
        return [(path, value)]
    return [leaf for k, v in parts for leaf in leaves(v, f"{path}.{k}" if path else str(k))]


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


@dataclass(frozen=True, kw_only=True)
class OldPart:
    a: int = 1


@dataclass(frozen=True, kw_only=True)
class NewPart:
    a: int = 1
    added: float | None = None


@dataclass(frozen=True, kw_only=True)
class Old:
    size: int
    part: OldPart = field(default_factory=OldPart)
    parts: tuple[OldPart, ...] = ()


@dataclass(frozen=True, kw_only=True)
class New:
    size: int
    part: NewPart = field(default_factory=NewPart)
    parts: tuple[NewPart, ...] = ()
    mode: str = "plain"


def test_a_field_added_with_a_default_leaves_old_ids_as_they_are():
    for a in (1, 2):
        old = Old(size=3, part=OldPart(a=a), parts=(OldPart(a=a),))
        new = New(size=3, part=NewPart(a=a), parts=(NewPart(a=a),))
        assert without_defaults(old) == without_defaults(new)
        assert without_defaults(dataclasses.replace(new, mode="other")) != without_defaults(old)
        nested = dataclasses.replace(new, parts=(NewPart(a=a, added=0.5),))
        assert without_defaults(nested) != without_defaults(old)
    assert without_defaults(Old(size=3)) == {"size": 3}


def test_a_part_at_its_defaults_differs_from_no_part():
    none, default = ConvSpec(filters=3), ConvSpec(filters=3, pool=PoolSpec())
    assert without_defaults(none) != without_defaults(default)


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


# --- what is counted ----------------------------------------------------------------------


def counted(model: ModelSpec) -> tuple[int, int, int]:
    """Parameters, operations and features of a net, counted output by output."""
    parameters = operations = 0
    extent, inputs = model.input_size, model.channels
    for conv in model.convs:
        extent = convolved(extent, conv)
        for _ in range(conv.filters):
            parameters += sum(1 for _ in range(conv.kernel * conv.kernel * inputs)) + 1
            operations += 2 * extent * extent * conv.kernel * conv.kernel * inputs
        if conv.pool is not None:
            extent = pooled(extent, conv.pool.size, conv.pool.stride)
        inputs = conv.filters
    features = inputs = extent * extent * inputs
    for units in [*(dense.units for dense in model.dense), model.classes]:
        parameters += inputs * units + units
        operations += 2 * inputs * units
        inputs = units
    return parameters, operations, features


@many
@given(models(largest=33))
def test_parameters_operations_and_features_are_those_counted_one_by_one(model):
    assert (model.parameters(), model.flops(), model.feature_size) == counted(model)


def test_the_four_layer_net_has_the_size_of_the_2012_file():
    for base in (PAPER_ERA, MODERN):
        assert base.model.parameters() == 89_578
        assert base.model.feature_size == 1024
        # 32 x 32 x 75 x 32 + 16 x 16 x 800 x 32 + 8 x 8 x 800 x 64 + 10,240 multiply-adds
        assert base.model.flops() == 2 * (
            1024 * 75 * 32 + 256 * 800 * 32 + 64 * 800 * 64 + 1024 * 10
        )


#: (preset, parameters, neurons): paper.md's tables, from the 2012 configuration files.
SIZES = [
    ("PAPER", 60_965_224, 659_272),
    ("CODE2012", 60_965_224, 659_272),
    ("ONE_GPU", 59_798_312, 355_864),
    ("SIX_CONV", 60_965_224 + 589_824 + 256, 659_272 + 36 * 256),
    ("CIFAR_19PCT", 89_578, None),
    ("CIFAR_18PCT", 89_578, None),
    ("CIFAR_80SEC", 145_578, None),
    ("CIFAR_13PCT", 1_116_490, None),
    ("CIFAR_11PCT", 2_112_970, None),
]


@pytest.mark.parametrize(("name", "parameters", "neurons"), SIZES)
def test_presets_have_the_sizes_of_the_2012_files(name, parameters, neurons):
    model = specs.PRESETS[name].model
    assert model.parameters() == parameters
    if neurons is not None:
        assert sum(model.neurons().values()) == neurons


def test_the_local_nets_have_the_2012_sizes_on_whole_images_too():
    for name, parameters in (("CIFAR_13PCT", 1_901_386), ("CIFAR_11PCT", 3_672_906)):
        assert replace(specs.PRESETS[name].model, input_size=32).parameters() == parameters


def test_the_paper_s_net_has_the_numbers_of_figure_2_and_section_3_5():
    model = specs.PAPER.model
    assert list(model.neurons().items()) == [
        ("conv1", 290_400),  # Figure 2 prints 253,440 = 55 x 48 x 96, a slip
        ("conv2", 186_624),
        ("conv3", 64_896),
        ("conv4", 64_896),
        ("conv5", 43_264),
        ("fc6", 4096),
        ("fc7", 4096),
        ("fc8", 1000),
    ]
    assert model.weights_and_biases() == {
        "conv1": (11 * 11 * 3 * 96, 96),
        "conv2": (5 * 5 * 48 * 256, 256),
        "conv3": (3 * 3 * 256 * 384, 384),
        "conv4": (3 * 3 * 192 * 384, 384),
        "conv5": (3 * 3 * 192 * 256, 256),
        "fc6": (6 * 6 * 256 * 4096, 4096),
        "fc7": (4096 * 4096, 4096),
        "fc8": (4096 * 1000, 1000),
    }
    assert [(s.convolved, s.handed_on) for s in model.shapes] == [
        (55, 27),
        (27, 13),
        (13, 13),
        (13, 13),
        (13, 6),
    ]
    assert model.input_size**2 * model.channels == 150_528
    # Section 1 says no convolution holds more than 1 %: not so of conv3 and conv4
    share = {n: w / 60_954_656 for n, (w, _) in model.weights_and_biases().items()}
    assert [n for n, s in share.items() if n.startswith("conv") and s > 0.01] == ["conv3", "conv4"]


def test_a_net_whose_convolution_leaves_no_pixel_is_refused():
    ModelSpec(input_size=5, convs=(ConvSpec(filters=1, kernel=5, padding=0),))
    with pytest.raises(SpecError, match=r"model\.convs\.1.*at least one pixel"):
        conv = ConvSpec(filters=1, kernel=5, padding=0)
        ModelSpec(input_size=5, convs=(conv, conv))


def test_describing_experiments_needs_the_standard_library_only():
    code = (
        "import sys; import alexnet_tf.spec, alexnet_tf.records\n"
        "third = {m.split('.')[0] for m in sys.modules} - set(sys.stdlib_module_names)\n"
        "print(sorted(third - {'alexnet_tf', '__main__'} - set(sys.argv[1:])))"
    )
    bare = tiny.python("import sys; print(*{m.split('.')[0] for m in sys.modules})")
    result = tiny.python(code, *bare.stdout.split())
    assert result.stdout.strip() == "[]", result.stdout + result.stderr
