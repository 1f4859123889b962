"""Records of baselines, and the interval over seeds and test images."""

from __future__ import annotations

import dataclasses
import json
from typing import get_args

import made_baselines
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from ablations.analysis import baselines
from alexnet_tf.errors import RecordError


@settings(deadline=None)
@given(st.lists(st.booleans(), min_size=1, max_size=70), st.integers(0, 9))
def test_a_record_is_read_as_it_was_written(tmp_path_factory, wrong, seed):
    facts = dataclasses.replace(made_baselines.FACTS, test_images=len(wrong))
    made = made_baselines.record(seed=seed, wrong=np.array(wrong), facts=facts)
    out = tmp_path_factory.mktemp("out")
    made_baselines.leave(out, made)
    assert baselines.read(out) == ([made], [])
    assert made.mistakes().tolist() == wrong


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda text: text[:-40], "not a record of a baseline"),
        (lambda text: text.replace('"schema": 1', '"schema": 99'), "schema 99"),
        (lambda text: text.replace('"seed"', '"seeds"'), "not a record of a baseline"),
        (lambda text: text.replace('"test_images": 1000', '"test_images": 2000'), "fewer test"),
        (lambda text: text.replace('"top1_error"', '"top1_error": "x", "y"'), "not a record"),
        (lambda text: "[]", "not a record of a baseline"),
    ],
)
def test_a_damaged_record_is_named_and_the_others_are_read(change, words, tmp_path):
    good, bad = made_baselines.record(seed=0), made_baselines.record(seed=1)
    made_baselines.leave(tmp_path, good, bad)
    path = baselines.folder(tmp_path) / f"{bad.name}.json"
    path.write_text(change(path.read_text(encoding="utf-8")), encoding="utf-8")
    found, errors = baselines.read(tmp_path)
    assert found == [good] and len(errors) == 1
    assert isinstance(errors[0], RecordError)
    assert str(path) in str(errors[0]) and words in str(errors[0])


def test_groups_are_of_one_baseline_and_one_set_of_images_by_seed():
    small = dataclasses.replace(made_baselines.FACTS, train_images=1000)
    other = dataclasses.replace(made_baselines.FACTS, fingerprint="0" * 64)
    made = [
        made_baselines.record("sift_fisher", 1),
        made_baselines.record("sparse_coding", 2),
        made_baselines.record("sift_fisher", 0),
        made_baselines.record("sift_fisher", 0, facts=small),
        made_baselines.record("sift_fisher", 0, facts=other),
    ]
    found = [
        [(one.baseline, one.data.train_images, one.seed) for one in group]
        for group in baselines.groups(made)
    ]
    assert found[0] == [("sparse_coding", 12_500, 2)]
    assert found[1] == [("sift_fisher", 1000, 0)]
    assert sorted(map(len, found)) == [1, 1, 1, 2]
    assert [seed for _, _, seed in next(one for one in found if len(one) == 2)] == [0, 1]
    assert json.loads(baselines.to_json(made[0]))["baseline"] in get_args(baselines.Baseline)


# --- intervals ----------------------------------------------------------------------------


def drawn(rng: np.random.Generator, seeds: int, images: int, mean: float, easy: np.ndarray):
    """Mistakes of nets that differ in their mean, on images that differ in difficulty."""
    of_net = np.clip(mean + rng.normal(0, 0.02, seeds), 0.01, 0.99)
    chance = np.clip(of_net[:, None] + easy[None], 0, 1)
    return rng.random((seeds, images)) < chance


def test_the_interval_covers_the_lead_over_new_seeds_and_new_images():
    """In 95 % of experiments; the images' own share of the spread makes it wider by a little."""
    rng, covered, repeats, images = np.random.default_rng(0), 0, 400, 400
    for _ in range(repeats):
        easy = rng.choice([-0.25, 0.0, 0.25], images)
        ours = drawn(rng, 3, images, 0.35, easy)
        nets = drawn(rng, 8, images, 0.30, easy)
        found = baselines.error(ours, nets)
        covered += found.low <= 5.0 <= found.high
    low, high = stats.binom.interval(0.999, repeats, 0.95)
    assert covered >= low
    assert covered <= max(high, 0.995 * repeats)


def test_a_lead_of_copies_is_nothing_and_one_seed_has_no_interval():
    wrong = np.random.default_rng(0).random((4, 300)) < 0.3
    same = baselines.error(wrong[:1].repeat(3, axis=0), wrong[:1].repeat(2, axis=0))
    assert (same.value, same.low, same.high) == pytest.approx((0, 0, 0), abs=1e-9)
    assert (same.n, same.nets) == (3, 2)
    alone = baselines.error(wrong[:1])
    assert (
        alone.value == pytest.approx(100 * wrong[0].mean())
        and np.isnan([alone.low, alone.high]).all()
    )
    swapped = baselines.error(wrong[:2], wrong[2:]), baselines.error(wrong[2:], wrong[:2])
    assert swapped[0].value == pytest.approx(-swapped[1].value)
    assert swapped[0].low == pytest.approx(-swapped[1].high)


def test_without_differences_of_seeds_the_interval_is_that_of_the_images():
    wrong = (np.arange(500) < 150)[None].repeat(2, axis=0)
    found = baselines.error(wrong)
    expected = stats.t.interval(0.95, 499, 30.0, 100 * wrong[0].std(ddof=1) / np.sqrt(500))
    assert (found.low, found.high) == pytest.approx(expected, rel=1e-6)


def test_the_variances_of_seeds_and_images_add_with_satterthwaites_freedom():
    rng = np.random.default_rng(5)
    ours, nets = rng.random((3, 40)) < 0.4, rng.random((2, 40)) < 0.3
    found = baselines.error(ours, nets)
    seeds = [100 * arm.mean(axis=1) for arm in (ours, nets)]
    images = 100 * (ours.mean(axis=0) - nets.mean(axis=0))
    squares = [stats.sem(values) ** 2 for values in (*seeds, images)]
    freedom = sum(squares) ** 2 / sum(
        square**2 / n for square, n in zip(squares, (2, 1, 39), strict=True)
    )
    expected = stats.t.interval(0.95, freedom, images.mean(), np.sqrt(sum(squares)))
    assert (found.low, found.high) == pytest.approx(expected)
    alone = baselines.error(ours)
    squares = [stats.sem(values) ** 2 for values in (seeds[0], 100 * ours.mean(axis=0))]
    freedom = sum(squares) ** 2 / (squares[0] ** 2 / 2 + squares[1] ** 2 / 39)
    expected = stats.t.interval(0.95, freedom, 100 * ours.mean(), np.sqrt(sum(squares)))
    assert (alone.low, alone.high) == pytest.approx(expected)


def test_a_row_of_the_paper_s_tables_is_the_mean_over_seeds():
    made = [made_baselines.record(seed=seed) for seed in range(3)]
    row = baselines.measured(made)
    values = [100 * one.top1_error for one in made]
    assert row.top1 == pytest.approx(np.mean(values)) and row.n == 3 and row.top5 == 4
    assert (row.low, row.high) == pytest.approx(stats.t.interval(0.95, 2, *stats_of(values)))


def stats_of(values: list[float]) -> tuple[float, float]:
    return float(np.mean(values)), float(stats.sem(values))
