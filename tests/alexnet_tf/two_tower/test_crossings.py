"""Nothing crosses between two towers that must not, and the report on it.

Computed by `two_tower_child.py` in a process of its own, where the CPU is split into four
devices.
"""

from __future__ import annotations

import pytest
from two_tower_run import BATCH, crossings, expected, on
from two_tower_specs import CODE_LIKE, NO_COMMUNICATION_LIKE, PAPER_LIKE

from alexnet_tf.spec import CIFAR_ALEXNET

# the child computes for a minute on an idle core
pytestmark = pytest.mark.timeout(1200)

CHECKS = ("reports", "planted_faults", "refusals", "command")
SPECS = {"paper": PAPER_LIKE, "code": CODE_LIKE, "apart": NO_COMMUNICATION_LIKE}


@on("reports")
@pytest.mark.parametrize("name", SPECS)
def test_exactly_the_legal_tensors_cross(found, name):
    report, spec = found[name], SPECS[name]
    assert crossings(report) == expected(spec)
    assert report["illegal"] == 0
    tower_1_variables = 2 * (len(spec.convs) + len(spec.dense))
    assert report["scalars"] == tower_1_variables  # the learning rate, once each


def test_the_expected_bytes_of_the_cifar_net_are_those_counted_by_hand():
    rows = expected(CIFAR_ALEXNET.model)
    assert len(rows) == 1 + 3 * 4 + 2
    assert sum(row[-1] for row in rows) == BATCH * 4 * (
        24 * 24 * 3 + 4 * (6 * 6 * 32 + 3 * 3 * 32 + 256) + 2 * 256
    )


@on("reports")
@pytest.mark.parametrize("name", [*SPECS, "bfloat16"])
def test_both_devices_have_the_same_work_but_for_the_last_layer(found, name):
    first, second = found[name]["heavy_ops"]["CPU:0"], found[name]["heavy_ops"]["CPU:1"]
    assert second["Conv2D"] == second["Conv2DBackpropFilter"] == 5
    # forward, gradient of the weights, gradient of the inputs
    assert first == {**second, "MatMul": second["MatMul"] + 3}


@on("reports")
def test_in_half_precision_half_the_bytes_cross(found):
    report = found["bfloat16"]
    assert crossings(report) == expected(PAPER_LIKE, size=2)
    assert {row["dtype"] for row in report["crossings"][1:]} == {"bfloat16"}
    assert found["bfloat16 losses"][-1] < found["bfloat16 losses"][0]


@on("reports")
def test_a_report_leaves_the_net_as_it_was(found):
    assert found["unchanged"]


@on("reports")
def test_a_pair_that_does_not_include_the_host_sends_the_image_once(found):
    report = found["host"]
    assert report["illegal"] == 0
    images = [row for row in report["crossings"] if row["direction"] == "image"]
    assert [(row["source"], row["target"]) for row in images] == [("CPU:1", "CPU:2")]


#: Planted fault -> a word in the name of an operation that then takes part in a crossing.
FAULTS = {
    "tape": "norm_conv1b",  # tower 1's backward pass on device 0
    "reduction": "IdentityN",
    "clipnorm": "clip_by_norm",
    "global_clipnorm": "Square",
    "clipvalue": "clip_by_value",
    "loss_scale_factor": "truediv",
    "loss scale": "IsFinite",
    "regularizer": "Square",
    "constraint": "AssignVariableOp",
    "use_ema": "AssignVariableOp",
    "default strategy": "AssignSubVariableOp",
}


@on("planted_faults")
@pytest.mark.parametrize("fault", FAULTS)
def test_the_report_finds_a_planted_fault(found, fault):
    assert found["none"]["illegal"] == 0
    illegal = [row for row in found[fault]["crossings"] if not row["legal"]]
    assert illegal
    names = " ".join(row["tensor"] + " " + row["consumer"] for row in illegal)
    assert FAULTS[fault] in names


@on("planted_faults")
def test_a_tape_leaves_device_1_without_a_backward_pass(found):
    heavy = found["tape"]["heavy_ops"]
    assert heavy["CPU:1"].get("Conv2DBackpropFilter", 0) == 0
    assert heavy["CPU:0"]["Conv2DBackpropFilter"] == 6


@on("planted_faults")
def test_accumulating_gradients_which_is_refused_fails_by_itself(found):
    assert "`merge_call` called while" in found["gradient_accumulation_steps"]


@on("planted_faults")
def test_a_penalty_on_activations_stays_in_its_tower(found):
    assert found["activity"]["illegal"] == 0
    # tower 1's learning rates, the penalty on its way to the loss, and its gradient
    assert found["activity"]["scalars"] == 2 * 4 + 2


@on("planted_faults")
def test_a_report_on_a_function_that_has_already_run_is_an_error(found):
    assert found["stale"].startswith("RuntimeError: no graph of a training step")


@on("refusals")
def test_what_would_cross_or_fail_is_refused_in_one_line(found):
    for name, message in found.items():
        kind = "SpecError" if name in ("one tower", "across") else "ValueError"
        assert message.startswith(f"{kind}: "), (name, message)
        assert "\n" not in message
        word = {"scope": "strategy.scope()", "one tower": "towers=2", "batch": "batch_size"}
        assert word.get(name, name) in message, (name, message)


# --- the command --------------------------------------------------------------------------


@on("command")
def test_the_command_draws_the_towers_and_lists_what_crosses(found):
    out = found["report"]["out"]
    assert found["report"]["code"] == 0 and found["report"]["err"] == ""
    assert "\x1b" not in out and out.isascii()
    assert "conv1a  24 x 24 x 16" in out and "conv1b  24 x 24 x 16" in out
    assert out.count("xchg_conv3a") == 2
    per_image = sum(row[-1] for row in expected(CIFAR_ALEXNET.model)) // BATCH
    image = 24 * 24 * 3 * 4
    assert f"{per_image - image:,} B an image" in out and f"image: {image:,} B an image" in out
    assert "illegal crossings: 0" in out
    pairs = found["pairs"]["out"]
    assert found["pairs"]["code"] == 0 and "gradients of weights between pairs" in pairs
    for line in (f"{per_image - image:,} B an image", f"image: {image:,} B an image"):
        assert line in pairs


@on("command")
def test_the_command_says_what_is_wrong_and_ends_with_2_or_4(found):
    codes = {"no device": 4, "too late": 4}
    for name in set(found) - {"report", "pairs"}:
        answer = found[name]
        assert answer["code"] == codes.get(name, 2), name
        assert "Traceback" not in answer["err"] and answer["out"] == ""
        if name != "usage":
            assert answer["err"].startswith("alexnet_tf.two_tower: ")
            assert answer["err"].count("\n") == 1
    assert "Did you mean 'CIFAR_ALEXNET'?" in found["no spec"]["err"]
