"""The committed studies of scores: every number again, from the records, by other means."""

from __future__ import annotations

import itertools
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from reference_set import REFERENCE, STUDIES, rows, score, table
from scipy import stats

ERRORS = {
    "test_error": ("test", 1),
    "test_error_ten_views": ("test", 10),
    "validation_error": ("validation", 1),
    "train_error": ("train", 1),
}


def folders(name: str) -> dict[tuple[str, int], Path]:
    """(arm, seed) -> folder of the run."""
    rows = table(name, "runs.csv")
    return {(row["arm"], int(row["seed"])): REFERENCE / "runs" / row["run_id"] for row in rows}


def value(folder: Path, quantity: str) -> float:
    """The quantity of a finished run, read off its JSON."""
    record = json.loads((folder / "result.json").read_text())
    found = {(e["part"], e["views"]): 100 * e["top1_error"] for e in record["evaluations"]}
    curve = record["curve"]
    if quantity in ERRORS:
        return found[ERRORS[quantity]]
    if quantity == "generalisation_gap":
        return found["validation", 1] - found["train", 1]
    if quantity == "early_train_error":
        first = max(1, record["experiment"]["train"]["epochs"] // 8)
        return 100 * float(np.mean([epoch["train_error"] for epoch in curve[:first]]))
    if quantity == "seconds_per_epoch":
        return float(np.median([epoch["seconds"] for epoch in curve[1:]]))
    if quantity == "epochs_to_converge":
        errors = [0.9, *(epoch["validation_error"] for epoch in curve)]
        late = next(i for i, error in enumerate(errors) if error <= 0.45)
        return late - (0.45 - errors[late]) / (errors[late - 1] - errors[late])
    return json.loads((folder / "inspection.json").read_text())["values"][quantity]


def pairs(name: str, row: dict[str, str]) -> np.ndarray:
    """Per-seed differences, or ratios on the log scale, of a comparison."""
    runs = folders(name)
    seeds = sorted({seed for _, seed in runs})

    def effect(baseline: str, variant: str, seed: int) -> float:
        low = value(runs[baseline, seed], row["baseline_quantity"])
        high = value(runs[variant, seed], row["quantity"])
        return math.log(high / low) if row["scale"] == "ratio" else high - low

    found = np.array([effect(row["baseline"], row["variant"], seed) for seed in seeds])
    taken_off = {d.name: d.interaction for d in score(name).comparisons}.get(row["comparison"])
    if taken_off:
        found -= [effect(*taken_off, seed) for seed in seeds]
    return found


@pytest.mark.parametrize(("name", "row"), rows("seeds"))
def test_every_difference_is_that_of_the_records(name, row):
    found = pairs(name, row)
    back = math.exp if row["scale"] == "ratio" else float
    mean, count = float(found.mean()), len(found)
    assert int(row["n"]) == count >= 5
    assert float(row["estimate"]) == pytest.approx(back(mean), rel=1e-6, abs=1e-8)
    test: Any = stats.ttest_1samp(found, 0)
    interval = test.confidence_interval(0.95)
    assert float(row["low"]) == pytest.approx(back(interval.low), rel=1e-6, abs=1e-8)
    assert float(row["high"]) == pytest.approx(back(interval.high), rel=1e-6, abs=1e-8)
    assert float(row["t_p"]) == pytest.approx(test.pvalue, rel=1e-6)
    signs = np.array(list(itertools.product((-1, 1), repeat=count)))
    as_far = np.abs(signs @ found) >= abs(found.sum()) * (1 - 1e-9)
    assert float(row["sign_flip_p"]) == pytest.approx(as_far.mean())


@pytest.mark.parametrize(("name", "row"), rows("order"))
def test_every_chance_of_an_order_is_that_of_a_multivariate_t(name, row):
    items = {d.variant: d for d in score(name).comparisons}
    effects = np.stack(
        [
            pairs(
                name,
                {
                    **row,
                    "comparison": items[arm].name,
                    "baseline": items[arm].baseline,
                    "variant": arm,
                    "quantity": items[arm].quantity,
                },
            )
            for arm in score(name).order
        ]
    )
    count = effects.shape[1]
    assert int(row["n"]) == count >= 5 and row["family"] == "primary"
    drawn = stats.multivariate_t.rvs(
        loc=effects.mean(axis=1),
        shape=np.cov(effects) / count,
        df=count - 1,
        size=200_000,
        random_state=1,
    )
    falls = np.all(drawn[:, :-1] > drawn[:, 1:], axis=1)
    assert float(row["estimate"]) == pytest.approx(falls.mean(), abs=0.02)
    assert {float(one["chance_of_paper_order"]) for one in table(name, "order.csv")} == {
        float(row["estimate"])
    }


@pytest.mark.parametrize("name", STUDIES)
def test_corrected_p_values_are_holm_s_within_the_study(name):
    primary = [row for row in table(name, "comparisons.csv") if row["family"] == "primary"]
    seeded = [row for row in primary if row["noise"] == "seeds"]
    p = np.array([float(row["t_p"]) for row in seeded])
    order = np.argsort(p)
    steps = np.maximum.accumulate((len(p) - np.arange(len(p))) * p[order])
    for place, step in zip(order, steps, strict=True):
        assert float(seeded[place]["p_adjusted"]) == pytest.approx(min(1, step), rel=1e-6)


@pytest.mark.parametrize(("name", "row"), rows("test images"))
def test_every_ensemble_is_that_of_the_kept_probabilities(name, row):
    nets = []
    for folder in folders(name).values():
        with np.load(folder / "test_10.npz") as kept:
            nets.append((kept["probabilities"], kept["labels"]))
    size = int(row["comparison"].removeprefix("ensemble_"))
    labels = nets[0][1]

    def mistakes(members) -> np.ndarray:
        averaged = np.mean([nets[i][0] for i in members], axis=0)
        return 100.0 * (averaged.argmax(axis=1) != labels)

    groups = itertools.combinations(range(len(nets)), size)
    together = np.mean([mistakes(members) for members in groups], axis=0)
    gains = together - np.mean([mistakes([i]) for i in range(len(nets))], axis=0)
    assert float(row["estimate"]) == pytest.approx(gains.mean(), abs=1e-6)
    low, high = stats.norm.interval(0.95, gains.mean(), stats.sem(gains))
    assert float(row["low"]) == pytest.approx(low, abs=1e-6)
    assert float(row["high"]) == pytest.approx(high, abs=1e-6)
