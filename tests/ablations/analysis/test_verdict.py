"""The verdict of every kind of claim, from five pairs of runs."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from judged import CLEAR, PAPER, analysed, judged, shifted
from made_up import difference, runs, study

from ablations.analysis.study_analysis import analyse

# --- verdicts -------------------------------------------------------------------------

#: A comparison on which the paper claims nothing.
QUESTION = {"claimed": "none", "family": "secondary"}


@pytest.mark.parametrize(
    ("b", "changes", "expected", "words"),
    [
        (CLEAR, {}, "agrees", ["the paper gives no number"]),
        (CLEAR, {"paper": 1.4}, "agrees", ["the paper's +1.40 points lies within the interval"]),
        (
            CLEAR,
            {"paper": 3.0, "paper_source": "top-1, ILSVRC-2012 validation"},
            "agrees in direction",
            [
                "smaller by 1.56 points than the paper's +3.00 points",
                "is measured as: top-1, ILSVRC-2012 validation.",
            ],
        ),
        (CLEAR, {"paper": 0.6}, "agrees in direction", ["larger by 0.84 points"]),
        (CLEAR, {"claimed": "lower"}, "disagrees", ["against the claimed direction"]),
        (
            shifted(0.2, 0.21, 0.19, 0.2, 0.22),
            {},
            "agrees in direction",
            ["lies within ±0.50 points (TOST, p"],
        ),
        (
            shifted(0.1, -0.1, 0.05, 0.0, -0.05),
            {},
            "no difference",
            ["lies within ±0.50 points (TOST, p", "; the paper gives no number"],
        ),
        (
            shifted(0.1, -0.1, 0.05, 0.0, -0.05),
            {"paper": 1.4},
            "disagrees",
            ["lies within ±0.50 points (TOST, p", "whereas the paper has +1.40 points"],
        ),
        (  # equivalent, and yet the paper's size is in the interval that is printed
            shifted(0.02, 0.5, 0.1, 0.3, 0.28),
            {"paper": 0.46, "smallest": 0.45},
            "agrees",
            ["interval +0.01 to +0.47", "the paper's +0.46 points lies within the interval"],
        ),
        (
            shifted(0.1, -0.1, 0.05, 0.0, -0.05),
            {"paper": 0.3},
            "inconclusive",
            ["within ±0.50 points", "the paper's +0.30 points may be as small"],
        ),
        (
            shifted(0.2, 0.21, 0.19, 0.2, 0.22),
            {"paper": 1.4},
            "disagrees",
            ["but small, whereas the paper has +1.40 points", "within ±0.50 points"],
        ),
        (CLEAR, QUESTION, "differs", ["the paper makes no claim about it"]),
        (
            shifted(0.1, -0.1, 0.05, 0.0, -0.05),
            QUESTION,
            "no difference",
            ["The true difference lies within ±0.50 points"],
        ),
        (  # never "no difference" beside a significant one
            shifted(0.2, 0.21, 0.19, 0.2, 0.22),
            QUESTION,
            "differs",
            ["The difference is significant, but small. The true difference lies within ±0.50"],
        ),
        (
            shifted(0.2, 0.21, 0.19, 0.2, 0.22),
            {"claimed": "equal"},
            "agrees",
            ["The difference is significant, but small."],
        ),
        (
            shifted(3.0, -2.0, 1.0, 2.5, -1.0),
            QUESTION,
            "inconclusive",
            ["Neither a difference nor equivalence (within ±0.50 points) is shown"],
        ),
        (shifted(3.0, -2.0, 1.0, 2.5, -1.0), {}, "inconclusive", ["Neither a difference nor"]),
        (shifted(0.1, -0.1, 0.05, 0.0, -0.05), {"claimed": "equal"}, "agrees", ["(TOST, p"]),
        (
            CLEAR,
            {"paper": 1.0, "paper_is": "at least"},
            "agrees",
            ["the paper says over 1.00 points, and the interval reaches that"],
        ),
        (
            CLEAR,
            {"paper": 1.5, "paper_is": "at least"},
            "agrees",
            ["the paper says over 1.50 points"],
        ),
        (
            CLEAR,
            {"paper": 3.0, "paper_is": "at least", "paper_source": "top-1"},
            "agrees in direction",
            [
                "but the paper says over 3.00 points, and the interval does not",
                "measured as: top-1",
            ],
        ),
        (
            CLEAR,
            {"claimed": "equal"},
            "disagrees",
            ["its whole interval is larger than the smallest of interest, 0.50 points"],
        ),
        (
            shifted(0.4, 0.8, 0.5, 0.9, 0.7),
            {"claimed": "equal"},
            "inconclusive",
            ["but its interval includes values smaller than the smallest of interest, 0.50"],
        ),
        (
            shifted(3.0, -2.0, 1.0, 2.5, -1.0),
            {"claimed": "equal"},
            "inconclusive",
            ["Neither a difference nor equivalence (within ±0.50 points) is shown"],
        ),
    ],
)
def test_verdict_of_five_pairs(b, changes, expected, words):
    row = judged(b, **changes)
    assert row.verdict == expected
    claim = "there is no difference" if changes.get("claimed") == "equal" else "the true"
    for text in [*words, "n = 5 paired seeds", f"power if {claim}"]:
        assert text in row.reason
    assert ("minimum detectable effect (80 % power)" in row.reason) == (claim == "the true")
    assert "nan" not in row.reason
    assert "no effect" not in row.reason


def test_at_least_is_mirrored_where_the_claim_is_lower():
    item = difference(
        baseline="b", variant="paper", claimed="lower", paper=-1.0, paper_is="at least"
    )
    errors = {"paper": PAPER, "b": CLEAR}
    row = analysed(item, errors).comparisons.iloc[0]
    assert row.verdict == "agrees" and row.paper_is == "at least"
    assert "the paper says below \u22121.00 points, and the interval reaches" in row.reason
    far = analysed(dataclasses.replace(item, paper=-1.6), errors).comparisons.iloc[0]
    assert far.verdict == "agrees in direction"


@pytest.mark.parametrize(("factor", "expected"), [(1.15, "inconclusive"), (1.3, "disagrees")])
def test_equal_ratios_need_the_whole_interval_beyond_what_matters(factor, expected):
    item = difference(claimed="equal", scale="ratio", smallest=1.1)
    factors = factor * np.array([0.93, 1.05, 0.97, 1.06, 1.0])
    b = [p * f for p, f in zip(PAPER, factors, strict=True)]
    row = analysed(item, {"paper": PAPER, "b": b}).comparisons.iloc[0]
    assert row.verdict == expected and row.p_adjusted < 0.05 and row.estimate > 1.1
    assert (row.low > 1.1) == (expected == "disagrees")


def test_equivalence_of_a_ratio_is_stated_as_a_range_of_factors():
    item = difference(claimed="equal", scale="ratio", smallest=1.1)
    b = [p * f for p, f in zip(PAPER, (1.01, 0.99, 1.0, 1.02, 0.98), strict=True)]
    row = analysed(item, {"paper": PAPER, "b": b}).comparisons.iloc[0]
    assert row.verdict == "agrees"
    assert "The true ratio lies within 0.91\u202f× to 1.10\u202f× (TOST, p" in row.reason


def test_an_interval_beyond_what_matters_is_held_to_the_corrected_level():
    b = shifted(0.55, 0.9, 0.6, 0.95, 0.75)
    items = [difference(claimed="equal")] + [
        difference(name=f"{arm}{i}", variant=arm) for arm in ("c", "d") for i in range(3)
    ]
    alone = judged(b, claimed="equal")
    assert alone.verdict == "disagrees" and alone.low > 0.5
    row = analyse(study(*items), runs({"paper": PAPER, "b": b}), budget="standard")
    first = row.comparisons.iloc[0]
    assert first.verdict == "inconclusive" and first.p_adjusted < 0.05
    assert (
        "uncorrected interval is larger than the smallest of interest, 0.50 points" in first.reason
    )
    assert "after correction for 7 comparisons it is not shown" in first.reason


def test_no_p_value_is_stated_as_0():
    b = [p + 5 + c for p, c in zip(PAPER, (0.0, 1e-4, -1e-4, 2e-4, 0.0), strict=True)]
    for claimed in ("higher", "equal"):
        reason = judged(b, claimed=claimed).reason
        assert "p < 0.0001" in reason and "e-" not in reason
    same = judged([p + c for p, c in zip(PAPER, (0.0, 1e-5, -1e-5, 2e-5, 0.0), strict=True)])
    assert "(TOST, p < 0.0001)" in same.reason and "e-" not in same.reason
