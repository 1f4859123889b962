"""Rules for declarations of a study: every word is checked when the study is read, in one line."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from ablations import study
from ablations.studies import relu_vs_tanh
from ablations.study import Budget, Comparison, Ensemble, EpochsToError, Study
from alexnet_tf.errors import SpecError

DIFFERENCE: dict[str, Any] = {
    "name": "x",
    "baseline": "paper",
    "variant": "no_lrn",
    "claimed": "higher",
    "smallest": 0.5,
}


def lrn(**fields: Any) -> Study:
    found = study.load("lrn")
    assert isinstance(found, Study)
    return dataclasses.replace(found, **fields)


@pytest.mark.parametrize(
    ("field", "wrong", "meant"),
    [
        ("claimed", "hihger", "higher"),
        ("quantity", "test_eror", "test_error"),
        ("baseline_quantity", "train_eror", "train_error"),
        ("scale", "ration", "ratio"),
        ("family", "primery", "primary"),
    ],
)
def test_a_word_of_a_difference_must_be_a_known_one(field, wrong, meant):
    with pytest.raises(SpecError) as error:
        Comparison(**{**DIFFERENCE, field: wrong})
    said = str(error.value)
    assert f"`Comparison.{field}` must be one of " in said and "\n" not in said
    assert f"Received: {wrong!r}. Did you mean '{meant}'?" in said


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("claimed", None),
        ("smallest", "0.5"),
        ("smallest", float("nan")),
        ("paper", "1.4"),
        ("interaction", "ab"),
        ("name", 3),
    ],
)
def test_a_field_of_a_difference_must_be_of_its_type(field, wrong):
    with pytest.raises(SpecError, match=f"`Comparison.{field}` must be"):
        Comparison(**{**DIFFERENCE, field: wrong})


def test_two_differences_of_one_name_are_refused():
    item = Comparison(**DIFFERENCE)
    with pytest.raises(SpecError, match="two comparisons are called 'x'"):
        lrn(comparisons=(item, dataclasses.replace(item, claimed="lower")))


@pytest.mark.parametrize(
    "fields",
    [
        {"baseline": "papr"},
        {"variant": "papr"},
        {"interaction": ("paper", "papr")},
        {"baseline": "papr", "baseline_quantity": "train_error"},
        {"variant": "papr", "baseline_quantity": "train_error"},
    ],
)
def test_every_arm_of_a_difference_must_be_there(fields):
    item = Comparison(**{**DIFFERENCE, **fields})
    with pytest.raises(SpecError, match="no arm 'papr' for 'x'. Did you mean 'paper'?"):
        lrn(comparisons=(item,))


@pytest.mark.parametrize(
    "fields",
    [
        {"order": ("no_lrn", "papr")},
        {"order": ("no_lrn", "no_lrn"), "baseline": "papr"},
        {"ensemble": Ensemble(arm="papr", sizes=(1, 5), smallest=0.5)},
    ],
)
def test_the_arms_of_an_order_and_of_an_ensemble_must_be_there(fields):
    with pytest.raises(SpecError, match="study lrn: no arm 'papr'"):
        lrn(**fields)


@pytest.mark.parametrize("field", ["budgets", "imagenet_budgets"])
def test_the_arms_of_a_budget_must_be_there(field):
    budget = Budget(seeds=2, epochs=1, arms=("paper", "no_lrm"))
    with pytest.raises(SpecError, match=f"'no_lrm' for '{field}'. Did you mean 'no_lrn'?"):
        lrn(**{field: {"quick": budget}})


def test_a_study_without_an_order_needs_no_baseline():
    assert lrn(baseline="papr").baseline == "papr"


def test_one_run_may_be_both_arms_with_two_quantities():
    item = Comparison(**{**DIFFERENCE, "variant": "paper", "baseline_quantity": "train_error"})
    assert lrn(comparisons=(item,)).comparisons == (item,)


@pytest.mark.parametrize("section", ["", "  ", ",", 5, None])
def test_a_study_names_a_section_of_the_paper(section):
    for found in (lrn(), relu_vs_tanh.STUDY):
        with pytest.raises(SpecError, match="`section` must name one of the paper"):
            dataclasses.replace(found, section=section)


@pytest.mark.parametrize("fields", [{}, {"family": "secondary", "paper": 1.4}])
def test_a_question_decides_no_claim_and_has_no_number_of_the_paper(fields):
    with pytest.raises(SpecError, match="claims nothing, so it must be secondary and without"):
        Comparison(**{**DIFFERENCE, "claimed": "none", **fields})
    assert Comparison(**{**DIFFERENCE, "claimed": "none", "family": "secondary"}).paper is None


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"scale": "ratio", "smallest": 1.5, "paper": -2.0}, "is a factor, above 0"),
        ({"scale": "ratio", "smallest": 1.5, "paper": 0.0}, "is a factor, above 0"),
        ({"scale": "ratio", "smallest": 1.5, "paper": 0.5}, "must be above 1"),
        ({"paper": -1.0}, "must be above 0"),
        ({"claimed": "lower", "paper": 1.0}, "must be below 0"),
    ],
)
def test_a_number_of_the_paper_must_fit_its_claim(fields, words):
    values: dict[str, Any] = {"claimed": "higher", "smallest": 0.5, **fields}
    with pytest.raises(SpecError, match=words):
        Comparison(name="x", baseline="paper", variant="no_lrn", **values)


@pytest.mark.parametrize("threshold", [0.0, 1.0, 25.0])
def test_a_threshold_is_a_fraction(threshold):
    with pytest.raises(SpecError, match="above 0 and below 1"):
        EpochsToError(threshold=threshold)
    with pytest.raises(SpecError, match="above 0 and below 1"):
        EpochsToError(threshold=0.25, sensitivity=(threshold,))


@pytest.mark.parametrize("fields", [{"sizes": ()}, {"sizes": (1,)}, {"sizes": (0, 2)}])
def test_an_ensemble_averages_two_nets_or_more(fields):
    with pytest.raises(SpecError, match="2 or more nets"):
        Ensemble(**{"arm": "paper", "smallest": 0.5, **fields})
    with pytest.raises(SpecError, match="above 0"):
        Ensemble(arm="paper", sizes=(1, 5), smallest=-1.0)


def test_an_order_has_two_arms():
    with pytest.raises(SpecError, match="two arms or more"):
        lrn(order=("no_lrn",))
