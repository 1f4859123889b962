"""The report of Figure 1, from made-up runs."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import fake_runs

from ablations.analysis.study_analysis import Analysis, analyse
from ablations.plan import StudyRun
from ablations.report import study_report
from ablations.studies.relu_vs_tanh import STUDY
from ablations.study import Study
from alexnet_tf.records import RunRecord
from alexnet_tf.spec import Experiment, replace

#: Epochs over which the error of an arm falls by half.
HALF_LIFE = {"relu": 3.0, "tanh": 17.0, "relu_modern": 2.0, "tanh_modern": 4.1}
FILES = [
    *("summary.csv", "runs.csv", "curves.csv", "comparisons.csv"),
    *("figure.svg", "figure.png", "tables.md", "tables.tex", "index.html"),
]
COMMAND = "python -m ablations.run relu_vs_tanh --budget standard"


FACTS = dataclasses.replace(fake_runs.FACTS, train_images=45_000)


def make_record(arm: str, experiment: Experiment, **fields: Any) -> RunRecord:
    """A run whose error halves every few epochs, a little slower with every seed."""
    scale = HALF_LIFE[arm] * (1 + 0.02 * experiment.seed)
    falling = [0.1 + 0.6 * 2 ** (-(k + 0.5) / scale) for k in range(experiment.train.epochs)]
    reached = next((k for k, error in enumerate(falling) if error <= 0.2), len(falling))
    curve = fake_runs.curve(falling[: reached + 1], updates=352, seconds=30.0)
    values = {"curve": curve, "seconds": 30.0 * len(curve), "images_per_second": 1442.3}
    values |= {"data": FACTS, "environment": fake_runs.ENVIRONMENT}
    return fake_runs.record(experiment, **values | fields)


def make_runs(
    seeds: int, changes: Mapping[tuple[str, int], Mapping[str, Any] | None] | None = None
) -> list[StudyRun]:
    """Every reported run; `changes` maps (arm, seed) to record fields, or None: not computed."""
    runs = []
    for arm, base in STUDY.arms.items():
        for seed in range(seeds):
            experiment = replace(base, seed=seed)
            fields = (changes or {}).get((arm, seed), {})
            record = None if fields is None else make_record(arm, experiment, **fields)
            runs.append(fake_runs.run(arm, experiment, record))
    return runs


def write(
    folder: Path, runs: list[StudyRun], *, study: Study = STUDY, budget: str = "standard"
) -> Analysis:
    analysis = analyse(study, runs, budget=budget)
    paths = study_report.write(analysis, runs, folder, command=COMMAND)
    assert paths == [folder / name for name in FILES]
    return analysis


def digests(folder: Path) -> dict[str, str]:
    return {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in FILES}
