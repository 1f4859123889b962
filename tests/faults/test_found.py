"""What command lines and texts drawn at random have broken before, each by name."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ablations.cli import command, options
from ablations.execution.training import Machine
from alexnet_tf import files
from alexnet_tf.data.load import load
from alexnet_tf.data.prepare import __main__ as prepare
from alexnet_tf.errors import SpecError
from alexnet_tf.spec.presets import preset_or_file
from alexnet_tf.values import parse_setting


@pytest.mark.parametrize("option", ["--jobs", "--gpus", "--threads"])
def test_processes_are_ten_thousand_at_most(option, capsys):
    assert command.main(["lrn", option, "9" * 12, "--report-only"]) == 2
    said = capsys.readouterr().err
    assert f"{option} must be at most 10,000. Received: 999,999,999,999\n" in said


def test_a_loop_of_links_and_an_unknown_home_are_bad_paths(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    os.symlink("loop", "loop")
    for source, out, code in (("x", "loop", 3), ("loop", "out", 4), ("~nobody/x", "out", 3)):
        assert prepare.main([source, out]) == code
        said = capsys.readouterr().err
        assert said.startswith("alexnet_tf.data.prepare: ") and said.count("\n") == 1
    assert files.real(Path("loop")) == tmp_path / "loop"
    assert files.real(Path("~")) == Path.home().resolve()


def test_an_overlong_name_is_no_error_of_the_disk(capsys):
    assert command.main(["x" * 300, "--plan"]) == 2
    assert "no study" in capsys.readouterr().err
    with pytest.raises(SpecError, match="no spec"):
        preset_or_file("x" * 300)


def test_a_value_of_any_depth_is_text_at_most():
    deep = "[" * 100_000
    assert parse_setting(f"train.epochs={deep}") == ("train.epochs", deep)


def test_a_folder_for_images_that_are_rendered_is_refused(tmp_path):
    with pytest.raises(SpecError, match="rendered, not read"):
        load("builtin", data_dir=tmp_path)
    machine = Machine(out=tmp_path, cache=tmp_path, jobs=1, threads=1, data_dir=tmp_path)
    # `auto` may have come to the built-in images in spite of a folder
    assert machine.of_images("builtin") == []
    assert machine.of_images("cifar10") == ["--data-dir", str(tmp_path)]


@pytest.mark.parametrize("option", ["--set", "--out", "--jobs"])
def test_two_dashes_are_no_value(option, capsys):
    assert command.main(["lrn", f"{option}=--", "--plan"]) == 2
    assert capsys.readouterr().err.rstrip("\n").endswith(f"{option} cannot be '--'")


def test_half_an_option_is_none_and_the_nearest_is_named():
    with pytest.raises(SpecError, match="no option '--thread'. Did you mean '--threads'"):
        options.parse(["lrn", "--thread", "2"])
