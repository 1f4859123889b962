"""Averages of nets of two arms against plain loops, and what they need."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest
from fake_runs import evaluated, probabilities
from made_up import run, study
from scipy import stats

from ablations.analysis import ensembling, joining, paper_tables
from ablations.analysis.study_analysis import Analysis, analyse
from ablations.plan import StudyRun
from ablations.study import Budget, Ensemble, Joined
from alexnet_tf.errors import SpecError

IMAGES, CLASSES = 300, 8


def nets(tmp_path, arm: str, count: int, right: float, seed: int) -> list[StudyRun]:
    """Runs of an arm with probabilities in their folders; `right` lifts the true class."""
    labels = np.random.default_rng(0).integers(0, CLASSES, IMAGES)
    rng = np.random.default_rng(seed)
    scores = rng.integers(0, 4, (count, IMAGES, CLASSES)).astype(np.float32)
    scores += np.float32(right) * np.eye(CLASSES, dtype=np.float32)[labels]
    made = []
    for number, one in enumerate(scores):
        folder = probabilities(tmp_path / f"{arm}{number}", one, labels)
        wrong = one.argmax(axis=1) != labels
        made.append(run(arm, number, evaluated("test", 10, wrong), folder=folder))
    return made


def analysed(runs: list[StudyRun]) -> Analysis:
    joined = Joined(arm="b", count=2, beside=3, smallest=0.5, paper=-1.4, paper_source="the paper")
    ensemble = Ensemble(arm="paper", sizes=(1, 3, 5), smallest=0.5, joined=joined)
    budgets = {"standard": Budget(seeds=8, epochs=None)}
    return analyse(study(ensemble=ensemble, budgets=budgets), runs, budget="standard")


def wrong_by_loops(scores, labels) -> np.ndarray:
    return np.array(
        [
            float(row.index(max(row)) != label)
            for row, label in zip(scores.tolist(), labels.tolist(), strict=True)
        ]
    )


def test_the_mixed_averages_by_plain_loops(tmp_path):
    runs = [*nets(tmp_path, "paper", 8, 1.0, 1), *nets(tmp_path, "b", 2, 2.0, 2)]
    table: Any = analysed(runs).comparisons.set_index("comparison")
    assert list(table.index) == [
        "ensemble_3",
        "ensemble_5",
        "3_and_2_against_3",
        "3_and_2_against_5",
    ]
    paper = [np.load(one.folder / "test_10.npz") for one in runs[:8] if one.folder]
    labels, first = paper[0]["labels"], [one["probabilities"] for one in paper]
    second = [
        np.load(one.folder / "test_10.npz")["probabilities"] for one in runs[8:] if one.folder
    ]

    def share(size: int, more: list[np.ndarray]) -> np.ndarray:
        chosen = itertools.combinations(first, size)
        return np.mean([wrong_by_loops(sum([*few, *more]), labels) for few in chosen], axis=0)

    for size in (3, 5):
        row = table.loc[f"3_and_2_against_{size}"]
        gain = 100 * (share(3, second) - share(size, []))
        half = stats.norm.isf(0.025) * stats.sem(gain)
        assert row.estimate == pytest.approx(gain.mean())
        assert (row.low, row.high) == pytest.approx((gain.mean() - half, gain.mean() + half))
        assert (row.baseline, row.variant, row.noise) == (
            f"{size} nets",
            "3 + 2 nets",
            "test images",
        )
    assert list(table["family"]) == ["secondary", "secondary", "primary", "secondary"]
    assert table["paper"].notna().sum() == 1 and table.loc["3_and_2_against_3", "paper"] == -1.4


def test_better_nets_of_another_kind_help_and_nets_of_the_same_kind_help_no_more(tmp_path):
    better = [*nets(tmp_path / "a", "paper", 8, 1.0, 1), *nets(tmp_path / "a", "b", 8, 2.5, 2)]
    alike = [*nets(tmp_path / "b", "paper", 8, 1.0, 1), *nets(tmp_path / "b", "b", 8, 1.0, 2)]
    found: Any = analysed(better).comparisons.set_index("comparison")
    same: Any = analysed(alike).comparisons.set_index("comparison")
    assert found.loc["3_and_2_against_5", "high"] < 0
    assert found.loc["3_and_2_against_3", "verdict"] in ("agrees", "agrees in direction")
    low, high = same.loc["3_and_2_against_5", ["low", "high"]]
    assert low < 0 < high and same.loc["3_and_2_against_3", "estimate"] < 0


def test_without_enough_nets_of_either_arm_there_is_no_verdict(tmp_path):
    few = [*nets(tmp_path, "paper", 8, 1.0, 1), *nets(tmp_path, "b", 1, 2.0, 2)]
    row = analysed(few).comparisons.set_index("comparison").loc["3_and_2_against_3"]
    assert row.verdict == "inconclusive" and math.isnan(row.estimate)
    assert "1 of the 5 nets of an arm" in row.reason
    enough = [*nets(tmp_path, "paper", 8, 1.0, 1), *nets(tmp_path, "b", 2, 2.0, 2)]
    row = analysed(enough).comparisons.set_index("comparison").loc["3_and_2_against_3"]
    assert row.estimate < 0 and row.verdict == "inconclusive"
    assert "2 of the 5 nets of an arm" in row.reason


def test_nets_of_other_images_are_not_averaged_together(tmp_path):
    runs = [*nets(tmp_path, "paper", 8, 1.0, 1), *nets(tmp_path, "b", 8, 2.0, 2)]
    for each in runs[8:]:
        assert each.folder is not None
        kept = np.load(each.folder / "test_10.npz")
        probabilities(each.folder, kept["probabilities"], (kept["labels"] + 1) % CLASSES)
    row = analysed(runs).comparisons.set_index("comparison").loc["3_and_2_against_3"]
    assert math.isnan(row.estimate) and row.verdict == "inconclusive"


def test_many_mixtures_are_drawn_and_all_different():
    assert len(joining.mixtures((4, 3), (2, 2))) == 18
    drawn = joining.mixtures((30, 8), (5, 2))
    assert len(set(drawn)) == 200 and drawn == joining.mixtures((30, 8), (5, 2))
    assert all(len(set(one)) == 5 and len(set(two)) == 2 for one, two in drawn)


def test_the_last_row_of_table_2_is_of_five_and_two(tmp_path):
    five, two = nets(tmp_path, "paper", 5, 1.0, 1), nets(tmp_path, "b", 2, 2.0, 2)
    row = paper_tables.paper_tables(five, two)[1].rows[-1]
    assert row.model == "7 CNNs*" and row.ours is not None and row.ours.n == 7
    a, b = ensembling.read(five), ensembling.read(two)
    mean = np.concatenate([a.probabilities, b.probabilities]).astype(float).mean(axis=0)
    assert row.ours.top1 == pytest.approx(100 * wrong_by_loops(mean, a.labels).mean())
    best = np.argsort(-mean, axis=1, kind="stable")[:, :5]
    assert row.ours.top5 == pytest.approx(100 * np.mean((best != a.labels[:, None]).all(axis=1)))
    assert paper_tables.paper_tables(five, two[:1])[1].rows[-1].ours is None


@pytest.mark.parametrize("changes", [{"count": 0}, {"beside": 0}, {"smallest": 0.0}])
def test_numbers_that_average_nothing_are_refused(changes):
    with pytest.raises(SpecError, match="1 or more"):
        Joined(**{"arm": "b", "count": 2, "beside": 5, "smallest": 0.5, **changes})


def test_the_arms_of_an_ensemble_are_those_of_the_study():
    joined = Joined(arm="z", count=2, beside=5, smallest=0.5)
    with pytest.raises(SpecError, match="no arm 'z' for 'ensemble'"):
        study(ensemble=Ensemble(arm="paper", sizes=(1, 5), smallest=0.5, joined=joined))
