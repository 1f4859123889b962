"""The time a plan will take on this machine: a short measured probe and arithmetic.

A run's time is a start, the images it trains on over the measured images per second, and its
evaluations, whose forward passes take 0.4 of a training step's time per image. The speed of a
net that was not probed follows from that of a probed one by their operations per image.
"""

from __future__ import annotations

import dataclasses
import heapq
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from ablations.execution import speeds, store
from ablations.execution.datasets import Facts
from ablations.execution.speeds import Speed
from ablations.execution.steps import images_per_second
from ablations.execution.training import Machine, execute
from ablations.plan import Plan, PlannedRun, epoch_work
from alexnet_tf.spec import Experiment, Precision, replace

# An epoch of a probe takes about half a second at 30 GFLOP/s, the rate of a slow core.
_EPOCH_FLOPS = 15e9
_PROBE_EPOCHS = 3
_LOOKED_AT = 100  # validation images, and test images, of a probe

# Of a training step's time, what a forward pass takes.
_FORWARD = 0.4
# Height and width of the stored images, in pixels.
_STORED = {"cifar10": 32, "builtin": 32, "imagenet": 256}
# Training images that a run ends by measuring its net on, at most.
_SAMPLE = 10_000


def representatives(todo: Sequence[tuple[Plan, PlannedRun]]) -> list[PlannedRun]:
    """Return runs of the few nets to measure: another net's time follows from its operations.

    One study: the nets of its first comparison. Several: the commonest net of each kind, where a
    kind is a precision, a batch size, and whether there are locally connected layers.

    Args:
        todo: the runs to compute, each with its plan; at least one.
    """
    runs = [run for _, run in todo]
    if len({plan.study.name for plan, _ in todo}) == 1:
        study = todo[0][0].asked
        first = study.compared[0][1:] if study.compared else tuple(study.arms)[:1]
        runs = [run for run in runs if run.arm in first] or runs[:1]
        return list({speeds.net(run.experiment): run for run in runs}.values())
    common = Counter(speeds.net(run.experiment) for run in runs)
    runs = sorted(runs, key=lambda run: common[speeds.net(run.experiment)])
    return list({_kind(run.experiment): run for run in runs}.values())


def measure(
    runs: Sequence[PlannedRun],
    machine: Machine,
    tell: Callable[[str], None] = lambda words: None,
    note: Callable[[str], None] = lambda words: None,
) -> list[Speed]:
    """Return the speeds of these runs' nets: those kept, and those of a probe of the others.

    Args:
        runs: of different nets, as `representatives` gives them.
        machine: the speeds hold for its number of trainings side by side and their threads.
        tell: called with a line of text before the probe and after each training of it.
        note: called with a line for each net whose training gave no speed, as it diverged.

    Raises:
        StoppedError: the data or the environment make training impossible.
        OSError: the cache is not writable.
    """
    found = [speeds.kept(run.arm, run.experiment, machine) for run in runs]
    missing = [run for run, speed in zip(runs, found, strict=True) if speed is None]
    if missing:
        tell(f"probe: training {len(missing)} nets for a moment, {machine.side_by_side}")
    new, lost = probe(missing, machine, tell) if missing else ([], {})
    if new:
        speeds.keep(new, machine)
    for run in [run for run in missing if run.arm in lost]:
        note(f"the probe of {run.arm} {lost[run.arm]}: its single steps are timed instead")
        new += step_speeds([run], machine)
    return [speed for speed in found if speed is not None] + new


def probe(
    runs: Sequence[PlannedRun], machine: Machine, tell: Callable[[str], None] = lambda words: None
) -> tuple[list[Speed], dict[str, str]]:
    """Train these runs for a moment, as many at a time as the plan will.

    Each trains three epochs of about half a second in a temporary folder. Runs are repeated with
    other seeds until there are `machine.jobs` of them, so that they compete for the memory and
    caches as the plan's own trainings will.

    The second value returned is arm -> what became of its training, of those that gave no speed.
    StoppedError as `measure`.
    """
    copies = max(machine.jobs, len(runs))
    trials = [_shortened(runs[i % len(runs)], seed=i) for i in range(copies)]
    begun: dict[str, float] = {}
    measured: list[Speed] = []
    lost: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as folder:
        there = dataclasses.replace(machine, out=Path(folder), tensorboard=None)
        for event in execute(trials, there):
            arm, run_id = event.run.arm, event.run.experiment.run_id
            if event.kind == "start":
                begun[run_id] = time.monotonic()
            elif event.kind == "done":
                found = store.record(there.out, run_id)
                if found is not None and found.images_per_second:
                    took = time.monotonic() - begun[run_id]
                    measured.append(_speed(event.run, found.images_per_second, took))
                    tell(f"probe: {arm} {found.images_per_second:.0f} images/s")
                else:
                    lost[arm] = "diverged"
            elif event.kind == "failed":
                lost[arm] = f"failed ({event.values.get('reason', '')})"
    timed = {speed.arm for speed in measured}
    return measured, {arm: why for arm, why in lost.items() if arm not in timed}


def _speed(run: PlannedRun, rate: float, wall: float) -> Speed:
    data = run.experiment.data
    presented = (data.train_images or 0) * _PROBE_EPOCHS
    facts = Facts(train_images=0, fingerprint="", test_images=0)
    busy = (presented + _FORWARD * looked_at(run.experiment, facts)) / rate
    return Speed(
        arm=run.arm,
        experiment=run.experiment,
        images_per_second=rate,
        start=max(0.0, wall - busy),
    )


def looked_at(experiment: Experiment, facts: Facts) -> int:
    """Return how many views of images a run evaluates, besides those it trains on.

    They are up to 10,000 training images, the validation images at the end and, where the spec
    says so, after every epoch, and the test images, each from ten views where the net sees crops.
    """
    data, train = experiment.data, experiment.train
    rounds = train.epochs if train.validate == "epoch" else 0
    sample = min(_SAMPLE, images_per_epoch(experiment, facts))
    tests = data.test_images or facts.test_images
    return sample + data.validation_images * (1 + rounds) + tests * _views(experiment)


def images_per_epoch(experiment: Experiment, facts: Facts) -> int:
    """Return how many training images an epoch presents: the spec's, or all that remain."""
    data = experiment.data
    return data.train_images or facts.train_images - data.validation_images


def _views(experiment: Experiment) -> int:
    """Return the views of a test image: ten where the net sees crops."""
    return 10 if experiment.model.input_size < _STORED[experiment.data.dataset] else 1


def step_speeds(runs: Sequence[PlannedRun], machine: Machine) -> list[Speed]:
    """Time single steps instead, where a short training would take hours or diverges.

    They are of one process alone: `machine.jobs` side by side may be slower. A start counts as 0.
    StoppedError: a net cannot be trained here.
    """
    return [
        Speed(
            arm=run.arm,
            experiment=run.experiment,
            images_per_second=images_per_second(run.experiment, machine.threads),
            start=0.0,
        )
        for run in runs
    ]


def seconds(plan: Plan, run: PlannedRun, measured: Sequence[Speed], facts: Facts) -> float:
    """Return the expected wall seconds of a run.

    Args:
        plan: of which the run is; it says after how many epochs the run is expected to end.
        run: the run.
        measured: speeds of probed nets, at least one. Of the same net if there is one, else
            of the same kind (layers and precision), scaled by the operations per image.
        facts: how many images an epoch has.

    Returns:
        Seconds while `machine.jobs` trainings run side by side, pretraining included.
    """
    same = [s for s in measured if s.net == speeds.net(run.experiment)]
    alike = [s for s in measured if _kind(s.experiment) == _kind(run.experiment)]
    best = same or alike or measured
    here = run.experiment.model.flops()
    rate = _mean([s.images_per_second * s.experiment.model.flops() / here for s in best])
    first = run.experiment.first_stage
    shown = plan.epochs(run) * images_per_epoch(run.experiment, facts)
    if first is not None:
        shown += first.train.epochs * epoch_work(first) / first.model.flops()
    evaluated = _FORWARD * looked_at(run.experiment, facts)
    return _mean([s.start for s in best]) + (shown + evaluated) / rate


def makespan(durations: Sequence[float], jobs: int) -> float:
    """Return the wall seconds of runs started in order, `jobs` at a time.

    Each run starts where a place is free first (list scheduling, Graham 1966).

    Args:
        durations: wall seconds of each run, in the order of their starts.
        jobs: places; below 1 counts as 1.

    >>> makespan([3.0, 2.0, 2.0], 2)
    4.0
    """
    free = [0.0] * max(1, jobs)
    for duration in durations:
        heapq.heappush(free, heapq.heappop(free) + duration)
    return max(free)


def _kind(experiment: Experiment) -> tuple[bool, Precision, int]:
    """Return what makes the time of a step grow differently with its operations."""
    local = any(conv.weights == "local" for conv in experiment.model.convs)
    return local, experiment.train.precision, experiment.train.batch_size


def _shortened(run: PlannedRun, *, seed: int) -> PlannedRun:
    train = run.experiment.train
    images = _EPOCH_FLOPS / (3 * run.experiment.model.flops())
    changes = {
        "pretraining": None,
        # a multiple of the classes, and batches enough that the first does not count
        "data.train_images": 100 * round(max(images, 8 * train.batch_size) / 100),
        "data.validation_images": _LOOKED_AT,
        "data.test_images": _LOOKED_AT,
        "train.epochs": _PROBE_EPOCHS,
        "train.stop_at_error": None,
        "train.plateau": None,
        "train.validate": "end",
    }
    return dataclasses.replace(run, experiment=replace(run.experiment, changes, seed=seed))


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
