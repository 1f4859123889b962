"""Train one experiment: `model.fit` and callbacks, resumable, bit for bit repeatable.

    python -m alexnet_tf.train --spec CIFAR_ALEXNET --out runs/alexnet
    python -m alexnet_tf.train --spec PAPER --data prepared/ --out runs/paper

The folder holds `spec.json`, the two newest states `epoch_*.state`, and, once the run is
finished, `model.keras` and `result.json`. The same command continues an interrupted run
and returns at once for a finished one.
"""

from __future__ import annotations

import argparse
import dataclasses
import importlib.util
import json
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf
from rich.console import Console

from alexnet_tf import files, records
from alexnet_tf.data.labelled import Source
from alexnet_tf.data.load import load
from alexnet_tf.errors import (
    INTERRUPTED,
    TERMINATED,
    DataError,
    EnvironmentChangedError,
    SpecError,
    exit_code,
    fail,
)
from alexnet_tf.progress import Teller
from alexnet_tf.records import RunRecord
from alexnet_tf.spec import PRESETS, Experiment, diff, from_json, replace, to_json
from alexnet_tf.training import Training
from alexnet_tf.two_tower import split_cpu
from alexnet_tf.values import nearest, parse_setting
from alexnet_tf.watch import Interrupted, Progress

_PROG = "alexnet_tf.train"


def train(
    experiment: Experiment,
    *,
    out: Path | str,
    data_dir: Path | None = None,
    cache: Path | None = None,
    threads: int = 1,
    pairs: Sequence[tuple[str, str]] = (),
    tensorboard: Path | None = None,
    progress: Progress | None = None,
    interrupted: Callable[[], bool] = lambda: False,
) -> RunRecord:
    """Train `experiment` in folder `out` and return its record.

    The same experiment, threads and environment give the same weights, bit for bit,
    however often the run was interrupted. The number of threads is pinned, since it
    changes the order of sums: one process can train with one number only.

    Args:
        experiment: what to compute.
        out: the run's folder; a finished run there is returned as it is.
        data_dir: where the data set lies (`alexnet_tf.data.load.load`).
        cache: folder for a decoded copy of the data.
        threads: threads per operation, at least 1.
        pairs: devices of two towers, e.g. [("GPU:0", "GPU:1")]; none: one device.
        tensorboard: folder for TensorBoard's events; None: none.
        progress: called with a small dict about every half second and after each epoch.
        interrupted: asked after every update; True stops the run.

    Raises:
        SpecError: the folder holds another experiment.
        DataError: the data are missing, damaged or too small.
        EnvironmentChangedError: an unfinished state was made elsewhere.
        LockedError: another process trains in this folder.
        Interrupted: `interrupted` said so.
        OSError: the folder is not writable or the disk is full.
    """
    out = Path(out)
    with files.lock(out):
        _claim(out, experiment)
        result = out / "result.json"
        if result.exists():
            return records.read(result)
        start = None
        if experiment.first_stage is not None:
            first = train(
                experiment.first_stage,
                out=out / "pretraining",
                data_dir=data_dir,
                cache=cache,
                threads=threads,
                pairs=pairs,
                progress=progress,
                interrupted=interrupted,
            )
            if first.status == "diverged":
                why = {"experiment": experiment, "reason": f"in pre-training, {first.reason}"}
                return _finished(result, dataclasses.replace(first, **why))
            start = out / "pretraining" / "model.keras"
        _pin(experiment, threads, pairs)
        source = load(experiment.data.dataset, data_dir=data_dir, cache=cache)
        _check_fit(experiment, source)
        training = Training(
            experiment,
            out,
            source,
            threads=threads,
            progress=progress or (lambda event: None),
            interrupted=interrupted,
            pairs=pairs,
            callbacks=_boards(tensorboard),
        )
        return _finished(result, training.finish(start))


def _finished(path: Path, record: RunRecord) -> RunRecord:
    files.write_atomic(path, records.to_json(record).encode())
    return record


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
    """Make `out` the folder of this experiment, unless another one has begun there."""
    path = out / "spec.json"
    if path.exists() and _begun(out):
        there = from_json(path.read_text(encoding="utf-8"))
        if there != experiment:
            changed = "; ".join(f"{k}: {a} -> {b}" for k, (a, b) in diff(there, experiment).items())
            raise SpecError(f"{out} holds another run ({changed}). Use another folder.")
    else:
        files.write_atomic(path, to_json(experiment).encode())


def _begun(out: Path) -> bool:
    """Say whether a folder holds anything computed; a refused start leaves its spec alone."""
    computed = (out / "result.json", out / "pretraining", *out.glob("*.state"))
    return any(path.exists() for path in computed)


def _check_fit(experiment: Experiment, source: Source) -> None:
    """Refuse a model whose input or output is not the data set's."""
    model, classes = experiment.model, len(source.class_names) * experiment.data.turns
    if model.channels != 3 or model.input_size > source.size or classes != model.classes:
        raise DataError(
            f"{source.name} has {classes} classes and images of {source.size} x {source.size} x 3; "
            f"the model has {model.classes} and takes no less than {model.input_size} x "
            f"{model.input_size} x {model.channels}. "
            "Change model.input_size, model.channels or model.classes."
        )


def _pin(experiment: Experiment, threads: int, pairs: Sequence[tuple[str, str]]) -> None:
    """Fix everything outside the spec that would change bits."""
    devices = {device for pair in pairs for device in pair}
    processors = [device for device in devices if device.upper().startswith("CPU")]
    if len(processors) > 1:
        split_cpu(len(processors))
    try:
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(threads)
    except RuntimeError as error:
        if tf.config.threading.get_intra_op_parallelism_threads() != threads:
            raise EnvironmentChangedError(
                f"TensorFlow already runs with another number of threads than {threads}. "
                "Train in a fresh process."
            ) from error
    keras.utils.set_random_seed(experiment.seed)
    tf.config.experimental.enable_op_determinism()


def main(argv: Sequence[str] | None = None) -> int:
    """Train one experiment from the command line; progress goes to standard output."""
    options = _options(argv)
    stop: list[int] = []
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda received, frame: stop.append(received))
    try:
        return exit_code(_PROG, lambda: _train(options, stop))
    except Interrupted as error:
        code = INTERRUPTED if signal.SIGINT in stop else TERMINATED
        return fail(_PROG, code, f"{error}; the same command continues the run")


def _train(options: argparse.Namespace, stop: Sequence[int]) -> int:
    """Train until the end, or until a signal is in `stop`, and say how it ended."""
    if options.threads < 1:
        raise SpecError(f"--threads must be at least 1. Received: {options.threads}")
    experiment = _experiment(options.spec, options.set or [], options.seed)
    pairs = _pairs(options.devices)
    with _telling(options.events, experiment) as tell:
        record = train(
            experiment,
            out=options.out,
            data_dir=options.data,
            cache=options.cache,
            threads=options.threads,
            pairs=pairs,
            tensorboard=options.tensorboard,
            progress=tell,
            interrupted=lambda: bool(stop),
        )
    if options.events:
        _emit({"event": "end", "status": record.status, "weights_sha256": record.weights_sha256})
    else:
        print(_summary(record))
    return 0


def _options(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m alexnet_tf.train",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    known = ", ".join(PRESETS)
    parser.add_argument("--spec", required=True, help=f"experiment as JSON, or one of {known}")
    parser.add_argument("--out", type=Path, required=True, help="folder of the run")
    parser.add_argument(
        "--set", action="append", metavar="FIELD=VALUE", help="change a field of the spec"
    )
    parser.add_argument("--seed", type=int, help="seed of the run (default the spec's)")
    parser.add_argument(
        "--data",
        "--data-dir",
        type=Path,
        help="folder of prepared images, or tensorflow-datasets' folder for CIFAR-10",
    )
    parser.add_argument("--cache", type=Path, help="folder for a decoded copy of the data")
    parser.add_argument("--threads", type=int, default=1, help="threads per operation (default 1)")
    parser.add_argument(
        "--devices",
        default="",
        metavar="D0,D1",
        help="devices of two towers, e.g. GPU:0,GPU:1 (four devices: two pairs)",
    )
    parser.add_argument("--tensorboard", type=Path, metavar="DIR", help="write TensorBoard events")
    parser.add_argument("--events", action="store_true", help="progress as one JSON object a line")
    return parser.parse_args(argv)


def _pairs(devices: str) -> list[tuple[str, str]]:
    """Return the pairs of `GPU:0,GPU:1,GPU:2,GPU:3`; none for an empty text."""
    names = [name.strip() for name in devices.split(",") if name.strip()]
    if len(names) % 2:
        raise SpecError(f"--devices takes pairs such as GPU:0,GPU:1. Received: {devices}")
    return list(zip(names[::2], names[1::2], strict=True))


def _experiment(spec: str, settings: Sequence[str], seed: int | None) -> Experiment:
    """Return the experiment of a preset or a JSON file, with the settings of the command."""
    path = Path(spec)
    if spec in PRESETS:
        experiment = PRESETS[spec]
    elif path.suffix == ".json" and not path.exists():
        raise SpecError(f"no file {path}. Give an experiment as JSON, or a preset.")
    elif path.exists():
        experiment = from_json(path.read_bytes().decode(errors="replace"))
    else:
        raise SpecError(f"no spec '{spec}'.{nearest(spec, list(PRESETS))}")
    experiment = replace(experiment, dict(parse_setting(setting) for setting in settings))
    return experiment if seed is None else replace(experiment, seed=seed)


@contextmanager
def _telling(events: bool, experiment: Experiment) -> Iterator[Progress]:
    if events:
        yield _emit
    else:
        with Teller(Console(), experiment.train.epochs) as teller:
            yield teller


def _summary(record: RunRecord) -> str:
    """Return the outcome in one line for a person."""
    if record.status != "done":
        return f"{record.status}: {record.reason}"
    parts = [
        f"{e.part} error {e.top1_error:.2%}, top-5 {e.top5_error:.2%} ({_views(e.views)})"
        for e in record.evaluations
    ]
    return f"{len(record.curve)} epochs in {record.seconds:.0f} s; " + "; ".join(parts)


def _views(count: int) -> str:
    return "centre view" if count == 1 else f"{count} views"


def _emit(event: dict[str, Any]) -> None:
    try:
        print(json.dumps(event), flush=True)
    except BrokenPipeError:
        # the runner is gone: nobody may be left holding the run's folder
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise Interrupted("nobody listens any more") from None


if __name__ == "__main__":
    sys.exit(main())
