"""One run in its folder: claimed, pre-trained where asked, trained, and finished.

>>> import tempfile
>>> from alexnet_tf.spec import CIFAR_ALEXNET, replace
>>> few = {"data.train_images": 100, "data.validation_images": 10, "data.test_images": 10}
>>> small = {"data.dataset": "builtin", "train.epochs": 1, **few}
>>> with tempfile.TemporaryDirectory() as folder:
...     record = train(replace(CIFAR_ALEXNET, small), out=folder)
>>> record.status, len(record.curve)
('done', 1)
"""

from __future__ import annotations

import dataclasses
import importlib.util
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import keras

from alexnet_tf import arithmetic, files, records
from alexnet_tf.data.labelled import check_fit
from alexnet_tf.data.load import load
from alexnet_tf.environment import plain_keras
from alexnet_tf.errors import (
    RecordError,
    SpecError,
)
from alexnet_tf.records import RunRecord
from alexnet_tf.spec import Experiment, diff, to_json
from alexnet_tf.spec.experiment import from_file
from alexnet_tf.state_store import StateStore, absolute
from alexnet_tf.train.callback import Progress
from alexnet_tf.train.loop import Training
from alexnet_tf.trained_net import trained_net
from alexnet_tf.two_tower import split_cpu


@plain_keras()
def train(
    experiment: Experiment,
    *,
    out: Path | str,
    data_dir: Path | None = None,
    cache: Path | None = None,
    threads: int = 1,
    data_threads: int | None = None,
    pairs: Sequence[tuple[str, str]] = (),
    tensorboard: Path | None = None,
    states: str | None = None,
    progress: Progress | None = None,
    interrupted: Callable[[], bool] = lambda: False,
) -> RunRecord:
    """Train `experiment` in folder `out` and return its record.

    The same experiment, threads and environment give the same weights, bit for bit, however often
    the run was interrupted. One process can train with one number of threads only.

    Args:
        experiment: what to compute.
        out: the run's folder; a finished run there is returned as it is.
        data_dir: where the data set lies (`alexnet_tf.data.load.load`).
        cache: folder for a decoded copy of the data.
        threads: threads per operation, at least 1.
        data_threads: make batches side by side, and change no bit; None: as many as `threads`.
        pairs: devices of two towers, e.g. [("GPU:0", "GPU:1")]; none: one device.
        tensorboard: folder for TensorBoard's events; None: none.
        states: folder or fsspec URL for the arrays of unfinished states; None: `out`.
        progress: called with a small dict about every half second and after each epoch.
        interrupted: asked after every update; True stops the run.

    Raises:
        SpecError: the folder holds another experiment, weights of a file, or states kept elsewhere.
        RecordError: the folder's spec.json or result.json is damaged.
        DataError: the data are missing, damaged or too small.
        EnvironmentChangedError: an unfinished state was made elsewhere.
        LockedError: another process trains in this folder.
        Interrupted: `interrupted` said so.
        OSError: the folder is not writable or the disk is full.
    """
    out = Path(out)
    with files.lock(out):
        _claim(out, experiment)
        if (result := out / "result.json").exists():
            return _trained(result)
        options: Any = {"threads": threads, "pairs": pairs, "interrupted": interrupted}
        places: Any = {"data_dir": data_dir, "cache": cache}
        options |= {"data_threads": data_threads or threads, "progress": progress or _silent}
        first, folder = None, out / "pretraining"
        if experiment.first_stage is not None:
            first = train(experiment.first_stage, out=folder, states=states, **places, **options)
            if first.status == "diverged":
                return _finished(result, _without_second_stage(experiment, first))
        _pin(experiment, threads, pairs)
        start = None if first is None else trained_net(folder, first)
        source = load(experiment.data.dataset, **places)
        check_fit(experiment, source)
        options |= {"states": _store(states, experiment), "callbacks": _boards(tensorboard)}
        return _finish(result, Training(experiment, out, source, **options), start)


def _silent(event: dict[str, Any]) -> None:
    """Take an event of the training and say nothing."""


def _trained(path: Path) -> RunRecord:
    """Read the record of a finished training; refuse that of weights from a file."""
    record = records.read(path)
    if record.status == "imported":
        raise SpecError(f"{path.parent} holds {record.reason}. Use another folder.")
    return record


def _finished(path: Path, record: RunRecord) -> RunRecord:
    files.write_atomic(path, records.to_json(record).encode())
    return record


def _without_second_stage(experiment: Experiment, first: RunRecord) -> RunRecord:
    why = {"experiment": experiment, "reason": f"in pre-training, {first.reason}"}
    return dataclasses.replace(first, **why)


def _finish(path: Path, training: Training, start: keras.Model | None) -> RunRecord:
    """Train to the end, write the record, and remove what the record makes useless elsewhere."""
    record = _finished(path, training.finish(start))
    if training.states is not None:
        training.states.clear()
    return record


def _store(place: str | None, experiment: Experiment) -> StateStore | None:
    return None if place is None else StateStore(absolute(place), experiment.run_id)


def _boards(folder: Path | None) -> tuple[keras.callbacks.Callback, ...]:
    """Return the callback that writes TensorBoard's events into `folder`, if one is asked for.

    Raises:
        ModuleNotFoundError: TensorBoard is not installed.
    """
    if folder is None:
        return ()
    if importlib.util.find_spec("tensorboard") is None:
        raise ModuleNotFoundError(
            "TensorBoard is not installed. Leave --tensorboard out, or: "
            "pip install 'alexnet-ablations[tensorboard]'"
        )
    return (keras.callbacks.TensorBoard(str(folder)),)


def _claim(out: Path, experiment: Experiment) -> None:
    """Make `out` the folder of this experiment, unless another one has begun there.

    Raises:
        SpecError: another one has.
        RecordError: what has begun there cannot be read.
    """
    path = out / "spec.json"
    if path.exists() and _begun(out):
        try:
            there = from_file(path)
        except SpecError as error:
            hint = "Use another folder, or remove this one."
            raise RecordError(f"{error}. What {out} holds is not known. {hint}") from error
        if there != experiment:
            changed = "; ".join(f"{k}: {a} -> {b}" for k, (a, b) in diff(there, experiment).items())
            raise SpecError(f"{out} holds another run ({changed}). Use another folder.")
    else:
        files.write_atomic(path, to_json(experiment).encode())


def _begun(out: Path) -> bool:
    """Say whether a folder holds anything computed; a refused start leaves its spec alone."""
    computed = (out / "result.json", out / "pretraining", *out.glob("*.state"))
    return any(path.exists() for path in computed)


def _pin(experiment: Experiment, threads: int, pairs: Sequence[tuple[str, str]]) -> None:
    """Fix everything outside the spec that would change bits."""
    devices = {device for pair in pairs for device in pair}
    processors = [device for device in devices if device.upper().startswith("CPU")]
    if len(processors) > 1:
        split_cpu(len(processors))
    arithmetic.pin(threads=threads, precision=experiment.train.precision)
    keras.utils.set_random_seed(experiment.seed)
