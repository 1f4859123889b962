"""Bounds are never taken as exact: in pairs, in interactions, in verdicts and on a page."""

from __future__ import annotations

import csv
import math
from pathlib import Path

import pytest
from fake_runs import error
from hypothesis import given, settings
from hypothesis import strategies as st
from made_up import difference, run, study
from pagechecks import Page

from ablations.analysis import quantities, samples
from ablations.analysis.study_analysis import analyse
from ablations.plan import StudyRun
from ablations.report import study_report
from ablations.study import Comparison, EpochsToError, Quantity

CAP = 6  # epochs of every run here
#: True times: seen before the middle of the last epoch, or later than the cap. A time between the
#: two is censored at the cap, half an epoch late at most: the convention of `time_to_error`.
TIMES = st.one_of(st.floats(1.0, CAP - 0.5), st.floats(CAP + 0.0, 12.0))
TIME = Comparison(
    name="soon",
    baseline="paper",
    variant="b",
    quantity="epochs_to_error",
    scale="ratio",
    claimed="higher",
    smallest=1.2,
    pairing="seed",
)


def timed(arm: str, seed: int, epochs: float, percent: float = 30.0) -> StudyRun:
    """A run whose training error falls to 50 % at `epochs`; after the cap it never does."""
    curve = [0.5 + 0.01 * (epochs - (epoch - 0.5)) for epoch in range(1, CAP + 1)]
    return run(arm, seed, error("test", 1, percent), curve=curve)


@settings(max_examples=200, deadline=None)
@given(
    times=st.lists(st.tuples(*[TIMES] * 4), min_size=1, max_size=4),
    scale=st.sampled_from(["difference", "ratio"]),
    interaction=st.booleans(),
)
def test_a_bound_is_on_the_side_of_the_true_change(times, scale, interaction):
    item = Comparison(
        name="x",
        baseline="paper",
        variant="b",
        claimed="higher",
        smallest=1.5,
        quantity="epochs_to_error",
        scale=scale,
        interaction=("c", "d") if interaction else None,
        pairing="seed",
    )
    made = {
        arm: [timed(arm, seed, row[place]) for seed, row in enumerate(times)]
        for place, arm in enumerate(("paper", "b", "c", "d"))
    }

    def change(low: float, high: float) -> float:
        return high / low if scale == "ratio" else high - low

    for found in samples.read(made, item, 0.5).pairs:
        paper, b, c, d = times[found.seed]
        true = change(paper, b)
        if interaction:
            true = change(change(c, d), true)
        said = found.change(scale)
        slack = 1e-6 * max(1.0, abs(true))
        if found.bound == "exact":
            assert said == pytest.approx(true, rel=1e-6, abs=1e-6)
        elif found.bound == "at least":
            assert true >= said - slack
        elif found.bound == "at most":
            assert true <= said + slack


def some_runs(variant: float, percent: float = 31.5) -> list[StudyRun]:
    """Five seeds of two arms: the baseline reaches 50 % after two epochs."""
    made = []
    for seed in range(5):
        made.append(timed("paper", seed, 2.0 + 0.1 * seed, 30.0 + 0.1 * seed))
        made.append(timed("b", seed, variant + 0.15 * seed, percent + 0.13 * seed))
    return made


def test_one_study_may_compare_errors_and_times(tmp_path: Path):
    given = study(difference(), TIME, outcome=EpochsToError(threshold=0.5, sensitivity=(0.52,)))
    made = some_runs(variant=4.0)
    result = analyse(given, made, budget="standard")
    errors, times = (row for _, row in result.comparisons.iterrows())
    assert (errors.verdict, times.verdict) == ("agrees", "agrees")
    assert times.bound == "exact" and 1.7 < times.estimate < 2.2
    assert result.sensitivity.threshold.tolist() == [50, 52]
    paths = study_report.write(result, made, tmp_path, command="python")
    page = Page(tmp_path / "index.html")
    assert paths[-1].exists() and "Effects and curves" in page.words
    assert "Epochs to 50 % training error" in page.words and "Sensitivity" in page.words


def test_a_page_shows_bounds_as_bounds(tmp_path: Path):
    given = study(difference(), TIME, outcome=EpochsToError(threshold=0.5))
    made = some_runs(variant=9.0)
    result = analyse(given, made, budget="standard")
    study_report.write(result, made, tmp_path, command="python")
    words = Page(tmp_path / "index.html").words
    for text in (
        "≥ 2.50",
        "2.29 or more",
        "5 bounds",
        "not by 5.50",
        "A hollow dot is only a bound.",
    ):
        assert text in words
    assert "≥ 5.50 epochs" in words and "5.50 to 5.50" not in words


@pytest.mark.parametrize(("late", "bound"), [(0, "exact"), (1, "at least"), (5, "at least")])
def test_the_mean_of_an_arm_is_a_bound_where_one_value_is(late: int, bound: str, tmp_path: Path):
    given = study(difference(), TIME, outcome=EpochsToError(threshold=0.5))
    made = [*some_runs(variant=9.0 if late == 5 else 4.0)]
    if late == 1:
        made = [*(one for one in made if one.planned.experiment.seed < 4 or one.planned.arm != "b"),
                timed("b", 4, 9.0)]  # fmt: skip
    result = analyse(given, made, budget="standard")
    row = result.summary.set_index(["arm", "metric"]).loc[("b", "epochs_to_error")]
    assert (row.bound, row.n_censored) == (bound, late)
    assert (row.ci_high == math.inf) == math.isnan(row.sd) == (late > 0)
    assert 0 < row.ci_low <= row["mean"] <= CAP - 0.5
    study_report.write(result, made, tmp_path, command="python")
    cells = Page(tmp_path / "index.html").cells
    end = f"{row.ci_low:.2f} or more" if late else f"{row.ci_low:.2f} to {row.ci_high:.2f}"
    assert f"|{'≥ ' if late else ''}{row['mean']:.2f} epochs{end}|" in cells
    with (tmp_path / "summary.csv").open(encoding="utf-8", newline="") as file:
        (written,) = (
            one
            for one in csv.DictReader(file)
            if (one["arm"], one["metric"]) == ("b", "epochs_to_error")
        )
    assert written["bound"] == bound and (written["ci_high"] == "inf") == (late > 0)


def test_one_run_of_one_epoch_has_a_lower_bound_and_no_interval():
    given = study(difference(), TIME, outcome=EpochsToError(threshold=0.5))
    made = [run("b", 0, error("test", 1, 30.0), curve=[0.9])]
    row = analyse(given, made, budget="standard").summary.set_index(["arm", "metric"])
    row = row.loc[("b", "epochs_to_error")]
    assert (row["mean"], row.bound, row.n_censored) == (0.5, "at least", 1)
    assert math.isnan(row.ci_low) and math.isnan(row.ci_high)


@pytest.mark.parametrize("quantity", sorted(quantities.TIMES))
def test_every_time_is_censored_by_one_rule(quantity: Quantity):
    never = run("b", 0, curve=[0.89, 0.88], validation=[0.89, 0.88])
    # at its last observation: a training error stands in the middle of its epoch
    last = {"epochs_to_error": 1.5}.get(quantity, 2.0)
    if quantity != "epochs_to_settle":  # every net settles where it ends
        time = quantities.time(never, quantity, 0.1)
        assert time is not None and (time.epochs, time.reached) == (last, False)
        assert math.isnan(time.updates)
        assert quantities.bound(never, quantity, 0.1) == "at least"
    diverged = run("b", 0, status="diverged", curve=[0.1, 0.1], validation=[0.1, 0.1])
    time = quantities.time(diverged, quantity, 0.1)
    assert time is not None and not time.reached
    assert time.epochs == diverged.planned.experiment.train.epochs


@pytest.mark.parametrize(
    ("fields", "verdict", "words"),
    [
        ({}, "agrees", "the paper gives no number"),
        ({"paper": 3.0}, "agrees in direction", "of its size only a bound is known"),
        ({"paper": 1.3}, "agrees in direction", "larger by"),
        ({"claimed": "lower"}, "disagrees", "against the claimed direction"),
        ({"claimed": "equal"}, "disagrees", "whole interval is larger"),
        ({"claimed": "within", "paper": 3.0}, "inconclusive", "is open"),
        ({"claimed": "within", "paper": 1.3}, "disagrees", "above the range"),
    ],
)
def test_verdicts_on_a_variant_that_never_gets_there(fields, verdict, words):
    values = {**vars(TIME), **fields}
    given = study(Comparison(**values), outcome=EpochsToError(threshold=0.5))
    row = analyse(given, some_runs(variant=9.0), budget="standard").comparisons.iloc[0]
    assert row.bound == "at least" and row.n_censored == 5 and row.high == math.inf
    assert row.verdict == verdict and words in row.reason
    assert (
        "Arm “with b”: 5 of 5 finished runs have only a bound" in row.reason
        and "power is not known" in row.reason
    )


def test_no_difference_is_shown_by_bounds_of_both_arms():
    given = study(
        Comparison(**{**vars(TIME), "claimed": "equal"}), outcome=EpochsToError(threshold=0.4)
    )
    row = analyse(given, some_runs(variant=9.0), budget="standard").comparisons.iloc[0]
    assert row.bound == "unknown" and row.verdict == "inconclusive"
    assert math.isnan(row.equivalence_p) and math.isnan(row.t_p)


def test_an_order_of_bounds_is_no_order():
    items = [
        Comparison(
            **{**vars(TIME), "name": arm, "variant": arm, "scale": "difference", "smallest": 0.5}
        )
        for arm in ("b", "c")
    ]
    given = study(*items, order=("b", "c"), outcome=EpochsToError(threshold=0.5))
    third = [timed("c", seed, 3.0 + 0.11 * seed) for seed in range(5)]
    for late, verdict in ((4.5, "agrees"), (9.0, "inconclusive")):
        made = [*some_runs(variant=late), *third]
        row = analyse(given, made, budget="standard").comparisons.iloc[-1]
        assert row.verdict == verdict
        assert ("only a bound is known of the effect of arm “with b”" in row.reason) == (late > CAP)
