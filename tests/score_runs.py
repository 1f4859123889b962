"""Synthetic runs of studies of scores, for the tests of what is computed from them."""

from __future__ import annotations

import base64
import dataclasses
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ablations.plan import PlannedRun, StudyRun
from ablations.studies.lrn import STUDY as LRN
from ablations.study import Budget, Comparison, Study
from alexnet_tf.records import DataFacts, EpochResult, Evaluation, Part, RunRecord, Status
from alexnet_tf.spec import Experiment, replace

IMAGES = 1000

_NET = replace(LRN.arms["paper"], {"train.epochs": 30, "train.changes": ()})

ARMS: dict[str, Experiment] = {
    "paper": _NET,
    **{
        name: replace(_NET, {"model.output_weight_decay": 0.001 * number})
        for number, name in enumerate(("b", "c", "d"), start=1)
    },
}


def difference(**changes: Any) -> Comparison:
    """A difference of test errors between `paper` and `b`."""
    values: dict[str, Any] = {
        **{"name": "b", "baseline": "paper", "variant": "b"},
        **{"claimed": "higher", "smallest": 0.5, "quantity": "test_error"},
    }
    return Comparison(**{**values, **changes})


def study(*items: Comparison, **changes: Any) -> Study:
    """A study of four arms, with these differences."""
    values: dict[str, Any] = {
        **{"name": "made_up", "title": "Made up", "claim": "A claim.", "claim_ids": ("C00",)},
        **{"section": "0", "limits": "All of it.", "arms": ARMS},
        "labels": {"paper": "the net", "b": "with b", "c": "with c", "d": "with d"},
        "budgets": {
            "standard": Budget(seeds=5, epochs=None),
            "quick": Budget(seeds=5, epochs=None, exploratory=True),
        },
        "comparisons": items,
    }
    return Study(**{**values, **changes})


def evaluated(part: Part, views: int, wrong: Sequence[bool] | np.ndarray) -> Evaluation:
    bits = np.asarray(wrong, dtype=bool)
    return Evaluation(
        part=part,
        views=views,
        images=len(bits),
        top1_error=float(bits.mean()),
        top5_error=0.0,
        loss=1.0,
        wrong=base64.b64encode(np.packbits(bits).tobytes()).decode(),
    )


def error(part: Part, views: int, percent: float) -> Evaluation:
    """An evaluation without the mistakes of each image."""
    made = evaluated(part, views, [False] * IMAGES)
    return dataclasses.replace(made, top1_error=percent / 100, wrong="")


def record(experiment: Experiment, *evaluations: Evaluation, **changes: Any) -> RunRecord:
    curve = changes.pop("curve", [0.9, 0.5, 0.4])
    validation = changes.pop("validation", [None] * len(curve))
    points = tuple(
        EpochResult(
            epoch=e,
            updates=10 * e,
            train_error=value,
            train_loss=2.0,
            seconds=float(e),
            validation_error=validated,
        )
        for e, (value, validated) in enumerate(zip(curve, validation, strict=True), start=1)
    )
    values: dict[str, Any] = {"status": "done", "seconds": 6.0, "weights_sha256": "w"}
    return RunRecord(
        experiment=experiment, curve=points, evaluations=evaluations, **{**values, **changes}
    )


def run(
    arm: str,
    seed: int,
    *evaluations: Evaluation,
    inspection: Mapping[str, float] | None = None,
    folder: Path | None = None,
    settings: Mapping[str, Any] | None = None,
    **changes: Any,
) -> StudyRun:
    """One run with these evaluations; `changes` are fields of its record."""
    experiment = replace(ARMS[arm], {**(settings or {}), "seed": seed})
    return StudyRun(
        planned=PlannedRun(arm=arm, role="reported", experiment=experiment),
        record=record(experiment, *evaluations, **changes),
        folder=folder,
        inspection=inspection or {},
    )


def new(arm: str, seed: int) -> StudyRun:
    """A run that is still to be computed."""
    return dataclasses.replace(run(arm, seed), record=None)


def runs(errors: Mapping[str, Sequence[float | Status]], **changes: Any) -> list[StudyRun]:
    """Runs with these test errors in percent, one and ten views alike, or this status."""
    made = []
    for arm, values in errors.items():
        for seed, value in enumerate(values):
            if isinstance(value, str):
                made.append(run(arm, seed, status=value, **changes))
            else:
                both = (error("test", 1, value), error("test", 10, value))
                made.append(run(arm, seed, *both, **changes))
    return made


def synthetic_facts() -> DataFacts:
    return DataFacts(
        dataset="cifar10",
        synthetic=True,
        train_images=9,
        validation_images=0,
        test_images=0,
        fingerprint="",
        source="",
    )


def probabilities(folder: Path, scores: np.ndarray, labels: np.ndarray, weights: str = "w") -> Path:
    """Leave test_10.npz in the folder of a run, as `alexnet_tf.evaluate` does."""
    buffer = io.BytesIO()
    np.savez(buffer, probabilities=scores, labels=labels, weights=weights)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "test_10.npz").write_bytes(buffer.getvalue())
    return folder
