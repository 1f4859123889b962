"""Kernels, neighbours and dropped nets against slow enumeration; the command on a real run."""

from __future__ import annotations

import dataclasses
import itertools
import json
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tiny
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special, stats

from alexnet_tf import dropped_nets, files, inspect_net, records, sealed, treatments
from alexnet_tf.data.augment import input_pipeline
from alexnet_tf.data.split import split
from alexnet_tf.errors import LockedError
from alexnet_tf.features import colour_split, colourfulness, nearest, pixel_ranks
from alexnet_tf.finished_run import open_run
from alexnet_tf.spec import AugmentSpec, DenseSpec, JitterSpec, replace
from alexnet_tf.spec.layers import ResponseNormSpec
from alexnet_tf.train import train

tiny.pin_one_thread()

TOWERS = replace(
    tiny.experiment(),
    {
        "model.input_size": 6,
        "model.towers": 2,
        "model.dense": (DenseSpec(units=12, name="fc6"), DenseSpec(units=8, dropout=0.5)),
        "data.augment": AugmentSpec(flip=True),
        "model.convs.0.norm": ResponseNormSpec(alpha=0.5),
    },
)


def test_a_grey_kernel_has_no_colour_and_one_without_brightness_is_all_colour():
    grey = np.random.default_rng(0).normal(size=(5, 5, 1, 1)).repeat(3, axis=2)
    assert colourfulness(grey) == pytest.approx([0])
    assert colourfulness(grey * np.array([1, -1, 0])[:, None]) == pytest.approx([1])
    red = grey * np.array([1, 0, 0])[:, None]
    assert colourfulness(red) == pytest.approx([2 / 3])
    assert colourfulness(np.zeros((5, 5, 3, 1))) == pytest.approx([1])


def test_chance_split_is_the_mean_over_all_deals_of_the_kernels():
    kernels = np.random.default_rng(1).normal(size=(3, 3, 3, 6))
    colours = colourfulness(kernels)
    deals = [
        abs(np.mean([colours[i] for i in half]) - np.mean([colours[i] for i in rest]))
        for half in itertools.combinations(range(6), 3)
        for rest in [sorted(set(range(6)) - set(half))]
    ]
    apart, by_chance, as_large = colour_split(kernels)
    assert apart == pytest.approx(abs(colours[:3].mean() - colours[3:].mean()))
    assert by_chance == pytest.approx(np.mean(deals), rel=0.06)
    assert as_large == pytest.approx(100 * np.mean(np.array(deals) >= apart - 1e-9), abs=5)


def test_towers_that_have_colour_to_themselves_lie_further_apart_than_by_chance():
    rng = np.random.default_rng(2)
    grey = rng.normal(size=(5, 5, 1, 8)).repeat(3, axis=2)
    pure = rng.normal(size=(5, 5, 3, 8))
    pure -= pure.mean(axis=2, keepdims=True)
    apart, by_chance, as_large = colour_split(np.concatenate([grey, pure], axis=3))
    # 2 of the 12,870 deals separate them
    assert apart == pytest.approx(1) and by_chance < 0.4 and 0 < as_large < 0.5


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 999), st.integers(6, 90), st.integers(1, 70))
def test_neighbours_are_those_of_a_sort_by_distance(seed, points, queries):
    rng = np.random.default_rng(seed)
    # small whole numbers: distances are exact, and many are equal
    known, asked = (rng.integers(0, 4, (n, 5)).astype(np.uint8) for n in (points, queries))
    expected = [
        sorted(range(points), key=lambda i: (((known[i] - 1.0 * row) ** 2).sum(), i))[:6]
        for row in asked
    ]
    assert nearest(asked, known).tolist() == expected


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 999), st.integers(6, 60), st.integers(1, 70))
def test_ranks_count_the_points_that_are_nearer(seed, points, queries):
    rng = np.random.default_rng(seed)
    known, asked = (rng.integers(0, 4, (n, 5)).astype(np.uint8) for n in (points, queries))
    found = rng.integers(0, points, (queries, 3))
    distances = ((asked[:, None] - 1.0 * known[None]) ** 2).sum(axis=2)
    expected = [
        [(row < row[i]).sum() / points for i in index]
        for row, index in zip(distances, found, strict=True)
    ]
    np.testing.assert_allclose(pixel_ranks(asked, known, found), expected)


@pytest.fixture(scope="module")
def run(prepared, tmp_path_factory) -> Path:
    """A finished run of two towers with dropout."""
    out = tmp_path_factory.mktemp("inspected") / "run"
    train(TOWERS, out=out, data_dir=prepared.data_dir, cache=prepared.cache)
    return out


def test_the_command_leaves_numbers_and_pictures_in_a_fresh_process(
    prepared, run, tiny_images, tmp_path
):
    places = ["--data-dir", str(prepared.data_dir), "--cache", str(prepared.cache)]
    code = "import sys; from alexnet_tf import inspect_net as i; sys.exit(i.main(sys.argv[1:]))"
    ended = tiny.python(code, str(run), *places)
    assert ended.returncode == 0, ended.stderr
    kept = json.loads((run / "inspection.json").read_text())
    assert kept["values"] == json.loads(ended.stdout.splitlines()[-1])
    assert kept["weights_sha256"] == records.read(run / "result.json").weights_sha256
    model: Any = keras.models.load_model(run / "model.keras", safe_mode=True)
    with np.load(run / "inspection.npz") as arrays:
        np.testing.assert_array_equal(arrays["conv1"], np.asarray(model.get_layer("conv1").kernel))
        data = tiny_images
        np.testing.assert_array_equal(arrays["test_images"], data.test_images[:8])
        assert arrays["neighbours"].shape == (8, 6, 8, 8, 3)
    values = kept["values"]
    assert values["pixel_neighbour_agreement"] == pytest.approx(by_pixels(data))
    assert 0 <= values["fc7_neighbour_agreement"] <= 100
    assert 0 <= values["dropout_mean_error"] <= 100
    assert 0 <= values["kernel_colour_split"] <= 1
    assert 0 <= values["fc7_neighbour_pixel_rank"] <= 100
    assert values["units_kept"] == pytest.approx(50, abs=5) and values["colour_shift"] == 0
    assert values["norm_spread"] == pytest.approx(spread_by_hand(run, data), rel=1e-4)


def test_parts_are_measured_apart_and_the_others_kept(prepared, run):
    places: Any = {"data_dir": prepared.data_dir, "cache": prepared.cache}
    kept = inspect_net.inspect_net(run, only=("features",), **places)
    (run / "inspection.json").unlink()
    alone = inspect_net.inspect_net(run, only=("treatments",), **places)
    assert set(alone) == {"norm_spread", "units_kept", "views_moved", "colour_shift"}
    both = inspect_net.inspect_net(run, only=("features",), **places)
    features = {name: value for name, value in kept.items() if "split" in name or "fc7" in name}
    assert features and both.items() >= {**alone, **features}.items()
    held = sealed.loads((run / "inspection.json").read_text())
    text = sealed.dumps({**held, "weights_sha256": "of another net"})
    (run / "inspection.json").write_text(text)
    again = inspect_net.inspect_net(run, only=("treatments",), **places)
    assert set(again) == set(alone)


def test_divergences_are_those_of_every_mask_by_hand(prepared, run, monkeypatch):
    """The exact geometric mean, over all 2^8 masks of the eight units."""
    opened = open_run(run, data_dir=prepared.data_dir, cache=prepared.cache)
    monkeypatch.setattr(dropped_nets, "MASKS", 4096)
    monkeypatch.setattr(dropped_nets, "_NUMBERS", 4097 * 10 * 7)  # in several parts
    found = dropped_nets.divergences(opened)
    last: Any = opened.model.get_layer(opened.spec.names()[-1])
    fc7 = opened.outputs(opened.spec.names()[-2], "test", opened.test[:1000]).astype(float)
    weights, bias = (np.asarray(value, float) for value in (last.kernel, last.bias))
    masks = np.array(list(itertools.product((0, 1), repeat=8)))
    logits = np.einsum("mu,nu,uc->mnc", masks, fc7, weights) + bias
    each = special.log_softmax(logits, axis=-1)
    mean = special.log_softmax(each.mean(axis=0), axis=-1)
    halved = special.log_softmax(fc7 @ weights / 2 + bias, axis=-1)
    whole = special.log_softmax(fc7 @ weights + bias, axis=-1)
    arithmetic = np.log(np.exp(each).mean(axis=0))
    # one hidden layer of dropout: halving is the geometric mean itself, up to drawn masks
    assert dropped_nets.divergence(mean, halved) == pytest.approx(0, abs=1e-9)
    assert found["dropout_kl_halved"] < 2
    for name, q in (("unhalved", whole), ("arithmetic", arithmetic)):
        expected = 1000 * stats.entropy(np.exp(mean), np.exp(q), axis=1).mean()
        assert found[f"dropout_kl_{name}"] == pytest.approx(expected, rel=0.1, abs=1)
    assert found["dropout_kl_one_mask"] > found["dropout_kl_halved"]


@pytest.mark.parametrize(
    ("augment", "moved"),
    [
        (AugmentSpec(crop="centre", flip=False), (0, 0)),
        (AugmentSpec(crop="centre", flip=True), (35, 65)),
        (AugmentSpec(crop="random", flip=True), (85, 100)),  # nine places, one the centre
    ],
)
def test_images_are_moved_as_their_augmentation_says(prepared, run, augment, moved):
    jitter = JitterSpec(sigma=0.5)
    for wanted in (None, jitter):
        opened = open_run(run, data_dir=prepared.data_dir, cache=prepared.cache)
        settings = dataclasses.replace(augment, jitter=wanted)
        experiment = replace(opened.record.experiment, {"data.augment": settings})
        chosen = split(opened.source, experiment.data)
        shown = input_pipeline(experiment, opened.source, chosen)
        found = treatments.augmentation(dataclasses.replace(opened, input_pipeline=shown))
        assert moved[0] <= found["views_moved"] <= moved[1]
        # the axes' rows are scaled eigenvectors: the mean square of a channel by hand
        axes = np.zeros((3, 3)) if shown.axes is None else shown.axes
        assert found["colour_shift"] == pytest.approx(
            0.5 * np.sqrt((axes**2).sum() / 3), rel=0.25, abs=1e-9
        )


def spread_by_hand(run: Path, data) -> float:
    """Standard deviation over mean of LRN's factor, in percent: what the layer made of inputs."""
    experiment = records.read(run / "result.json").experiment
    model: Any = keras.models.load_model(run / "model.keras", safe_mode=True)
    made = input_pipeline(experiment, data, split(data, experiment.data))
    layer = model.get_layer("norm_conv1")
    maps = np.asarray(keras.Model(model.input, layer.input)(made.centre(data.test_images)))
    half = maps.shape[-1] // 2
    energy = np.zeros(maps.shape)
    for i in range(maps.shape[-1]):
        near = [j for j in range(maps.shape[-1]) if abs(i - j) <= 2 and i // half == j // half]
        energy[..., i] = (maps[..., near].astype(float) ** 2).sum(-1)
    factor = (2 + 0.5 * energy) ** -0.75
    return 100 * factor.std() / factor.mean()


def by_pixels(data) -> float:
    """Percent of the six nearest training images with the label, by a slow search."""
    known = split(data, TOWERS.data).train
    pictures, labels = data.train_images[known].astype(float), data.train_labels[known]
    right = 0
    for image, label in zip(data.test_images, data.test_labels, strict=True):
        distance = ((pictures - image) ** 2).sum(axis=(1, 2, 3))
        right += (labels[np.argsort(distance, kind="stable")[:6]] == label).sum()
    return 100 * right / (6 * len(data.test_labels))


def test_what_a_net_has_no_layer_for_is_left_out(prepared, tmp_path):
    plain = replace(tiny.experiment(epochs=1), {"model.dense": ()})
    train(plain, out=tmp_path / "run", data_dir=prepared.data_dir, cache=prepared.cache)
    places = {"data_dir": prepared.data_dir, "cache": prepared.cache}
    found = inspect_net.inspect_net(tmp_path / "run", **places)
    assert found == {"units_kept": 100, "views_moved": 0, "colour_shift": 0}


def test_a_folder_without_a_finished_run_is_refused_in_one_line(tmp_path, capsys):
    assert inspect_net.main([str(tmp_path)]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and "holds no finished run" in said


def test_a_held_folder_is_refused_and_left_as_it_is(prepared, run):
    before = {path: path.stat().st_mtime_ns for path in run.glob("inspection.*")}
    with files.lock(run), pytest.raises(LockedError, match="is held by process"):
        inspect_net.inspect_net(run, data_dir=prepared.data_dir, cache=prepared.cache)
    assert {path: path.stat().st_mtime_ns for path in run.glob("inspection.*")} == before
