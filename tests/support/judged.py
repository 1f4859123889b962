"""Verdicts of a made-up study, from the errors of its arms."""

from __future__ import annotations

from made_up import difference, runs, study

from ablations.analysis.study_analysis import analyse

PAPER = [30.0, 30.4, 29.8, 30.1, 30.2]
CLEAR = [31.4, 31.9, 31.3, 31.4, 31.7]  # 1.44 points above, interval 1.30 to 1.58


def analysed(item, errors, **changes):
    return analyse(study(item), runs(errors, **changes), budget="standard")


def judged(b, budget="standard", **changes):
    """The comparison of errors `b` with those of the paper's net."""
    result = analyse(
        study(difference(**changes)), runs({"paper": PAPER[: len(b)], "b": b}), budget=budget
    )
    return result.comparisons.iloc[0]


def shifted(*changes: float) -> list[float]:
    return [p + c for p, c in zip(PAPER, changes, strict=True)]
