"""Fixtures of the tests in this folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import keras
import pytest
import tiny
from training_of_tiny import STEPS, after

from alexnet_tf.records import RunRecord
from alexnet_tf.spec import Experiment, to_json
from alexnet_tf.train import train
from alexnet_tf.train.callback import Interrupted


@pytest.fixture
def run(prepared: tiny.Prepared, tmp_path: Path) -> Callable[..., RunRecord]:
    """Train in this process, in folder `name` of the test."""

    def start(experiment: Experiment, name: str = "run", **options) -> RunRecord:
        keras.utils.clear_session()
        return train(
            experiment,
            out=tmp_path / name,
            data_dir=prepared.data_dir,
            cache=prepared.cache,
            **options,
        )

    return start


@pytest.fixture(scope="module")
def interrupted(prepared, tmp_path_factory):
    """(folder, spec file, states) of a run that was interrupted after two epochs."""
    folder = tmp_path_factory.mktemp("interrupted")
    experiment = tiny.experiment()
    spec = folder / "spec.json"
    spec.write_text(to_json(experiment))
    keras.utils.clear_session()
    with pytest.raises(Interrupted):
        train(
            experiment,
            out=folder / "run",
            data_dir=prepared.data_dir,
            cache=prepared.cache,
            interrupted=after(2 * STEPS + 3),
        )
    states = {path.name: path.read_bytes() for path in (folder / "run").glob("*.state")}
    assert len(states) == 2
    return folder / "run", spec, states
