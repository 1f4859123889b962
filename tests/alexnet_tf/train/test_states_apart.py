"""Trainings whose states refer to arrays in a store: the same bits, wherever they go on."""

from __future__ import annotations

import shutil
from pathlib import Path

import keras
import pytest
import tiny
from training_of_tiny import STEPS, after, command, numbers, one_line

from alexnet_tf import records
from alexnet_tf.errors import SpecError
from alexnet_tf.spec import Experiment, Pretraining, replace, to_json
from alexnet_tf.train.callback import Interrupted

tiny.pin_one_thread()


@pytest.fixture(autouse=True)
def forget_models():
    keras.utils.clear_session()


@pytest.fixture
def broken_off(run, tmp_path, tiny_experiment) -> tuple[Path, Path]:
    """(run's folder, folder of arrays) of a training stopped after two epochs."""
    with pytest.raises(Interrupted):
        run(tiny_experiment, "part", states=str(tmp_path / "s"), interrupted=after(2 * STEPS + 3))
    return tmp_path / "part", tmp_path / "s" / tiny_experiment.run_id


@pytest.fixture
def whole(run, tiny_experiment) -> records.RunRecord:
    """The record of the same training without a store."""
    return run(tiny_experiment, "whole")


def test_a_run_goes_on_elsewhere_from_some_kilobytes_and_the_store(
    run, tmp_path, broken_off, whole, tiny_experiment
):
    folder, arrays = broken_off
    states = sorted(folder.glob("*.state"))
    sizes = [path.stat().st_size for path in arrays.iterdir()]
    assert len(states) == len(sizes) == 2
    assert all(len(path.read_bytes().splitlines()) == 2 for path in states), "arrays are there too"
    (tmp_path / "elsewhere").mkdir()
    shutil.copy(states[-1], tmp_path / "elsewhere")
    shutil.copy(folder / "spec.json", tmp_path / "elsewhere")
    shutil.rmtree(folder)
    part = run(tiny_experiment, "elsewhere", states=str(tmp_path / "s"))
    assert part.resumes == 1 and numbers(part) == numbers(whole)
    assert not arrays.exists(), "arrays of a finished run are left"


def test_states_in_memory_by_way_of_fsspec(run, tmp_path, whole, tiny_experiment):
    pytest.importorskip("fsspec")
    place = f"memory://{tmp_path.name}"
    with pytest.raises(Interrupted):
        run(tiny_experiment, "part", states=place, interrupted=after(2 * STEPS + 3))
    part = run(tiny_experiment, "part", states=place)
    assert part.resumes == 1 and numbers(part) == numbers(whole)


@pytest.mark.parametrize("fault", ["lost", "flipped", "cut"])
def test_arrays_that_are_not_what_was_kept_are_not_used(
    run, tmp_path, broken_off, whole, tiny_experiment, caplog, fault
):
    folder, arrays = broken_off
    newest = max(arrays.iterdir())
    content = bytearray(newest.read_bytes())
    content[len(content) // 2] ^= 1
    if fault == "lost":
        newest.unlink()
    else:
        newest.write_bytes(bytes(content) if fault == "flipped" else bytes(content[:100]))
    part = run(tiny_experiment, "part", states=str(tmp_path / "s"))
    assert (folder / "epoch_00002.corrupt").exists() and "epoch_00002.state" in caplog.text
    assert part.resumes == 1 and numbers(part) == numbers(whole)


def test_without_the_place_the_run_is_left_as_it_is(run, broken_off, tiny_experiment):
    folder, arrays = broken_off
    before = sorted(folder.glob("*.state"))
    with pytest.raises(SpecError, match=rf"are at {arrays}. Continue with --states"):
        run(tiny_experiment, "part")
    assert sorted(folder.glob("*.state")) == before


def test_a_run_that_was_begun_without_goes_on_with_it(run, tmp_path, whole, tiny_experiment):
    with pytest.raises(Interrupted):
        run(tiny_experiment, "part", interrupted=after(STEPS + 3))
    part = run(tiny_experiment, "part", states=str(tmp_path / "s"))
    assert part.resumes == 1 and numbers(part) == numbers(whole)


def test_the_command_takes_the_place_and_says_where_it_cannot_write(
    prepared, tmp_path, tiny_experiment, capsys
):
    spec = tmp_path / "spec.json"
    spec.write_text(to_json(tiny_experiment))
    (tmp_path / "file").write_text("no folder")
    words = ("--states", str(tmp_path / "file" / "s"))
    assert command(prepared, spec, tmp_path / "run", *words) == 4
    assert str(tmp_path / "file") in one_line(capsys)
    assert command(prepared, spec, tmp_path / "run", "--states", str(tmp_path / "s")) == 0
    assert (tmp_path / "s").exists() and not list((tmp_path / "s").iterdir())


def test_a_pretraining_keeps_its_states_there_too(run, tmp_path, tiny_experiment):
    first = Pretraining(
        data=tiny_experiment.data,
        train=replace(tiny_experiment.train, epochs=2),
        classes=tiny_experiment.model.classes,
    )
    staged = replace(tiny_experiment, pretraining=first)
    whole = run(staged, "whole")
    with pytest.raises(Interrupted):
        run(staged, "part", states=str(tmp_path / "s"), interrupted=after(STEPS + 3))
    assert first_stage(staged).run_id in {path.name for path in (tmp_path / "s").iterdir()}
    part = run(staged, "part", states=str(tmp_path / "s"))
    assert numbers(part) == numbers(whole)
    assert not list((tmp_path / "s").iterdir())


def first_stage(staged: Experiment) -> Experiment:
    """The experiment that is trained before."""
    assert staged.first_stage is not None
    return staged.first_stage
