"""The looks of a study as a table: those fixed beforehand, and the findings of each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ablations.analysis import sequential
from ablations.analysis.paired_tests import LEVEL
from ablations.analysis.sequential import students
from ablations.analysis.stopping import CALIBRATION, Course
from ablations.plan import StudyRun

#: Columns of the table.
COLUMNS = (
    "comparison look seeds_baseline seeds time spent estimate edge_difference edge_equivalence "
    "state runs hours"
)


def rows(
    courses: Mapping[str, Course], by_arm: Mapping[str, Sequence[StudyRun]]
) -> list[dict[str, Any]]:
    """Return one row per planned look of each comparison that has more than one.

    Args:
        courses: name of a comparison -> its course.
        by_arm: arm -> its runs by seed, which say what a further run costs.

    Returns:
        Rows of `COLUMNS`. `spent` is the part of the family's 5 % that the boundary of a
        difference spends up to a look, 0 to 0.05; `edge_difference` and `edge_equivalence`
        are NaN of looks ahead; `hours` are of computing, one run after the other.
    """
    return [
        row
        for name, course in courses.items()
        if len(course.looks) > 1
        for row in _of_course(name, course, by_arm)
    ]


def _of_course(
    name: str, course: Course, by_arm: Mapping[str, Sequence[StudyRun]]
) -> Iterator[dict[str, Any]]:
    item, times = course.samples.item, tuple(look.time for look in course.looks)
    outer = _outer(course, times)
    for number, look in enumerate(course.looks, start=1):
        missing = {
            arm: set(range(count)) - ended
            for arm, count, ended in zip(item.arms, look.seeds, course.samples.settled, strict=True)
        }
        cost = _cost(missing, by_arm)
        yield {
            "comparison": name,
            "look": number,
            "seeds_baseline": look.seeds[0],
            "seeds": min(look.seeds[1:]),
            "time": look.time,
            "spent": course.tests * CALIBRATION * outer.spent(times[:number]),
            **_found(course, number, times),
            "state": _state(course, number),
            "runs": cost.runs if _state(course, number) in ("next", "later") else 0,
            "hours": cost.hours if _state(course, number) in ("next", "later") else 0.0,
        }


def _state(course: Course, number: int) -> str:
    """Say of a look: passed, stopped here, or, of those ahead, next, later, or not needed."""
    if number < course.look:
        return "passed"
    if number == course.look:
        return "stopped" if course.stopped else "passed"
    if course.stopped:
        return "not needed"
    return "next" if number == course.look + 1 else "later"


def _found(course: Course, number: int, times: tuple[float, ...]) -> dict[str, float]:
    """Return the estimate of a look and the edges it is compared with, as differences or logs."""
    nan = float("nan")
    if not course.look or number > course.look:
        return {"estimate": nan, "edge_difference": nan, "edge_equivalence": nan}
    found = course.contrasts[number - 1]
    root = float(np.sqrt(times[number - 1]))
    boundaries = (
        _outer(course, times).boundary,
        sequential.critical(course.level(LEVEL / course.tests), times, "one"),
    )
    edges = [
        students(boundary / root, found.freedom) * found.error if found.error > 0 else nan
        for boundary in boundaries
    ]
    equal = course.samples.item.claimed == "equal"
    return {
        "estimate": found.estimate,
        "edge_difference": edges[0] + course.margin * equal,
        "edge_equivalence": max(course.margin - edges[1], 0.0),
    }


@dataclass(frozen=True, kw_only=True)
class _Outer:
    """The boundary of a difference; of a claim that there is none, of one that matters."""

    boundary: float
    sides: sequential.Sides

    def spent(self, times: tuple[float, ...]) -> float:
        """Return the error that looks at these times spend."""
        twice = 1 if self.sides == "both" else 2
        return twice * sequential.crossing(self.boundary, times, self.sides)


def _outer(course: Course, times: tuple[float, ...]) -> _Outer:
    level = course.level(LEVEL / course.tests)
    if course.samples.item.claimed == "equal":
        boundary = sequential.critical(level / 2, times, "one")
        return _Outer(boundary=boundary, sides="one")
    return _Outer(boundary=sequential.critical(level, times), sides="both")


@dataclass(frozen=True, kw_only=True)
class _Cost:
    runs: int
    hours: float


def _cost(missing: Mapping[str, set[int]], by_arm: Mapping[str, Sequence[StudyRun]]) -> _Cost:
    """Return the runs up to a look and their hours, by the mean of the arm's finished runs."""
    hours = 0.0
    for arm, seeds in missing.items():
        took = [run.record.seconds for run in by_arm[arm] if run.record and run.record.seconds]
        hours += (
            len(seeds) * (float(np.mean(took)) if took else float("nan")) / 3600 if seeds else 0
        )
    return _Cost(runs=sum(map(len, missing.values())), hours=hours)
