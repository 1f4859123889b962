"""The place and the means of computing that a user asks for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ablations.execution import ray_cluster, store
from ablations.execution.training import Machine, default_jobs
from alexnet_tf.errors import SpecError
from alexnet_tf.state_store import absolute


def machine(
    out: Path,
    *,
    jobs: int | None,
    threads: int,
    gpus: int = 0,
    gpus_per_run: int = 1,
    cluster: str | None = None,
    data_dir: Path | None = None,
    tensorboard: Path | None = None,
    states: str | None = None,
    tell: Callable[[str], None] = lambda words: None,
) -> Machine:
    """Return what computes: this machine, or the Ray cluster at an address.

    Args:
        out: folder of records and reports, on this machine in any case.
        jobs: trainings side by side; None: as many as there is room for.
        threads: of one training.
        gpus: GPUs to use at most; 0: without a cluster every training sees all of them, on a
            cluster none.
        gpus_per_run: of one training, 1 or 2.
        cluster: "HOST:PORT" of its head, or "auto"; None: this machine.
        data_dir: folder of the data set, here and on every machine of a cluster.
        tensorboard: folder of TensorBoard's events; not on a cluster.
        states: folder that all machines share, or fsspec URL, for the states of unfinished runs;
            None: the folders of the runs.
        tell: called with a line of text when a machine of the cluster is lost.

    Raises:
        SpecError: a number below 1, or GPUs that do not go with the rest.
        DeviceError: there are fewer GPUs, or no cluster of this token answers at the address.
        ModuleNotFoundError: Ray is not installed.
    """
    if cluster is None:
        joined, room = None, default_jobs(threads, gpus // max(1, gpus_per_run))
    elif tensorboard is not None:
        raise SpecError("--tensorboard writes on this machine alone. Leave it or --cluster out.")
    else:
        each = gpus_per_run if gpus else 0
        joined = ray_cluster.connect(cluster, threads=threads, gpus=each, tell=tell)
        room = min(joined.slots, gpus // gpus_per_run) if gpus else joined.slots
    return Machine(
        out=out,
        cache=store.cache(out),
        jobs=room if jobs is None else jobs,
        threads=threads,
        gpus=gpus,
        gpus_per_run=gpus_per_run,
        cluster=joined,
        data_dir=data_dir,
        tensorboard=tensorboard,
        states=None if states is None else absolute(states),
    )
