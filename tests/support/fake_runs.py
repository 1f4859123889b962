"""The one maker of runs that were never trained: curves, evaluations, records."""

from __future__ import annotations

import base64
import dataclasses
import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ablations.plan import PlannedRun, Role, StudyRun
from alexnet_tf.records import DataFacts, Environment, EpochResult, Evaluation, Part, RunRecord
from alexnet_tf.spec import Experiment

IMAGES = 1000  # of an evaluation
FACTS = DataFacts(
    dataset="cifar10",
    synthetic=False,
    train_images=12_500,
    validation_images=5000,
    test_images=10_000,
    fingerprint="3f" * 32,
    source="a source",
)
SYNTHETIC = dataclasses.replace(FACTS, synthetic=True)
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


def curve(
    errors: Iterable[float],
    validation: Sequence[float | None] | None = None,
    *,
    updates: int = 100,
    seconds: float | Sequence[float] = 1.0,
) -> tuple[EpochResult, ...]:
    """Return an epoch for each training error, of so many updates and seconds."""
    errors = list(errors)
    times = seconds if isinstance(seconds, Sequence) else [seconds] * len(errors)
    return tuple(
        EpochResult(
            epoch=epoch,
            updates=updates * epoch,
            train_error=float(error),
            train_loss=2 * float(error),
            seconds=lasted,
            validation_error=validated,
        )
        for epoch, (error, validated, lasted) in enumerate(
            zip(errors, validation or [None] * len(errors), times, strict=True), start=1
        )
    )


def evaluated(part: Part, views: int, wrong: Sequence[bool] | np.ndarray) -> Evaluation:
    """Return an evaluation with these mistakes, image by image."""
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
    """Return an evaluation without the mistakes of each image."""
    made = evaluated(part, views, [False] * IMAGES)
    return dataclasses.replace(made, top1_error=percent / 100, wrong="")


def record(experiment: Experiment, **fields: Any) -> RunRecord:
    """Return a finished record; `fields` are those of `RunRecord`."""
    values: dict[str, Any] = {"status": "done", "weights_sha256": "w"}
    return RunRecord(experiment=experiment, **{**values, **fields})


def run(
    arm: str,
    experiment: Experiment,
    made: RunRecord | None,
    *,
    role: Role = "reported",
    folder: Path | None = None,
    inspection: Mapping[str, float] | None = None,
) -> StudyRun:
    """Return the run of an arm with its record; None: still to be computed."""
    planned = PlannedRun(arm=arm, role=role, experiment=experiment)
    return StudyRun(planned=planned, record=made, folder=folder, inspection=inspection or {})


def probabilities(folder: Path, scores: np.ndarray, labels: np.ndarray, weights: str = "w") -> Path:
    """Leave test_10.npz in the folder of a run, as `alexnet_tf.evaluate` does."""
    buffer = io.BytesIO()
    np.savez(buffer, probabilities=scores, labels=labels, weights=weights)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "test_10.npz").write_bytes(buffer.getvalue())
    return folder


def with_texts(text: str) -> dict[str, Any]:
    """Return record fields that hold `text` wherever a record can hold one."""
    environment = dataclasses.replace(ENVIRONMENT, host=text, cpu=text, code=text)
    facts = dataclasses.replace(FACTS, source=text)
    reason = text.replace("\ud800", "")
    return {"status": "failed", "curve": (), "reason": reason, "evaluations": ()} | {
        "environment": environment,
        "data": facts,
    }
