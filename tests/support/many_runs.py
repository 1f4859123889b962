"""A folder of as many finished runs of a study as asked for, none of them trained.

PYTHONPATH=.:tests/support python -m many_runs FOLDER --study dropout --seeds 2000
python -m ablations.run dropout --report-only --out FOLDER
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path

import fake_runs
import numpy as np

from ablations import study
from ablations.execution import store
from ablations.execution.inspection import INSPECTED
from ablations.plan import Plan, Request, saved
from ablations.study import Study
from alexnet_tf.records import EpochResult, Evaluation, Part, RunRecord, to_json
from alexnet_tf.spec import Experiment

TEST_IMAGES = 10_000
STEPS = 100  # updates of an epoch


def made(experiment: Experiment, place: int, rng: np.random.Generator) -> RunRecord:
    """Return a finished record with all that a training leaves in it.

    Args:
        experiment: of the record.
        place: of its arm among the study's, which its errors grow with.
        rng: draws the rest.
    """
    train = experiment.train
    final = 0.2 + 0.01 * place + 0.005 * rng.standard_normal()
    errors = final + 0.6 * np.exp(-np.arange(1, train.epochs + 1) / (4 + place))
    errors += 0.002 * rng.standard_normal(len(errors))
    reached = train.stop_at_error or 0.0
    length = next((k for k, error in enumerate(errors, 1) if error <= reached), len(errors))
    return RunRecord(
        experiment=experiment,
        status="done",
        curve=tuple(_epochs(errors[:length], rng)),
        validation_error=float(errors[-1] + 0.05),
        test_error=float(errors[-1] + 0.06),
        weights_sha256="5e" * 32,
        net_sha256="a7" * 32,
        seconds=30.0 * length,
        images_per_second=1442.3,
        started="2026-11-28T09:00:00+00:00",
        evaluations=tuple(_evaluations(final, rng)),
        data=fake_runs.FACTS,
        environment=fake_runs.ENVIRONMENT,
    )


def _epochs(errors: np.ndarray, rng: np.random.Generator) -> Iterator[EpochResult]:
    for epoch, error in enumerate(errors, 1):
        yield EpochResult(
            epoch=epoch,
            updates=STEPS * epoch,
            train_error=float(error),
            train_loss=float(2.3 * error),
            seconds=30.0 + float(rng.random()),
            validation_error=float(error + 0.05),
        )


def _evaluations(final: float, rng: np.random.Generator) -> Iterator[Evaluation]:
    parts: tuple[tuple[Part, int, int, float], ...] = (
        ("train", 1, 5000, -0.05),
        ("validation", 1, 5000, 0.05),
        ("test", 1, TEST_IMAGES, 0.06),
        ("test", 10, TEST_IMAGES, 0.04),
    )
    for part, views, images, more in parts:
        yield fake_runs.evaluated(part, views, rng.random(images) < final + more)


def _inspected(of: Study, arm: str, rng: np.random.Generator) -> dict[str, float]:
    """Return a value for each inspected quantity, within what the study's checks ask."""
    values = {name: 10.0 + float(rng.random()) for name in INSPECTED}
    for check in of.checks:
        if check.arm == arm:
            ends = [end for end in (check.least, check.most) if end is not None]
            values[check.quantity] = sum(ends) / len(ends)
    return values


def write(out: Path, name: str, seeds: int) -> Plan:
    """Write the records and the request of a study's standard budget; return its plan.

    Args:
        out: folder of reports; is created.
        name: of the study.
        seeds: of every arm.
    """
    chosen = study.load(name)
    plan = Plan(name=name, study=chosen, request=Request(budget="standard", seeds=seeds))
    arms = list(chosen.arms)
    for number, run in enumerate(plan.reported):
        rng = np.random.default_rng(number)
        record = made(run.experiment, arms.index(run.arm), rng)
        folder = store.folder(out, record.run_id)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "result.json").write_text(to_json(record))
        inspection = {
            "values": _inspected(chosen, run.arm, rng),
            "weights_sha256": record.weights_sha256,
        }
        (folder / store.INSPECTION).write_text(json.dumps(inspection))
    saved.save(out / name, plan.request)
    return plan


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--study", default="dropout")
    parser.add_argument("--seeds", type=int, default=2000)
    given = parser.parse_args()
    print(f"{len(write(given.out, given.study, given.seeds).reported)} records in {given.out}")


if __name__ == "__main__":
    main()
