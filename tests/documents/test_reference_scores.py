"""The committed studies of scores: every number again, from the records, by other means."""

from __future__ import annotations

import contextlib
import itertools
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from all_studies import STUDIES as STUDIES_OF
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


def values(name: str, arm: str, quantity: str, seeds: int) -> dict[int, float]:
    """Seed -> value, of the runs among the first seeds that are there and have one."""
    found = {}
    for (of_arm, seed), folder in folders(name).items():
        done = (folder / "result.json").exists()
        if of_arm == arm and seed < seeds and done:
            with contextlib.suppress(KeyError, FileNotFoundError):
                found[seed] = value(folder, quantity)
    return found


def samples(name: str, row: dict[str, str]) -> list[dict[int, float]]:
    """Baseline, variant, and of an interaction its two arms; logarithms where it is a ratio."""
    item = next(one for one in score(name).comparisons if one.name == row["comparison"])
    standard = score(name).budgets["standard"]
    look = max(int(row["look"]), 1) - 1
    log = math.log if row["scale"] == "ratio" else float
    return [
        {
            seed: log(number)
            for seed, number in values(
                name, arm, quantity, standard.seeds_at(look, score(name).arms[arm])
            ).items()
        }
        for arm, quantity in item.used
    ]


def estimate(row: dict[str, str], arms: list[dict[int, float]]) -> tuple[float, float, float]:
    """Effect, standard error and degrees of freedom, by the textbook."""
    if row["pairing"] == "seed":
        common = sorted(set.intersection(*map(set, arms)))
        changes = np.array([arms[1][seed] - arms[0][seed] for seed in common])
        return float(changes.mean()), float(stats.sem(changes)), len(changes) - 1
    signs = (-1, 1, 1, -1)[: len(arms)]
    effect = sum(sign * np.mean(list(arm.values())) for sign, arm in zip(signs, arms, strict=True))
    parts = [np.var(list(arm.values()), ddof=1) / len(arm) for arm in arms]
    freedom = sum(parts) ** 2 / sum(
        part**2 / (len(arm) - 1) for part, arm in zip(parts, arms, strict=True)
    )
    return float(effect), math.sqrt(sum(parts)), float(freedom)


def over_looks(name: str, row: dict[str, str], z: float) -> float:
    """Chance that Brownian motion leaves +-|z| sqrt(t_1) at a look, by random walks."""
    standard = score(name).budgets["standard"]
    item = next(one for one in score(name).comparisons if one.name == row["comparison"])
    seeds = [
        [standard.seeds_at(look, score(name).arms[arm]) for arm in item.arms]
        for look in range(len(standard.looks))
    ]
    information = np.array([1 / sum(1 / n for n in counts) for counts in seeds])
    times = information / information[-1]
    steps = np.diff([0.0, *times])
    walks = np.random.default_rng(1).normal(0, np.sqrt(steps), (400_000, len(steps)))
    edge = abs(z) * math.sqrt(times[0])
    return float(np.mean(np.abs(np.cumsum(walks, axis=1)).max(axis=1) >= edge))


@pytest.mark.parametrize(("name", "row"), rows("seeds"))
def test_every_effect_is_that_of_the_records(name, row):
    arms = samples(name, row)
    if int(row["n"]) < 2 or int(row["n_baseline"]) < 2:
        return
    back = math.exp if row["scale"] == "ratio" else float
    effect, error, freedom = estimate(row, arms)
    assert int(row["n"]) == (
        len(set.intersection(*map(set, arms)))
        if row["pairing"] == "seed"
        else min(map(len, arms[1:]))
    )
    assert float(row["estimate"]) == pytest.approx(back(effect), rel=1e-6, abs=1e-8)
    if error == 0:
        return
    assert float(row["error"]) == pytest.approx(error, rel=1e-6)
    assert float(row["freedom"]) == pytest.approx(freedom, rel=1e-6)
    p = 2 * float(stats.t.sf(abs(effect) / error, freedom))
    half = float(stats.t.isf(0.025, freedom)) * error
    low, high = float(row["low"]), float(row["high"])
    if int(row["looks"]) == 1:
        assert float(row["t_p"]) == pytest.approx(p, rel=1e-6)
        assert (low, high) == pytest.approx((back(effect - half), back(effect + half)), rel=1e-6)
    else:
        assert low < back(effect - 0.9 * half) and high > back(effect + 0.9 * half)
    if row["look"] in ("0", "1") and int(row["looks"]) > 1:
        z = float(stats.norm.isf(p / 2))
        # a quarter is added for arms of different spread: see the simulations
        expected = min(1.0, 1.25 * over_looks(name, row, z))
        assert float(row["t_p"]) == pytest.approx(expected, abs=0.004)


@pytest.mark.parametrize("name", STUDIES)
def test_p_values_of_what_decides_are_corrected_within_the_study(name):
    primary = [row for row in table(name, "comparisons.csv") if row["family"] == "primary"]
    tested = [row for row in primary if row["noise"] != "order"]
    for row in tested:
        for kind in ("t", "equivalence"):
            adjusted = "p_adjusted" if kind == "t" else "equivalence_adjusted"
            if row[f"{kind}_p"]:
                expected = min(1.0, len(tested) * float(row[f"{kind}_p"]))
                assert float(row[adjusted]) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("name", STUDIES)
def test_a_verdict_has_its_seeds_and_its_whole_look(name):
    for row in table(name, "comparisons.csv"):
        if row["verdict"] in ("inconclusive", "open") or row["noise"] != "seeds":
            continue
        assert row["look"] != "0" and int(row["n"]) >= 8 and int(row["n_baseline"]) >= 8


def kept(name: str, arm: str) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities (nets, images, classes) of an arm's finished nets, and the images' labels."""
    found = []
    for (of_arm, _), folder in folders(name).items():
        if of_arm == arm and (folder / "test_10.npz").exists():
            with np.load(folder / "test_10.npz") as one:
                found.append((one["probabilities"], one["labels"]))
    return np.array([one for one, _ in found]), found[0][1] if found else np.empty(0)


def mistakes(nets: np.ndarray, labels: np.ndarray, size: int) -> np.ndarray:
    """Percent of the averages of so many nets that are wrong, of each image."""
    groups = list(itertools.combinations(range(len(nets)), size))
    assert len(groups) <= 200  # more would be drawn
    wrong = [nets[list(group)].mean(axis=0).argmax(axis=1) != labels for group in groups]
    return 100.0 * np.mean(wrong, axis=0)


@pytest.mark.parametrize(("name", "row"), rows("test images"))
def test_every_ensemble_is_that_of_the_kept_probabilities(name, row):
    ensemble: Any = STUDIES_OF[name].ensemble
    nets, labels = kept(name, ensemble.arm)
    kind, size = row["comparison"].rsplit("_", 1)
    if kind == "ensemble":
        gains = mistakes(nets, labels, int(size)) - mistakes(nets, labels, 1)
    else:
        joined = ensemble.joined
        others, _ = kept(name, joined.arm)
        if len(others) < joined.count or len(nets) < int(size):
            assert row["estimate"] == "" and row["verdict"] in ("open", "inconclusive")
            return
        pairs = itertools.product(
            itertools.combinations(range(len(nets)), joined.beside),
            itertools.combinations(range(len(others)), joined.count),
        )
        both = [np.concatenate([nets[list(a)], others[list(b)]]).mean(axis=0) for a, b in pairs]
        assert len(both) <= 200  # more would be drawn
        mixed = 100.0 * np.mean([one.argmax(axis=1) != labels for one in both], axis=0)
        gains = mixed - mistakes(nets, labels, int(size))
    assert float(row["estimate"]) == pytest.approx(gains.mean(), abs=1e-6)
    low, high = stats.norm.interval(0.95, gains.mean(), stats.sem(gains))
    assert float(row["low"]) == pytest.approx(low, abs=1e-6)
    assert float(row["high"]) == pytest.approx(high, abs=1e-6)
