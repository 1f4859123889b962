"""The table of comparisons of a study: every effect, corrected, with its verdict."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from ablations.analysis import (
    averages,
    checks,
    doubts,
    effects,
    image_noise,
    looks,
    samples,
    stopping,
)
from ablations.analysis import objections as rules
from ablations.analysis.averages import Objections
from ablations.analysis.effects import Effect
from ablations.analysis.order_verdict import judge_order
from ablations.analysis.pairs import Pair
from ablations.analysis.ranking import order_effect, order_rows
from ablations.analysis.samples import Samples
from ablations.analysis.stopping import Course
from ablations.analysis.verdict import judge
from ablations.plan import StudyRun
from ablations.study import Budget, Family, Study

Row = dict[str, object]


def comparison_rows(
    study: Study,
    by_arm: Mapping[str, Sequence[StudyRun]],
    courses: Mapping[str, Course],
    objections: Objections,
    treated: Sequence[Row] = (),
) -> list[Row]:
    """Return one row per comparison, then one per size of the ensemble, then one for the order.

    Args:
        study: declares what is compared.
        by_arm: arm -> its runs by seed.
        courses: name of a comparison -> its looks.
        objections: says why `n` seeds or nets give no verdict.
        treated: of `checks.rows`: a comparison whose treatment did not happen gets none.

    Returns:
        Rows of study, every field of `effects.Effect`, verdict and reason. A comparison that
        more runs could still decide is "open" in place of "inconclusive".
    """
    measured = [
        effects.measure(
            courses[item.name], images_error=image_noise.error(by_arm, courses[item.name])
        )
        for item in study.comparisons
    ]
    against = [
        [
            *_too_few(study, courses[item.name], effect, objections),
            *checks.objections(study, treated, item.arms),
            *_without_ratio(courses[item.name].shown),
            *(_crossed(courses[item.name].shown.lost_pairs) if item.paired else ()),
        ]
        for item, effect in zip(study.comparisons, measured, strict=True)
    ]
    cautions = [doubts.of_runs(study, by_arm, item) for item in study.comparisons]
    if study.ensemble is not None:
        for one in averages.measure(study.ensemble, by_arm, families(study), objections):
            measured.append(one.effect)
            against.append(one.objections)
            cautions.append(one.doubts)
    corrected = effects.correct(measured)
    may_go_on = not objections(n=rules.MIN_SEEDS)  # more runs could give a verdict
    rows = [
        _row(
            study,
            effect,
            *why,
            may_go_on=may_go_on and not checks.failed(treated, (effect.baseline, effect.variant)),
        )
        for effect, *why in zip(corrected, against, cautions, strict=True)
    ]
    return [*rows, _order_row(study, by_arm, objections)] if study.order else rows


def families(study: Study) -> list[Family]:
    """Return the family of every comparison that is corrected: those of the ensemble last.

    The number of entries of a family is the number of tests that its p-values are corrected for;
    an order is in none, because it is judged by a probability.
    """
    found: list[Family] = []
    found.extend(item.family for item in study.comparisons)
    if study.ensemble is not None:
        found.extend(averages.families(study.ensemble))
    return found


def courses(
    study: Study, entry: Budget | None, by_arm: Mapping[str, Sequence[StudyRun]]
) -> dict[str, Course]:
    """Return name of a comparison -> its course over the looks of the budget.

    Args:
        study: declares the comparisons.
        entry: the budget; None: all that is there is one look.
        by_arm: arm -> its runs.
    """
    all_families = families(study)
    return {
        item.name: stopping.course(
            samples.read(by_arm, item, study.threshold),
            () if entry is None else looks.planned(study, entry, item),
            all_families.count(item.family),
        )
        for item in study.comparisons
    }


def _too_few(study: Study, course: Course, effect: Effect, objections: Objections) -> list[str]:
    """Say what forbids a verdict: seeds of the first look that are to be computed come first."""
    if course.look or not course.looks:
        return objections(n=min(effect.n, effect.n_baseline))
    item = course.samples.item
    found = {
        arm: f"{_named(study, arm)}: {len(ended & set(range(count)))} of {count} seeds done"
        for arm, count, ended in zip(
            item.arms, course.looks[0].seeds, course.samples.settled, strict=True
        )
        if not set(range(count)) <= ended
    }
    return [*found.values(), *objections(n=rules.MIN_SEEDS)]


def _named(study: Study, arm: str) -> str:
    return f"arm “{study.labels.get(arm, arm)}”"


def _row(
    study: Study,
    effect: Effect,
    objections: Sequence[str],
    cautions: Sequence[str],
    *,
    may_go_on: bool,
) -> Row:
    verdict, reason = judge(effect, objections=objections, doubts=cautions)
    if verdict == "inconclusive" and may_go_on and not effect.stopped:
        verdict = "open"
    return {"study": study.name, **vars(effect), "verdict": verdict, "reason": reason}


def _order_row(
    study: Study, by_arm: Mapping[str, Sequence[StudyRun]], objections: Objections
) -> Row:
    """Return the row of the paper's order: its probability is no p-value, and not corrected."""
    pairs = ordered_pairs(study, by_arm)
    effect = order_effect(study, pairs)
    items = [study.ordered(arm) for arm in study.order]
    cautions = dict.fromkeys(text for item in items for text in doubts.of_runs(study, by_arm, item))
    bounds = [arm for arm, of_arm in pairs.items() if any(one.bound != "exact" for one in of_arm)]
    against = [f"only a bound is known of the effect of {_named(study, arm)}" for arm in bounds]
    read = [samples.read(by_arm, item, study.threshold) for item in items]
    common = set[int].intersection(*(set(of_arm) for one in read for of_arm in one.values))
    crossed = common & {seed for one in read for seed in one.crossed}
    labels = [study.labels.get(arm, arm) for arm in study.order]
    means = [float(str(row["effect"])) for row in order_rows(pairs)]
    verdict, reason = judge_order(
        effect,
        dict(zip(labels, means, strict=True)),
        objections=[*objections(n=effect.n), *against, *_crossed(crossed)],
        doubts=tuple(cautions),
    )
    arms = (study.baseline, *study.order)
    missing = any(run.record is None for arm in arms for run in by_arm[arm])
    if (missing or not by_arm[study.baseline]) and not objections(n=rules.MIN_SEEDS):
        verdict = "open" if verdict == "inconclusive" else verdict
    return {"study": study.name, **vars(effect), "verdict": verdict, "reason": reason}


def ordered_pairs(study: Study, by_arm: Mapping[str, Sequence[StudyRun]]) -> dict[str, list[Pair]]:
    """Return arm -> its pairs with the baseline, for the arms of the study's order.

    The arms come in the paper's order, the largest effect first; a pair is of one seed.
    """
    return {
        arm: samples.read(by_arm, study.ordered(arm), study.threshold).pairs for arm in study.order
    }


def _crossed(seeds: Collection[int]) -> list[str]:
    """Say how many seeds make no pair, because their runs are of different arithmetic."""
    count = len(seeds)
    if not count:
        return []
    runs = "the runs of 1 seed are" if count == 1 else f"the runs of {count} seeds are each"
    return [f"{runs} of environments that do not give the same bits, and make no pair"]


def _without_ratio(shown: Samples) -> list[str]:
    """Say how many seeds have no ratio: which ones those are depends on their outcome."""
    count = shown.without_ratio
    if not count:
        return []
    seeds = "1 seed has" if count == 1 else f"{count} seeds have"
    return [f"{seeds} a value that is not above 0, and so no ratio"]
