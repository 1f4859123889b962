"""A crash or an error of the disk at every step changes no number and loses nothing reported."""

from __future__ import annotations

import errno
from collections import Counter
from itertools import count

import pytest
import tiny
from crashed import FINISHED, Crashes, Step, digest
from training_of_tiny import numbers

from alexnet_tf import records

#: Steps of a training of three epochs; fewer mean that some are no longer seen.
POINTS = 88
ERRORS = (errno.ENOSPC, errno.EIO, errno.EDQUOT, errno.EROFS, errno.EINTR)


@pytest.fixture(scope="module")
def film(crashes: Crashes) -> list[Step]:
    return crashes.film()


def wrong(crashes: Crashes, film: list[Step], *titles: str) -> list[str]:
    """Continue from every disk of the film; say where that goes wrong."""
    return [
        f"{number} {step.name} {step.path}, {title}: {problem}"
        for number, step in enumerate(film, 1)
        for title in titles or step.disks
        for problem in crashes.problems(step.disks[title], step.epochs, step.ended)
    ]


def test_a_forked_child_trains_to_the_bits_of_a_fresh_process(crashes, prepared, tmp_path):
    with tiny.child(prepared, crashes.experiment, tmp_path / "run") as child:
        assert child.end() == 0, child.errors()
    assert numbers(records.read(tmp_path / "run" / "result.json")) == crashes.whole


def test_every_step_is_seen_and_the_last_disk_is_complete(film):
    names = Counter(step.name for step in film)
    assert {"open", "write", "fsync", "replace", "unlink", "mkdir", "truncate"} <= set(names)
    print(f"{len(film) - 1} crash points: {dict(names)}")
    assert len(film) - 1 >= POINTS
    last = {path.removeprefix("run/") for path in film[-1].disks["killed"]}
    assert last == FINISHED | {"epoch_00002.state", "epoch_00003.state"}
    assert film[-1].ended and film[-1].epochs == 3


@pytest.mark.timeout(900)
def test_a_kill_before_and_after_every_step_changes_nothing(crashes, film):
    assert not wrong(crashes, film, "killed")


@pytest.mark.timeout(900)
def test_a_power_cut_before_and_after_every_step_changes_nothing(crashes, film):
    assert not wrong(crashes, film)


@pytest.mark.timeout(7200)
def test_a_child_that_is_killed_leaves_what_the_film_shows(crashes, film, long):
    found, points = [], count(1) if long else (20, len(film) - 8)
    for point in points:
        step = film[min(point, len(film)) - 1]
        fired, problems = crashes.killed(point, step)
        found += [f"{point} {step.name} {step.path}: {problem}" for problem in problems]
        if not fired:
            assert point == len(film)
            break
    assert not found


@pytest.mark.timeout(3600)
def test_an_error_of_the_disk_at_every_step_is_one_line_and_loses_nothing(crashes, film, long):
    tried, found = crashes.refused(ERRORS, each=long)
    print(f"errors of the disk: {tried}")
    there = sum(step.name == "mkdir" for step in film) - 1  # an error of those is passed over
    assert tried == (len(film) - 1 - there) * (len(ERRORS) if long else 1)
    assert not found


def test_a_disk_is_known_by_what_a_training_can_make_of_it(film):
    seen = {digest(step.disks["killed"]) for step in film}
    assert 10 <= len(seen) <= 40
