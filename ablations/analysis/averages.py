"""The effects of averaging nets, of one arm or of two, each with what is said against it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from ablations.analysis import doubts, ensembling, joining
from ablations.analysis import objections as rules
from ablations.analysis.effects import Effect
from ablations.analysis.ensembling import Nets
from ablations.plan import StudyRun
from ablations.study import Ensemble, Family


class Objections(Protocol):
    """The function `objections.objections`, of a study's budget and images."""

    def __call__(self, *, n: int, needed: int | None = ..., counted: str = ...) -> list[str]: ...


@dataclass(frozen=True, kw_only=True)
class Average:
    """An effect of averages, why it has no verdict, and sentences of caution."""

    effect: Effect
    objections: list[str]
    doubts: list[str]


def families(ensemble: Ensemble) -> list[Family]:
    """Return the family of every effect of `measure`, in its order."""
    found: list[Family] = [ensembling.family(ensemble, size) for size in ensemble.averaged]
    if ensemble.joined is not None:
        found.extend(joining.families(ensemble.joined).values())
    return found


def measure(
    ensemble: Ensemble,
    by_arm: Mapping[str, Sequence[StudyRun]],
    counted: Sequence[Family],
    objections: Objections,
) -> list[Average]:
    """Return the effects of the averages of one arm by size, then those of two arms.

    Args:
        ensemble: what the study declares.
        by_arm: arm -> its runs by seed.
        counted: families of every comparison of the study, these among them.
        objections: says why so many nets give no verdict.
    """
    nets = ensembling.read(by_arm[ensemble.arm])
    needed = max(rules.MIN_SEEDS, *ensemble.sizes)
    against = objections(n=len(nets.probabilities), needed=needed, counted="nets")
    said = doubts.of_ensemble(nets)
    found = [
        Average(effect=effect, objections=against, doubts=said)
        for effect in ensembling.measure(ensemble, nets, counted)
    ]
    if (joined := ensemble.joined) is None:
        return found
    others = ensembling.read(by_arm[joined.arm])
    against = _too_few([(nets, max(joined.against)), (others, joined.count)], objections)
    said = [*said, *doubts.of_ensemble(others)]
    gains = joining.measure(joined, nets, others, counted)
    return [*found, *(Average(effect=one, objections=against, doubts=said) for one in gains)]


def _too_few(given: Sequence[tuple[Nets, int]], objections: Objections) -> list[str]:
    """Say what forbids a verdict on averages of two arms: too few nets of one of them."""
    found = [
        text
        for nets, least in given
        for text in objections(
            n=len(nets.probabilities), needed=max(rules.MIN_SEEDS, least), counted="nets of an arm"
        )
    ]
    return list(dict.fromkeys(found))
