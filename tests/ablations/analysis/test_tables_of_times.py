"""Tables of a study of times, and the choice of a learning rate."""

import dataclasses
import math

import numpy as np
import pandas as pd
import pytest
from made_up_times import (
    PAPER,
    RELU,
    STUDY,
    record,
    run,
    study_runs,
    verdict,
)

from ablations.analysis.learning_rates import choose_learning_rates
from ablations.analysis.study_analysis import Analysis, analyse
from ablations.study import Budget

TABLES = "runs curves summary comparisons changes sensitivity search differences".split()


def same_numbers(a: Analysis, b: Analysis, names, without=()) -> None:
    for name in names:
        left, right = (
            getattr(x, name).drop(columns=list(without), errors="ignore") for x in (a, b)
        )
        pd.testing.assert_frame_equal(left, right, check_exact=True)


# --- tables -------------------------------------------------------------------------


def dtypes(result: Analysis):
    return {name: getattr(result, name).dtypes.to_dict() for name in TABLES}


def test_tables_keep_their_columns_and_types_whatever_is_there():
    full = analyse(PAPER, [*study_runs(RELU, [30.0, None, 31, 32, 33]),
                           run("relu", 1000, 4.0, role="search")], budget="full")  # fmt: skip
    diverged = [run(arm, s, 5.0, "diverged") for arm in ("relu", "tanh") for s in range(5)]
    missing = [run("relu", 0, "new"), run("tanh", 0, "new")]
    for runs in ([], study_runs(RELU[:1], [30.0]), diverged, missing):
        result = analyse(PAPER, runs, budget="standard")
        assert dtypes(result) == dtypes(full)
        assert set(result.comparisons.verdict) <= {"inconclusive", "open"}
        assert list(result.summary.arm) == list(PAPER.arms)
    documented = (Analysis.__doc__ or "").replace("\n", " ")
    for name in set(TABLES) - {"comparisons"}:  # those are the fields of an effect
        assert all(column in documented for column in getattr(full, name).columns)


def test_summary_of_finished_censored_diverged_failed_and_new_runs():
    runs = [run("tanh", 0, 30.0), run("tanh", 1, None), run("tanh", 2, 9.0, "diverged"),
            run("tanh", 3, 9.0, "failed"), run("tanh", 4, "new"), run("relu", 0, 5.0)]  # fmt: skip
    result = analyse(STUDY, runs, budget="standard")
    row = result.summary.set_index("arm").loc["tanh"]
    assert row["mean"] == pytest.approx((30 + 59.5 + 60) / 3)
    assert (row.n, row.n_planned, row.n_censored, row.n_diverged, row.n_failed) == (3, 5, 2, 1, 1)
    assert (row.metric, row.unit) == ("epochs_to_error", "epochs")
    assert row.bound == "at least" and row.ci_high == math.inf and math.isnan(row.sd)
    relu = result.summary.set_index("arm").loc["relu"]
    assert math.isnan(relu.ci_low) and relu.bound == "exact"
    assert list(result.runs.status) == ["done", "done", "diverged", "failed", "new", "done"]
    assert list(result.runs.censored) == [False, True, True, False, False, False]
    reached = [30.0, math.nan, math.nan, math.nan, math.nan, 5.0]
    assert result.runs.epochs_to_threshold.tolist() == pytest.approx(reached, nan_ok=True)
    assert result.runs.updates_to_threshold[0] == pytest.approx(3000)


def test_curves_are_placed_at_the_middle_of_the_epoch():
    one = run("relu", 0, 2.0)
    curves = analyse(STUDY, [one], budget="standard").curves
    assert one.record is not None
    assert curves.train_error.tolist() == [100 * point.train_error for point in one.record.curve]
    assert curves.epoch_midpoint.tolist() == [0.5, 1.5, 2.5]
    assert curves.updates.tolist() == [100, 200, 300]


def test_order_of_the_runs_changes_no_number():
    runs = study_runs([5.1, 5.7, 6.3, None, 5.9], [30.3, 31.7, None, 33.1, 29.9])
    a, b = (analyse(STUDY, r, budget="standard") for r in (runs, runs[::-1]))
    same_numbers(a, b, [name for name in TABLES if name not in ("runs", "curves")])


def test_a_failed_run_changes_no_number():
    runs = study_runs(RELU, [30.3, 31.7, None, 33.1, 29.9])
    more = [*runs, run("tanh", 5, 3.0, "failed"), run("relu", 5, 3.0), run("tanh", 6, "new")]
    a = analyse(STUDY, [*runs, run("relu", 5, 3.0)], budget="standard")
    b = analyse(STUDY, more, budget="standard")
    names = [name for name in TABLES if name != "runs"]
    same_numbers(a, b, names, without=["n_planned", "n_failed", "reason"])


def test_stretching_time_scales_the_means_and_keeps_the_ratio():
    relu, tanh = np.array([4.0, 5.0, 4.5]), np.array([20.0, 24.0, 22.0])
    a, b = (analyse(STUDY, study_runs(f * relu, f * tanh), budget="standard") for f in (1, 2))
    means = [result.summary["mean"].tolist()[:2] for result in (a, b)]
    assert means[1] == pytest.approx([2 * mean for mean in means[0]])
    assert b.comparisons.estimate[0] == pytest.approx(a.comparisons.estimate[0])


def test_pairs_are_by_seed():
    runs = [run("relu", 2, 5.0), run("relu", 0, 4.0), run("tanh", 0, 20.0), run("tanh", 1, 9.0),
            run("tanh", 2, None)]  # fmt: skip
    pairs = analyse(STUDY, runs, budget="standard").changes
    assert pairs.seed.tolist() == [0, 2] and pairs.kind.tolist() == ["exact", "at least"]
    assert pairs.difference.tolist() == pytest.approx([5.0, 59.5 / 5])


def test_sensitivity_has_every_threshold_and_agrees_with_the_comparison():
    result = analyse(STUDY, study_runs(RELU, [30.0, 31, 32, 33, None]), budget="standard")
    table = result.sensitivity.set_index("threshold")
    assert table.index.tolist() == [20, 25, 30]
    columns = ["n", "estimate", "low", "high", "bound", "n_censored"]
    assert table.loc[25, columns].tolist() == result.comparisons.loc[0, columns].tolist()
    assert table.loc[25, "variant_mean"] == pytest.approx(result.summary["mean"][1])
    # Runs that stop at 25 % say nothing exact about 20 %.
    assert table.loc[20, "n_censored"] == 5
    # One never comes to 30 %; those with ReLUs of 5.0, 5.2 and 5.5 are below it from the start.
    assert table.loc[30, "n_censored"] == 4


def test_differences_are_those_of_the_runs():
    runs = [run("relu", 0, 5.0, changes={"train.learning_rate": 0.016}), run("tanh", 3, 9.0)]
    table = analyse(STUDY, runs, budget="standard").differences
    assert table.values.tolist() == [["paper_era", "model.activation", "relu", "tanh"]]


# --- learning rates -----------------------------------------------------------------


def search(arm, rates):
    """rates: rate -> epochs to the threshold of each tuning run, or (final error, status)."""
    runs = []
    for rate, outcomes in rates.items():
        for seed, outcome in enumerate(outcomes, start=1000):
            changes = {"train.learning_rate": rate}
            found = run(arm, seed, outcome if isinstance(outcome, float) else "new",
                        role="search", changes=changes)  # fmt: skip
            if isinstance(outcome, tuple):
                done = record(found.planned.experiment, [0.9, outcome[0]], outcome[1])
                found = dataclasses.replace(found, record=done)
            runs.append(found)
    return runs


@pytest.mark.parametrize(
    ("rates", "best"),
    [
        ({0.1: [5.0], 0.2: [4.0], 0.4: [6.0]}, 0.2),
        ({0.1: [5.0, 5.0], 0.2: [4.0, (0.5, "done")]}, 0.1),  # all runs of a rate must reach it
        ({0.1: [(0.5, "done")], 0.2: [(0.4, "done")], 0.4: [(0.6, "done")]}, 0.2),
        ({0.1: [(0.3, "diverged")], 0.2: [(0.8, "done")]}, 0.2),
        ({0.1: [4.0, (0.3, "diverged")], 0.2: [(0.8, "done")] * 2}, 0.2),
        ({0.4: [5.0], 0.2: [5.0], 0.8: [5.0]}, 0.2),
        ({0.4: [(0.3, "diverged")], 0.2: [(0.9, "diverged")]}, 0.2),
        ({0.1: [5.0], 0.2: ["new"]}, None),
        ({0.1: [5.0], 0.2: [(0.2, "failed")]}, None),
    ],
)
def test_learning_rate_rule(rates, best):
    runs = search("tanh", rates)
    assert choose_learning_rates(STUDY, runs) == ({} if best is None else {"tanh": best})
    table = analyse(STUDY, runs, budget="full").search
    assert table.learning_rate.tolist() == sorted(rates)
    assert table[table.chosen].learning_rate.tolist() == ([] if best is None else [best])
    edge = best in (min(rates), max(rates))
    assert table.at_edge.sum() == edge and set(table.comparison) == {"paper_era"}


def test_search_runs_never_count_in_the_result():
    runs = study_runs(RELU, [30.0] * 5)
    more = [*runs, *search("tanh", {0.1: [5.0], 0.2: [(0.5, "done")]})]
    a, b = (analyse(STUDY, r, budget="full") for r in (runs, more))
    same_numbers(a, b, ["summary", "comparisons", "changes", "sensitivity", "differences"])
    assert b.runs.role.tolist() == ["reported"] * 10 + ["search"] * 2
    table = b.search
    assert table.n.tolist() == [1, 1] and table.status.tolist() == ["done", "done"]
    assert table.epochs_to_threshold.tolist() == pytest.approx([5, math.nan], nan_ok=True)
    assert table.final_train_error[1] == 50


def test_an_exploratory_budget_of_another_name():
    study = dataclasses.replace(
        STUDY, budgets={"tiny": Budget(seeds=5, epochs=60, exploratory=True)}
    )
    assert "'tiny' is exploratory" in verdict(RELU, RELU, "tiny", study).reason
