"""The collected state of the whole suite: every study with a report, read and analysed again.

The records and the request beside a report are all that counts; nothing of the report's
own files is read, so that a stale page cannot reach the index.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ablations import study
from ablations.analysis import checks, frames
from ablations.analysis.comparisons import courses
from ablations.analysis.learning_rates import choose_learning_rates
from ablations.analysis.stopping import Course
from ablations.analysis.study_analysis import Analysis, analyse
from ablations.execution.store import Records
from ablations.plan import Plan, StudyRun, saved, search_runs
from ablations.study import Study
from alexnet_tf.errors import DataError

_LAST = 99  # stands behind every number of a section


@dataclass(frozen=True, kw_only=True)
class Collected:
    """A study's records and the tables made of them.

    Attributes:
        analysis: by the budget's name, with what was changed in it by hand.
        runs: those that `analysis` was made from, with and without a record.
    """

    analysis: Analysis
    runs: tuple[StudyRun, ...]


@dataclass(frozen=True, kw_only=True)
class Damaged:
    """A study with a report of which nothing can be made, and why."""

    study: Study
    error: DataError


def collect(
    records: Records, own: Sequence[Study] = (), made: Sequence[Collected] = ()
) -> tuple[list[Collected], list[Damaged]]:
    """Return every study that has a report in the folder, in the paper's order, then the user's.

    Args:
        records: of the folder.
        own: the user's studies; a folder of reports never says what code to run.
        made: studies that have just been analysed, and are not analysed again.

    Returns:
        The studies, and those whose request or records cannot be read.
    """
    known = {item.analysis.study.name: item for item in made}
    found, damaged = [], []
    for chosen in [*studies(), *own]:
        folder = records.out / chosen.name
        if not saved.exists(folder):
            continue
        if chosen.name in known:
            found.append(known[chosen.name])
            continue
        try:
            plan = Plan(name=chosen.name, study=chosen, request=saved.of_study(folder, chosen))
            found.append(collect_study(plan, records))
        except (OSError, DataError) as error:
            damaged.append(Damaged(study=chosen, error=_of_data(error, folder)))
    return found, damaged


def _of_data(error: OSError | DataError, folder: Path) -> DataError:
    """Return the error as one of data, in one line that names a file or the folder."""
    if isinstance(error, DataError):
        return error
    return DataError(f"{error.filename or folder}: {error.strerror or error}")


def followed(plan: Plan, records: Records) -> Plan:
    """Return the plan with its arms at the looks that their comparisons have come to.

    The looks follow from the records alone: each comparison that is open at a complete look
    takes its arms to the next. One that cannot get a verdict goes no further: its treatment did
    not happen, the budget is exploratory, or the images are the built-in ones.

    Args:
        plan: with the rates of its search; without `until="decided"` it is returned as it is.
        records: of the folder of its runs.
    """
    hopeless = plan.request.dataset == "builtin" or plan.asked.budgets[plan.label].exploratory
    if plan.request.until != "decided" or hopeless:
        return plan
    looks: Mapping[str, int] = {}
    while True:
        plan = plan.with_looks(looks)
        runs = records.read(plan.reported)
        if any(run.record is None for run in runs):
            return plan
        grown = _grown(plan, runs)
        if grown == looks:
            return plan
        looks = grown


def _grown(plan: Plan, runs: Sequence[StudyRun]) -> dict[str, int]:
    """Return arm -> the look that its open comparisons need next."""
    asked = plan.asked
    by_arm = {arm: frames.reported(runs, arm) for arm in asked.arms}
    treated = checks.rows(asked, by_arm)
    looks = dict(plan.looks)
    for course in courses(asked, plan.budget, by_arm).values():
        item = course.samples.item
        if (
            course.stopped
            or item.family != "primary"
            or checks.objections(asked, treated, item.arms)
        ):
            continue
        if not may_be_decided(course):
            continue
        for arm in item.arms:
            looks[arm] = max(looks.get(arm, 0), course.looks[course.look].number)
    return looks


def may_be_decided(course: Course) -> bool:
    """Say whether more seeds could decide: it is measured, and not by bounds alone.

    A ratio with a value that is not above 0 stays without a verdict too, however many follow.
    """
    shown = course.shown
    measured = course.contrast.error >= 0  # NaN where it is not
    return measured and not shown.without_ratio and shown.bound != "unknown"


def collect_study(plan: Plan, records: Records) -> Collected:
    """Read the runs of the plan and analyse them.

    Search runs are among them where the budget searches or one of them has been computed.

    Raises:
        SpecError: the request does not fit the study.
    """
    plan = followed(plan.with_rates(rates(plan, records)), records)
    runs = records.read(plan.reported)
    searched = records.read(search_runs(plan.study, plan.request))
    if plan.budget.search or any(run.record for run in searched):
        runs += searched
    return Collected(analysis=analyse(plan.asked, runs, budget=plan.label), runs=tuple(runs))


def studies() -> list[Study]:
    """Return every study of the suite, by the section of the paper.

    Studies that packages installed are among them. A study of a whole section stands behind those
    of its parts.
    """
    return sorted((study.load(name) for name in study.names()), key=_section)


def main_section(section: str) -> str:
    """Return the main section that a section is of: "3" of "3.1, Figure 1", "5" of "3 to 5"."""
    return _number(section).split(".")[0]


def _section(chosen: Study) -> tuple[list[int], str]:
    """Return what a study is sorted by: its first section, or the last of "3 to 5".

    What is of a whole section comes after what is of a part of it.
    """
    parts = _number(chosen.section).split(".")
    return [*(int(one) for one in parts if one.isdigit()), _LAST], chosen.name


def _number(section: str) -> str:
    """Return the first section named, or the last of a range."""
    words = section.replace(",", " ").split()
    return words[2] if words[1:2] == ["to"] and len(words) > 2 else words[0]


def rates(plan: Plan, records: Records) -> Mapping[str, float]:
    """Return arm -> learning rate where the budget searches and the search is complete.

    Arms without a rate here train with the one recorded in the study.
    """
    return choose_learning_rates(plan.study, records.read(plan.searches))
