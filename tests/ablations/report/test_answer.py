"""The sentence at the head of a study's page."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path
from typing import Any

import pytest
import scores
from dropout_report import write
from made_up import difference, study
from pagechecks import Page
from small_suite import collected, load

from ablations.analysis.study_analysis import Analysis
from ablations.report import index_page
from ablations.report.answer import answer, clause, contradictions

ROW: dict[str, Any] = {
    **{"comparison": "b", "baseline": "paper", "variant": "b", "unit": "points"},
    **{"quantity": "test_error", "baseline_quantity": "test_error", "bound": "exact"},
    **{"estimate": 1.424, "low": 0.997, "high": 1.85, "claimed": "higher"},
    **{"paper": 1.4, "paper_is": "about", "verdict": "agrees"},
}
NAN, INF = math.nan, math.inf
LESS = {"estimate": -1.0, "low": -2.0, "high": 0.5, "claimed": "lower"}
RATIO = {"unit": "x", "quantity": "epochs_to_converge", "baseline_quantity": "epochs_to_converge"}


def said(**changes: Any) -> str:
    return answer(study(difference()), {**ROW, **changes})


def test_the_sentence_has_effect_interval_paper_and_verdict() -> None:
    assert said() == (
        "The test error, one view, is 1.42 points higher for “with b” than for “the net” (95 % "
        "interval 1.00 to 1.85); the paper reports 1.4 points: this agrees with the paper."
    )


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({**LESS, "paper": -1.7}, "is 1.00 points lower for “with b”"),
        ({**LESS, "paper": -1.7}, "interval −0.50 to 2.00); the paper reports 1.7 points: "),
        ({**LESS, "paper": 1.7}, "the paper reports 1.7 points higher: "),
        ({"paper": -2.0}, "the paper reports 2 points lower: "),
        ({"paper": 1.0, "paper_is": "at least"}, "the paper reports over 1 point: "),
        ({"paper": NAN}, "; from the paper’s text an increase is expected, without a number: "),
        ({"paper": NAN, "claimed": "none"}, "; the paper makes no claim: "),
        (
            {"paper": NAN, "claimed": "equal"},
            "from the paper’s text no difference is expected, without a number: ",
        ),
        ({"low": NAN, "high": NAN}, "than for “the net”; the paper"),
        ({"high": INF, "bound": "at least"}, "is at least 1.42 points higher"),
        ({"high": INF, "bound": "at least"}, "(95 % interval 1.00 or more)"),
        ({**LESS, "high": INF, "bound": "at least"}, "is at most 1.00 points lower"),
        ({**LESS, "low": -INF, "bound": "at most"}, "is at least 1.00 points lower"),
        ({**LESS, "bound": "unknown"}, "is about 1.00 points lower"),
        ({**LESS, "low": -INF}, "(95 % interval −0.50 or more)"),
        ({"low": -659.46, "high": 120.0}, "(95 % interval below −100 to above 100)"),
        ({"low": -0.004}, "(95 % interval 0.00 to 1.85)"),
        ({**LESS, "high": 0.004}, "(95 % interval 0.00 to 2.00)"),
        ({**RATIO, "low": 0.0, "high": 3.2}, "(95 % interval 3.20 or less)"),
        ({**RATIO, "low": 0.61, "high": INF}, "(95 % interval 0.61 or more)"),
        ({**RATIO, "low": 0.0, "high": INF}, "as for “the net”; the paper"),
        ({**RATIO, "paper": 2.0}, "are 1.42 times as many for “with b” as for “the net” (95 %"),
        ({**RATIO, "paper": 2.0}, "; the paper reports 2 times: "),
        ({"unit": "index"}, "is 1.42 higher for"),
        ({"baseline_quantity": "train_error"}, "higher than the training error, as at test time ("),
        ({"unit": "chance", "estimate": 0.824}, "order of effects has a probability of 82 %: this"),
        ({"unit": "chance", "estimate": NAN}, "order of effects has not been measured yet."),
        ({"estimate": NAN}, "There is no measurement of the test error, one view, for “with b” "),
        ({"estimate": NAN}, "against that for “the net” yet; the paper reports 1.4 points higher."),
        ({"estimate": NAN, "paper": -2.6}, " yet; the paper reports 2.6 points lower."),
        ({"estimate": NAN, "paper": NAN}, " yet; from the paper’s text an increase is expected, "),
        ({**RATIO, "estimate": NAN}, "of the epochs to half the chance-level error for “with b” "),
        (
            {**RATIO, "estimate": NAN},
            "against those for “the net” yet; the paper reports 1.4 times.",
        ),
        (
            {"baseline_quantity": "train_error", "estimate": NAN},
            "of the test error, one view, against the training error, as at test time yet; ",
        ),
    ],
)
def test_every_unit_and_every_claim_has_its_words(changes: dict[str, Any], expected: str) -> None:
    assert expected in said(**changes)


@pytest.mark.parametrize(
    ("verdict", "words"),
    [
        ("agrees", "agrees with the paper."),
        ("agrees in direction", "agrees with the paper in direction only."),
        ("disagrees", "disagrees with the paper."),
        ("differs", "this difference is significant."),
        ("no difference", "a difference that matters is excluded."),
        ("inconclusive", "inconclusive."),
        ("open", "still open."),
    ],
)
def test_every_verdict_has_its_words(verdict: str, words: str) -> None:
    assert said(verdict=verdict).endswith(words)
    against = answer(study(difference()), {**ROW, "verdict": verdict}, against="it is a trial")
    assert against.endswith(": there is no verdict, since it is a trial.")


def test_a_clause_has_the_effect_and_what_the_paper_says_of_it() -> None:
    row = {**ROW, **LESS, "claimed": "higher", "paper": NAN}
    assert clause(study(difference()), row) == (
        "the test error, one view, is 1.00 points lower for “with b” than for “the net” (from the "
        "paper’s text an increase is expected, without a number)"
    )
    assert clause(study(difference()), {**row, "paper": 1.4}).endswith(
        " (the paper reports 1.4 points higher)"
    )
    order = {**ROW, "unit": "chance", "estimate": 0.02}
    assert clause(study(difference()), order) == (
        "the paper’s order of effects has a probability of 2 %"
    )


def test_the_index_says_what_contradicts_with_its_arms_and_the_expectation(tmp_path: Path) -> None:
    given = load("lrn")
    first, *others = given.comparisons
    turned = dataclasses.replace(first, claimed="lower", paper=None, argued="a trial")
    given = dataclasses.replace(given, comparisons=(turned, *others))
    made = collected(given, scores.make_runs(given))
    (words,) = contradictions([made.analysis]).values()
    assert "points higher for “without LRN” than for “with LRN” (from the paper’s text a" in words
    index_page.write([made], [], tmp_path)
    page = Page(tmp_path / "index.html")
    assert f"Contradicting the paper: in “{given.title}” {words}." in page.words


def test_an_interaction_is_an_effect_beside_another() -> None:
    of = study(difference(variant="c", interaction=("b", "d")))
    text = answer(of, {**ROW, "variant": "c"})
    assert text.startswith(
        "The effect on the test error, one view, is 1.42 points higher for “with c” against “the "
        "net” than for “with d” against “with b” (95 %"
    )


def test_a_page_begins_with_the_sentence_of_each_deciding_comparison(
    usual: tuple[Path, Analysis], tmp_path: Path
) -> None:
    folder, analysis = usual
    page = Page(folder / "index.html")
    rows = [row for row in analysis.comparisons.to_dict("records") if row["family"] == "primary"]
    sentences = [answer(analysis.study, {str(k): v for k, v in row.items()}) for row in rows]
    assert f"{analysis.study.title} {' '.join(sentences)} The claim:" in page.words
    assert sum(a.get("class") == "answer" for a in page.all("p")) == len(rows)
    of = load("lrn")
    write(tmp_path, scores.make_runs(of, 2), of=of, budget="quick")
    words = Page(tmp_path / "index.html").words
    assert "there is no verdict, since the budget is exploratory. The claim:" in words
