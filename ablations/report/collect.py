"""What is there of the whole suite: every study that has a report, read and analysed again.

The records and the request beside a report are all that counts; nothing of the report's
own files is read, so that a stale page cannot reach the index.
"""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ablations import plan, study
from ablations.analysis.learning_rates import choose_learning_rates
from ablations.analysis.score_analysis import ScoreAnalysis, analyse_scores
from ablations.analysis.speed_analysis import Analysis, analyse
from ablations.execution import store
from ablations.plan import Request, StudyRun, reported_runs, saved, search_runs
from ablations.study import ScoreStudy, SpeedStudy, Study
from alexnet_tf.errors import DataError, SpecError

_log = logging.getLogger(__name__)

_LAST = 99  # stands behind every number of a section


@dataclass(frozen=True, kw_only=True)
class Collected:
    """A study's records and the tables made of them."""

    analysis: Analysis | ScoreAnalysis
    runs: tuple[StudyRun, ...]


def collect(out: Path, own: Sequence[Study] = ()) -> list[Collected]:
    """Return every study that has a report under `out`, in the paper's order, then the user's.

    A user's `own` studies must be given: a folder of reports never says what code to run.

    A report whose request cannot be read is named and counts as not there.
    """
    found = []
    for chosen in [*studies(), *own]:
        folder = out / chosen.name
        if not saved.exists(folder):
            continue
        try:
            found.append(collect_study(chosen, saved.load(folder), out))
        except (OSError, DataError, SpecError) as error:
            _log.warning("%s: %s; the study counts as not run", folder, error)
    return found


def collect_study(chosen: Study, request: Request, out: Path) -> Collected:
    """Read the runs of the request and analyse them.

    Raises:
        SpecError: the request does not fit the study.
    """
    runs = store.read(out, reported_runs(chosen, request, rates(chosen, request, out)))
    searched = store.read(out, search_runs(chosen, request))
    if plan.budget(chosen, request).search or any(run.record for run in searched):
        runs += searched
    label = budget_label(request)
    asked = _as_asked(chosen, request, label)
    if isinstance(asked, SpeedStudy):
        return Collected(analysis=analyse(asked, runs, budget=label), runs=tuple(runs))
    if isinstance(asked, ScoreStudy):
        return Collected(analysis=analyse_scores(asked, runs, budget=label), runs=tuple(runs))
    raise SpecError(f"`{chosen.name}` must be a SpeedStudy or a ScoreStudy. Received: {chosen!r}")


def studies() -> list[Study]:
    """Return every study of the suite, by the section of the paper."""
    return sorted((study.load(name) for name in study.names()), key=_section)


def budget_label(request: Request) -> str:
    """Return the budget's name, with what was changed in it by hand: that carries no verdict."""
    changes = [f"{path}={value}" for path, value in request.settings.items()]
    changes = [text for text in changes if not text.startswith("train.precision=")]
    if request.epochs is not None:
        changes.append(f"epochs={request.epochs}")
    return f"{request.budget}, changed by hand: {', '.join(changes)}" if changes else request.budget


def _section(chosen: Study) -> tuple[list[int], str]:
    """Return what a study is sorted by: its first section, or the last of "3 to 5".

    What is of a whole section comes after what is of a part of it.
    """
    words = chosen.section.replace(",", " ").split()
    number = words[2] if words[1:2] == ["to"] and len(words) > 2 else words[0]
    return [*(int(part) for part in number.split(".") if part.isdigit()), _LAST], chosen.name


def rates(chosen: Study, request: Request, out: Path) -> Mapping[str, float]:
    """Return arm -> learning rate where the budget searches and the search is complete."""
    if not isinstance(chosen, SpeedStudy) or not plan.budget(chosen, request).search:
        return {}
    return choose_learning_rates(chosen, store.read(out, search_runs(chosen, request)))


def _as_asked(chosen: Study, request: Request, label: str) -> Study:
    """Return the study with the arms, budgets and limits of the request's data set."""
    if request.dataset == "imagenet":
        chosen = dataclasses.replace(
            chosen,
            arms=chosen.on_imagenet,
            budgets=chosen.imagenet_budgets,
            scale_limits="",
        )
    if label == request.budget:
        return chosen
    changed = dataclasses.replace(plan.budget(chosen, request), exploratory=True)
    return dataclasses.replace(
        chosen,
        budgets={**chosen.budgets, label: changed},
        imagenet_budgets={**chosen.imagenet_budgets, label: changed},
    )
