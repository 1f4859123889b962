"""A stand-in for the training, for tests of what stands around it."""

from __future__ import annotations

import dataclasses
import sys

import pytest

from ablations.execution import datasets, training
from ablations.execution.executor import Command
from alexnet_tf import records
from alexnet_tf.records import EpochResult, RunRecord
from alexnet_tf.spec import Experiment

#: Leaves the record that it is given, in 50 ms; the environment says how else it ends.
_CHILD = """
import os, sys, time
folder, record, activation = sys.argv[1:]
code = int(os.environ.get("STAND_IN_CODE", "0"))
if os.environ.get("STAND_IN_ARM", activation) != activation:
    code = 0
if code < 0:
    os.kill(os.getpid(), -code)
if code:
    sys.exit("alexnet_tf.train: it went wrong" if code == 1 else code)
print('{"event": "epoch", "epoch": 29, "step": 16, "steps": 16, "train_error": 0.1, '
      '"images_per_second": 1000.0}', flush=True)
time.sleep(float(os.environ.get("STAND_IN_SLEEP", "0")))
os.chdir(folder)
open("model.keras", "w").close()
with open("result.new", "w", encoding="utf-8") as file:
    file.write(record)
os.replace("result.new", "result.json")
"""


def leaving(record: RunRecord, usual: Command) -> Command:
    """The command with a child that leaves this record, and a net without content, at once."""
    words = (str(usual.log.parent), records.to_json(record), record.experiment.model.activation)
    # without site-packages, which it does not need, an interpreter starts in a fifth of the time
    return dataclasses.replace(usual, argv=(sys.executable, "-I", "-S", "-c", _CHILD, *words))


def learned(experiment: Experiment) -> RunRecord:
    """The record of a net that learns; tanh takes three times as long as ReLU."""
    slow = 1 if experiment.model.activation == "relu" else 3
    curve = tuple(
        EpochResult(
            epoch=e,
            updates=16 * e,
            train_error=max(0.1, 0.8 - 0.1 * e / slow),
            train_loss=1.0,
            seconds=0.5,
        )
        for e in range(1, 30)
    )
    return RunRecord(experiment=experiment, status="done", curve=curve, seconds=14.5)


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Replace the training by the stand-in; return the run ids it was started for."""
    ids: list[str] = []

    real = training._command

    def command(run, machine):
        ids.append(run.experiment.run_id)
        return leaving(learned(run.experiment), real(run, machine))

    monkeypatch.setattr(training, "_command", command)
    facts = datasets.Facts(train_images=25_000, fingerprint="f" * 64)
    monkeypatch.setattr(datasets, "prepare", lambda *arguments: facts)
    return ids
