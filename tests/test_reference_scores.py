"""The committed studies of scores: every number again, from the records, by other means.

Most pages are of the recipe of 2012, which `CIFAR_ALEXNET` was when they were computed. Where
a study trains other nets today, its page cannot be made again, and its tables alone are
held against its records.

Nothing of the analysis is imported: records are read as JSON, statistics are SciPy's own.
"""

from __future__ import annotations

import csv
import itertools
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from ablations import study
from ablations.cli import command
from ablations.execution.store import Records
from ablations.plan import Request, reported_runs
from ablations.report.index_page import write_index
from ablations.study import Study

ROOT = Path(__file__).parent.parent
REFERENCE = ROOT / "reports" / "reference"


def table(name: str, file: str) -> list[dict[str, str]]:
    with (REFERENCE / name / file).open(encoding="utf-8", newline="") as text:
        return list(csv.DictReader(text))


STANDARD = Request(budget="standard", dataset="cifar10")
STUDIES = [
    name
    for name in study.names()
    if study.load(name).outcome is None and (REFERENCE / name / "request.json").exists()
]
#: Studies whose runs are those of their page.
UNCHANGED = [
    name
    for name in STUDIES
    if {run.experiment.run_id for run in reported_runs(study.load(name), STANDARD, {})}
    == {row["run_id"] for row in table(name, "runs.csv")}
]
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


def score(name: str) -> Study:
    return study.load(name)


def rows(noise: str) -> list[Any]:
    found = [(name, row) for name in STUDIES for row in table(name, "comparisons.csv")]
    return [
        pytest.param(name, row, id=f"{name}-{row['comparison']}")
        for name, row in found
        if row["noise"] == noise
    ]


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


@pytest.fixture(scope="module")
def rebuilt(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The reports of unchanged studies made again from the records, in another folder."""
    out = tmp_path_factory.mktemp("reference")
    (out / "runs").symlink_to(REFERENCE / "runs")
    for name in UNCHANGED:
        (out / name).mkdir()
        request = REFERENCE / name / "request.json"
        (out / name / "request.json").write_bytes(request.read_bytes())
        assert command.main([name, "--report-only", "--out", str(out)]) == 0
    write_index(Records(out))
    return out


def test_the_local_nets_are_unchanged():
    assert UNCHANGED == ["lrn_cifar"]


@pytest.mark.parametrize("name", UNCHANGED)
def test_the_committed_tables_follow_from_the_records(rebuilt, name):
    files = ["summary.csv", "comparisons.csv", "runs.csv", "curves.csv"]
    for file in [*files, *(["order.csv"] if score(name).order else [])]:
        assert (rebuilt / name / file).read_bytes() == (REFERENCE / name / file).read_bytes(), file


def test_the_committed_index_has_the_findings_of_the_pages(rebuilt):
    with (REFERENCE / "findings.csv").open(encoding="utf-8", newline="") as text:
        committed = list(csv.DictReader(text))
    with (rebuilt / "findings.csv").open(encoding="utf-8", newline="") as text:
        made = [
            row for row in csv.DictReader(text) if row["study"] in UNCHANGED and row["n"] != "0"
        ]
    assert made and all(row in committed for row in made)
    for row in committed:
        if row["study"] in STUDIES:
            rows = table(row["study"], "comparisons.csv")
            (found,) = [one for one in rows if one["comparison"] == row["comparison"]]
            assert [found[key] for key in ("estimate", "low", "high", "n", "verdict")] == [
                row[key] for key in ("estimate", "low", "high", "n", "verdict")
            ]


def test_the_page_of_the_reference_set_has_the_claims_of_the_index():
    page = (ROOT / "docs" / "reference-set.md").read_text(encoding="utf-8")
    assert (REFERENCE / "claims.md").read_text(encoding="utf-8").strip() in page


def test_no_committed_study_is_a_quick_one():
    for path in REFERENCE.glob("*/request.json"):
        asked = json.loads(path.read_text())
        assert asked["budget"] in ("standard", "full") and not asked["settings"], path
        assert asked["dataset"] == "cifar10", path
