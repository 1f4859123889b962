"""Tables keep their columns, types and numbers, whatever was run."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from fake_runs import error
from judged import CLEAR, PAPER, analysed
from made_up import ARMS, difference, new, run, runs, study
from scipy import stats

from ablations import study as studies
from ablations.analysis.study_analysis import Analysis, analyse
from ablations.study import Study

TABLES = "runs curves summary comparisons changes differences checks order".split()


# --- tables ---------------------------------------------------------------------------


def score_studies() -> list[Study]:
    found = [studies.load(name) for name in studies.names()]
    return [one for one in found if one.outcome is None]


def dtypes(result: Analysis):
    return {name: getattr(result, name).dtypes.to_dict() for name in TABLES}


def test_tables_keep_their_columns_and_types_whatever_is_there():
    given = study(difference(), order=("b", "c"))
    full = analyse(given, runs({"paper": PAPER, "b": CLEAR, "c": CLEAR}), budget="full")
    for some in ([], [new("paper", 0)], runs({"paper": ["diverged"], "b": ["failed"]})):
        assert dtypes(analyse(given, some, budget="standard")) == dtypes(full)
    documented = (Analysis.__doc__ or "").replace("\n", " ")
    for name in set(TABLES) - {"comparisons"}:
        assert all(column in documented for column in getattr(full, name).columns)


@pytest.mark.parametrize("given", score_studies(), ids=lambda one: one.name)
def test_every_study_of_scores_is_analysed_before_it_has_run(given):
    result = analyse(given, [], budget="standard")
    sizes = [k for k in given.ensemble.sizes if k > 1] if given.ensemble else []
    joined = given.ensemble.joined.against if given.ensemble and given.ensemble.joined else ()
    rows = len(given.comparisons) + len(sizes) + len(joined) + bool(given.order)
    assert len(result.comparisons) == rows > 0
    assert set(result.comparisons.verdict) <= {"inconclusive", "open"}
    assert set(result.summary.arm) <= set(given.arms) and len(result.order) == len(given.order)
    assert not result.comparisons.comparison.duplicated().any()


def test_order_of_the_runs_changes_no_number():
    made = runs({"paper": PAPER, "b": CLEAR, "c": [31.0, 30.5, "diverged", 30.9, "failed"]})
    given = study(difference(), difference(name="c", variant="c"), order=("b", "c"))
    a, b = (analyse(given, some, budget="standard") for some in (made, made[::-1]))
    for name in set(TABLES) - {"runs", "curves"}:
        pd.testing.assert_frame_equal(getattr(a, name), getattr(b, name), check_exact=True)


def test_the_tables_of_runs_curves_and_arms():
    made = [
        run("paper", 0, error("train", 1, 20.0), error("validation", 1, 31.0), resumes=2),
        new("b", 0),
    ]
    result = analyse(study(difference()), made, budget="standard")
    first, second = (result.runs.iloc[i] for i in range(2))
    model = ARMS["paper"].model
    assert first.parameters == model.parameters() == 665_226
    assert first.mflops == pytest.approx(model.flops() / 1e6)
    assert (first.train_error, first.validation_error, first.generalisation_gap) == (20, 31, 11)
    assert (first.final_train_error, first.epochs_done, first.resumes) == (40.0, 3, 2)
    assert (second.status, second.epochs_done) == ("new", 0) and math.isnan(second.test_error)
    assert result.curves.train_error.tolist() == pytest.approx([90.0, 50.0, 40.0])
    assert result.curves.epoch_midpoint.tolist() == [0.5, 1.5, 2.5]
    assert result.differences.values.tolist() == [
        ["b", "model.output_weight_decay", "None", "0.001"]
    ]
    summary = analysed(difference(), {"paper": PAPER, "b": CLEAR}).summary.set_index("arm")
    interval = stats.ttest_1samp(PAPER, 0).confidence_interval()
    assert summary.loc["paper", "mean"] == pytest.approx(np.mean(PAPER))
    assert summary.loc["paper", "ci_low"] == pytest.approx(interval.low)
    assert summary.loc["paper", "unit"] == "%" and summary.loc["paper", "n"] == 5
