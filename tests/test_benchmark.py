"""What the benchmark measures and how it tells it; never how fast anything is."""

from __future__ import annotations

import csv
import dataclasses
import functools
import importlib.util
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny
from rich.console import Console

from alexnet_tf.benchmark import command, machine
from alexnet_tf.benchmark.flops import training_flops
from alexnet_tf.benchmark.measure import Measurement, measure, refusals
from alexnet_tf.benchmark.results import ratios, results, to_csv, to_json
from alexnet_tf.benchmark.rows import Row, norm_input, rows, without_norm
from alexnet_tf.benchmark.settings import Settings, decode, encode
from alexnet_tf.benchmark.table import cells, show
from alexnet_tf.benchmark.torch_net import build_torch, unsupported
from alexnet_tf.spec import (
    CIFAR_13PCT,
    CIFAR_19PCT,
    CIFAR_ALEXNET,
    CODE2012,
    NO_COMMUNICATION,
    PAPER,
    PAPER_ERA,
    ConvSpec,
    DenseSpec,
    Experiment,
    ModelSpec,
    PoolSpec,
    ResponseNormSpec,
    replace,
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


# --- rows ---------------------------------------------------------------------------------


def test_every_precision_has_both_libraries_with_and_without_norm():
    found = rows(PAPER.model, ("float32", "mixed_bfloat16"))
    assert len(set(found)) == len(found)
    for precision in ("float32", "mixed_bfloat16"):
        steps = {r for r in found if r.kind == "train" and r.precision == precision}
        for lrn in (True, False):
            assert Row("train", "alexnet_tf", precision, lrn) in steps
            for compiled in (True, False):
                assert Row("train", "torch", precision, lrn, compiled) in steps
            assert Row("train", "torch", precision, lrn, channels_last=True) in steps
        assert Row("train_pipeline", "alexnet_tf", precision) in found
    assert [r.library for r in found if r.kind == "norm"] == ["alexnet_tf", "tensorflow"]
    assert sum(r.kind == "pipeline" for r in found) == 1


def test_a_net_without_norms_has_no_rows_with_them():
    found = rows(CIFAR_19PCT.model, ("float32",))
    assert not [r for r in found if r.kind == "norm"]
    assert not [r for r in found if r.kind.startswith("train") and r.lrn]


def test_labels_tell_rows_of_a_precision_apart():
    found = rows(PAPER.model, ("float32",))
    assert len({row.label for row in found}) == len(found)


def test_leaving_norms_out_changes_nothing_else():
    bare = without_norm(PAPER)
    assert all(conv.norm is None for conv in bare.model.convs)
    assert bare.model.flops() == PAPER.model.flops()
    assert replace(bare, {"model.convs": PAPER.model.convs}) == PAPER


def test_the_norm_alone_has_the_shape_that_it_has_in_the_net():
    assert norm_input(PAPER.model) == (55, 55, 96)
    assert norm_input(CODE2012.model) == (55, 55, 96)
    pooled = replace(CODE2012, {"model.convs.0.order": ("pool", "norm", "activation")})
    assert norm_input(pooled.model) == (27, 27, 96)
    with pytest.raises(ValueError, match="no response norm"):
        norm_input(CIFAR_19PCT.model)


def test_a_row_and_its_settings_travel_as_one_line():
    row = Row("train", "torch", "mixed_bfloat16", False, True, True)
    settings = Settings(PAPER, batch=7, device="GPU:1", threads=3, data=Path("x"))
    line = encode(row, settings)
    assert "\n" not in line
    assert decode(line) == (row, settings)


def test_ways_to_use_the_machine_are_what_they_were():
    assert [(r.jobs, r.threads, r.jit) for r in machine.rows(2)][:3] == [
        (1, 1, False),
        (1, 2, False),
        (2, 1, False),
    ]
    assert machine.rows(2)[-1] == machine.Row("float32", 1, 2, jit=True)


# --- operations ---------------------------------------------------------------------------


def test_a_step_is_three_passes_less_the_gradient_of_the_images():
    assert training_flops(PAPER_ERA.model) / 1e6 == pytest.approx(68.9, abs=0.05)
    conv1 = 2 * 55 * 55 * 11 * 11 * 3 * 96
    assert training_flops(PAPER.model) == 3 * PAPER.model.flops() - conv1
    assert training_flops(PAPER.model) / 1e9 == pytest.approx(4.1, abs=0.1)


# --- results ------------------------------------------------------------------------------

OURS = Row("train", "alexnet_tf", "mixed_bfloat16")
THEIRS = Row("train", "torch", "mixed_bfloat16")
COMPILED = dataclasses.replace(THEIRS, compiled=True)
BARE = dataclasses.replace(THEIRS, lrn=False, compiled=True)
FED = dataclasses.replace(OURS, kind="train_pipeline")
MEASURED = [
    Measurement(OURS, (90.0, 110.0, 100.0), (50.0, 48.0, 52.0), (1000.0, 1100.0, 900.0), 2000),
    Measurement(THEIRS, (10.0, 30.0, 20.0), (), (500.0,), 3000),
    Measurement(COMPILED, reason="torch.compile needs a C++ compiler"),
    Measurement(BARE, (50.0,), (), (500.0,), 3000),
    Measurement(FED, (80.0,), (), (1000.0,), 2100),
    Measurement(Row("norm", "alexnet_tf"), (100.0,)),
    Measurement(Row("norm", "tensorflow"), (200.0,)),
]
OURS_BARE = Measurement(dataclasses.replace(OURS, lrn=False), (150.0,))
FLOPS = 4_000_000_000


def test_a_result_is_the_median_with_its_range_and_its_share_of_the_product():
    ours = results(MEASURED, FLOPS)[0]
    assert (ours.median, ours.lowest, ours.highest, ours.n) == (100.0, 90.0, 110.0, 3)
    assert ours.of_cpu == 50.0
    assert (ours.gemm_gflops, ours.reached, ours.peak_mib) == (1000.0, 0.4, 2000)


def test_ratios_compare_with_the_best_and_leave_out_what_was_not_measured():
    made = ratios(results([*MEASURED, OURS_BARE], FLOPS))
    compared = {r.name: r.value for r in made}
    assert len(made) == len(compared)
    assert compared == {
        "mixed_bfloat16: alexnet_tf, LRN / PyTorch's best, LRN": 5.0,
        "mixed_bfloat16: alexnet_tf, LRN / PyTorch's best, no LRN": 2.0,
        "mixed_bfloat16: alexnet_tf, no LRN / PyTorch's best, no LRN": 3.0,
        "mixed_bfloat16: alexnet_tf, LRN / PyTorch eager, LRN": 5.0,
        "mixed_bfloat16: training from the pipeline / from memory": 0.8,
        "LRN: alexnet_tf / tf.nn.local_response_normalization": 2.0,
    }


def test_the_table_says_why_a_number_is_missing():
    found = results(MEASURED, FLOPS)
    assert cells(found[0])[2:] == ["100", "90.0-110", "50.0", "images/s", "1000", "40%", "2000"]
    assert cells(found[2])[2] == "not available: torch.compile needs a C++ compiler"
    text = io.StringIO()
    show(found, "one machine", Console(file=text, width=200))
    assert "from memory: 0.80 (-20%)" in text.getvalue()
    assert "one machine" in text.getvalue()


def test_csv_and_json_hold_every_row():
    found = results(MEASURED, FLOPS)
    lines = list(csv.DictReader(io.StringIO(to_csv(found))))
    assert len(lines) == len(MEASURED)
    assert (lines[0]["median"], lines[2]["median"]) == ("100.0", "")
    assert lines[5]["unit"] == "ms"
    told = json.loads(to_json(found, {"spec": "PAPER"}, MEASURED))
    assert told["spec"] == "PAPER"
    assert told["rows"][0]["values"] == [90.0, 110.0, 100.0]
    assert told["rows"][2]["reason"].startswith("torch.compile")
    assert told["ratios"]["LRN: alexnet_tf / tf.nn.local_response_normalization"] == 2.0


@pytest.mark.parametrize("measured", [MEASURED, MEASURED[2:3]])
def test_the_chart_is_the_same_bytes_each_time(measured):
    from alexnet_tf.benchmark import chart

    found = results(measured, FLOPS)
    first, second = (chart.render(chart.draw(found, "PAPER"), "svg") for _ in range(2))
    assert first == second
    assert b"PyTorch" in first
    assert chart.render(chart.draw(found, "PAPER"), "png").startswith(b"\x89PNG")


# --- what cannot be measured --------------------------------------------------------------


def test_rows_are_refused_with_a_reason(monkeypatch):
    todo = rows(CIFAR_ALEXNET.model, ("float32",))
    theirs = {row for row in todo if row.library == "torch"}
    left_out = refusals(todo, CIFAR_ALEXNET.model, torch=False)
    assert left_out == dict.fromkeys(theirs, "left out (--torch no)")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    absent = refusals(todo, CIFAR_ALEXNET.model, torch=True)
    assert set(absent) == theirs
    assert all("not installed" in reason for reason in absent.values())
    monkeypatch.setattr("importlib.util.find_spec", lambda name: "there")
    monkeypatch.setattr("shutil.which", lambda name: None)
    without_compiler = refusals(todo, CIFAR_ALEXNET.model, torch=True)
    assert set(without_compiler) == {row for row in todo if row.compiled}


@pytest.mark.parametrize("experiment", [CIFAR_13PCT, CODE2012, NO_COMMUNICATION])
def test_nets_that_pytorch_does_not_get_are_named(experiment):
    assert "not built in PyTorch" in unsupported(experiment.model)
    with pytest.raises(ValueError, match="not built in PyTorch"):
        build_torch(experiment.model)


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--repeats", "0"], 2, "at least 1"),
        (["--seconds", "nan"], 2, "greater than 0"),
        (["--precision", "float8"], 2, "invalid choice"),
        (["--spec", "PAPPER"], 2, "no spec 'PAPPER'"),
        (["--spec", "missing.json"], 2, "no such file"),
        (["--spec", "PAPER", "--device", "TPU"], 2, "--device must be CPU, GPU:0"),
        (["--batch", "64"], 2, "--batch needs --spec"),
        (["--spec", "PAPER", "--data", "nowhere"], 3, "nowhere"),
    ],
)
def test_a_usage_error_is_one_line(arguments, code, words, capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    try:
        ended = command.main(arguments)
    except SystemExit as end:
        ended = end.code
    said = capsys.readouterr().err
    assert (ended, said.count("\n")) == (code, 1), said
    assert words in said


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
