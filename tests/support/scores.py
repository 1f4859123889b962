"""Hand-made runs of studies of scores: every net has known errors."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import fake_runs

from ablations.plan import StudyRun
from ablations.study import Study
from alexnet_tf.records import Evaluation, Part, RunRecord
from alexnet_tf.spec import Experiment, replace

#: What the baseline arm scores; a variant's errors lie higher, by its place among the arms.
BASE: Mapping[str, float] = {
    "test_error": 24.5,
    "test_error_ten_views": 21.6,
    "validation_error": 24.9,
    "train_error": 12.0,
    "running_train_error": 18.0,
    "kernel_colour_split": 0.31,
    "shuffled_colour_split": 0.04,
    "fc7_neighbour_agreement": 61.0,
    "pixel_neighbour_agreement": 30.5,
    "dropout_mean_error": 24.6,
    "dropout_kl_halved": 0.2,
    "dropout_kl_unhalved": 720.0,
    "dropout_kl_one_mask": 31.0,
    "dropout_kl_arithmetic": 1.7,
    "colour_split_chance": 3.1,
    "fc7_neighbour_pixel_rank": 37.0,
    "norm_spread": 12.0,
    "units_kept": 50.0,
    "views_moved": 98.8,
    "colour_shift": 2.2,
}

EVALUATED: Mapping[str, tuple[Part, int]] = {
    "train_error": ("train", 1),
    "validation_error": ("validation", 1),
    "test_error": ("test", 1),
    "test_error_ten_views": ("test", 10),
}
INSPECTED = tuple(name for name in BASE if name not in (*EVALUATED, "running_train_error"))


def score(study: Study, arm: str, quantity: str, seed: int) -> float:
    """The value that the hand-made nets have: fixed, different for each arm and seed."""
    place = list(study.arms).index(arm)
    base = BASE[quantity]
    noise = math.sin(12.9898 * (seed + 1) + 4.1 * place + len(quantity)) * base / 60
    return base * (1 + 0.055 * place) + noise


def record(study: Study, arm: str, experiment: Experiment, **fields: Any) -> RunRecord:
    """A finished run whose curve falls to its final training error."""
    seed, epochs = experiment.seed, experiment.train.epochs
    last = score(study, arm, "running_train_error", seed) / 100
    falling = [last + (0.88 - last) * math.exp(-5.0 * epoch / epochs) for epoch in range(epochs)]
    validation = [error + 0.04 for error in falling]
    validated = validation if experiment.train.validate == "epoch" else None
    curve = fake_runs.curve(falling, validated, updates=391, seconds=31.0)
    values: dict[str, Any] = {
        "curve": curve,
        "seconds": 31.0 * epochs,
        "images_per_second": 403.2,
        "evaluations": tuple(
            Evaluation(
                part=part,
                views=views,
                images=10_000,
                top1_error=(error := score(study, arm, name, seed) / 100),
                top5_error=error / 12,
                loss=0.7,
            )
            for name, (part, views) in EVALUATED.items()
        ),
        "data": fake_runs.FACTS,
        "environment": fake_runs.ENVIRONMENT,
    }
    return fake_runs.record(experiment, **values | fields)


def make_runs(
    study: Study,
    seeds: int | None = None,
    changes: Mapping[tuple[str, int], Mapping[str, Any] | None] | None = None,
) -> list[StudyRun]:
    """Every run, seed by seed; `changes` maps (arm, seed) to record fields, or None: not run.

    As many seeds as the first look of `standard` has, or so many of every arm.
    """
    standard, runs = study.budgets["standard"], []
    counts = {arm: seeds or standard.seeds_at(0, base) for arm, base in study.arms.items()}
    for seed in range(max(counts.values())):
        for arm, base in study.arms.items():
            if seed >= counts[arm]:
                continue
            experiment = replace(base, {"data.train_images": 12_500}, seed=seed)
            fields = (changes or {}).get((arm, seed), {})
            made = None if fields is None else record(study, arm, experiment, **fields)
            inspection = {name: score(study, arm, name, seed) for name in INSPECTED}
            runs.append(fake_runs.run(arm, experiment, made, inspection=inspection))
    return runs
