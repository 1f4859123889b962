"""What a comparison's runs give reason to doubt: those that diverged, failed or lack a value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ablations.analysis import quantities
from ablations.analysis.ensembling import Nets
from ablations.analysis.wording import counted
from ablations.plan import StudyRun
from ablations.study import Comparison, Quantity, Study


def of_runs(study: Study, by_arm: Mapping[str, Sequence[StudyRun]], item: Comparison) -> list[str]:
    """Return a sentence for each arm and cause; planned runs that have not ended are not counted.

    Args:
        study: has the labels of the arms and the threshold of times.
        by_arm: arm -> its runs.
        item: the comparison.
    """
    said = []
    used = dict.fromkeys(item.used)
    for arm in dict.fromkeys(item.arms):
        wanted: list[Quantity] = [quantity for name, quantity in used if name == arm]
        said += [
            f"Arm “{study.labels.get(arm, arm)}”: {words}."
            for words in _of_arm(by_arm[arm], wanted, study.threshold)
        ]
    return said


def of_ensemble(nets: Nets) -> list[str]:
    """Return a sentence on the nets that cannot be averaged; empty: all can.

    Args:
        nets: of the ensemble's arm.
    """
    if not nets.without:
        return []
    has = "has" if nets.without == 1 else "have"
    return [
        f"{counted(nets.without, 'finished net')} {has} no probabilities of the recorded weights."
    ]


def _of_arm(
    runs: Sequence[StudyRun], wanted: Sequence[Quantity], threshold: float | None
) -> list[str]:
    """Say how many runs diverged, failed, ended at chance level, or have a bound or no value."""
    statuses = [run.record.status if run.record else "new" for run in runs]
    finished = [
        run for run, status in zip(runs, statuses, strict=True) if status in ("done", "diverged")
    ]
    diverged, failed = statuses.count("diverged"), statuses.count("failed")
    at_chance = sum(map(quantities.at_chance_level, finished))
    timed = any(quantity in quantities.TIMES for quantity in wanted)
    place = "as never reaching it" if timed else "at chance level"
    total = counted(len(finished), "finished run")
    said = [
        _share(diverged, total, f"diverged; it counts {place}", f"diverged; they count {place}"),
        _share(
            failed,
            counted(len(finished) + failed, "ended run"),
            "failed and is left out",
            "failed and are left out",
        ),
        _share(at_chance, total, "ended at chance level", "ended at chance level"),
    ]
    for quantity in wanted:
        bounds = [quantities.bound(run, quantity, threshold) for run in finished]
        label = f'only a bound of "{quantities.label(quantity, threshold)}"'
        reasons = {"at least": "training ended before", "at most": "it was there at once"}
        for bound, why in reasons.items():
            words = f"{label}: {why}"
            said.append(_share(bounds.count(bound), total, f"has {words}", f"have {words}"))
    for without, names in _missing(finished, wanted, threshold).items():
        said.append(
            _share(len(without), total, f"has no value of {names}", f"have no value of {names}")
        )
    return [words for words in said if words]


def _share(count: int, total: str, one: str, several: str) -> str:
    """Return "1 of 5 finished runs has ..."; empty where none has."""
    return f"{count} of {total} {one if count == 1 else several}" if count else ""


def _missing(
    finished: Sequence[StudyRun], wanted: Sequence[Quantity], threshold: float | None
) -> dict[tuple[str, ...], str]:
    """Return ids of runs without a value -> the quantities that just these runs lack."""
    found: dict[tuple[str, ...], str] = {}
    for quantity in wanted:
        without = tuple(
            run.planned.experiment.run_id
            for run in finished
            if quantities.value(run, quantity, threshold) is None
        )
        label = f'"{quantities.label(quantity, threshold)}"'
        found[without] = f"{found[without]} or {label}" if without in found else label
    return found
