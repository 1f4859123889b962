"""Slopes over a series of arms: against NumPy's lines, formulas and made-up truths."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_up import difference, runs, study
from scipy import stats

from ablations.analysis import looks
from ablations.analysis.contrast import of_arms
from ablations.analysis.study_analysis import analyse
from ablations.report.answer import answer
from ablations.study import Budget, Comparison, Series
from alexnet_tf.errors import SpecError

NAMES = ("b", "paper", "c", "d")
WIDTH = Series(
    name="width", axis="Width", arms=NAMES, numbers=(0.2, 0.4, 1.0, 2.0), quantity="test_error"
)
MEANS = {"b": 31.0, "paper": 30.2, "c": 29.0, "d": 27.9}


def slope(**changes: Any) -> Comparison:
    values = {"baseline": "b", "variant": "d", "slope_over": WIDTH, "claimed": "lower"}
    return difference(**{"pairing": "none", "name": "width", **values, **changes})


def errors(seeds: int = 8) -> dict[str, list[float]]:
    rng = np.random.default_rng(3)
    return {arm: list(rng.normal(mean, 0.3, seeds)) for arm, mean in MEANS.items()}


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.floats(0.01, 100), min_size=2, max_size=6, unique=True).map(sorted),
    st.integers(0, 99),
)
def test_a_slope_is_that_of_numpys_line_through_the_means(numbers, seed):
    if min(np.diff(np.log2(numbers))) < 1e-3:
        return
    rng = np.random.default_rng(seed)
    names = tuple(f"arm{place}" for place in range(len(numbers)))
    series = Series(name="n", axis="n", arms=names, numbers=tuple(numbers))
    samples = [rng.normal(30, 1, rng.integers(2, 9)) for _ in names]
    found = of_arms(samples, series.slope_weights(names))
    line = np.polyfit(np.log2(numbers), [np.mean(one) for one in samples], 1)
    assert found.estimate == pytest.approx(line[0], rel=1e-6, abs=1e-9)


def test_its_interval_holds_the_truth_as_often_as_it_says():
    """Arms of unequal spreads and sizes; 95 % of 4,000 draws, within three standard errors."""
    rng = np.random.default_rng(0)
    weights = WIDTH.slope_weights(NAMES)
    sizes, sds = (8, 30, 8, 12), (0.4, 0.3, 0.6, 0.2)
    held = 0
    for _ in range(4000):
        samples = [rng.normal(30, sd, n) for sd, n in zip(sds, sizes, strict=True)]
        found = of_arms(samples, weights)
        held += abs(found.estimate) < stats.t.ppf(0.975, found.freedom) * found.error
    assert abs(held / 4000 - 0.95) < 3 * math.sqrt(0.95 * 0.05 / 4000)


def test_a_study_states_the_slope_its_unit_and_every_seed():
    found = errors()
    given_ = study(slope(), series=(WIDTH,), budgets={"standard": Budget(seeds=8, epochs=None)})
    analysis = analyse(given_, runs(found), budget="standard")
    row: Any = analysis.comparisons.to_dict("records")[0]
    line = np.polyfit(np.log2(WIDTH.numbers), [np.mean(found[arm]) for arm in NAMES], 1)
    assert row["estimate"] == pytest.approx(line[0])
    assert row["unit"] == "points per doubling" and row["verdict"] == "agrees"
    assert row["low"] < float(line[0]) < row["high"] < 0
    for words in ("The measured slope is", "points per doubling", "n = 8 seeds of each arm"):
        assert words in row["reason"]
    changes = analysis.changes
    assert float(np.mean(changes["difference"])) == pytest.approx(row["estimate"])
    assert list(changes["baseline_value"]) == pytest.approx([np.mean(found["b"])] * 8)
    sentence = answer(given_, row)
    assert sentence.startswith("The test error, one view, falls by") and "of the width" in sentence


def test_the_arms_of_a_series_are_in_the_summary():
    analysis = analyse(study(series=(WIDTH,)), runs(errors()), budget="standard")
    listed = analysis.summary.loc[analysis.summary["metric"] == "test_error", "arm"]
    assert set(listed) == set(NAMES)


def test_a_slope_is_open_until_every_arm_has_its_seeds():
    found = errors()
    found["c"] = found["c"][:3]
    budget = {"standard": Budget(seeds=8, more=(12,), epochs=None)}
    analysis = analyse(study(slope(), budgets=budget), runs(found), budget="standard")
    row = analysis.comparisons.iloc[0]
    assert row["verdict"] == "open" and "“with c”: 3 of 8 seeds done" in row["reason"]


def test_the_information_of_a_look_is_the_inverse_variance_of_the_slope():
    item = slope()
    entry = Budget(seeds=8, more=(12, 32), epochs=None)
    planned = looks.planned(study(item), entry, item)
    weights = np.array(item.weights)
    information = [1 / float(np.sum(weights**2 / np.array(look.seeds))) for look in planned]
    times = [value / information[-1] for value in information]
    assert [look.time for look in planned] == pytest.approx(times) and times[-1] == 1


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"pairing": "seed"}, "is a slope"),
        ({"interaction": ("paper", "c")}, "is a slope"),
        ({"scale": "ratio", "smallest": 1.5}, "is a slope"),
        ({"variant": "c"}, "from 'b' to 'd'"),
        ({"quantity": "train_error"}, "in test_error"),
    ],
)
def test_what_is_no_slope_is_refused(changes, words):
    with pytest.raises(SpecError, match=words):
        slope(**changes)


@pytest.mark.parametrize("numbers", [(1.0,), (2.0, 1.0), (0.0, 1.0), (1.0, 1.0), (1.0, 2.0, 3.0)])
def test_numbers_that_do_not_rise_are_no_series(numbers):
    with pytest.raises(SpecError, match="numbers rise from above 0"):
        Series(name="x", axis="x", arms=("b", "c")[: max(1, min(2, len(numbers)))], numbers=numbers)


def test_a_series_has_arms_of_the_study():
    other = Series(name="width", axis="Width", arms=("paper", "z"), numbers=(1.0, 2.0))
    with pytest.raises(SpecError, match="no arm 'z' for 'width'"):
        study(series=(other,))
