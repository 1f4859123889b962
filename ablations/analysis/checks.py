"""The checks that the arms of a study had their treatment, and what each of them found."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from ablations.analysis import quantities
from ablations.plan import StudyRun
from ablations.study import Check, Study

Row = dict[str, Any]

#: Columns of the table of checks.
COLUMNS = "study arm quantity unit least most n n_failing mean lowest highest held"


def rows(study: Study, by_arm: Mapping[str, Sequence[StudyRun]]) -> list[Row]:
    """Return one row per check: its limits, and the quantity over the arm's finished runs.

    `held` is "yes", "no" where one run or more is outside, or "not measured". A treatment is
    judged by every run: a mean within the limits does not make up for a run outside.

    Args:
        study: declares the checks.
        by_arm: arm -> its runs; runs without a value of the quantity are left out.

    Returns:
        Rows of `COLUMNS`; least and most are None where there is no such limit, and mean,
        lowest and highest where nothing was measured.
    """
    return [_row(study, check, by_arm[check.arm]) for check in study.checks]


def _row(study: Study, check: Check, runs: Sequence[StudyRun]) -> Row:
    found = [quantities.value(run, check.quantity) for run in runs]
    values = [value for value in found if value is not None]
    failing = sum(not check.holds(value) for value in values)
    return {
        "study": study.name,
        "arm": check.arm,
        "quantity": check.quantity,
        "unit": quantities.MEASURES[check.quantity].unit,
        "least": check.least,
        "most": check.most,
        "n": len(values),
        "n_failing": failing,
        "mean": math.fsum(values) / len(values) if values else None,
        "lowest": min(values, default=None),
        "highest": max(values, default=None),
        "held": "not measured" if not values else "no" if failing else "yes",
    }


def objections(study: Study, found: Sequence[Row], arms: Sequence[str]) -> list[str]:
    """Return why a comparison of these arms gives no verdict: treatments not shown.

    Args:
        study: has the labels of the arms.
        found: of `rows`.
        arms: of the comparison.

    Returns:
        A phrase for each check that failed or was not measured; empty: nothing stands against.
    """
    return [
        _objection(row, study.labels.get(row["arm"], row["arm"]))
        for row in found
        if row["held"] != "yes" and row["arm"] in arms
    ]


def failed(found: Sequence[Row], arms: Sequence[str]) -> bool:
    """Say whether a treatment of these arms did not happen, so that more runs cannot help.

    A check that was not measured is no such failure: it may still hold.
    """
    return any(row["held"] == "no" and row["arm"] in arms for row in found)


def _objection(row: Row, arm: str) -> str:
    if row["held"] == "not measured":
        return f"the manipulation check of “{arm}” is not measured ({label(row)})"
    return (
        f"the manipulation check of “{arm}” failed in {row['n_failing']} of {row['n']} runs: "
        f"{label(row)} {amount(row['lowest'], row['highest'], row['unit'])}, needed {needed(row)}"
    )


#: Said of the checks of an exploratory budget.
UNTRAINED = "The limits are those of fully trained nets; a quick run may miss them."


def words(row: Mapping[str, Any]) -> str:
    """Return a check in one line: what was found, and what is needed.

    Args:
        row: of `rows`.
    """
    what = f"{row['arm']}: {label(row)}"
    if row["held"] == "not measured":
        return f"{what} not measured, needed {needed(row)}"
    held = "" if row["held"] == "yes" else f": not in {row['n_failing']} of {row['n']} runs"
    return (
        f"{what} {amount(row['lowest'], row['highest'], row['unit'])}, needed {needed(row)}{held}"
    )


def label(row: Mapping[str, Any]) -> str:
    """Return what a reader calls the quantity of a check, such as "units kept in training"."""
    return quantities.MEASURES[row["quantity"]].label


def needed(row: Mapping[str, Any]) -> str:
    """Return the limits of a check in words: "0.4 to 0.6", "at least 2" or "at most 5".

    >>> needed({"least": 0.4, "most": 0.6}), needed({"least": 2.0, "most": None})
    ('0.4 to 0.6', 'at least 2')
    """
    least, most = ((_number(end) if _given(end) else "") for end in (row["least"], row["most"]))
    if least and most:
        return least if least == most else f"{least} to {most}"
    return f"at least {least}" if least else f"at most {most}"


def amount(lowest: float, highest: float, unit: str) -> str:
    """Return the range of the values, with the unit.

    Three significant digits; whole numbers as they are. An index has no unit to print.

    >>> amount(49.81, 50.24, "%"), amount(3.0, 3.0, "times")
    ('49.8 to 50.2 %', '3 times')
    """
    low, high = _number(lowest), _number(highest)
    shown = low if low == high else f"{low} to {high}"
    return shown if unit == "index" else f"{shown} {unit}"


def _given(end: float | None) -> bool:
    return end is not None and not math.isnan(end)


def _number(value: float) -> str:
    """Return a value with three significant digits, whole numbers as they are."""
    return f"{value:.0f}" if value == round(value) else f"{value:.3g}"
