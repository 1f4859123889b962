"""Two towers on two devices: the same net as on one, and where everything lies.

Computed by `two_tower_child.py` in a process of its own, where the CPU is split into four
devices.
"""

from __future__ import annotations

import re

import pytest
from two_tower_run import crossings, expected, on
from two_tower_specs import MINI

# the child computes for a minute on an idle core
pytestmark = pytest.mark.timeout(1200)

CHECKS = (
    *("paper_like", "code_like", "no_communication_like", "pairs_train_alike", "placement"),
    *("refused_devices", "to_and_from_single"),
)


# --- the same net -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "found", ["paper_like", "code_like", "no_communication_like"], indirect=True
)
def test_two_towers_are_the_grouped_net_on_one_device(found):
    assert found["start"] == 0
    assert found["logits"] > 0.1 and found["zero gradients"] == []
    assert found["forward"] <= 1e-5 * max(1, found["logits"])
    assert found["gradients"] < 1e-5
    assert found["steps"] < 1e-4
    one, two = found["losses"]
    assert len(one) == 10 and one[0] != one[-1]
    assert two == pytest.approx(one, rel=1e-4)


@on("pairs_train_alike")
def test_one_device_one_pair_and_two_pairs_train_to_the_same_losses(found):
    losses = [found[name] for name in ("same", "one", "two", "no strategy")]
    assert losses[0][-1] < losses[0][0] - 0.05
    for other in losses[1:]:
        assert other == pytest.approx(losses[0], rel=1e-4)


@on("to_and_from_single")
def test_weights_go_to_a_net_on_one_device_and_back(found):
    assert found["far"] > 0.01 and found["near"] < 1e-5
    assert found["wrong"] == "ValueError: fc4 of the net on one device is not in the towers"


# --- placement ----------------------------------------------------------------------------


def tower(path: str) -> int:
    """Tower of a variable, from the name of its layer: conv1b, fc6b_dropout, fc8..."""
    return int(bool(re.search(r"(conv|fc)\d+b", path)))


@on("placement")
@pytest.mark.parametrize("state", ["built", "fitted", "loaded", "cloned"])
def test_tower_1_has_its_weights_and_momenta_on_device_1(found, state):
    places = found[state]
    seeds = [path for path in places if "_seed/" in path]
    assert len(seeds) == 2  # dropout's, one in each tower
    layers = [path for path in places if re.search("conv|fc", path) and path not in seeds]
    assert len(layers) == 2 * 2 * (2 * 4 + 1)  # kernel and bias, value and momentum
    for path, found_at in places.items():
        assert found_at == [f"CPU:{tower(path)}"], path


@on("pairs_train_alike")
def test_several_pairs_mirror_each_tower_over_its_own_devices(found):
    for path, places in found["two devices"].items():
        assert places == (["CPU:1", "CPU:3"] if tower(path) else ["CPU:0", "CPU:2"]), path
    assert {place for places in found["same devices"].values() for place in places} == {"CPU:0"}


@on("placement")
def test_a_saved_net_is_the_same_where_it_is_loaded(found):
    assert found["kinds"] == ["TwoTowerModel"] * 4
    for name in ("loaded", "best", "outside"):
        assert found[f"{name} logits"] < 1e-6
    for values in found["evaluated"]:
        assert values == pytest.approx(found["evaluated"][0], rel=1e-5)
    assert found["loaded momenta"] == 0
    for name in ("loaded report", "cloned report"):
        assert found[name]["illegal"] == 0 and crossings(found[name]) == expected(MINI)


@on("refused_devices")
def test_a_device_that_does_not_exist_is_an_error_that_says_what_exists(found):
    there = "only CPU:0, CPU:1, CPU:2, CPU:3"
    assert found["GPU"] == f"ValueError: there is no device GPU:0, {there}"
    assert found["CPU"].startswith(f"ValueError: there is no device CPU:7, {there}. Split the CPU")
    assert found["CPU"].endswith("split_cpu(8)")
    assert found["same names"] == [["CPU:0", "CPU:1"]]
    assert found["tower"] == "ValueError: `tower` must be 0 or 1. Received: tower=2"
    assert found["split"].startswith("RuntimeError: TensorFlow already runs with 4 CPU devices")
    for message in found["malformed"]:
        assert re.match(r"ValueError: .* Received: .*", message), message


@on("pairs_train_alike")
def test_one_device_sends_nothing_and_two_pairs_send_gradients_between_their_likes(found):
    assert found["same report"]["crossings"] == [] and found["same report"]["scalars"] == 0
    assert found["one report"]["illegal"] == found["two report"]["illegal"] == 0
    rows = found["two report"]["crossings"]
    reduced = [row for row in rows if row["direction"] == "reduce"]
    assert {(row["source"], row["target"]) for row in reduced} == {
        ("CPU:0", "CPU:2"),
        ("CPU:2", "CPU:0"),
        ("CPU:1", "CPU:3"),
        ("CPU:3", "CPU:1"),
    }
    assert sum(row["bytes"] for row in reduced) == 2 * 4 * MINI.parameters()
    others = [row for row in rows if row["direction"] != "reduce"]
    assert sum(row["bytes"] for row in others) == sum(row[-1] for row in expected(MINI))
