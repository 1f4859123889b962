"""How long a plan will take on this machine: a short measured probe and arithmetic."""

from __future__ import annotations

import dataclasses
import heapq
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ablations import store
from ablations.execute import Machine, execute
from ablations.plan import PlannedRun, expected_epochs
from ablations.study import Study
from alexnet_tf.spec import replace

_PROBE_IMAGES = 3000
_PROBE_EPOCHS = 3


@dataclass(frozen=True, kw_only=True)
class Speed:
    """What the probe measured with `jobs` trainings side by side."""

    images_per_second: Mapping[str, float]  # arm -> rate of one training
    overhead: float  # seconds a run needs besides its epochs: start, data, last evaluation


def probe(study: Study, runs: Sequence[PlannedRun], machine: Machine) -> Speed:
    """Train the arms of the first comparison for a moment, as many at a time as the plan will.

    Raises:
        StoppedError: the data or the environment make training impossible.
    """
    first = study.compared[0][1:] if study.compared else tuple(study.arms)[:1]
    by_arm = {run.arm: run for run in runs if run.arm in first}
    arms = list(by_arm.values()) or list(runs[:1])
    copies = max(machine.jobs, len(arms))
    trials = [_shortened(arms[i % len(arms)], seed=i) for i in range(copies)]
    begun: dict[str, float] = {}
    measured: list[tuple[str, float, float]] = []
    with tempfile.TemporaryDirectory() as folder:
        there = dataclasses.replace(machine, out=Path(folder))
        for event in execute(trials, there):
            run_id = event.run.experiment.run_id
            if event.kind == "start":
                begun[run_id] = time.monotonic()
            elif event.kind == "done":
                found = store.record(there.out, run_id)
                if found is not None and found.images_per_second:
                    wall = time.monotonic() - begun[run_id]
                    training = _PROBE_IMAGES * len(found.curve) / found.images_per_second
                    measured.append((event.run.arm, found.images_per_second, wall - training))
    if not measured:
        raise RuntimeError("the probe trainings did not finish; run the study to see why")
    rates = {arm: _mean([r for a, r, _ in measured if a == arm]) for arm, _, _ in measured}
    return Speed(images_per_second=rates, overhead=_mean([rest for _, _, rest in measured]))


def seconds(study: Study, run: PlannedRun, speed: Speed, name: str, images: int) -> float:
    """Return the expected wall seconds of a run of budget `name`, `images` images an epoch."""
    rate = speed.images_per_second.get(run.arm) or _mean(list(speed.images_per_second.values()))
    return speed.overhead + expected_epochs(study, run, name) * images / rate


def makespan(durations: Sequence[float], jobs: int) -> float:
    """Return the wall seconds of runs started in order, `jobs` at a time."""
    free = [0.0] * max(1, jobs)
    for duration in durations:
        heapq.heappush(free, heapq.heappop(free) + duration)
    return max(free)


def _shortened(run: PlannedRun, *, seed: int) -> PlannedRun:
    changes = {
        "data.train_images": _PROBE_IMAGES,
        "train.epochs": _PROBE_EPOCHS,
        "train.stop_at_error": None,
    }
    return dataclasses.replace(run, experiment=replace(run.experiment, changes, seed=seed))


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
