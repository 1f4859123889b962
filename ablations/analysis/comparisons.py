"""The table of comparisons of a study: every effect, corrected, with its verdict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from ablations.analysis import checks, effects, ensembling, quantities
from ablations.analysis import pairs as paired
from ablations.analysis.effects import Effect
from ablations.analysis.ensembling import Nets
from ablations.analysis.objections import MIN_SEEDS
from ablations.analysis.order_verdict import judge_order
from ablations.analysis.pairs import Pair
from ablations.analysis.ranking import order_effect, order_rows
from ablations.analysis.verdict import judge
from ablations.plan import StudyRun
from ablations.study import Comparison, Ensemble, Family, Study

Row = dict[str, object]


class Objections(Protocol):
    """`objections.objections` of a study's budget and images."""

    def __call__(self, *, n: int, needed: int = ..., counted: str = ...) -> list[str]: ...


def comparison_rows(
    study: Study,
    by_arm: Mapping[str, Sequence[StudyRun]],
    pairs: Mapping[str, Sequence[Pair]],
    objections: Objections,
    treated: Sequence[Row] = (),
) -> list[Row]:
    """Return one row per comparison, then one per size of the ensemble, then one for the order.

    Args:
        by_arm: arm -> its runs by seed.
        pairs: name of a comparison -> its pairs.
        objections: says why `n` pairs or nets give no verdict.
        treated: of `checks.rows`: a comparison whose treatment did not happen gets none.
    """
    families: Sequence[Family] = [item.family for item in study.comparisons]
    if study.ensemble is not None:
        ensemble = study.ensemble
        families = [*families, *(ensembling.family(ensemble, k) for k in ensemble.averaged)]
    measured = [
        effects.measure(
            item,
            pairs[item.name],
            images_error=paired.images_error(by_arm, item),
            tests=families.count(item.family),
        )
        for item in study.comparisons
    ]
    against = [
        [
            *objections(n=effect.n),
            *checks.objections(treated, item.arms),
            *_without_ratio(by_arm, item, study.threshold),
        ]
        for item, effect in zip(study.comparisons, measured, strict=True)
    ]
    doubts = [_doubts(by_arm, item, study.threshold) for item in study.comparisons]
    if study.ensemble is not None:
        nets = ensembling.read(by_arm[study.ensemble.arm])
        gains = ensembling.measure(study.ensemble, nets, families)
        measured += gains
        against += [_against_ensemble(study.ensemble, nets, objections)] * len(gains)
        doubts += [_doubts_of_ensemble(nets)] * len(gains)
    corrected = effects.correct(measured)
    rows = [
        _row(study, effect, *why) for effect, *why in zip(corrected, against, doubts, strict=True)
    ]
    return [*rows, _order_row(study, by_arm, objections)] if study.order else rows


def _row(study: Study, effect: Effect, objections: Sequence[str], doubts: Sequence[str]) -> Row:
    verdict, reason = judge(effect, objections=objections, doubts=doubts)
    return {"study": study.name, **vars(effect), "verdict": verdict, "reason": reason}


def _order_row(
    study: Study, by_arm: Mapping[str, Sequence[StudyRun]], objections: Objections
) -> Row:
    """Return the chance of the paper's order: no p-value, so it is in no family's correction."""
    pairs = ordered_pairs(study, by_arm)
    effect = order_effect(study, pairs)
    items = [study.ordered(arm) for arm in study.order]
    doubts = dict.fromkeys(
        text for item in items for text in _doubts(by_arm, item, study.threshold)
    )
    bounds = [arm for arm, of_arm in pairs.items() if any(one.bound != "exact" for one in of_arm)]
    against = [f"the effect of {arm} is only known by a bound" for arm in bounds]
    labels = [study.labels.get(arm, arm) for arm in study.order]
    means = [float(str(row["effect"])) for row in order_rows(pairs)]
    verdict, reason = judge_order(
        effect,
        dict(zip(labels, means, strict=True)),
        objections=[*objections(n=effect.n), *against],
        doubts=tuple(doubts),
    )
    return {"study": study.name, **vars(effect), "verdict": verdict, "reason": reason}


def ordered_pairs(study: Study, by_arm: Mapping[str, Sequence[StudyRun]]) -> dict[str, list[Pair]]:
    """Return arm -> its pairs with the baseline, for the arms of the study's order."""
    return {arm: paired.pair(by_arm, study.ordered(arm), study.threshold) for arm in study.order}


def _doubts(
    by_arm: Mapping[str, Sequence[StudyRun]], item: Comparison, threshold: float | None
) -> list[str]:
    """Say of which runs the values are those of chance, bounds, or missing."""
    said = []
    for arm, quantity in item.used:
        statuses = [run.record.status if run.record else "new" for run in by_arm[arm]]
        guessing = [run for run in by_arm[arm] if quantities.guesses(run)]
        late = [run for run in by_arm[arm] if quantities.bounded(run, quantity, threshold)]
        label = quantities.label(quantity, threshold)
        timed = quantities.MEASURES[quantity].unit == "epochs"
        diverged = "they count as never reaching it" if timed else "they count at chance level"
        missing = [
            run
            for run, status in zip(by_arm[arm], statuses, strict=True)
            if status in ("done", "diverged") and quantities.value(run, quantity, threshold) is None
        ]
        for count, words in (
            (statuses.count("diverged"), f"diverged; {diverged}"),
            (statuses.count("failed"), "failed and are left out"),
            (len(guessing), "ended at chance level"),
            (len(late), f'have only a bound of "{label}": training ended before'),
            (len(missing), f'have no value of "{label}"'),
        ):
            if count:
                said.append(f"{arm}: {count} of {len(statuses)} runs {words}.")
    return list(dict.fromkeys(said))


def _without_ratio(
    by_arm: Mapping[str, Sequence[StudyRun]], item: Comparison, threshold: float | None
) -> list[str]:
    """Say how many seeds have no ratio: which ones those are depends on their outcome."""
    count = paired.without_ratio(by_arm, item, threshold) if item.scale == "ratio" else 0
    if not count:
        return []
    seeds = "1 seed has" if count == 1 else f"{count} seeds have"
    return [f"{seeds} a value that is not above 0, and so no ratio"]


def _doubts_of_ensemble(nets: Nets) -> list[str]:
    if not nets.without:
        return []
    return [f"{nets.without} finished nets have no probabilities of their recorded weights."]


def _against_ensemble(given: Ensemble, nets: Nets, objections: Objections) -> list[str]:
    needed = max(MIN_SEEDS, *given.sizes)
    return objections(n=len(nets.probabilities), needed=needed, counted="nets")
