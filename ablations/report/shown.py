"""What a page shows of many runs: some rows, curves and dots. All are in the CSV files beside it.

A page of any number of runs so stays one that a browser opens at once, under 5 MB. Means,
intervals and tests are of all runs; only what is shown one by one is cut.
"""

from __future__ import annotations

import pandas as pd

#: Rows of the table of runs.
RUNS = 500
#: Seeds of a comparison that have a row and a dot, and of an arm that have a curve, at most.
SEEDS = 100
#: Points of curves in a drawing: with more epochs, arms or errors fewer seeds have a curve.
POINTS = 40_000


def runs(table: pd.DataFrame) -> pd.DataFrame:
    """Return at most `RUNS` rows in their order: the diverged and the failed ones before others.

    Args:
        table: with a column `status`.
    """
    if len(table) <= RUNS:
        return table
    usual = table["status"].isin(("done", "new"))
    chosen = pd.concat([table.loc[~usual], table.loc[usual]]).iloc[:RUNS]
    return table.loc[table.index.isin(chosen.index)]


def changes(table: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of the first `SEEDS` seeds of each comparison.

    Args:
        table: with a column `comparison`, the rows of each by seed.
    """
    return table.loc[table.groupby("comparison").cumcount() < SEEDS]


def curves(table: pd.DataFrame, errors: int) -> int:
    """Return how many seeds of an arm have a curve of their own, the first ones: 1 to `SEEDS`.

    Args:
        table: with columns `arm` and `epoch`, of the runs that are drawn.
        errors: panels that an arm has curves in.
    """
    epochs = sum(int(max(of_arm["epoch"])) for _, of_arm in table.groupby("arm"))
    return max(1, min(SEEDS, POINTS // max(1, epochs * errors)))


def left(runs: pd.DataFrame, changes_: pd.DataFrame, drawn: int) -> dict[str, int]:
    """Return how many are shown of what a page does not show all of; 0: all are shown.

    Args:
        runs: the table of runs.
        changes_: the table of changes.
        drawn: seeds of an arm that have a curve.

    Returns:
        runs of the table, seeds of a comparison, and curves of an arm.
    """
    reported = runs.loc[runs["role"] == "reported"]
    most = max((len(set(of_arm["seed"])) for _, of_arm in reported.groupby("arm")), default=0)
    return {
        "runs": RUNS if len(runs) > RUNS else 0,
        "seeds": SEEDS if len(changes(changes_)) < len(changes_) else 0,
        "curves": drawn if most > drawn else 0,
    }
