"""Output of the benchmark: what was measured, and what could not be."""

from __future__ import annotations

import csv
import dataclasses
import io
import json

import pytest
import tiny
from rich.console import Console

from alexnet_tf.benchmark import command
from alexnet_tf.benchmark.measure import Measurement, refusals
from alexnet_tf.benchmark.results import ratios, results, to_csv, to_json
from alexnet_tf.benchmark.rows import Row, rows
from alexnet_tf.benchmark.table import cells, show
from alexnet_tf.benchmark.torch_net import build_torch, unsupported
from alexnet_tf.spec import (
    CIFAR_13PCT,
    CIFAR_ALEXNET,
    CODE2012,
    NO_COMMUNICATION,
)

tiny.pin_one_thread()


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
        (["--spec", "missing.json"], 2, "no file missing.json"),
        (["--spec", "PAPER", "--device", "TPU"], 2, "--device must be CPU, GPU:0"),
        (["--batch", "64"], 2, "--batch needs --spec"),
        (["--spec", "PAPER", "--data", "nowhere"], 3, "nowhere"),
    ],
)
def test_a_usage_error_is_one_line(arguments, code, words, capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    ended = command.main(arguments)
    said = capsys.readouterr().err
    assert (ended, said.count("\n")) == (code, 1), said
    assert words in said
