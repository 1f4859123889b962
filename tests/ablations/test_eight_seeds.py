"""Number of seeds that a verdict needs."""

from __future__ import annotations

from made_up import difference, runs, study

from ablations.analysis.study_analysis import analyse
from ablations.study import Budget


def test_a_verdict_needs_eight_seeds_of_every_arm():
    for n, verdict in ((7, "inconclusive"), (8, "agrees")):
        paper = [30.0 + 0.1 * (seed % 4) for seed in range(8)]
        made = runs({"paper": paper, "b": [value + 2 for value in paper][:n]})
        given = study(
            difference(pairing="none"), budgets={"standard": Budget(seeds=n, epochs=None)}
        )
        row = analyse(given, made, budget="standard").comparisons.iloc[0]
        assert row.verdict == verdict and row.n == n
        assert ("7 of the 8 seeds needed for a verdict are done" in row.reason) == (n == 7)
