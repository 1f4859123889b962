"""How long a plan will take on this machine: a short measured probe and arithmetic."""

from __future__ import annotations

import dataclasses
import heapq
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ablations import store
from ablations.datasets import Facts
from ablations.execute import Machine, execute
from ablations.plan import PlannedRun, Task, epoch_work
from ablations.steps import images_per_second
from alexnet_tf.spec import Experiment, ModelSpec, Precision, replace

_PROBE_IMAGES = 3000
_PROBE_EPOCHS = 3

# Of a training step's time, what a forward pass takes.
_FORWARD = 1 / 3
# Views of every test image that a run ends with: the centre, and ten.
_TEST_VIEWS = 11


@dataclass(frozen=True, kw_only=True)
class Speed:
    """What the probe measured of one net with `jobs` trainings side by side."""

    arm: str
    experiment: Experiment
    images_per_second: float  # of one training
    overhead: float  # seconds a run needs besides its epochs: start, data, last evaluation


def representatives(todo: Sequence[tuple[Task, PlannedRun]]) -> list[PlannedRun]:
    """Return the few runs to measure: every other net's time follows from its operations.

    One study: the nets of its first comparison. Several: the commonest net of each kind.
    """
    runs = [run for _, run in todo]
    if len({task.study.name for task, _ in todo}) == 1:
        study = todo[0][0].study
        first = study.compared[0][1:] if study.compared else tuple(study.arms)[:1]
        runs = [run for run in runs if run.arm in first] or runs[:1]
        return list({_net(run.experiment): run for run in runs}.values())
    common = Counter(_net(run.experiment) for run in runs)
    runs = sorted(runs, key=lambda run: common[_net(run.experiment)])
    return list({_kind(run.experiment): run for run in runs}.values())


def probe(runs: Sequence[PlannedRun], machine: Machine) -> list[Speed]:
    """Train these runs for a moment, as many at a time as the plan will.

    Raises:
        StoppedError: the data or the environment make training impossible.
    """
    copies = max(machine.jobs, len(runs))
    trials = [_shortened(runs[i % len(runs)], seed=i) for i in range(copies)]
    begun: dict[str, float] = {}
    measured: list[Speed] = []
    with tempfile.TemporaryDirectory() as folder:
        there = dataclasses.replace(machine, out=Path(folder), tensorboard=None)
        for event in execute(trials, there):
            run_id = event.run.experiment.run_id
            if event.kind == "start":
                begun[run_id] = time.monotonic()
            elif event.kind == "done":
                found = store.record(there.out, run_id)
                if found is not None and found.images_per_second:
                    wall = time.monotonic() - begun[run_id]
                    training = _PROBE_IMAGES * len(found.curve) / found.images_per_second
                    measured.append(
                        Speed(
                            arm=event.run.arm,
                            experiment=event.run.experiment,
                            images_per_second=found.images_per_second,
                            overhead=wall - training,
                        )
                    )
    if not measured:
        raise RuntimeError("the probe trainings did not finish; run the study to see why")
    return measured


def step_speeds(runs: Sequence[PlannedRun], machine: Machine, facts: Facts) -> list[Speed]:
    """Time single steps instead, where even a short training would take hours (ImageNet)."""
    speeds = []
    for run in runs:
        rate = images_per_second(run.experiment, machine.threads)
        looked_at = facts.test_images * _TEST_VIEWS + run.experiment.data.validation_images
        speeds.append(
            Speed(
                arm=run.arm,
                experiment=run.experiment,
                images_per_second=rate,
                overhead=looked_at * _FORWARD / rate,
            )
        )
    return speeds


def seconds(task: Task, run: PlannedRun, speeds: Sequence[Speed], images: int) -> float:
    """Return the expected wall seconds of a run, `images` images an epoch."""
    same = [s for s in speeds if _net(s.experiment) == _net(run.experiment)]
    alike = [s for s in speeds if _kind(s.experiment) == _kind(run.experiment)]
    best = same or alike or speeds
    here = run.experiment.model.flops()
    rates = [s.images_per_second * s.experiment.model.flops() / here for s in best]
    overhead = _mean([s.overhead for s in best])
    first = run.experiment.first_stage
    shown = task.epochs(run) * images
    if first is not None:
        shown += first.train.epochs * epoch_work(first) / first.model.flops()
    return overhead + shown / _mean(rates)


def makespan(durations: Sequence[float], jobs: int) -> float:
    """Return the wall seconds of runs started in order, `jobs` at a time."""
    free = [0.0] * max(1, jobs)
    for duration in durations:
        heapq.heappush(free, heapq.heappop(free) + duration)
    return max(free)


def _net(experiment: Experiment) -> tuple[ModelSpec, Precision, int]:
    """Return what decides about the time of a step."""
    return experiment.model, experiment.train.precision, experiment.train.batch_size


def _kind(experiment: Experiment) -> tuple[bool, Precision, int]:
    """Return what makes the time of a step grow differently with its operations."""
    local = any(conv.weights == "local" for conv in experiment.model.convs)
    return local, experiment.train.precision, experiment.train.batch_size


def _shortened(run: PlannedRun, *, seed: int) -> PlannedRun:
    changes = {
        "pretraining": None,
        "data.train_images": _PROBE_IMAGES,
        "train.epochs": _PROBE_EPOCHS,
        "train.stop_at_error": None,
    }
    return dataclasses.replace(run, experiment=replace(run.experiment, changes, seed=seed))


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
