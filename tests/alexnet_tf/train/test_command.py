"""`python -m alexnet_tf.train`: exit codes, one line each."""

from __future__ import annotations

import keras
import pytest
import tiny
from training_of_tiny import command, one_line

from alexnet_tf.spec import replace, to_json
from alexnet_tf.train import __main__ as command_line

tiny.pin_one_thread()


@pytest.fixture(autouse=True)
def forget_models():
    keras.utils.clear_session()


@pytest.mark.parametrize(
    "content",
    [None, b"", b"{", b"3", b'{"model": 1}', b'{"modle": {}}', b"\xff\xfe", b'{"seed": NaN}'],
)
def test_a_spec_that_is_no_experiment_is_refused_in_one_line_with_code_2(
    prepared, tmp_path, capsys, content
):
    spec = tmp_path / "spec.json"
    if content is not None:
        spec.write_bytes(content)
    assert command(prepared, spec, tmp_path / "run") == 2
    one_line(capsys)
    assert not (tmp_path / "run" / "result.json").exists()


@pytest.mark.parametrize("threads", ["0", "-1", "two"])
def test_a_number_of_threads_below_1_is_refused_with_code_2(
    prepared, tmp_path, capsys, threads, tiny_experiment
):
    spec = tmp_path / "spec.json"
    spec.write_text(to_json(tiny_experiment))
    assert command(prepared, spec, tmp_path / "run", "--threads", threads) == 2
    assert "threads" in one_line(capsys)


@pytest.mark.parametrize("arguments", [[], ["--spec"], ["--spec", "x", "--out", "y", "--wrong"]])
def test_a_wrong_command_line_is_refused_with_code_2(capsys, arguments):
    assert command_line.main(arguments) == 2
    one_line(capsys)


def test_missing_data_are_code_3_and_the_command_that_helps(tmp_path, capsys, tiny_experiment):
    spec = tmp_path / "spec.json"
    spec.write_text(to_json(tiny_experiment))
    empty = tiny.Prepared(tmp_path / "none", tmp_path / "cache")
    assert command(empty, spec, tmp_path / "run") == 3
    said = one_line(capsys)
    assert "python -m alexnet_tf.data cifar10" in said
    assert str(tmp_path / "none") in said


def test_too_few_images_are_code_3(prepared, tmp_path, capsys, tiny_experiment):
    spec = tmp_path / "spec.json"
    spec.write_text(to_json(replace(tiny_experiment, {"data.train_images": 5000})))
    assert command(prepared, spec, tmp_path / "run") == 3
    assert "a class has 30 images" in one_line(capsys)


@pytest.mark.parametrize(
    "changes", [{"model.input_size": 16}, {"model.channels": 1}, {"model.classes": 5}]
)
def test_a_net_that_does_not_fit_the_images_is_refused_in_one_line(
    prepared, tmp_path, capsys, tiny_experiment, changes
):
    spec = tmp_path / "spec.json"
    spec.write_text(to_json(replace(tiny_experiment, changes)))
    assert command(prepared, spec, tmp_path / "run") in (2, 3)
    one_line(capsys)


def test_a_held_folder_is_code_5(prepared, tmp_path, capsys, tiny_experiment):
    from alexnet_tf import files

    spec = tmp_path / "spec.json"
    spec.write_text(to_json(tiny_experiment))
    with files.lock(tmp_path / "run"):
        assert command(prepared, spec, tmp_path / "run") == 5
    assert "is held by process" in capsys.readouterr().err


def test_a_damaged_record_is_code_3_and_is_not_overwritten(
    prepared, tmp_path, capsys, tiny_experiment
):
    spec, out = tmp_path / "spec.json", tmp_path / "run"
    spec.write_text(to_json(tiny_experiment))
    out.mkdir()
    (out / "result.json").write_bytes(b"{")
    assert command(prepared, spec, out) == 3
    assert str(out / "result.json") in one_line(capsys)
    assert (out / "result.json").read_bytes() == b"{"


@pytest.mark.parametrize("content", [b"{", b"\xff\xfe", b"{}"])
def test_a_damaged_spec_in_a_begun_folder_is_code_3_and_named(
    prepared, tmp_path, capsys, tiny_experiment, content
):
    spec, out = tmp_path / "spec.json", tmp_path / "run"
    spec.write_text(to_json(tiny_experiment))
    out.mkdir()
    (out / "result.json").write_bytes(b"{}")
    (out / "spec.json").write_bytes(content)
    assert command(prepared, spec, out) == 3
    assert str(out / "spec.json") in one_line(capsys)
    assert (out / "spec.json").read_bytes() == content


def test_a_spec_that_is_typed_is_named(prepared, tmp_path, capsys):
    (tmp_path / "mine.json").write_text("{}")
    assert command(prepared, tmp_path / "mine.json", tmp_path / "run") == 2
    assert str(tmp_path / "mine.json") in one_line(capsys)
    assert command(prepared, tmp_path / "mine.json" / "spec.json", tmp_path / "run") == 4
    assert "Not a directory" in one_line(capsys)
