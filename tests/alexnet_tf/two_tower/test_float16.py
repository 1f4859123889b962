"""Two towers in float16: what crosses, the net of one device, and an overflow in one tower.

Computed by `two_tower_child.py` in a process of its own, where the CPU is split into four
devices.
"""

from __future__ import annotations

import pytest
from two_tower_run import crossings, expected, on
from two_tower_specs import PAPER_LIKE

# the child computes for half a minute on an idle core
pytestmark = pytest.mark.timeout(1200)

CHECKS = ("float16_crossings", "float16_trains_alike", "float16_overflows", "float16_refused")


@on("float16_crossings")
def test_only_single_numbers_cross_beside_halved_activations(found):
    report = found["one pair"]
    assert report["illegal"] == 0
    assert crossings(report) == expected(PAPER_LIKE, size=2)
    tower_1 = 2 * (len(PAPER_LIKE.convs) + len(PAPER_LIKE.dense))
    # of each of its variables the rate and whether the gradient is finite, the scale, the verdict
    assert report["scalars"] == 2 * tower_1 + 2


@on("float16_crossings")
def test_pairs_send_gradients_to_the_same_tower_alone(found):
    report = found["two pairs"]
    assert report["illegal"] == 0
    assert {c["direction"] for c in report["crossings"]} >= {"forward", "backward", "reduce"}


@on("float16_crossings")
def test_the_scale_and_its_counters_lie_on_the_first_device(found):
    for name in ("loss_scale", "since_change", "skipped"):
        assert found["places"][f"sgd/{name}"] == ["CPU:0"]
        assert found["places of two pairs"][f"sgd/{name}"] == ["CPU:0", "CPU:2"]


@on("float16_trains_alike")
def test_towers_train_to_the_losses_of_one_device_and_of_float32(found):
    one = found["single"]["losses"]
    assert one[-1] < one[0]
    assert one == pytest.approx(found["float32"]["losses"], rel=1e-2)
    for name in ("one pair", "two pairs"):
        assert found[name]["losses"] == pytest.approx(one, rel=1e-2)
        # 1024, doubled after four updates
        assert found[name]["state"] == found["single"]["state"] == [2048, 2, 0]
    assert 0 < found["apart"] < 1e-2


@on("float16_overflows")
@pytest.mark.parametrize("name", ["one pair", "two pairs"])
def test_an_overflow_leaves_both_towers_as_they_were(found, name):
    there = found[name]
    assert there["state"] == [512, 0, 1]
    assert there["weights"] and there["momenta"]
    # the same loss, since the same weights; then one more update
    assert there["losses"][0] == there["losses"][1]
    assert there["state after"] == [512, 1, 1] and there["moved"] > 0


@on("float16_refused")
def test_float16_without_a_scaled_loss_is_refused(found):
    assert found["plain"] == (
        "ValueError: conv1a: two towers train in float16 with LossScaledSGD alone"
    )
