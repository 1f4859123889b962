"""One training between its first epoch and its record."""

from __future__ import annotations

import dataclasses
import statistics
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import keras

from alexnet_tf import files, records
from alexnet_tf.data.augment import input_pipeline
from alexnet_tf.data.labelled import Source
from alexnet_tf.data.order import batches_per_epoch
from alexnet_tf.data.split import Split, split
from alexnet_tf.data.stream import epochs_at_once, training_stream
from alexnet_tf.errors import EnvironmentChangedError, OutputError
from alexnet_tf.loss_scaling import skipped_updates
from alexnet_tf.model import build_alexnet
from alexnet_tf.records import DataFacts, EpochResult, Evaluation, RunRecord
from alexnet_tf.spec import Experiment
from alexnet_tf.state_store import StateStore
from alexnet_tf.train import checkpoint, schedule, step
from alexnet_tf.train.callback import Diverged, Progress, TrainingCallback
from alexnet_tf.train.devices import described, strategy
from alexnet_tf.train.outcome import Evaluator
from alexnet_tf.two_tower import build_two_tower, from_single, to_single


class Training:
    """Trains in one folder, from its newest state, and makes the record.

    The arguments are those of `run.train`, the images, and further callbacks of `fit`.
    """

    def __init__(
        self,
        experiment: Experiment,
        out: Path,
        source: Source,
        *,
        threads: int,
        data_threads: int,
        progress: Progress,
        interrupted: Callable[[], bool],
        pairs: Sequence[tuple[str, str]] = (),
        states: StateStore | None = None,
        callbacks: tuple[keras.callbacks.Callback, ...] = (),
    ):
        self.experiment, self.out, self.source = experiment, out, source
        self.data_threads, self.states = data_threads, states
        self.fingerprint = source.fingerprint()
        self.split: Split = split(source, experiment.data)
        self.input_pipeline = input_pipeline(experiment, source, self.split)
        self.images_per_epoch, self.batch_size = len(self.split.train), experiment.train.batch_size
        self.strategy = strategy(pairs)
        self.environment = described(pairs, threads)
        self.progress, self.interrupted, self.callbacks = progress, interrupted, callbacks
        self.curve: list[EpochResult] = []
        self.resumes = 0
        self.started = datetime.now(UTC).isoformat(timespec="seconds")
        self.model = self._compiled()
        # two towers are evaluated and saved as the net on one device with their weights
        self.whole = self.model if self.strategy is None else build_alexnet(experiment)
        self.evaluator = Evaluator(
            experiment, source, self.split, self.input_pipeline, data_threads
        )

    def finish(self, start: keras.Model | None = None) -> RunRecord:
        """Continue from the newest state, train to the end and return the record.

        A state that was made elsewhere is an `EnvironmentChangedError`.

        Args:
            start: trained net whose layers, but for the output, are what training starts from.
        """
        if start is not None:
            self._take_over(start)
        self._restore()
        status, reason, found = "done", "", ()
        try:
            self._fit()
            weights = checkpoint.weights_sha256(self.model)
            found = self.evaluator.evaluations(self._whole(), self.out, weights)
        except (Diverged, OutputError) as error:
            status, reason = "diverged", str(error)
        record = self._record(status, reason, found)
        if status == "done":
            # without the optimizer, whose momenta would double the file
            whole = self._whole()
            bare = keras.Model(whole.input, whole.output, name=whole.name)
            files.write_through(self.out / "model.keras", bare.save)
        return record

    def ended(self) -> bool:
        """Say whether the last epoch trained is the last to train (`schedule.ended`)."""
        return schedule.ended(self.experiment.train, self.curve)

    def set_rates(self) -> None:
        """Set the learning rates of the coming epoch."""
        optimizer = cast(Any, self.model.optimizer)
        layers = self.experiment.model.names()
        rates = schedule.rates(self.experiment.train, layers, self.curve)
        optimizer.learning_rate.assign(rates.rate)
        factors = step.by_layer(rates.factors, self.model)
        if optimizer.rate_factors != factors:
            optimizer.rate_factors = factors
            # factors are constants of the traced step, so that a factor of 0 costs nothing
            cast(Any, self.model).make_train_function(force=True)

    def validation_error(self) -> float | None:
        """Return the error on the validation images after each epoch, where it is asked for."""
        if self.experiment.train.validate == "end" or not len(self.split.validation):
            return None
        return self.evaluator.validation_error(self._whole())

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
        checkpoint.save(self.out, len(self.curve), self.model, header, self.states)

    def _compiled(self) -> keras.Model:
        if self.strategy is None:
            model = step.compiled(build_alexnet(self.experiment), self.experiment)
            return step.scaling(model, self.input_pipeline)
        with self.strategy.scope():
            return step.compiled(build_two_tower(self.experiment), self.experiment)

    def _whole(self) -> keras.Model:
        """Return the net on one device with the weights of this moment."""
        return self.whole if self.strategy is None else to_single(self.model, self.whole)

    def _take_over(self, start: keras.Model) -> None:
        """Give every layer but the output the weights of the net `start`."""
        whole = self._whole()
        output = self.experiment.model.names()[-1]
        for layer in whole.layers:
            if layer.trainable_weights and layer.name != output:
                layer.set_weights(cast(Any, start).get_layer(layer.name).get_weights())
        if self.strategy is not None:
            from_single(whole, self.model)

    def _restore(self) -> None:
        header = checkpoint.restore(self.out, self.model, self._check_environment, self.states)
        if header is None:
            return
        self.curve = [EpochResult(**epoch) for epoch in header["curve"]]
        self.resumes, self.started = header["resumes"] + 1, header["started"]

    def _check_environment(self, header: dict[str, Any]) -> None:
        here = {**self.environment.fingerprint(), "data": self.fingerprint}
        there = {**header["environment"], "data": header["fingerprint"]}
        changed = [f"{k}: {there.get(k)} -> {here[k]}" for k in here if here[k] != there.get(k)]
        if changed:
            raise EnvironmentChangedError(
                f"{self.out}: the unfinished run was made elsewhere ({'; '.join(changed)}) and "
                "would not continue bit for bit. Continue it there, or delete that folder to start "
                "the run again."
            )

    def _fit(self) -> None:
        train, images = self.experiment.train, len(self.split.train)
        while not self.ended():
            done = len(self.curve)
            epochs = range(done, min(train.epochs, done + epochs_at_once(images)))
            stream = training_stream(
                self.source,
                self.split.train,
                self.input_pipeline,
                self.experiment,
                epochs=epochs,
                threads=self.data_threads,
                scaled=self.strategy is not None,
            )
            cast(Any, self.model).fit(
                stream,
                steps_per_epoch=batches_per_epoch(images, train.batch_size),
                initial_epoch=epochs.start,
                epochs=epochs.stop,
                callbacks=[TrainingCallback(self), *self.callbacks],
                shuffle=False,  # the stream is already in its order
                verbose=0,
            )

    def _record(
        self, status: records.Status, reason: str, found: tuple[Evaluation, ...]
    ) -> RunRecord:
        source, rates = self.source, [len(self.split.train) / e.seconds for e in self.curve[1:]]
        errors = {e.part: e.top1_error for e in found if e.views == 1}
        return RunRecord(
            experiment=self.experiment,
            status=status,
            reason=reason,
            curve=tuple(self.curve),
            validation_error=errors.get("validation"),
            test_error=errors.get("test"),
            weights_sha256=checkpoint.weights_sha256(self.model),
            net_sha256=checkpoint.net_sha256(self._whole()) if status == "done" else "",
            seconds=round(sum(epoch.seconds for epoch in self.curve), 3),
            images_per_second=round(statistics.median(rates), 1) if rates else None,
            resumes=self.resumes,
            skipped_updates=skipped_updates(self.model),
            started=self.started,
            evaluations=found,
            data=DataFacts(
                dataset=source.name,
                synthetic=source.synthetic,
                train_images=len(self.split.train),
                validation_images=len(self.split.validation),
                test_images=len(self.split.test),
                fingerprint=self.fingerprint,
                source=source.source,
            ),
            environment=self.environment,
        )
