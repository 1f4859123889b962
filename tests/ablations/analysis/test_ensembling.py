"""Averaged nets against plain loops, and what they need."""

from __future__ import annotations

import dataclasses
import itertools
import math

import numpy as np
import pytest
from fake_runs import evaluated, probabilities
from made_up import run, study
from scipy import stats

from ablations.analysis import ensembling
from ablations.analysis.study_analysis import analyse
from ablations.study import Ensemble

# --- ensembles ------------------------------------------------------------------------


def nets(tmp_path, count=5, images=400, classes=4, weights="w"):
    """Runs whose probabilities lie in their folders, with ties; and the arrays."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, classes, images)
    scores = rng.integers(0, 4, (count, images, classes)).astype(np.float32)
    scores += 2 * np.eye(classes, dtype=np.float32)[labels]
    made = []
    for seed in range(count):
        folder = probabilities(tmp_path / str(seed), scores[seed], labels, weights)
        wrong = scores[seed].argmax(axis=1) != labels
        made.append(run("paper", seed, evaluated("test", 10, wrong), folder=folder))
    return made, scores, labels


def mistakes_by_loops(scores, labels):
    """1 where the label is not the first of the highest scores."""
    wrong = []
    for row, label in zip(scores.tolist(), labels.tolist(), strict=True):
        wrong.append(float(row.index(max(row)) != label))
    return wrong


def averaging(sizes=(1, 2, 3, 4, 5), **changes):
    values = {"smallest": 0.5, "paper": -2.6, "paper_source": "top-1, ILSVRC-2012 validation"}
    return study(ensemble=Ensemble(arm="paper", sizes=sizes, **{**values, **changes}))


def test_an_ensemble_by_plain_loops(tmp_path):
    made, scores, labels = nets(tmp_path)
    table = analyse(averaging(), made, budget="standard").comparisons
    assert table.comparison.tolist() == [f"ensemble_{k}" for k in (2, 3, 4, 5)]
    alone = np.mean([mistakes_by_loops(one, labels) for one in scores], axis=0)
    for _, row in table.iterrows():
        size = int(row.comparison[-1])
        together = []
        for chosen in itertools.combinations(range(5), size):
            mean = sum(scores[j] for j in chosen) / np.float32(size)
            together.append(mistakes_by_loops(mean, labels))
        gain = 100 * (np.mean(together, axis=0) - alone)
        assert row.estimate == pytest.approx(gain.mean())
        half = 1.959963985 * stats.sem(gain)
        assert (row.low, row.high) == pytest.approx((gain.mean() - half, gain.mean() + half))
        assert (row.n, row.noise, row.variant) == (5, "test images", f"{size} nets")
        assert row.family == ("primary" if size == 5 else "secondary")
    last = table.iloc[-1]
    assert last.paper == -2.6 and table.paper.isna().sum() == 3
    assert last.verdict in ("agrees", "agrees in direction") and last.estimate < 0
    assert "the interval is over test images only" in last.reason
    assert 0 < last.seeds_as_claimed <= 5


def test_an_ensemble_needs_all_of_its_nets(tmp_path):
    made, _, _ = nets(tmp_path)
    few = analyse(averaging(), made[:4], budget="standard").comparisons
    assert set(few.verdict) == {"inconclusive"} and "4 of the 5 nets" in few.reason[0]
    assert math.isnan(few.estimate.iloc[-1]) and few.estimate[0] < 0
    six = analyse(averaging(sizes=(1, 6)), made, budget="standard").comparisons
    assert "5 of the 6 nets" in six.reason[0]
    nothing = analyse(averaging(), [], budget="standard").comparisons
    assert set(nothing.verdict) == {"inconclusive"} and set(nothing.n) == {0}


def test_probabilities_of_other_weights_count_as_not_there(tmp_path):
    made, scores, labels = nets(tmp_path)
    probabilities(tmp_path / "0", scores[0], labels, "other")
    (tmp_path / "1" / "test_10.npz").write_bytes(b"PK\x03\x04 no archive")
    (tmp_path / "2" / "test_10.npz").unlink()
    probabilities(tmp_path / "3", scores[3], labels + 1)  # other images than the others'
    kept = ensembling.read(made)
    assert (len(kept.probabilities), kept.without) == (1, 4)
    row = analyse(averaging(), made, budget="standard").comparisons.iloc[-1]
    assert "4 finished nets have no probabilities of the recorded weights" in row.reason
    assert "1 of the 5 nets" in row.reason and row.verdict == "inconclusive"
    diverged = [dataclasses.replace(r, record=dataclasses.replace(r.record, status="diverged"))
                for r in made]  # fmt: skip
    assert ensembling.read(diverged).without == 0


def test_many_subsets_are_drawn_and_all_different():
    assert ensembling.subsets(5, 2) == list(itertools.combinations(range(5), 2))
    drawn = ensembling.subsets(20, 5)
    assert len(drawn) == len(set(drawn)) == 200 and drawn == ensembling.subsets(20, 5)
    assert all(len(set(s)) == 5 and s == tuple(sorted(s)) for s in drawn)
