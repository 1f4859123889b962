"""The summary of a folder of reports: up to three paragraphs made of its findings.

How many of the deciding comparisons agree; the largest effects; what contradicts or
qualifies the paper, and what is open. Every word follows from the findings, so that the
sentences hold for any folder: of one study, of synthetic images, of nothing decided yet.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence

from ablations.analysis.effects import distance
from ablations.analysis.findings import Finding
from ablations.analysis.ranking import UNIT
from ablations.report import numbers

#: (study, comparison) -> what a reader calls it, or what is said of it.
Names = Mapping[tuple[str, str], str]

#: What became of a comparison -> what is said of one, and of several.
_OUTCOMES: Mapping[str, tuple[str, str]] = {
    "agrees": ("agrees with the paper", "agree with the paper"),
    "agrees in direction": ("agrees in direction only", "agree in direction only"),
    "disagrees": ("disagrees", "disagree"),
    "no difference": ("excludes a difference that matters", "exclude a difference that matters"),
    "inconclusive": ("is inconclusive", "are inconclusive"),
    "open": ("is still open", "are still open"),
    "exploratory": ("is exploratory and has no verdict", "are exploratory and have no verdict"),
    "synthetic": (
        "is on synthetic images and has no verdict",
        "are on synthetic images and have no verdict",
    ),
}
#: Said even where they are none, as soon as anything is decided.
_ALWAYS = ("agrees", "agrees in direction", "disagrees")
_DECIDED = (*_ALWAYS, "no difference")

#: Open studies that are named before the rest is only counted.
_NAMED = 3


def paragraphs(
    found: Sequence[Finding], names: Names, clauses: Names, missing: int = 0
) -> list[str]:
    """Return the summary, a paragraph each for counts, largest effects and what is left.

    Args:
        found: every finding, secondary ones too.
        names: of every finding.
        clauses: of `answer.contradictions`: of every deciding finding that disagrees.
        missing: studies of the suite that were not run.
    """
    deciding = [item for item in found if item.family == "primary"]
    if not found:
        return ["No study has been run yet."]
    unrun = _unrun(missing)
    if not deciding:
        none = "The studies here ask what the paper does not say: none decides about a claim."
        return [f"{none}{unrun}"]
    beside = [item for item in found if item.family != "primary"]
    said = [f"{_counted(deciding)}{unrun}", _largest(deciding, names)]
    said.append(_left(deciding, beside, names, clauses))
    return [text for text in said if text]


def outcome(item: Finding) -> str:
    """Return the verdict, or why there can be none: "synthetic" images, "exploratory" runs."""
    return "synthetic" if item.synthetic else "exploratory" if item.exploratory else item.verdict


def decided(item: Finding) -> bool:
    """Say whether the finding decides about a claim."""
    return outcome(item) in _DECIDED


def _unrun(missing: int) -> str:
    if not missing:
        return ""
    return f" {missing} more {'study has' if missing == 1 else 'studies have'} not been run."


# --- how many agree -----------------------------------------------------------------------


def _counted(deciding: Sequence[Finding]) -> str:
    """Say how many of the deciding comparisons have come to what."""
    counts, total = Counter(map(outcome, deciding)), len(deciding)
    settled = any(counts[name] for name in _DECIDED)
    said = [n for n in _OUTCOMES if counts[n] or (settled and n in _ALWAYS)]
    if total == 1:
        return f"The one comparison that decides about a claim {_OUTCOMES[outcome(*deciding)][0]}."
    if not settled and len(said) == 1:
        every = "Both" if total == 2 else f"All {total}"
        return f"{every} comparisons that decide about a claim {_OUTCOMES[said[0]][1]}."
    parts = [f"{counts[n] or 'none'} {_OUTCOMES[n][counts[n] > 1]}" for n in said]
    return f"Of the {total} comparisons that decide about a claim, {_listed(parts)}."


def _listed(parts: Sequence[str], comma: str = ",") -> str:
    """Join parts of a sentence."""
    if len(parts) < 3:
        return " and ".join(parts)
    return f"{f'{comma} '.join(parts[:-1])}{comma} and {parts[-1]}"


# --- the largest effects ------------------------------------------------------------------


def _largest(deciding: Sequence[Finding], names: Names) -> str:
    """Say which effects are the largest of their kinds, or that none is significant.

    An order of effects is none itself; nothing is said where nothing else is compared.
    """
    effects = [item for item in deciding if item.unit != UNIT]
    if not effects:
        return ""
    settled = [item for item in effects if decided(item)]
    if picks := _picks([item for item in settled if _significant(item)], "significant"):
        return f"{_capital(_superlatives(picks, names))}."
    if settled:
        return "None of the decided effects is significant."
    if picks := _picks(effects, "measured"):
        return f"No effect is decided yet; {_superlatives(picks, names)}."
    return "No effect has been measured yet."


def _superlatives(picks: Mapping[str, Finding], names: Names) -> str:
    return "; ".join(f"{rule} is {_said(one, names)}" for rule, one in picks.items())


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _picks(items: Sequence[Finding], word: str) -> dict[str, Finding]:
    """Return rule -> the effect that it picks; one effect is picked once.

    The largest difference in points, the largest of which the paper has a number, and the ratio
    furthest from 1. Other units, which no scale makes comparable, stand in only where there is
    nothing else.

    Args:
        items: effects.
        word: what the first rule calls them.
    """
    items = [item for item in items if _size(item) > 0]
    points = [item for item in items if item.unit == "points"]
    groups = {
        f"the largest {word} difference": points,
        "the largest with a number in the paper": [one for one in points if one.paper is not None],
        f"the {word} ratio furthest from 1": [item for item in items if item.unit == "x"],
    }
    if not any(groups.values()):
        groups = {f"the largest {word} effect": items}
    picks: dict[str, Finding] = {}
    for rule, group in groups.items():
        if group and (one := max(group, key=_size)) not in picks.values():
            picks[rule] = one
    return picks


def _significant(item: Finding) -> bool:
    """Say whether a decided effect is significant: its verdict is of a difference."""
    return outcome(item) in _ALWAYS and excludes_none(item)


def _size(item: Finding) -> float:
    """Return how far an effect is from none, as `distance`; 0 where that is not known."""
    size = abs(distance(item.estimate, item.unit))
    return size if math.isfinite(size) else 0.0


def excludes_none(item: Finding) -> bool:
    """Say whether no effect lies outside the interval."""
    return distance(item.low, item.unit) > 0 or distance(item.high, item.unit) < 0


def _said(item: Finding, names: Names) -> str:
    """Say an effect, of what it is, and the paper's value: "+1 point in A (the paper: +2)"."""
    value = numbers.bounded(item.estimate, item.unit, item.bound)
    return f"{value} in “{names[item.study, item.comparison]}” (the paper: {item.paper_text})"


# --- what contradicts, what qualifies, what is open ---------------------------------------


def _left(
    deciding: Sequence[Finding], beside: Sequence[Finding], names: Names, clauses: Names
) -> str:
    """Say what contradicts or qualifies the paper, and what is open."""

    def having(items: Sequence[Finding], verdict: str) -> list[Finding]:
        return [item for item in items if outcome(item) == verdict]

    against, counter = having(deciding, "disagrees"), having(beside, "disagrees")
    parts = []
    if against:
        said = [f"in “{item.title}” {clauses[item.study, item.comparison]}" for item in against]
        parts.append(f"Contradicting the paper: {_listed(said, ';')}.")
    elif any(decided(item) for item in deciding):
        parts.append("No comparison that decides about a claim contradicts the paper.")
    else:
        parts.append("Nothing is decided about the paper.")
    if counter:
        said = _listed([f"“{names[i.study, i.comparison]}”" for i in counter[:_NAMED]], ";")
        more = f", and {len(counter) - _NAMED} more" if len(counter) > _NAMED else ""
        word = "disagrees" if len(counter) == 1 else "disagree"
        parts.append(f"Of the secondary comparisons {len(counter)} {word}: {said}{more}.")
    if nothing := having(deciding, "no difference"):
        parts.append(f"A difference that matters is excluded: {_all(nothing, names)}.")
    if part := having(deciding, "agrees in direction"):
        parts.append(f"In direction only: {_all(part, names)}.")
    if unclear := having(deciding, "inconclusive"):
        parts.append(f"Inconclusive: {_studies(unclear)}.")
    if waiting := having(deciding, "open"):
        parts.append(f"Still open: {_studies(waiting)}.")
    return " ".join(parts)


def _all(items: Sequence[Finding], names: Names) -> str:
    return _listed([_said_first(item, names) for item in items], ";")


def _said_first(item: Finding, names: Names) -> str:
    value = numbers.bounded(item.estimate, item.unit, item.bound)
    return f"“{names[item.study, item.comparison]}” ({value}; the paper: {item.paper_text})"


def _studies(items: Sequence[Finding]) -> str:
    """Name the studies of the comparisons, the first ones of many."""
    titles = list({item.study: f"“{item.title}”" for item in items}.values())
    if len(titles) <= _NAMED + 1:
        return _listed(titles)
    return _listed([*titles[:_NAMED], f"{len(titles) - _NAMED} more studies"])
