"""A part of a study: some of its arms, and what is left to compare of them."""

from __future__ import annotations

import pytest
from made_up import difference, study

from ablations.study import Ensemble, part
from alexnet_tf.errors import SpecError

B, C = difference(), difference(name="c", variant="c")


def test_an_order_stays_with_all_of_its_arms_alone():
    given = study(B, C, order=("b", "c"))
    assert part(given, ("paper", "b", "c")).order == ("b", "c")
    for arms in (("paper", "b", "d"), ("paper", "c")):
        assert part(given, arms).order == ()
    with pytest.raises(SpecError, match="nothing is compared of a budget's arms: b, c"):
        part(given, ("b", "c"))  # without the baseline


def test_an_ensemble_stays_with_its_arm_alone_and_is_enough():
    given = study(B, ensemble=Ensemble(arm="d", sizes=(1, 2), smallest=0.5))
    assert part(given, ("paper", "b")).ensemble is None
    alone = part(given, ("d",))
    assert alone.ensemble == given.ensemble and not alone.comparisons


def test_all_arms_are_the_study_itself_even_where_it_compares_nothing():
    given = study()
    assert part(given, ("d", "c", "b", "paper")) is given


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        ({"c": "with c", "d": "with d"}, "with c, with d"),
        ({"c": "c, and more", "d": "with d"}, "“c, and more”; “with d”"),
    ],
)
def test_the_arms_left_out_are_told_apart(labels, said):
    assert part(study(B, labels=labels), ("paper", "b")).limits.endswith(f" leaves out: {said}.")
