"""Trainings in float16: float32 weights, updates left out, the same bits after a stop."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tiny
from training_of_tiny import STEPS, after, numbers

from alexnet_tf import records
from alexnet_tf.spec import Experiment, replace
from alexnet_tf.train import checkpoint
from alexnet_tf.train.callback import Interrupted

tiny.pin_one_thread()
HALF = {"train.precision": "mixed_float16"}


@pytest.fixture(autouse=True)
def forget_models():
    keras.utils.clear_session()


def half(**changes: Any) -> Experiment:
    return replace(tiny.experiment(), {**HALF, **changes})


def newest(folder: Path) -> dict[str, Any]:
    """Name -> value of the optimizer's single numbers in the newest state, and their types."""
    path = max(folder.glob("epoch_*.state"))
    found = checkpoint._read(path)
    assert found is not None
    header, arrays = found
    named = dict(zip(header["names"], arrays, strict=True))
    assert {a.dtype for n, a in named.items() if n.endswith(("kernel", "bias", "momentum"))} == {
        np.dtype(np.float32)
    }
    return {n.rpartition("/")[2]: a.item() for n, a in named.items() if "sgd/" in n and not a.shape}


def test_updates_that_overflow_are_left_out_and_counted(run, tmp_path):
    record = run(half())
    assert record.status == "done" and record.skipped_updates >= 1
    assert [e.updates for e in record.curve] == [
        n * STEPS - record.skipped_updates for n in (1, 2, 3)
    ]
    assert record.curve[-1].train_error < record.curve[0].train_error
    assert records.from_json(records.to_json(record)) == record
    whole = run(tiny.experiment(), "float32")
    assert whole.skipped_updates == 0
    assert record.run_id != whole.run_id and record.weights_sha256 != whole.weights_sha256


def test_a_stopped_run_goes_on_with_its_scale_and_counters_and_ends_with_the_same_bits(
    run, tmp_path, monkeypatch
):
    whole = run(half(), "whole")
    with pytest.raises(Interrupted):
        run(half(), "part", interrupted=after(2 * STEPS + 3))
    there = newest(tmp_path / "part")
    skipped = whole.skipped_updates
    assert there["skipped"] == skipped and there["loss_scale"] == 2.0 ** (15 - skipped)
    assert there["since_change"] == 2 * STEPS - skipped  # all of them were the first updates
    part = run(half(), "part")
    assert part.resumes == 1 and part.skipped_updates == skipped
    assert numbers(part) == numbers(whole)


def test_a_scale_that_is_not_restored_is_noticed(run, tmp_path, monkeypatch):
    """Control: the comparison above fails where a run goes on with another scale."""
    whole = run(half(), "whole")
    with pytest.raises(Interrupted):
        run(half(), "part", interrupted=after(2 * STEPS + 3))
    restore = checkpoint.restore

    def forgetful(folder: Path, model: Any, *rest: Any):
        found = restore(folder, model, *rest)
        model.optimizer.loss_scale.assign(2.0**24)
        return found

    monkeypatch.setattr(checkpoint, "restore", forgetful)
    part = run(half(), "part")
    assert part.resumes == 1 and part.skipped_updates > whole.skipped_updates
    assert part.weights_sha256 != whole.weights_sha256


def test_gradients_that_overflow_at_every_scale_are_a_divergence(run, tmp_path, monkeypatch):
    fit = keras.Model.fit

    def enlarged(model: Any, *args: Any, **kwargs: Any):
        kernel = model.get_layer("conv1").kernel
        kernel.assign(np.full(kernel.shape, 1e6, np.float32))  # finite, and not in float16
        return fit(model, *args, **kwargs)

    monkeypatch.setattr(keras.Model, "fit", enlarged)
    record = run(half())
    assert record.status == "diverged"
    assert record.reason == f"gradients were not finite in float16 after {STEPS} updates"
    assert record.skipped_updates == STEPS and record.curve == ()
    assert json.loads((tmp_path / "run" / "result.json").read_bytes())["skipped_updates"] == STEPS
