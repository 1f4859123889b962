"""The finding of a comparison in one sentence: effect, interval, the paper's value, verdict."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from ablations.analysis import quantities
from ablations.analysis.ranking import UNIT
from ablations.analysis.study_analysis import Analysis
from ablations.analysis.units import is_slope
from ablations.report import html, numbers
from ablations.study import Study

_VERDICTS: Mapping[str, str] = {
    "agrees": "this agrees with the paper",
    "agrees in direction": "this agrees with the paper in direction only",
    "disagrees": "this disagrees with the paper",
    "differs": "this difference is significant",
    "no difference": "a difference that matters is excluded",
    "inconclusive": "this is inconclusive",
    "open": "this is still open",
}
_EXPECTED = {"higher": "an increase", "lower": "a decrease", "equal": "no difference"}
_BOUNDS = {"at least": "at least ", "at most": "at most ", "unknown": "about "}


def answer(study: Study, row: Mapping[str, Any], *, against: str = "") -> str:
    """Return the sentence of a comparison.

    Args:
        study: the study.
        row: of the table `comparisons` of its analysis.
        against: why there can be no verdict, such as "the images are synthetic".
    """
    verdict = f"there is no verdict, since {against}" if against else _VERDICTS[row["verdict"]]
    measured = math.isfinite(row["estimate"])
    if row["unit"] == UNIT:
        if not measured:
            return "The probability of the paper’s order of effects has not been measured yet."
        return f"The {_order(row)}: {verdict}."
    if not measured:
        return f"{_unmeasured(study, row)}; {_paper(row, fell=row['paper'] > 0)}."
    fell = _fell(row)
    effect = _effect(study, row, fell)
    return f"The {effect}{_interval(row, fell)}; {_paper(row, fell)}: {verdict}."


def contradictions(analyses: Sequence[Analysis]) -> dict[tuple[str, str], str]:
    """Return (study, comparison) -> its clause, of the deciding comparisons that disagree.

    Args:
        analyses: of studies, each once.
    """
    return {
        (row["study"], row["comparison"]): clause(analysis.study, row)
        for analysis in analyses
        for row in html.rows(analysis.comparisons, family="primary", verdict="disagrees")
    }


def clause(study: Study, row: Mapping[str, Any]) -> str:
    """Return a measured comparison as a clause: the effect, and the paper's value in brackets.

    Args:
        study: the study.
        row: as of `answer`, with an estimate.
    """
    if row["unit"] == UNIT:
        return f"the {_order(row)}"
    fell = _fell(row)
    return f"the {_effect(study, row, fell)} ({_paper(row, fell)})"


def _order(row: Mapping[str, Any]) -> str:
    return f"paper’s order of effects has a probability of {numbers.chance(row['estimate'])}"


def _fell(row: Mapping[str, Any]) -> bool:
    """Say whether the variant is lower; a ratio is told as a factor."""
    return row["unit"] != "x" and row["estimate"] < 0


def _effect(study: Study, row: Mapping[str, Any], fell: bool) -> str:
    """Say what is how much higher, or lower, than what; of a slope, how it rises or falls."""
    if is_slope(row["unit"]):
        return _slope(study, row, fell)
    what, other = _sides(study, row)
    bound: str = row["bound"]
    if fell:
        bound = {"at least": "at most", "at most": "at least"}.get(bound, bound)
    bound = _BOUNDS.get(bound, "")
    subject = _subject(study, row)
    verb = "are" if _several(subject) else "is"
    comma = "," if "," in subject else ""
    if row["unit"] == "x":
        size = f"{bound}{numbers.number(row['estimate'], 2)} times as"
        much = "many" if verb == "are" else "large"
        return f"{subject}{comma} {verb} {size} {much}{what} as{other}"
    size = f"{bound}{_amount(abs(row['estimate']), row['unit'])}"
    return f"{subject}{comma} {verb} {size} {'lower' if fell else 'higher'}{what} than{other}"


def _slope(study: Study, row: Mapping[str, Any], fell: bool) -> str:
    """Say how much a quantity rises or falls per doubling of what its arms differ in."""
    named = (item for item in study.comparisons if item.name == row["comparison"])
    doubled = next((item.slope_over.name for item in named if item.slope_over is not None), "")
    size = _amount(abs(row["estimate"]), row["unit"])
    return f"{_subject(study, row)}, {'falls' if fell else 'rises'} by {size} of the {doubled}"


def _subject(study: Study, row: Mapping[str, Any]) -> str:
    """Return what is measured; of an interaction, the effect on it."""
    what = quantities.label(row["quantity"], study.threshold)
    return f"effect on the {what}" if _other_effect(study, row) else what


def _sides(study: Study, row: Mapping[str, Any]) -> tuple[str, str]:
    """Return what is compared: two arms, two quantities of one net, or two effects."""
    variant, baseline = (study.labels.get(row[arm], row[arm]) for arm in ("variant", "baseline"))
    if row["quantity"] != row["baseline_quantity"]:
        return "", f" the {quantities.label(row['baseline_quantity'], study.threshold)}"
    if other := _other_effect(study, row):
        first, second = (study.labels.get(arm, arm) for arm in other)
        return f" for “{variant}” against “{baseline}”", f" for “{second}” against “{first}”"
    return f" for “{variant}”", f" for “{baseline}”"


def _other_effect(study: Study, row: Mapping[str, Any]) -> tuple[str, str] | None:
    named = (item for item in study.comparisons if item.name == row["comparison"])
    return next((item.interaction for item in named), None)


def _unmeasured(study: Study, row: Mapping[str, Any]) -> str:
    (what, other), subject = _sides(study, row), _subject(study, row)
    comma = "," if "," in subject else ""
    that = f" {'those' if _several(subject) else 'that'}" if what else ""
    return f"There is no measurement of the {subject}{comma}{what} against{that}{other} yet"


def _several(subject: str) -> bool:
    """Say whether the subject is a plural, as epochs are."""
    return subject.split()[0].endswith("s")


def _interval(row: Mapping[str, Any], fell: bool) -> str:
    """Return the interval in the direction that the sentence has."""
    low, high = (-row["high"], -row["low"]) if fell else (row["low"], row["high"])
    ends = numbers.effect_interval(low, high, row["unit"]).replace("+", "")
    return "" if ends == numbers.UNKNOWN else f" (95 % interval {ends})"


def _paper(row: Mapping[str, Any], fell: bool) -> str:
    """Say the paper's value, and its direction where it is not that of the sentence."""
    paper = row["paper"]
    if math.isnan(paper):
        if row["claimed"] not in _EXPECTED:
            return "the paper makes no claim"
        return f"from the paper’s text {_EXPECTED[row['claimed']]} is expected, without a number"
    over = "over " if row["paper_is"] == "at least" else ""
    if row["unit"] == "x":
        return f"the paper reports {over}{paper:g} times"
    text = f"the paper reports {over}{_amount(abs(paper), row['unit'], digits='g')}"
    return text if fell == (paper < 0) else f"{text} {'lower' if paper < 0 else 'higher'}"


def _amount(value: float, unit: str, digits: str = ".2f") -> str:
    """Return a size with its unit, which one of an index has not."""
    text = f"{value:{digits}}"
    if unit == "index":
        return text
    return f"{text} {unit.removesuffix('s') if text == '1' else unit}"
