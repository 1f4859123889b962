"""Measured speeds, kept beside the decoded data, so that a second plan measures nothing.

A measurement counts for one net, batch and precision, on one machine with one set of
versions and as many trainings side by side on as many GPUs, or on as many machines of a cluster:
anything else is measured anew.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ablations.execution.training import Machine
from alexnet_tf import environment, sealed
from alexnet_tf.files import write_atomic
from alexnet_tf.spec import Experiment
from alexnet_tf.values import to_dict


@dataclasses.dataclass(frozen=True, kw_only=True)
class Speed:
    """The speed of one net, measured while the machine's trainings ran side by side.

    Attributes:
        arm: named in the printed line; it is not part of what is kept.
        images_per_second: training images, forward and backward pass.
        start: importing, reading the images and building the net.
    """

    arm: str
    experiment: Experiment
    images_per_second: float  # of one training
    start: float  # seconds a run needs besides its epochs and evaluations

    @property
    def net(self) -> tuple[Any, ...]:
        """Facts that decide the time of a step, as `net`."""
        return net(self.experiment)


def net(experiment: Experiment) -> tuple[Any, ...]:
    """Return what decides the time of a step: topology, precision and batch size."""
    return experiment.model, experiment.train.precision, experiment.train.batch_size


def kept(arm: str, experiment: Experiment, machine: Machine) -> Speed | None:
    """Return the kept speed of the experiment's net on this machine; None: there is none.

    Kept numbers count only with the same versions, code, cores, threads and trainings side by side.
    A damaged file counts as none.

    Args:
        arm: to name in the result.
        experiment: only its net, precision and batch size matter.
        machine: gives the cache, the threads and the jobs.
    """
    found = _read(_path(machine)).get(_key(experiment, machine), {})
    try:
        rate, start = float(found["images_per_second"]), float(found["start"])
    except (KeyError, TypeError, ValueError):
        return None
    if not (math.inf > rate > 0 and math.inf > start >= 0):
        return None
    return Speed(arm=arm, experiment=experiment, images_per_second=rate, start=start)


def keep(speeds: Iterable[Speed], machine: Machine) -> None:
    """Keep measured speeds in the cache's speeds.json; of one net the last one counts.

    Raises:
        OSError: the cache is not writable.
    """
    entries = _read(_path(machine))
    for speed in speeds:
        numbers = {"images_per_second": speed.images_per_second, "start": speed.start}
        entries[_key(speed.experiment, machine)] = numbers
    write_atomic(_path(machine), sealed.dumps(entries).encode())


def _path(machine: Machine) -> Path:
    return machine.cache / "speeds.json"


def _read(path: Path) -> dict[str, Any]:
    """Return the entries of the file; none where it is missing or not what `keep` wrote."""
    try:
        return sealed.loads(path.read_bytes())
    except (FileNotFoundError, ValueError, RecursionError):
        return {}


def _key(experiment: Experiment, machine: Machine) -> str:
    here = environment.describe(threads=machine.threads, device="any")
    facts = {**here.fingerprint(), "cores": here.cores, "code": here.code}
    what = [facts, machine.jobs, machine.gpus, *map(to_dict, net(experiment))]
    if machine.cluster is not None:
        what.append(machine.cluster.words)
    return hashlib.sha256(json.dumps(what, sort_keys=True).encode()).hexdigest()[:16]
