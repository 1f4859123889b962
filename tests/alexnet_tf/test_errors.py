"""Exit codes: one for each kind of cause, whichever command meets it, and one line for people."""

from __future__ import annotations

import contextlib
import errno
import os
from types import SimpleNamespace

import pytest

from alexnet_tf import errors, evaluate, inspect_net, records
from alexnet_tf.data import __main__ as data
from alexnet_tf.data.prepare import __main__ as prepare
from alexnet_tf.data.shard_format.index import read_index
from alexnet_tf.files import lock
from alexnet_tf.two_tower import __main__ as two_tower


def raises(error: BaseException):
    def body() -> int:
        raise error

    return body


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (errors.SpecError("--seeds: 0"), 2, "p: --seeds: 0"),
        (errors.DataError("no images"), 3, "p: no images"),
        (errors.RecordError("r.json: empty"), 3, "p: r.json: empty"),
        (errors.DeviceError("no GPU:1"), 4, "p: no GPU:1"),
        (errors.EnvironmentChangedError("other cores"), 4, "p: other cores"),
        (errors.LockedError("x is held"), 5, "p: x is held"),
        (OSError(errno.ENOSPC, "No space left on device", "a/b"), 4, "p: a/b: No space left"),
        (PermissionError(errno.EACCES, "Permission denied", "a"), 4, "p: a: Permission denied"),
        (ModuleNotFoundError("No module named 'torch'"), 4, "p: No module named 'torch'"),
        (KeyboardInterrupt(), 130, "p: interrupted"),
        (KeyboardInterrupt(75), 75, "p: interrupted"),
    ],
)
def test_an_error_is_one_line_and_its_code(error, code, line, capsys):
    assert errors.exit_code("p", raises(error)) == code
    said = capsys.readouterr().err
    assert said.startswith(line) and said.count("\n") == 1


@pytest.mark.parametrize(
    "sign", ["\n", "\r", "\x1b[31m", "\x07", "\u2028", "\u202e", "\udc80", "\x9b"]
)
def test_a_name_neither_ends_the_line_nor_moves_a_terminal(sign, capsys):
    assert errors.exit_code("p", raises(errors.DataError(f"no file a{sign}b \u2212 \u00e9"))) == 3
    said = capsys.readouterr().err
    assert said.startswith("p: no file a\\") and said.endswith("b \u2212 \u00e9\n")
    assert said[:-1].isprintable()


def test_what_helps_after_an_error_of_the_disk_is_said_after_it(capsys):
    full = raises(OSError(errno.ENOSPC, "No space left on device"))
    errors.exit_code("p", full, after_disk="What is finished stays readable.")
    assert "device. What is finished stays readable.\n" in capsys.readouterr().err


def test_a_mistake_of_the_program_is_not_hidden():
    with pytest.raises(ZeroDivisionError):
        errors.exit_code("p", lambda: 1 // 0)


@pytest.mark.parametrize("command", [evaluate.main, inspect_net.main])
def test_a_folder_without_a_run_is_a_wrong_argument(command, tmp_path, capsys):
    for folder, words in ((tmp_path, "holds no finished run"), (tmp_path / "none", "no folder")):
        assert command([str(folder)]) == errors.USAGE
        said = capsys.readouterr().err
        assert words in said and str(folder) in said
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("command", [evaluate.main, inspect_net.main])
def test_a_folder_below_a_file_is_an_error_of_the_disk(command, tmp_path, capsys):
    (tmp_path / "file").write_text("")
    for place in ("file", "file/below"):
        assert command([str(tmp_path / place)]) == errors.ENVIRONMENT
        said = capsys.readouterr().err
        assert "Not a directory" in said and str(tmp_path / place) in said


@pytest.mark.parametrize("command", [evaluate.main, inspect_net.main])
@pytest.mark.parametrize("threads", ["0", "-1"])
def test_a_number_of_threads_below_1_is_a_wrong_argument(command, threads, tmp_path, capsys):
    assert command([str(tmp_path), "--threads", threads]) == errors.USAGE
    assert "--threads must be a whole number, at least 1" in capsys.readouterr().err


@pytest.mark.parametrize("command", [evaluate.main, inspect_net.main])
def test_a_damaged_record_is_damaged_data(command, tmp_path, capsys):
    (tmp_path / "result.json").write_text("{")
    assert command([str(tmp_path)]) == errors.DATA
    assert "not a run record" in capsys.readouterr().err


def test_a_full_disk_is_no_wrong_argument(tmp_path, monkeypatch, capsys):
    def full(run, settings):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(run / "test_1.npz"))

    monkeypatch.setattr(evaluate, "predictions", full)
    assert evaluate.main([str(tmp_path)]) == errors.ENVIRONMENT
    assert "No space left on device" in capsys.readouterr().err


def test_a_locked_folder_has_one_code_everywhere(tmp_path, monkeypatch, capsys):
    assert errors.LockedError.exit_code == errors.LOCKED == 5

    def prepared(options):
        with lock(tmp_path):
            return 0

    monkeypatch.setattr(prepare, "_prepare", prepared)
    with lock(tmp_path):
        assert prepare.main([str(tmp_path), str(tmp_path / "out")]) == errors.LOCKED
    assert "is held by process" in capsys.readouterr().err


def test_reading_a_run_says_what_is_wrong_with_it(tmp_path):
    with pytest.raises(errors.SpecError, match="Give the folder of one"):
        records.of_run(tmp_path)


@pytest.mark.parametrize("command", [data.main, prepare.main])
def test_data_below_a_file_are_an_error_of_the_disk(command, tmp_path, capsys):
    (tmp_path / "file").write_text("")
    below = str(tmp_path / "file" / "below")
    asked = [[below, str(tmp_path / "out")]] if command is prepare.main else []
    asked = asked or [[name, "--data-dir", below] for name in ("cifar10", "imagenet")]
    for words in asked:
        assert command(words) == errors.ENVIRONMENT
        said = capsys.readouterr().err
        assert below in said and said.endswith(": Not a directory\n")


@pytest.mark.parametrize("place", ["option", "environment"])
def test_prepared_data_in_a_file_are_an_error_of_the_disk(tmp_path, monkeypatch, capsys, place):
    (tmp_path / "file").write_text("")
    words = ["tfds:cifar10", str(tmp_path / "out")]
    if place == "option":
        words += ["--data-dir", str(tmp_path / "file")]
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path / "file"))
    assert prepare.main(words) == errors.ENVIRONMENT
    assert f"{tmp_path / 'file'}: Not a directory" in capsys.readouterr().err


def test_a_damaged_description_of_prepared_data_is_damaged_data(tmp_path, capsys):
    for name in ("dataset_info.json", "features.json"):
        path = tmp_path / "cifar10" / "3.0.2" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("{")
    place = ["--data-dir", str(tmp_path)]
    for command, words in (
        (data.main, ["cifar10", *place]),
        (prepare.main, ["tfds:cifar10", str(tmp_path / "out"), *place]),
    ):
        assert command(words) == errors.DATA
        said = capsys.readouterr().err
        assert f"{path.parent} cannot be read: " in said and said.count("\n") == 1


def test_too_little_memory_is_the_environments_fault(capsys):
    def body():
        raise MemoryError("Unable to allocate 9 GiB")

    assert errors.exit_code("x", body) == errors.ENVIRONMENT
    assert capsys.readouterr().err == "x: too little memory: Unable to allocate 9 GiB\n"


def test_shards_below_a_file_are_an_error_of_the_disk(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(NotADirectoryError):
        read_index(tmp_path / "file" / "below")


@pytest.mark.parametrize(("illegal", "code"), [((), 0), (("conv1a",), errors.ENVIRONMENT)])
def test_what_crosses_and_should_not_is_the_fault_of_versions_or_devices(
    monkeypatch, illegal, code
):
    found = SimpleNamespace(illegal=illegal)
    strategy = SimpleNamespace(scope=contextlib.nullcontext)
    monkeypatch.setattr(two_tower, "split_cpu", lambda count: None)
    monkeypatch.setattr(two_tower, "TwoTowerStrategy", lambda pairs: strategy)
    monkeypatch.setattr(two_tower, "build_two_tower", lambda spec, precision: None)
    monkeypatch.setattr(two_tower, "communication_report", lambda model, images: found)
    monkeypatch.setattr(two_tower, "_print", lambda model, report, options: None)
    assert two_tower.main(["--report"]) == code
