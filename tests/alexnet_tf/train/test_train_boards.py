"""TensorBoard's events: what they hold, and what is said where it is not installed."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import pytest
import tiny

from alexnet_tf import records
from alexnet_tf.spec import to_json
from alexnet_tf.train import __main__ as command
from alexnet_tf.train import run

_READ = """
import sys, json
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.util import tensor_util
events = EventAccumulator(sys.argv[1], size_guidance={"tensors": 0})
events.Reload()
found = events.Tensors("epoch_accuracy")
print(json.dumps([[e.step, float(tensor_util.make_ndarray(e.tensor_proto))] for e in found]))
"""

_TRAIN = "import sys; from alexnet_tf.train import __main__ as t; sys.exit(t.main(sys.argv[1:]))"


def arguments(prepared, folder: Path) -> list[str]:
    spec = folder / "tiny.json"
    spec.write_text(to_json(tiny.experiment(epochs=2)))
    places = ["--data", str(prepared.data_dir), "--cache", str(prepared.cache)]
    boards = ["--tensorboard", str(folder / "boards")]
    return ["--spec", str(spec), "--out", str(folder / "run"), *places, *boards]


def test_events_hold_the_accuracy_of_every_epoch(prepared, tmp_path):
    ended = tiny.python(_TRAIN, *arguments(prepared, tmp_path))
    assert ended.returncode == 0, ended.stderr
    curve = records.read(tmp_path / "run" / "result.json").curve
    read = tiny.python(_READ, str(tmp_path / "boards" / "train"))
    assert read.returncode == 0, read.stderr
    found = json.loads(read.stdout.splitlines()[-1])
    assert [step for step, _ in found] == [0, 1]
    for (_, accuracy), epoch in zip(found, curve, strict=True):
        assert accuracy == pytest.approx(1 - epoch.train_error, abs=1e-6)


def test_without_tensorboard_one_line_says_what_to_install(prepared, tmp_path, capsys, monkeypatch):
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "tensorboard" else find(name)
    )
    monkeypatch.setattr(run, "_pin", lambda *arguments: None)
    assert command.main(arguments(prepared, tmp_path)) == 4
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and "alexnet-ablations[tensorboard]" in said
