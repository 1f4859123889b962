"""The rows that the benchmark measures; never how fast anything is."""

from __future__ import annotations

from pathlib import Path

import pytest
import tiny

from alexnet_tf.benchmark import machine
from alexnet_tf.benchmark.flops import training_flops
from alexnet_tf.benchmark.rows import Row, norm_input, rows, without_norm
from alexnet_tf.benchmark.settings import Settings, decode, encode
from alexnet_tf.spec import (
    CIFAR_19PCT,
    CODE2012,
    PAPER,
    PAPER_ERA,
    replace,
)

tiny.pin_one_thread()


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
