"""The same net in PyTorch, and the benchmark from the command to the files."""

from __future__ import annotations

import dataclasses
import functools
import importlib.util
import json
from typing import Any

import numpy as np
import pytest
import tiny

from alexnet_tf.benchmark import command
from alexnet_tf.benchmark.measure import measure
from alexnet_tf.benchmark.rows import Row
from alexnet_tf.benchmark.settings import Settings
from alexnet_tf.benchmark.torch_net import build_torch
from alexnet_tf.spec import (
    PAPER,
    ConvSpec,
    DenseSpec,
    Experiment,
    ModelSpec,
    PoolSpec,
    ResponseNormSpec,
)
from alexnet_tf.spec import to_json as spec_json

tiny.pin_one_thread()


needs_torch = pytest.mark.skipif(
    importlib.util.find_spec("torch") is None, reason="PyTorch is not installed (extra 'bench')"
)


#: Two towers, uneven padding, overlapping pools, both kinds, a norm and dropout on 13 pixels.
SMALL = ModelSpec(
    input_size=13,
    towers=2,
    convs=(
        ConvSpec(
            filters=8,
            kernel=3,
            padding=0,
            padding_end=2,
            init_std=0.2,
            norm=ResponseNormSpec(alpha=0.1),
            pool=PoolSpec(),
        ),
        ConvSpec(
            filters=12,
            kernel=3,
            padding=1,
            groups=2,
            init_std=0.2,
            init_bias=1.0,
            norm=ResponseNormSpec(size=3, alpha=0.2, alpha_over="mean"),
            order=("norm", "pool", "activation"),
            pool=PoolSpec(kind="avg"),
        ),
    ),
    dense=(DenseSpec(units=10, init_std=0.2, dropout=0.5),),
    output_init_std=0.3,
)


# --- the same net in PyTorch --------------------------------------------------------------


@needs_torch
def test_the_paper_net_has_as_many_parameters_in_pytorch():
    torch: Any = importlib.import_module("torch")
    with torch.device("meta"):
        net = build_torch(PAPER.model)
    assert sum(p.numel() for p in net.parameters()) == PAPER.model.parameters()


@needs_torch
@pytest.mark.parametrize("activation", ["relu", "tanh"])
@pytest.mark.parametrize("scaling", ["original", "inverted", "halved"])
def test_copied_weights_give_the_same_logits_in_pytorch(activation, scaling):
    torch: Any = importlib.import_module("torch")
    from alexnet_tf.model import build_alexnet

    model = dataclasses.replace(SMALL, activation=activation, dropout_scaling=scaling)
    ours, theirs = build_alexnet(model, seed=1), build_torch(model).eval()
    copy_weights(model, ours, theirs)
    images = np.random.default_rng(0).standard_normal((4, 13, 13, 3), np.float32)
    expected = np.asarray(ours(images, training=False))
    with torch.no_grad():
        found = theirs(torch.from_numpy(images.transpose(0, 3, 1, 2).copy())).numpy()
    assert np.abs(expected).max() > 0.1
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def copy_weights(model: ModelSpec, ours: Any, theirs: Any) -> None:
    """Give the PyTorch net the weights of the Keras net: other axes, maps before pixels."""
    torch: Any = importlib.import_module("torch")
    side, maps = model.shapes[-1].handed_on, model.convs[-1].filters // model.towers
    flattened = True
    for name in model.names():
        kernel, bias = (np.asarray(v) for v in ours.get_layer(name).weights)
        layer = theirs.get_submodule(name)
        if kernel.ndim == 4:
            kernel = kernel.transpose(3, 2, 0, 1)
        else:
            if flattened:
                towers = kernel.reshape(model.towers, side, side, maps, -1)
                kernel = towers.transpose(0, 3, 1, 2, 4).reshape(kernel.shape)
            kernel, flattened = kernel.T, False
        with torch.no_grad():
            layer.weight.copy_(torch.from_numpy(kernel.copy()))
            layer.bias.copy_(torch.from_numpy(bias.copy()))


# --- from the command to the files --------------------------------------------------------


def test_a_tiny_net_is_measured_end_to_end(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(command, "Settings", functools.partial(Settings, matrix=32))
    spec = tmp_path / "tiny.json"
    spec.write_text(spec_json(Experiment(model=SMALL)))
    out = tmp_path / "out"
    arguments = ["--spec", str(spec), "--batch", "4", "--threads", "1", "--torch", "no"]
    arguments += ["--seconds", "0.01", "--repeats", "2", "--out", str(out)]
    assert command.main(arguments) == 0
    assert {path.name for path in out.iterdir()} == {
        *("benchmark.json", "benchmark.csv", "benchmark.svg", "benchmark.png")
    }
    told = json.loads((out / "benchmark.json").read_bytes())
    assert (told["batch"], told["threads"], told["n"]) == (4, 1, 2)
    assert told["command"].startswith("python -m alexnet_tf.benchmark --spec")
    for row in told["rows"]:
        if row["library"] == "torch":
            assert row["reason"] == "left out (--torch no)"
        else:
            assert len(row["values"]) == 2 and row["median"] > 0, row
            assert row["peak_mib"] > 0
    assert "left out" in capsys.readouterr().out


@needs_torch
def test_pytorch_is_timed_and_a_row_that_fails_stops_no_other():
    settings = Settings(
        Experiment(model=SMALL), batch=4, repeats=1, seconds=0.01, matrix=32, threads=1
    )
    todo = [Row("train", "torch", "mixed_bfloat16"), Row("train", "torch", lrn=False)]
    lines: list[str] = []
    found = measure(todo, settings, {}, lines.append)
    assert all(m.values and not m.reason for m in found)
    absent = dataclasses.replace(settings, device="GPU:99")
    found = measure([*todo, Row("pipeline", "alexnet_tf")], absent, {}, lines.append)
    assert [m.reason for m in found] == [
        "RuntimeError: PyTorch sees no GPU:99",
        "RuntimeError: PyTorch sees no GPU:99",
        "RuntimeError: TensorFlow sees no GPU:99",
    ]
