"""Controls: the tests of crash points find each fault that is put into the program."""

from __future__ import annotations

import pytest
from crashed import Crashes
from forked import Call


def first_problem(crashes: Crashes, fault: Call, title: str, *going_on: Call) -> str:
    """Return what is wrong after a crash of the faulty program; nothing where nothing is found."""
    for step in crashes.film(fault):
        if step.epochs or step.name != "mkdir":  # what is empty holds no fault
            for problem in crashes.problems(step.disks[title], step.epochs, step.ended, *going_on):
                return f"{step.name} {step.path}: {problem}"
    return ""


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("name", "title", "words"),
    [
        ("writing_in_place", "killed", "write run/epoch_00001.state: left over"),
        ("without_fsync_of_files", "lost", "fsync run: exit code 3"),
        ("without_fsync_of_folders", "unnamed", "reported and lost: [1]"),
    ],
)
def test_a_program_without_a_safeguard_is_found_out(crashes, name, title, words):
    assert words in first_problem(crashes, Call(f"worse_programs.{name}"), title)


@pytest.mark.timeout(600)
def test_temporary_files_that_stay_are_found(crashes):
    fault = Call("worse_programs.leaving_temporary_files")
    (torn,) = [
        step for step in crashes.film() if step.name == "close" and "epoch_00001" in step.path
    ]
    assert not crashes.problems(torn.disks["killed"], torn.epochs, False)
    assert "left over" in str(crashes.problems(torn.disks["killed"], torn.epochs, False, fault))


@pytest.mark.timeout(600)
def test_a_seed_that_is_forgotten_is_found(crashes):
    fault = Call("worse_programs.forgetting_seeds")
    first = next(step for step in crashes.film(fault) if step.epochs == 1)
    found = crashes.problems(first.disks["killed"], first.epochs, first.ended, fault)
    assert found == ["other numbers"]
