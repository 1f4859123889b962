"""A stand-in for the training, for tests of what stands around it."""

from __future__ import annotations

import dataclasses
import sys

import pytest

from ablations.execution import datasets, training

#: Leaves a record as a training would, in a tenth of a second; the environment says how it ends.
STAND_IN = """
import os, sys, time
from pathlib import Path
from alexnet_tf import files, records, spec
out = Path(sys.argv[sys.argv.index("--out") + 1])
experiment = spec.from_json((out / "spec.json").read_text())
code = int(os.environ.get("STAND_IN_CODE", "0"))
if os.environ.get("STAND_IN_ARM", experiment.model.activation) != experiment.model.activation:
    code = 0
if code < 0:
    os.kill(os.getpid(), -code)
if code:
    sys.exit("alexnet_tf.train: it went wrong" if code == 1 else code)
slow = 1 if experiment.model.activation == "relu" else 3
curve = tuple(
    records.EpochResult(epoch=e, updates=16 * e, train_error=max(0.1, 0.8 - 0.1 * e / slow),
                        train_loss=1.0, seconds=0.5)
    for e in range(1, 30)
)
print('{"event": "epoch", "epoch": 29, "step": 16, "steps": 16, "train_error": 0.1, '
      '"images_per_second": 1000.0}', flush=True)
time.sleep(float(os.environ.get("STAND_IN_SLEEP", "0")))
record = records.RunRecord(experiment=experiment, status="done", curve=curve, seconds=14.5)
(out / "model.keras").write_bytes(b"")
files.write_atomic(out / "result.json", records.to_json(record).encode())
"""


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Replace the training by the stand-in; return the run ids it was started for."""
    ids: list[str] = []

    real = training._command

    def command(run, machine):
        ids.append(run.experiment.run_id)
        asked = real(run, machine)
        words = (sys.executable, "-c", STAND_IN, "--out", str(asked.log.parent))
        return dataclasses.replace(asked, argv=words)

    monkeypatch.setattr(training, "_command", command)
    facts = datasets.Facts(train_images=25_000, fingerprint="f" * 64)
    monkeypatch.setattr(datasets, "prepare", lambda *arguments: facts)
    return ids
