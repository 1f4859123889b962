"""The sentences at the head of the index, held against the findings counted another way."""

from __future__ import annotations

import dataclasses
import math
import re
from typing import Any

import pytest
import scores
from hypothesis import given
from hypothesis import strategies as st
from small_suite import load

from ablations.analysis.findings import Finding, findings
from ablations.analysis.study_analysis import analyse
from ablations.report import headline
from ablations.report.headline import paragraphs
from ablations.study import paper_text

BASE = findings(analyse(load("lrn"), [], budget="standard"))[0]

#: What a sentence says of each outcome, of one comparison or several.
SAID = {
    "agrees": r"agrees? with the paper",
    "agrees in direction": r"agrees? in direction only",
    "disagrees": r"disagrees?",
    "no difference": r"excludes? a difference that matters",
    "inconclusive": r"(?:is|are) inconclusive",
    "open": r"(?:is|are) still open",
}


def finding(verdict: str = "agrees", number: int = 0, **fields: Any) -> Finding:
    """A deciding finding of a study of its own, of 1 point unless told otherwise."""
    values: dict[str, Any] = {"estimate": 1.0, "low": 0.5, "high": 1.5}
    values |= {"paper": 1.4, "unit": "points"}
    values |= {"study": f"s{number}", "title": f"Study {number}", "verdict": verdict}
    values |= fields
    return dataclasses.replace(
        BASE, **{"paper_text": paper_text(values["paper"], values["unit"]), **values}
    )


def order(verdict: str, chance: float, number: int = 0) -> Finding:
    """A deciding order of effects, and its probability."""
    values = {"unit": "chance", "estimate": chance, "low": math.nan, "high": math.nan}
    return finding(verdict, number, **values, paper=None, paper_text="an order")


def said(found: list[Finding], missing: int = 0) -> list[str]:
    names = {(item.study, item.comparison): item.title for item in found}
    clauses = {key: f"the effect of {key[0]} is reversed" for key in names}
    return [text.replace("\u202f", " ") for text in paragraphs(found, names, clauses, missing)]


@given(st.lists(st.sampled_from(sorted(SAID)), min_size=2, max_size=9))
def test_every_outcome_is_counted(verdicts: list[str]) -> None:
    first, *_ = said([finding(verdict, number) for number, verdict in enumerate(verdicts)])
    if len(set(verdicts)) == 1 and verdicts[0] in ("open", "inconclusive"):
        every = "Both" if len(verdicts) == 2 else f"All {len(verdicts)}"
        assert first.startswith(f"{every} comparisons") and re.search(SAID[verdicts[0]], first)
        return
    assert first.startswith(f"Of the {len(verdicts)} comparisons that decide about a claim, ")
    for verdict, words in SAID.items():
        counted = re.search(rf"(\d+|none) {words}", first)
        number = sum(one == verdict for one in verdicts)
        assert (counted[1].replace("none", "0") if counted else "0") == str(number), first
    assert first.count(". ") == 0  # "inconclusive" is a verdict, and nothing else is said of it


@given(st.lists(st.floats(-90, 90).filter(lambda x: abs(x) > 0.01), min_size=1, max_size=7))
def test_the_largest_effect_is_named_with_the_papers_value(values: list[float]) -> None:
    found = [
        finding("agrees", n, estimate=v, low=v - 0.001, high=v + 0.001)
        for n, v in enumerate(values)
    ]
    largest = max(found, key=lambda item: abs(item.estimate))
    text = said(found)[1]
    assert f"{largest.estimate:+.2f}".replace("-", "\u2212") in text
    assert f"“{largest.title}” (the paper: +1.4 points)" in text


def test_an_effect_that_several_rules_pick_is_named_once() -> None:
    assert said([finding()])[1] == (
        "The largest significant difference is +1.00 points in “Study 0” (the paper: +1.4 points)."
    )
    ratio = finding(number=1, unit="x", estimate=0.5, low=0.4, high=0.6, paper=0.4)
    assert said([ratio])[1] == (
        "The significant ratio furthest from 1 is 0.50 × in “Study 1” (the paper: 0.4 ×)."
    )
    assert said([finding(), ratio])[1] == (
        "The largest significant difference is +1.00 points in “Study 0” (the paper: +1.4 points); "
        "the significant ratio furthest from 1 is 0.50 × in “Study 1” (the paper: 0.4 ×)."
    )
    unsettled = [finding("open", 2), finding("open", 3, estimate=4.0, paper=None)]
    assert said(unsettled)[1] == (
        "No effect is decided yet; the largest measured difference is +4.00 points in “Study 3” "
        "(the paper: no number); the largest with a number in the paper is +1.00 points in "
        "“Study 2” (the paper: +1.4 points)."
    )


def test_a_verdict_of_no_difference_is_no_significant_effect() -> None:
    found = [finding("no difference", paper=None, estimate=0.2, low=0.1, high=0.3)]
    assert said(found)[1] == "None of the decided effects is significant."


def test_of_two_largest_one_has_a_number_of_the_paper() -> None:
    found = [
        finding(number=0, estimate=40.0, low=39.0, paper=None),
        finding("agrees in direction", number=1, estimate=-4.5, low=-5.0, high=-4.0, paper=-1.7),
        finding(number=2, estimate=2.0),
        finding(number=3, unit="x", estimate=6.2, low=5.9, high=6.5, paper=6.0),
        finding("open", number=4, estimate=70.0, low=60.0),
    ]
    assert said(found)[1] == (
        "The largest significant difference is +40.00 points in “Study 0” (the paper: no number); "
        "the largest with a number in the paper is −4.50 points in “Study 1” (the paper: −1.7 "
        "points); the significant ratio furthest from 1 is 6.20 × in “Study 3” (the paper: 6 ×)."
    )


def test_an_effect_whose_interval_holds_none_is_not_shown() -> None:
    found = [finding("agrees", estimate=9.0, low=-1.0, high=19.0)]
    assert said(found)[1] == "None of the decided effects is significant."
    ratio = finding("agrees", unit="x", estimate=1.2, low=0.9, high=1.6, paper=None)
    assert said([ratio])[1] == "None of the decided effects is significant."
    unknown = finding("agrees", unit="x", estimate=2.0, low=math.nan, high=math.nan)
    assert said([unknown])[1] == "None of the decided effects is significant."


def test_other_units_stand_in_where_there_is_nothing_else() -> None:
    one = finding(unit="index", estimate=0.088, low=0.03, high=0.14, paper=None)
    assert "+0.09 index in “Study 0”" in said([one])[1]
    assert "index" not in said([one, finding(number=1)])[1]


def test_an_order_is_no_effect() -> None:
    assert said([order("agrees", 0.97)])[1:] == [
        "No comparison that decides about a claim contradicts the paper."
    ]
    waiting = finding("open", 1, estimate=math.nan, low=math.nan, high=math.nan)
    assert said([order("agrees", 0.97), waiting])[1] == "No effect has been measured yet."
    assert said([order("agrees", 0.97), finding("open", 1)])[1].startswith(
        "No effect is decided yet"
    )
    assert said([order("disagrees", 0.03)])[1:] == [
        "Contradicting the paper: in “Study 0” the effect of s0 is reversed."
    ]


def test_what_contradicts_and_what_qualifies_is_named() -> None:
    found = [
        finding("disagrees", number=0, estimate=-1.0, low=-2.0, high=-0.5),
        finding("agrees in direction", number=1),
        finding("no difference", number=2, paper=None),
        finding("inconclusive", number=3),
        finding("disagrees", number=4, family="secondary"),
        *(finding("open", number=number) for number in range(5, 11)),
    ]
    text = said(found)[2]
    assert text == (
        "Contradicting the paper: in “Study 0” the effect of s0 is reversed. Of the secondary "
        "comparisons 1 disagrees: “Study 4”. A difference that matters is excluded: "
        "“Study 2” (+1.00 points; the paper: no number). In direction only: “Study 1” "
        "(+1.00 points; the paper: +1.4 points). Inconclusive: “Study 3”. Still open: “Study 5”, "
        "“Study 6”, “Study 7”, and 3 more studies."
    )


@pytest.mark.parametrize(
    ("verdicts", "expected"),
    [
        (["agrees"], "No comparison that decides about a claim contradicts the paper."),
        (["open"], "Nothing is decided about the paper. Still open: “Study 0”."),
        (["disagrees"], "Contradicting the paper: in “Study 0” the"),
    ],
)
def test_nothing_against_the_paper_is_said_only_of_what_is_decided(
    verdicts: list[str], expected: str
) -> None:
    assert said([finding(v, n) for n, v in enumerate(verdicts)])[2].startswith(expected)


def test_a_secondary_comparison_against_the_paper_is_no_contradiction_of_the_sentence() -> None:
    found = [finding(), finding("disagrees", 1, family="secondary")]
    assert said(found)[2] == (
        "No comparison that decides about a claim contradicts the paper. Of the secondary "
        "comparisons 1 disagrees: “Study 1”."
    )


@pytest.mark.parametrize("flag", ["synthetic", "exploratory"])
@pytest.mark.parametrize("verdict", ["inconclusive", "open", "agrees"])
def test_runs_that_can_have_no_verdict_are_never_counted_as_one(flag: str, verdict: str) -> None:
    found = [finding(verdict, number, **{flag: True}) for number in range(3)]
    first, second, third = said(found)
    assert first.startswith("All 3 ") and flag in first and first.endswith("no verdict.")
    assert second.startswith("No effect is decided yet; the largest measured difference is +1.00")
    assert third == "Nothing is decided about the paper."
    mixed = said([*found, finding("agrees", 3)])[0]
    assert (
        "1 agrees with the paper" in mixed
        and f"3 are {'on ' * (flag == 'synthetic')}{flag}" in mixed
    )


def test_there_are_sentences_for_nothing_at_all() -> None:
    assert said([], 3) == ["No study has been run yet."]
    beside = finding("differs", family="secondary")
    assert said([beside], 1) == [
        "The studies here ask what the paper does not say: none decides about a claim. 1 more "
        "study has not been run."
    ]
    empty = finding("open", estimate=math.nan, low=math.nan, high=math.nan)
    assert said([empty], 2)[:2] == [
        "The one comparison that decides about a claim is still open. 2 more studies have not been "
        "run.",
        "No effect has been measured yet.",
    ]


def test_outcomes_of_a_real_analysis_are_known() -> None:
    for budget, outcome in (("quick", "exploratory"), ("standard", "agrees")):
        one = findings(analyse(load("lrn"), scores.make_runs(load("lrn")), budget=budget))[0]
        assert headline.outcome(one) == outcome
        assert headline.decided(one) == (budget == "standard")
