"""Every verdict about a ratio of times."""

import dataclasses
import math

import numpy as np
import pytest
from made_up_times import (
    RELU,
    STUDY,
    run,
    study_runs,
    verdict,
)

from ablations.analysis.study_analysis import analyse
from alexnet_tf.records import DataFacts


@pytest.mark.parametrize(
    ("factors", "expected", "words"),
    [
        ([6.0, 6.2, 5.8, 6.1, 5.9], "agrees", ["range 4.00\u202f× to 9.00\u202f× that counts as"]),
        ([2.0, 2.1, 1.9, 2.0, 2.05], "disagrees", ["below", "tanh has the larger value"]),
        ([0.5, 0.6, 0.55, 0.5, 0.6], "disagrees", ["relu has the larger value"]),
        ([1.0, 1.2, 0.8, 1.1, 0.95], "disagrees", ["includes 1, so neither"]),
        ([10.0, 10.1, 9.9, 10.0, 9.8], "disagrees", ["above", "tanh has the larger value"]),
        ([2.0, 9.0, 4.0, 8.0, 3.0], "inconclusive", ["too wide"]),
        ([6.0, 6.2, None, 6.1, 5.9], "inconclusive", ["2012”: 1 of 5 finished runs", "at least"]),
    ],
)  # fmt: skip
def test_verdict_of_five_pairs(factors, expected, words):
    tanh = [None if f is None else f * r for f, r in zip(factors, RELU, strict=True)]
    row = verdict(RELU, tanh)
    assert row.verdict == expected
    for text in [*words, "n = 5", "The measured ratio is"]:
        assert text in row.reason
    assert row.reason.endswith(".") and "nan" not in row.reason and "inf " not in row.reason


def test_verdict_follows_the_interval_not_the_estimate():
    factors = np.array([6.0, 6.6, 5.4, 7.0, 5.1])
    row = verdict(RELU, factors * RELU)
    assert row.verdict == "agrees" and 4 < row.low < row.high < 9
    for m, expected in ((1.05, "inconclusive"), (6 / row.low - 1e-9, "inconclusive"),
                        (6 / row.low + 1e-9, "agrees")):  # fmt: skip
        changed = dataclasses.replace(STUDY.comparisons[0], smallest=m)
        study = dataclasses.replace(STUDY, comparisons=(changed,))
        assert verdict(RELU, factors * RELU, study=study).verdict == expected


def test_a_lower_bound_within_the_range_is_no_verdict():
    row = verdict([8.0, 8.5, 9.0, 8.2, 8.8], [None] * 5)
    assert row.verdict == "inconclusive" and row.bound == "at least"
    bound = 'have only a bound of "epochs to 25 % training error"'
    assert f"tanh, as in 2012”: 5 of 5 finished runs {bound}" in row.reason
    assert "The measured ratio is at least 7.01\u202f×" in row.reason and "is open" in row.reason
    assert "the power is not known" in row.reason and math.isnan(row.power)


def test_a_lower_bound_far_above_the_paper_disagrees():
    row = verdict([3.0, 3.1, 2.9, 3.0, 3.2], [None] * 5)
    assert row.verdict == "disagrees" and row.bound == "at least" and row.high == math.inf
    assert "at least" in row.reason and "or more" in row.reason


def test_verdicts_with_censored_baselines():
    late = verdict([None] * 5, RELU)
    assert late.verdict == "disagrees" and late.low == 0 and "or less" in late.reason
    some = verdict([None, 50.0, 52.0, 51.0, 53.0], [55.0, 51.0, 52.0, 57.0, 54.0])
    assert some.verdict == "disagrees"
    both = verdict([None, 5.0, 5.0, 5.0, 5.0], [30.0, None, 30.0, 30.0, 30.0])
    assert both.verdict == "inconclusive" and "it has no interval" in both.reason
    assert (both.low, both.high, both.bound) == (0, math.inf, "unknown")
    changed = dataclasses.replace(STUDY.comparisons[0], paper=0.1)
    upper = verdict([None] * 5, [9.0, 10.0, 11.0, 10.0, 9.5],
                    study=dataclasses.replace(STUDY, comparisons=(changed,)))  # fmt: skip
    assert upper.verdict == "inconclusive" and "at most 0.17" in upper.reason


def test_a_baseline_that_is_there_at_its_first_observation_is_only_a_bound():
    slow = [3.0, 3.05, 3.1, 3.15, 3.2]
    row = verdict([0.4] * 5, slow)  # below 25 % in the first epoch: after half an epoch at most
    assert row.bound == "at least" and row.high == math.inf and row.n_censored == 5
    assert row.verdict == "inconclusive" and "The measured ratio is at least 6.2" in row.reason
    said = '5 of 5 finished runs have only a bound of "epochs to 25 % training error": it was there'
    assert said in row.reason
    both = verdict([0.4] * 5, [0.3] * 5)
    assert both.verdict == "inconclusive" and both.bound == "unknown"
    tables = analyse(STUDY, study_runs([0.4] * 5, slow), budget="standard")
    relu = tables.summary.loc[tables.summary["arm"] == "relu"].iloc[0]
    assert (relu.bound, relu.n_censored, relu.ci_low) == ("at most", 0, -math.inf)


def test_an_unknown_pair_leaves_the_verdict_open():
    factors = [6.0, 6.2, 5.8, 6.1]
    row = verdict(
        [*RELU[:4], None], [*(f * r for f, r in zip(factors, RELU[:4], strict=True)), None]
    )
    assert row.verdict == "inconclusive" and row.n == 5 and row.n_censored == 1
    assert "n = 5 paired seeds, 1 of the pairs bounds" in row.reason
    assert "Arm “ReLU, as in 2012”: 1 of 5 finished runs has" in row.reason
    assert "Arm “tanh, as in 2012”: 1 of 5 finished runs has" in row.reason
    none = verdict([None] * 5, [None] * 5)
    assert none.verdict == "inconclusive" and "No ratio was measured" in none.reason


def test_reasons_against_any_verdict():
    tanh = [f * r for f, r in zip((6.0, 6.1, 5.9, 6.2, 5.8), RELU, strict=True)]
    assert verdict(RELU, tanh).verdict == "agrees"
    same = verdict(RELU, [6.0 * r for r in RELU])
    assert same.verdict == "inconclusive" and "no spread to go by" in same.reason
    own = verdict(RELU, tanh, budget="of my own")
    assert own.verdict == "inconclusive" and "no budget 'of my own'" in own.reason
    few = verdict(RELU[:4], tanh[:4])
    assert few.verdict == "open" and "arm “ReLU, as in 2012”: 4 of 5 seeds done" in few.reason
    quick = verdict(RELU, tanh, budget="quick")
    assert quick.verdict == "inconclusive" and "'quick' is exploratory" in quick.reason
    runs = [run("relu" if i % 2 else "tanh", i // 2, 6.0, changes={"data.dataset": "builtin"})
            for i in range(12)]  # fmt: skip
    result = analyse(STUDY, runs, budget="standard")
    assert result.comparisons.verdict[0] == "inconclusive" and result.synthetic
    assert "cannot decide a claim about CIFAR-10" in result.comparisons.reason[0]
    assert result.dataset == "builtin" and set(result.summary.dataset) == {"builtin (synthetic)"}


def test_synthetic_facts_count_whatever_the_name():
    facts = DataFacts(dataset="cifar10", synthetic=True, train_images=9, validation_images=0,
                      test_images=0, fingerprint="", source="")  # fmt: skip
    first, *rest = study_runs(RELU, RELU)
    assert first.record is not None
    marked = dataclasses.replace(first, record=dataclasses.replace(first.record, data=facts))
    assert analyse(STUDY, [marked, *rest], budget="standard").synthetic
