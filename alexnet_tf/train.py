"""Train one experiment: `model.fit` and callbacks, resumable, bit for bit repeatable.

    python -m alexnet_tf.train --spec spec.json --out runs/my_run

The folder holds `spec.json`, the two newest states `epoch_*.state`, and `result.json` once
the run is finished. The same command continues an interrupted run and returns at once for
a finished one.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import signal
import statistics
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

# Decided before TensorFlow is loaded: its start-up lines are not for users.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import tensorflow as tf

from alexnet_tf import checkpoint, environment, files, records
from alexnet_tf.data.images import DataError, Images
from alexnet_tf.data.load import load
from alexnet_tf.data.order import batches_per_epoch
from alexnet_tf.data.split import Split, normaliser, split
from alexnet_tf.data.stream import training_stream
from alexnet_tf.evaluate import error_rate
from alexnet_tf.model import build_alexnet
from alexnet_tf.records import DataFacts, EpochResult, RunRecord
from alexnet_tf.spec import Experiment, diff, from_json, to_json
from alexnet_tf.values import SpecError
from alexnet_tf.watch import Diverged, Interrupted, Progress, Watch


class EnvironmentChangedError(RuntimeError):
    """A state was made in an environment that does not give the same bits as this one."""


def train(
    experiment: Experiment,
    *,
    out: Path | str,
    data_dir: Path | None = None,
    cache: Path | None = None,
    threads: int = 1,
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
        progress: called with a small dict about every half second and after each epoch.
        interrupted: asked after every update; True stops the run.

    Raises:
        SpecError: the folder holds another experiment.
        DataError: the data are missing, damaged or too small.
        EnvironmentChangedError: an unfinished state was made elsewhere.
        files.HeldError: another process trains in this folder.
        Interrupted: `interrupted` said so.
        OSError: the folder is not writable or the disk is full.
    """
    out = Path(out)
    with files.lock(out):
        _claim(out, experiment)
        result = out / "result.json"
        if result.exists():
            return records.read(result)
        _pin(experiment, threads)
        images = load(experiment.data.dataset, data_dir=data_dir, cache=cache)
        _check_fit(experiment, images)
        run = _Run(experiment, out, images, threads, progress or (lambda event: None), interrupted)
        record = run.finish()
        files.write_atomic(result, records.to_json(record).encode())
        return record


def _claim(out: Path, experiment: Experiment) -> None:
    """Make `out` the folder of this experiment and of no other."""
    path = out / "spec.json"
    if path.exists():
        there = from_json(path.read_text(encoding="utf-8"))
        if there != experiment:
            changed = "; ".join(f"{k}: {a} -> {b}" for k, (a, b) in diff(there, experiment).items())
            raise SpecError(f"{out} holds another run ({changed}). Use another folder.")
    else:
        files.write_atomic(path, to_json(experiment).encode())


def _check_fit(experiment: Experiment, images: Images) -> None:
    """Refuse a model whose input or output is not the data set's."""
    model, classes = experiment.model, len(images.class_names)
    wanted = (model.input_size, model.input_size, model.channels)
    shape = images.train_images.shape[1:]
    if shape != wanted or classes != model.classes:
        raise DataError(
            f"{images.name} has images {shape} in {classes} classes, but the model takes {wanted} "
            f"in {model.classes}. Change model.input_size, model.channels or model.classes."
        )


def _pin(experiment: Experiment, threads: int) -> None:
    """Fix everything outside the spec that would change bits."""
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


class _Run:
    """One training between its first epoch and its record."""

    def __init__(self, experiment, out, images, threads, progress, interrupted):
        self.experiment: Experiment = experiment
        self.out: Path = out
        self.images: Images = images
        self.fingerprint = images.fingerprint()
        self.split: Split = split(images, experiment.data)
        self.scaling = normaliser(images.train_images[self.split.train], experiment.data)
        self.images_per_epoch, self.batch_size = len(self.split.train), experiment.train.batch_size
        self.environment = environment.describe(threads=threads, device=_device())
        self.progress: Progress = progress
        self.interrupted: Callable[[], bool] = interrupted
        self.curve: list[EpochResult] = []
        self.resumes = 0
        self.started = datetime.now(UTC).isoformat(timespec="seconds")
        self.model = self._compiled()

    def finish(self) -> RunRecord:
        """Continue from the newest state, train to the end and return the record."""
        self._restore()
        status, reason = "done", ""
        try:
            if not self.ended():
                self._fit()
        except Diverged as error:
            status, reason = "diverged", str(error)
        return self._record(status, reason)

    def ended(self) -> bool:
        """Say whether the last epoch trained is the last to train."""
        train = self.experiment.train
        if not self.curve:
            return False
        limit = train.stop_at_error
        return len(self.curve) >= train.epochs or (
            limit is not None and self.curve[-1].train_error <= limit
        )

    def save(self) -> None:
        """Write the state after the epochs in `curve`."""
        header = {
            "run_id": self.experiment.run_id,
            "curve": [dataclasses.asdict(epoch) for epoch in self.curve],
            "environment": self.environment.fingerprint(),
            "fingerprint": self.fingerprint,
            "resumes": self.resumes,
            "started": self.started,
        }
        checkpoint.save(self.out, len(self.curve), self.model, header)

    def _compiled(self) -> keras.Model:
        spec = self.experiment
        model = build_alexnet(spec)
        cast(Any, model).compile(  # Keras' annotations know strings only
            optimizer=keras.optimizers.SGD(
                spec.train.learning_rate,
                momentum=spec.train.momentum,
                name="sgd",  # Keras would count models, and states would not fit
            ),
            loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
            metrics=["accuracy"],
            jit_compile=False,  # five times slower on CPU
        )
        model.optimizer.build(model.trainable_variables)
        return model

    def _restore(self) -> None:
        header = checkpoint.restore(self.out, self.model)
        if header is None:
            return
        here = {**self.environment.fingerprint(), "data": self.fingerprint}
        there = {**header["environment"], "data": header["fingerprint"]}
        changed = [f"{k}: {there.get(k)} -> {here[k]}" for k in here if here[k] != there.get(k)]
        if changed:
            raise EnvironmentChangedError(
                f"{self.out}: the unfinished run was made elsewhere ({'; '.join(changed)}) and "
                "would not continue bit for bit. Continue it there, or start again with --fresh."
            )
        self.curve = [EpochResult(**epoch) for epoch in header["curve"]]
        self.resumes, self.started = header["resumes"] + 1, header["started"]

    def _fit(self) -> None:
        train = self.experiment.train
        stream = training_stream(
            self.images, self.split, self.scaling, self.experiment, first_epoch=len(self.curve)
        )
        cast(Any, self.model).fit(
            stream,
            steps_per_epoch=batches_per_epoch(len(self.split.train), train.batch_size),
            initial_epoch=len(self.curve),
            epochs=train.epochs,
            callbacks=[Watch(self)],
            shuffle=False,  # the stream is already in its order
            verbose=0,
        )

    def _record(self, status: records.Status, reason: str) -> RunRecord:
        images, rates = self.images, [len(self.split.train) / e.seconds for e in self.curve[1:]]
        diverged = status == "diverged"
        chosen = self.split.validation
        validation = (images.train_images[chosen], images.train_labels[chosen])
        test = (images.test_images, images.test_labels)
        return RunRecord(
            experiment=self.experiment,
            status=status,
            reason=reason,
            curve=tuple(self.curve),
            validation_error=None
            if diverged
            else error_rate(self.model, self.scaling, *validation),
            test_error=None if diverged else error_rate(self.model, self.scaling, *test),
            weights_sha256=checkpoint.weights_sha256(self.model),
            seconds=round(sum(epoch.seconds for epoch in self.curve), 3),
            images_per_second=round(statistics.median(rates), 1) if rates else None,
            resumes=self.resumes,
            started=self.started,
            data=DataFacts(
                dataset=images.name,
                synthetic=images.synthetic,
                train_images=len(self.split.train),
                validation_images=len(chosen),
                test_images=len(images.test_images),
                fingerprint=self.fingerprint,
                source=images.source,
            ),
            environment=self.environment,
        )


def _device() -> str:
    gpus = tf.config.list_physical_devices("GPU")
    if not gpus:
        return "CPU"
    return str(tf.config.experimental.get_device_details(gpus[0]).get("device_name", "GPU"))


def main(argv: Sequence[str] | None = None) -> int:
    """Train one experiment from the command line; progress goes to standard output."""
    options = _options(argv)
    stop: list[int] = []
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda received, frame: stop.append(received))
    try:
        if options.threads < 1:
            raise SpecError(f"--threads must be at least 1. Received: {options.threads}")
        experiment = from_json(options.spec.read_bytes().decode(errors="replace"))
        record = train(
            experiment,
            out=options.out,
            data_dir=options.data_dir,
            cache=options.cache,
            threads=options.threads,
            progress=_emit,
            interrupted=lambda: bool(stop),
        )
    except (SpecError, FileNotFoundError) as error:
        return _fail(2, error)
    except DataError as error:
        return _fail(3, error)
    except OSError as error:
        return _fail(4, f"{error.filename or options.out}: {error.strerror or error}")
    except (EnvironmentChangedError, records.RecordError) as error:
        return _fail(4, error)
    except files.HeldError as error:
        return _fail(5, error)
    except Interrupted as error:
        _fail(0, f"{error}; the same command continues the run")
        return 130 if signal.SIGINT in stop else 75
    _emit({"event": "end", "status": record.status, "weights_sha256": record.weights_sha256})
    return 0


def _options(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m alexnet_tf.train", description=__doc__)
    parser.add_argument("--spec", type=Path, required=True, help="experiment as JSON")
    parser.add_argument("--out", type=Path, required=True, help="folder of the run")
    parser.add_argument("--data-dir", type=Path, help="tensorflow-datasets folder")
    parser.add_argument("--cache", type=Path, help="folder for a decoded copy of the data")
    parser.add_argument("--threads", type=int, default=1, help="threads per operation (default 1)")
    return parser.parse_args(argv)


def _emit(event: dict[str, Any]) -> None:
    try:
        print(json.dumps(event), flush=True)
    except BrokenPipeError:
        # the runner is gone: nobody may be left holding the run's folder
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise Interrupted("nobody listens any more") from None


def _fail(code: int, error: object) -> int:
    print(f"alexnet_tf.train: {error}", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
