"""Hand-made runs of studies of scores: every net has known errors."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import Any

from ablations.plan import PlannedRun, StudyRun
from ablations.study import Study
from alexnet_tf.records import DataFacts, Environment, EpochResult, Evaluation, Part, RunRecord
from alexnet_tf.spec import Experiment, replace

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
    validated = experiment.train.validate == "epoch"
    curve = tuple(
        EpochResult(
            epoch=epoch,
            updates=391 * epoch,
            train_error=error,
            train_loss=3 * last,
            seconds=31.0,
            validation_error=error + 0.04 if validated else None,
        )
        for epoch, error in enumerate(falling, start=1)
    )
    values: dict[str, Any] = {
        "status": "done",
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
        "data": FACTS,
        "environment": ENVIRONMENT,
    }
    return RunRecord(experiment=experiment, **values | fields)


def make_runs(
    study: Study,
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
            inspection = {name: score(study, arm, name, seed) for name in INSPECTED}
            runs.append(StudyRun(planned=planned, record=made, inspection=inspection))
    return runs


def with_texts(text: str) -> dict[str, Any]:
    """Record fields that hold `text` wherever a record can hold one."""
    environment = dataclasses.replace(ENVIRONMENT, host=text, cpu=text, code=text)
    facts = dataclasses.replace(FACTS, source=text)
    reason = text.replace("\ud800", "")
    return {"status": "failed", "curve": (), "reason": reason, "evaluations": ()} | {
        "environment": environment,
        "data": facts,
    }
