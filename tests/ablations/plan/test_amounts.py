"""Arms whose treatment is more or less training keep their multiples under every budget."""

from __future__ import annotations

import dataclasses

import pytest

from ablations import plan, study
from ablations.plan import Request
from ablations.study import Amount
from alexnet_tf.errors import SpecError

BIGGER = study.load("bigger_and_longer")


def trained(request: Request) -> dict[str, tuple[int, int | None]]:
    """Arm -> epochs and training images of its runs."""
    plan.check(BIGGER, request)
    return {
        run.arm: (run.experiment.train.epochs, run.experiment.data.train_images)
        for run in plan.reported_runs(BIGGER, request, {})
    }


@pytest.mark.parametrize(
    ("request_", "epochs", "images"),
    [
        (Request(budget="quick"), 8, 2000),
        (Request(budget="quick", epochs=20), 20, 2000),
        (Request(budget="standard"), 60, 12_500),
        (Request(budget="standard", epochs=10), 10, 12_500),
        (Request(budget="full"), 60, 22_500),
    ],
)
def test_an_arm_has_its_multiple_of_what_the_budget_gives(request_, epochs, images):
    found = trained(request_)
    assert found["paper"] == found["double_width"] == found["half_width"] == (epochs, images)
    assert found["half_epochs"] == (epochs // 2, images)
    assert found["double_epochs"] == (2 * epochs, images)
    assert found["fifth_images"] == (epochs, images // 5)
    assert found["two_fifths"] == (epochs, 2 * images // 5)
    assert found["double_images"] == (epochs, 2 * images)


def test_the_series_have_the_multiples_that_are_trained():
    found = trained(Request(budget="standard"))
    for series, place in zip(BIGGER.series[1:], (1, 0), strict=True):
        counts = [found[arm][place] for arm in series.arms]
        base = counts[series.arms.index("paper")]
        assert base is not None
        assert [(count or 0) / base for count in counts] == list(series.numbers)


def test_a_setting_that_makes_the_arms_of_a_series_alike_is_refused():
    with pytest.raises(SpecError, match="the arms of 'images' are the same"):
        plan.check(BIGGER, Request(settings={"data.train_images": 1000}))


def test_studies_without_amounts_plan_what_they_did():
    lrn = study.load("lrn")
    budgets = {
        name: dataclasses.replace(budget, amounts={"paper": Amount()})
        for name, budget in lrn.budgets.items()
    }
    same = dataclasses.replace(lrn, budgets=budgets)
    for name in budgets:
        request = Request(budget=name)
        assert plan.reported_runs(lrn, request, {}) == plan.reported_runs(same, request, {})


@pytest.mark.parametrize("field", ["epochs", "train_images"])
def test_an_amount_is_above_nothing(field):
    with pytest.raises(SpecError, match="greater than 0"):
        Amount(**{field: 0.0})
