"""Records of baselines with chosen mistakes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ablations.analysis import baselines
from ablations.analysis.baselines import Baseline, BaselineRecord
from alexnet_tf.environment import describe
from alexnet_tf.records import DataFacts

FACTS = DataFacts(
    dataset="cifar10",
    synthetic=False,
    train_images=12_500,
    validation_images=5000,
    test_images=1000,
    fingerprint="f" * 64,
    source="made up",
)


def record(
    baseline: Baseline = "sift_fisher",
    seed: int = 0,
    wrong: np.ndarray | None = None,
    facts: DataFacts = FACTS,
    **fields: Any,
) -> BaselineRecord:
    if wrong is None:
        wrong = np.random.default_rng(seed).random(facts.test_images) < 0.3
    values = {
        "c": (0.3,),
        "split": 0,
        "train_error": 0.01,
        "validation_error": 0.31,
        "top1_error": float(wrong.mean()),
        "top5_error": 0.04,
        "cpu_seconds": 12.5,
        "environment": describe(threads=1),
        "libraries": "scikit-learn 1",
        **fields,
    }
    return BaselineRecord(
        baseline=baseline, seed=seed, data=facts, wrong=baselines.packed(wrong), **values
    )


def leave(out: Path, *made: BaselineRecord) -> None:
    folder = baselines.folder(out)
    folder.mkdir(parents=True, exist_ok=True)
    for one in made:
        (folder / f"{one.name}.json").write_text(baselines.to_json(one), encoding="utf-8")
