"""Hand-made results of studies of scores: known values in, the tables a report is made of out."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from ablations.plan import PlannedRun, StudyRun
from ablations.score_analysis import ScoreAnalysis
from ablations.study import Difference, ScoreStudy
from alexnet_tf.records import DataFacts, Environment, EpochResult, Evaluation, RunRecord
from alexnet_tf.spec import Experiment, diff, replace

FACTS = DataFacts(
    dataset="cifar10",
    synthetic=False,
    train_images=12_500,
    validation_images=5000,
    test_images=10_000,
    fingerprint="3f" * 32,
    source="a source",
)
ENVIRONMENT = Environment(
    cpu="a processor",
    isa="avx2",
    device="CPU",
    cores=2,
    threads=1,
    memory_gib=15.6,
    system="Linux",
    host="a host",
    python="3.11.7",
    tensorflow="2.21.0",
    keras="3.15.1",
    numpy="2.4.6",
    onednn="default",
    code="0123abc",
)
#: What the baseline arm scores; a variant's errors lie higher, by its place among the arms.
BASE: Mapping[str, float] = {
    "test_error": 24.5,
    "test_error_ten_views": 21.6,
    "validation_error": 24.9,
    "train_error": 12.0,
    "generalisation_gap": 12.9,
    "running_train_error": 18.0,
    "early_train_error": 61.0,
    "epochs_to_converge": 9.0,
    "seconds_per_epoch": 31.0,
    "kernel_colour_split": 0.31,
    "shuffled_colour_split": 0.04,
    "fc7_neighbour_agreement": 61.0,
    "pixel_neighbour_agreement": 30.5,
    "dropout_mean_error": 24.6,
}
UNITS = {"epochs_to_converge": "epochs", "seconds_per_epoch": "seconds"}
UNITS |= {"kernel_colour_split": "index", "shuffled_colour_split": "index"}


def score(study: ScoreStudy, arm: str, quantity: str, seed: int) -> float:
    """The value that the hand-made nets have: fixed, different for each arm and seed."""
    place = list(study.arms).index(arm)
    base = BASE[quantity]
    noise = math.sin(12.9898 * (seed + 1) + 4.1 * place + len(quantity)) * base / 60
    return base * (1 + 0.055 * place) + noise


def record(study: ScoreStudy, arm: str, experiment: Experiment, **fields: Any) -> RunRecord:
    """A finished run whose curve falls to its final training error."""
    seed, epochs = experiment.seed, experiment.train.epochs
    last = score(study, arm, "running_train_error", seed) / 100
    curve = tuple(
        EpochResult(
            epoch=epoch,
            updates=391 * epoch,
            train_error=last + (0.88 - last) * math.exp(-5.0 * (epoch - 1) / epochs),
            train_loss=3 * last,
            seconds=31.0,
        )
        for epoch in range(1, epochs + 1)
    )
    one, ten = (
        score(study, arm, name, seed) / 100 for name in ("test_error", "test_error_ten_views")
    )
    values: dict[str, Any] = {
        "status": "done",
        "curve": curve,
        "seconds": 31.0 * epochs,
        "images_per_second": 403.2,
        "validation_error": one + 0.004,
        "test_error": one,
        "evaluations": tuple(
            Evaluation(
                part="test", views=views, images=10_000, top1_error=e, top5_error=e / 12, loss=0.7
            )
            for views, e in ((1, one), (10, ten))
        ),
        "data": FACTS,
        "environment": ENVIRONMENT,
    }
    return RunRecord(experiment=experiment, **values | fields)


def make_runs(
    study: ScoreStudy,
    seeds: int = 5,
    changes: Mapping[tuple[str, int], Mapping[str, Any] | None] | None = None,
) -> list[StudyRun]:
    """Every run, seed by seed; `changes` maps (arm, seed) to record fields, or None: not run."""
    runs = []
    for seed in range(seeds):
        for arm, base in study.arms.items():
            experiment = replace(base, {"data.train_images": 12_500}, seed=seed)
            fields = (changes or {}).get((arm, seed), {})
            made = None if fields is None else record(study, arm, experiment, **fields)
            planned = PlannedRun(arm=arm, role="reported", experiment=experiment)
            runs.append(StudyRun(planned=planned, record=made))
    return runs


def interval(values: Sequence[float]) -> tuple[float, float, float]:
    """Mean and 95 % t interval."""
    mean = float(np.mean(values)) if len(values) else math.nan
    if len(values) < 2:
        return mean, math.nan, math.nan
    half = stats.t.ppf(0.975, len(values) - 1) * stats.sem(values)
    return mean, float(mean - half), float(mean + half)


def analyse(
    study: ScoreStudy, runs: Sequence[StudyRun], *, budget: str = "standard", **fields: Any
) -> ScoreAnalysis:
    """The tables of the runs, as the analysis promises them."""
    done = {(r.planned.arm, r.planned.experiment.seed) for r in runs if r.record is not None}
    done -= {
        (r.planned.arm, r.planned.experiment.seed)
        for r in runs
        if r.record is not None and r.record.status != "done"
    }
    seeds = {arm: sorted(seed for name, seed in done if name == arm) for arm in study.arms}
    pairs = [row for item in study.differences for row in _pairs(study, item, seeds)]
    comparisons = [_comparison(study, item, pairs) for item in study.differences]
    comparisons += _ensembles(study, seeds)
    values: dict[str, Any] = {
        "runs": [_run(run) for run in runs],
        "curves": [row for run in runs for row in _curve(run)],
        "summary": _summary(study, runs, seeds, budget),
        "comparisons": comparisons,
        "pairs": pairs,
        "differences": [row for item in study.differences for row in _differences(study, item)],
        "order": _order(study, comparisons),
    }
    frames = {
        name: pd.DataFrame(rows, columns=_columns(name, rows)) for name, rows in values.items()
    }
    known: dict[str, Any] = {"budget": budget, "dataset": "cifar10", "synthetic": False}
    return ScoreAnalysis(study=study, **known | frames | fields)


def _columns(name: str, rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Columns of a table; of an empty one those that a reader of it may ask for."""
    empty = {
        "runs": "run_id arm seed status",
        "curves": "run_id arm seed epoch epoch_midpoint updates train_error train_loss "
        "validation_error seconds",
        "comparisons": "comparison unit family",
        "pairs": "comparison seed baseline_value variant_value difference",
        "differences": "comparison field baseline_value variant_value",
        "order": "arm effect low high rank_paper rank_measured chance_of_paper_order",
    }
    return list(rows[0]) if rows else empty[name].split()


def _run(run: StudyRun) -> dict[str, Any]:
    experiment, made = run.planned.experiment, run.record
    test = {e.views: 100 * e.top1_error for e in (made.evaluations if made else ())}
    curve = made.curve if made else ()
    return {
        "run_id": experiment.run_id,
        "arm": run.planned.arm,
        "seed": experiment.seed,
        "status": made.status if made else "new",
        "learning_rate": experiment.train.learning_rate,
        "budget_epochs": experiment.train.epochs,
        "epochs_done": len(curve),
        "test_error": test.get(1, math.nan),
        "test_error_ten_views": test.get(10, math.nan),
        "validation_error": 100 * made.validation_error
        if made and made.validation_error is not None
        else math.nan,
        "train_error": math.nan,
        "generalisation_gap": math.nan,
        "final_train_error": 100 * curve[-1].train_error if curve else math.nan,
        "final_train_loss": curve[-1].train_loss if curve else math.nan,
        "parameters": 633_962,
        "mflops": 12.5,
        "seconds": made.seconds if made else math.nan,
        "images_per_second": made.images_per_second if made else math.nan,
        "resumes": made.resumes if made else 0,
        "reason": made.reason if made else "",
    }


def _curve(run: StudyRun) -> list[dict[str, Any]]:
    if run.record is None or run.record.status == "failed":
        return []
    return [
        {
            "run_id": run.planned.experiment.run_id,
            "arm": run.planned.arm,
            "seed": run.planned.experiment.seed,
            "epoch": point.epoch,
            "epoch_midpoint": point.epoch - 0.5,
            "updates": point.updates,
            "train_error": 100 * point.train_error,
            "train_loss": point.train_loss,
            "validation_error": math.nan
            if point.validation_error is None
            else 100 * point.validation_error,
            "seconds": point.seconds,
        }
        for point in run.record.curve
    ]


def _summary(
    study: ScoreStudy, runs: Sequence[StudyRun], seeds: Mapping[str, list[int]], budget: str
) -> list[dict[str, Any]]:
    used = {q: None for d in study.differences for q in (d.baseline_quantity, d.quantity) if q}
    used = list(used or {"test_error_ten_views": None})
    rows = []
    for arm in study.arms:
        status = [r.record.status for r in runs if r.planned.arm == arm and r.record]
        for quantity in used:
            values = [score(study, arm, quantity, seed) for seed in seeds[arm]]
            mean, low, high = interval(values)
            rows.append(
                {
                    "study": study.name,
                    "arm": arm,
                    "n": len(values),
                    "metric": quantity,
                    "mean": mean,
                    "ci_low": low,
                    "ci_high": high,
                    "unit": UNITS.get(quantity, "%"),
                    "n_censored": 0,
                    "paper_value": None,
                    "dataset": "cifar10",
                    "precision": "mixed_bfloat16",
                    "sd": float(np.std(values, ddof=1)) if len(values) > 1 else math.nan,
                    "n_planned": sum(r.planned.arm == arm for r in runs),
                    "n_diverged": status.count("diverged"),
                    "n_failed": status.count("failed"),
                    "parameters": 633_962,
                    "mflops": 12.5,
                    "budget": budget,
                }
            )
    return rows


def _pairs(
    study: ScoreStudy, item: Difference, seeds: Mapping[str, list[int]]
) -> list[dict[str, Any]]:
    rows = []
    for seed in sorted(set.intersection(*(set(seeds[arm]) for arm in item.arms))):
        left = score(study, item.baseline, item.baseline_quantity or item.quantity, seed)
        right = score(study, item.variant, item.quantity, seed)
        rows.append(
            {
                "comparison": item.name,
                "seed": seed,
                "baseline_value": left,
                "variant_value": right,
                "difference": right / left if item.scale == "ratio" else right - left,
            }
        )
    return rows


def _comparison(
    study: ScoreStudy, item: Difference, pairs: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    values = [row["difference"] for row in pairs if row["comparison"] == item.name]
    ratio = item.scale == "ratio"
    mean, low, high = interval([math.log(v) for v in values] if ratio else values)
    if ratio:
        mean, low, high = math.exp(mean), math.exp(low), math.exp(high)
    unit = "x" if ratio else {"%": "points"}.get(u := UNITS.get(item.quantity, "%"), u)
    n = len(values)
    return _row(
        study,
        comparison=item.name,
        family=item.family,
        baseline=item.baseline,
        variant=item.variant,
        baseline_quantity=item.baseline_quantity or item.quantity,
        quantity=item.quantity,
        scale=item.scale,
        unit=unit,
        n=n,
        estimate=mean,
        low=low,
        high=high,
        noise="seeds",
        seeds_as_claimed=sum(v > ratio for v in values),
        paper=math.nan if item.paper is None else item.paper,
        paper_source=item.paper_source,
        claimed=item.claimed,
        smallest=item.smallest,
        min_p=2.0 ** (1 - n) if n else 1.0,
        sign_flip_p=2.0 ** (1 - n) if n else 1.0,
    )


def _row(study: ScoreStudy, **values: Any) -> dict[str, Any]:
    """A row of comparisons; what stands here is not looked at by name in a test."""
    enough = values["n"] >= 5
    verdict = ("agrees" if values["low"] > 0 else "inconclusive") if enough else "inconclusive"
    reason = f"A made-up reason for {values['comparison']}. n = {values['n']} paired seeds."
    return {
        "study": study.name,
        **values,
        "sd": 0.4,
        "pair_correlation": 0.2,
        "image_se": 0.21 if values["unit"] == "points" else math.nan,
        "low_new": values["low"] - 0.2,
        "high_new": values["high"] + 0.2,
        "t_p": 0.0123,
        "p_adjusted": 0.0246,
        "equivalence_p": 0.7,
        "power": 0.93,
        "detectable": 0.72,
        "verdict": verdict,
        "reason": reason,
    }


def _ensembles(study: ScoreStudy, seeds: Mapping[str, list[int]]) -> list[dict[str, Any]]:
    if study.ensemble is None:
        return []
    rows = []
    for size in (size for size in study.ensemble.sizes if size > 1):
        gain = -2.2 * math.log2(size) / math.log2(5)
        largest = size == max(study.ensemble.sizes)
        rows.append(
            _row(
                study,
                comparison=f"ensemble_{size}",
                family="primary" if largest else "secondary",
                baseline="1 net",
                variant=f"{size} nets",
                baseline_quantity="test_error_ten_views",
                quantity="test_error_ten_views",
                scale="difference",
                unit="points",
                n=len(seeds[study.ensemble.arm]),
                estimate=gain,
                low=gain - 0.4,
                high=gain + 0.4,
                noise="test images",
                seeds_as_claimed=0,
                paper=study.ensemble.paper if largest else math.nan,
                paper_source=study.ensemble.paper_source if largest else "",
                claimed="lower",
                smallest=study.ensemble.smallest,
                min_p=math.nan,
                sign_flip_p=math.nan,
            )
        )
    return rows


def _differences(study: ScoreStudy, item: Difference) -> list[dict[str, Any]]:
    baseline, variant = study.arms[item.baseline], study.arms[item.variant]
    return [
        {
            "comparison": item.name,
            "field": field,
            "baseline_value": str(left),
            "variant_value": str(right),
        }
        for field, (left, right) in diff(baseline, variant).items()
    ]


def _order(study: ScoreStudy, comparisons: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    found = {row["variant"]: row for row in comparisons}
    ranked = sorted(study.order, key=lambda arm: -found[arm]["estimate"])
    return [
        {
            "arm": arm,
            "effect": found[arm]["estimate"],
            "low": found[arm]["low"],
            "high": found[arm]["high"],
            "rank_paper": place,
            "rank_measured": ranked.index(arm) + 1,
            "chance_of_paper_order": 0.03,
        }
        for place, arm in enumerate(study.order, start=1)
    ]


def with_texts(text: str) -> dict[str, Any]:
    """Record fields that hold `text` wherever a record can hold one."""
    environment = dataclasses.replace(ENVIRONMENT, host=text, cpu=text, code=text)
    facts = dataclasses.replace(FACTS, source=text)
    reason = text.replace("\ud800", "")
    return {"status": "failed", "curve": (), "reason": reason, "evaluations": ()} | {
        "environment": environment,
        "data": facts,
    }
