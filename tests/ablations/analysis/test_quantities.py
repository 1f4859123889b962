"""Every quantity read off records made by hand."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest
from fake_runs import error, evaluated
from hypothesis import given, settings
from hypothesis import strategies as st
from made_up import new, run

from ablations.analysis import quantities
from ablations.plan import StudyRun
from ablations.study import Quantity
from alexnet_tf.spec import PlateauSpec, RateChange

INSPECTED = {
    "kernel_colour_split": 0.3,
    "shuffled_colour_split": 0.1,
    "fc7_neighbour_agreement": 41.0,
    "pixel_neighbour_agreement": 22.0,
    "dropout_mean_error": 35.5,
    "dropout_kl_halved": 0.01,
    "dropout_kl_unhalved": 0.3,
    "dropout_kl_one_mask": 0.2,
    "dropout_kl_arithmetic": 0.02,
    "colour_split_chance": 4.0,
    "fc7_neighbour_pixel_rank": 21.0,
    "norm_spread": 15.0,
    "units_kept": 50.1,
    "views_moved": 99.0,
    "colour_shift": 2.5,
}
QUANTITIES: tuple[Quantity, ...] = get_args(Quantity)


def whole() -> StudyRun:
    return run(
        "paper",
        0,
        error("train", 1, 20.0),
        error("validation", 1, 31.5),
        error("test", 1, 32.0),
        error("test", 10, 30.25),
        curve=[0.8, 0.6, 0.5, 0.4, 0.3],
        validation=[0.8, 0.7, 0.5, 0.4, 0.6],
        inspection=INSPECTED,
    )


def test_every_quantity_by_hand():
    expected = {
        "test_error": 32.0,
        "test_error_ten_views": 30.25,
        "validation_error": 31.5,
        "train_error": 20.0,
        "generalisation_gap": 11.5,
        "running_train_error": 30.0,
        # an eighth of 30 epochs are 3
        "early_train_error": 100 * (0.8 + 0.6 + 0.5) / 3,
        # half of chance's 90 % is 45 %, half way between the ends of epochs 3 and 4
        "epochs_to_converge": 3.5,
        # the third of the training errors, in the middle of its epoch
        "epochs_to_error": 2.5,
        # straight lines between 80, 70, 50, 40 and 60 % at the ends of epochs
        **{"epochs_to_70": 2.0, "epochs_to_60": 2.5, "epochs_to_50": 3.0, "epochs_to_40": 4.0},
        # it ends at 60 %, and a twentieth of the fall from 90 % is left at 61.5
        "epochs_to_settle": 2 + 8.5 / 20,
        "rate_divisions": 0.0,
        # 50 updates at a rate of 0.04, decay 0.0005, momentum 0.9
        "decay_pull": 50 * 0.04 * 0.0005 / 0.1,
        "seconds_per_epoch": 3.5,  # of 2, 3, 4, 5: the first epoch does not count
        **INSPECTED,
    }
    assert set(expected) == set(QUANTITIES) == set(quantities.MEASURES)
    for quantity in QUANTITIES:
        found = quantities.value(whole(), quantity, 0.5)
        assert found == pytest.approx(expected[quantity]), quantity


def test_a_diverged_run_counts_as_chance():
    before = evaluated("test", 1, [True, False])  # what it did while it still worked
    diverged = run("paper", 0, before, status="diverged", curve=[0.1, 0.2])
    expected = dict.fromkeys(QUANTITIES, None) | {
        **dict.fromkeys(("test_error", "test_error_ten_views", "validation_error"), 90.0),
        **dict.fromkeys(("train_error", "running_train_error", "early_train_error"), 90.0),
        **{"generalisation_gap": 0.0, "epochs_to_converge": 30.0, "seconds_per_epoch": 2.0},
        **dict.fromkeys(
            (f"epochs_to_{goal}" for goal in (70, 60, 50, 40, "settle", "error")), 30.0
        ),
    }
    found = {quantity: quantities.value(diverged, quantity, 0.5) for quantity in QUANTITIES}
    assert found == expected
    assert quantities.bound(diverged, "epochs_to_50") == "at least"
    assert quantities.mistakes(diverged, "test_error") is None
    thousand = run("paper", 0, status="diverged", settings={"model.classes": 1000})
    assert quantities.value(thousand, "test_error") == pytest.approx(99.9)


def test_runs_without_an_outcome_have_no_value():
    failed = run("paper", 0, error("test", 1, 12.0), status="failed")
    for quantity in QUANTITIES:
        assert quantities.value(failed, quantity) is None
        assert quantities.value(new("paper", 0), quantity) is None


def test_ten_views_are_never_replaced_by_one():
    one_view = run("paper", 0, error("test", 1, 12.0), error("validation", 1, 13.0))
    assert quantities.value(one_view, "test_error_ten_views") is None
    assert quantities.value(one_view, "generalisation_gap") is None
    assert quantities.value(one_view, "fc7_neighbour_agreement") is None


def test_too_short_a_curve_gives_no_value():
    short = run("paper", 0, curve=[0.8, 0.6])
    assert quantities.value(short, "early_train_error") is None  # of three epochs
    assert quantities.value(run("paper", 0, curve=[0.8]), "seconds_per_epoch") is None
    assert quantities.value(run("paper", 0, curve=[]), "running_train_error") is None
    one = run("paper", 0, curve=[0.8, 0.6], settings={"train.epochs": 2, "train.changes": ()})
    assert quantities.value(one, "early_train_error") == pytest.approx(80.0)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 1000).map(lambda k: k / 1000), min_size=1, max_size=12))
def test_convergence_equals_a_dense_scan_of_the_curve(errors):
    made = run("paper", 0, curve=errors, validation=errors)
    found = quantities.value(made, "epochs_to_converge")
    x, y = np.arange(len(errors) + 1), np.array([0.9, *errors])
    grid = np.union1d(np.linspace(0, len(errors), 200 * len(errors)), x)
    below = np.flatnonzero(np.interp(grid, x, y) <= 0.45 + 1e-12)
    bound = quantities.bound(made, "epochs_to_converge")
    assert bound == ("exact" if len(below) else "at least")
    expected = grid[below[0]] if len(below) else len(errors)  # though 30 were allowed
    assert found == pytest.approx(expected, abs=0.011)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 899).map(lambda k: k / 1000), min_size=1, max_size=30))
def test_a_net_has_settled_when_a_twentieth_of_its_own_fall_is_left(errors):
    made = run("paper", 0, curve=errors, validation=errors)
    last = np.mean(errors[-max(1, len(errors) // 10) :])
    goal = last + 0.05 * (0.9 - last)
    x = np.linspace(0, len(errors), 400 * len(errors) + 1)
    below = np.flatnonzero(np.interp(x, range(len(errors) + 1), [0.9, *errors]) <= goal + 1e-9)
    found = quantities.value(made, "epochs_to_settle")
    assert found == pytest.approx(x[below[0]], abs=0.006)
    assert quantities.bound(made, "epochs_to_settle") == "exact"


def test_divisions_are_those_of_the_epochs_that_were_trained():
    changes = tuple(RateChange(epoch=e, learning_rate=0.04 / 10**e) for e in (1, 2, 4))
    made = run("paper", 0, curve=[0.5] * 4, settings={"train.changes": changes})
    assert quantities.value(made, "rate_divisions") == 2  # the third comes after the fourth
    pull = 10 * (0.04 + 0.004 + 2 * 0.0004) * 0.0005 / 0.1
    assert quantities.value(made, "decay_pull") == pytest.approx(pull)
    still = run("paper", 0, curve=[0.5] * 2, settings={"train.weight_decay": 0.0})
    assert quantities.value(still, "decay_pull") == 0


def test_the_plateau_rule_counts_where_it_fired():
    waits = {"train.validate": "epoch", "train.plateau": PlateauSpec(patience=2)}
    falling, flat = [0.8, 0.7, 0.6, 0.5, 0.4, 0.3], [0.8, 0.7, 0.7, 0.7, 0.7, 0.7]
    for validation, fired in ((falling, 0), (flat, 1)):
        made = run("paper", 0, curve=[0.5] * 6, validation=validation, settings=waits)
        assert quantities.value(made, "rate_divisions") == fired


def test_convergence_needs_an_error_after_every_epoch():
    for validation in ([], [None, None], [0.8, None]):
        made = run("paper", 0, curve=[0.5] * len(validation), validation=validation)
        assert quantities.value(made, "epochs_to_converge") is None
        assert quantities.bound(made, "epochs_to_converge") == "exact"
    done = run("paper", 0, curve=[0.5, 0.4], validation=[0.8, 0.5])
    assert quantities.bound(done, "test_error") == "exact"
    assert quantities.bound(new("paper", 0), "epochs_to_converge") == "exact"


def test_mistakes_are_those_of_the_right_views():
    rng = np.random.default_rng(0)
    one, ten = rng.random((2, 37)) < 0.4
    both = run("paper", 0, evaluated("test", 1, one), evaluated("test", 10, ten))
    expected: dict[Quantity, np.ndarray] = {"test_error": one, "test_error_ten_views": ten}
    for quantity, wrong in expected.items():
        found = quantities.mistakes(both, quantity)
        assert found is not None and found.tolist() == wrong.tolist()
    assert quantities.mistakes(both, "train_error") is None
    assert quantities.mistakes(run("paper", 0, error("test", 1, 3.0)), "test_error") is None


def test_differences_of_percent_are_points():
    units = {measure.unit for measure in quantities.MEASURES.values()}
    assert units == {*("%", "points", "epochs", "seconds", "index", "times", "mnat", "grey levels")}
    assert quantities.MEASURES["test_error"].unit_of_differences == "points"
    assert quantities.MEASURES["kernel_colour_split"].unit_of_differences == "index"
