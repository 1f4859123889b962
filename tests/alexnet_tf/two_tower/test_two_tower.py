"""Two towers on two devices: the same net as on one, and nothing crosses that must not.

Everything is computed by `two_tower_child.py` in a process of its own, where the CPU is
split into four devices.
"""

from __future__ import annotations

import contextlib
import json
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import tiny
from two_tower_specs import CODE_LIKE, MINI, NO_COMMUNICATION_LIKE, PAPER_LIKE

from alexnet_tf.spec import CIFAR_ALEXNET, ModelSpec

# the children compute for a minute on two idle cores
pytestmark = pytest.mark.timeout(1200)

BATCH = 8
SPECS = {"paper": PAPER_LIKE, "code": CODE_LIKE, "apart": NO_COMMUNICATION_LIKE}

#: What each of the two child processes computes, about equally long.
SHARES = (
    ("paper_like", "code_like", "no_communication_like", "pairs_train_alike", "placement"),
    ("reports", "planted_faults", "refusals", "refused_devices", "command", "to_and_from_single"),
)


@pytest.fixture(scope="session")
def child(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Everything that the child processes found."""
    folder, found = tmp_path_factory.mktemp("towers"), {}
    with contextlib.ExitStack() as stack:
        processes = [stack.enter_context(started(folder, share)) for share in SHARES]
        for process in processes:
            out, errors = process.communicate()
            assert process.returncode == 0, errors[-4000:]
            found |= json.loads(out.splitlines()[-1])
    return found


@contextlib.contextmanager
def started(folder: Path, checks: Sequence[str]) -> Iterator[subprocess.Popen[str]]:
    """Start a child; whatever happens, it is gone afterwards."""
    place = folder / checks[0]
    place.mkdir()
    script = tiny.ROOT / "tests" / "support" / "two_tower_child.py"
    with subprocess.Popen(
        [sys.executable, str(script), str(place), *checks],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=tiny.ROOT,
        env=tiny.environment(),
    ) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.fixture
def found(child: dict[str, Any], request: pytest.FixtureRequest) -> dict[str, Any]:
    """What the child's check of this name found."""
    answer = child[request.param]
    assert "error" not in answer, answer["error"]
    return answer


def on(name: str) -> pytest.MarkDecorator:
    """Have a test given what the child's check `name` found."""
    return pytest.mark.parametrize("found", [name], indirect=True)


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


# --- what crosses -------------------------------------------------------------------------


def expected(spec: ModelSpec, size: int = 4) -> list[tuple[str, str, str, str, int]]:
    """(from, to, direction, layer, bytes) of every legal crossing, from the spec alone."""
    image = BATCH * spec.input_size**2 * spec.channels * 4
    conv1 = spec.convs[0]
    padded = conv1.padding != conv1.end or conv1.stride > 1
    first = f"pad_{spec.names()[0]}b" if padded else f"{spec.names()[0]}b"
    rows = [("CPU:0", "CPU:1", "image", first, image)]
    sent = [s.handed_on**2 * c.filters for s, c in zip(spec.shapes, spec.convs, strict=True)]
    sent += [dense.units for dense in spec.dense]
    for before, layer in enumerate([*spec.convs[1:], *spec.dense]):
        if layer.groups == 1:
            name = f"xchg_{spec.names()[before + 1]}"
            half = BATCH * sent[before] // 2 * size
            for way in ("forward", "backward"):
                tower_0, tower_1 = (f"{name}a", f"{name}b")
                to_1, to_0 = (tower_1, tower_0) if way == "forward" else (tower_0, tower_1)
                rows.append(("CPU:0", "CPU:1", way, to_1, half))
                rows.append(("CPU:1", "CPU:0", way, to_0, half))
    last, half = f"xchg_{spec.names()[-1]}", BATCH * sent[-1] // 2 * size
    rows += [("CPU:1", "CPU:0", "forward", last, half), ("CPU:0", "CPU:1", "backward", last, half)]
    return sorted(rows)


def crossings(report: dict[str, Any]) -> list[tuple[str, str, str, str, int]]:
    """The same of a report; the layer is the one in which the towers meet."""
    return sorted(
        (
            row["source"],
            row["target"],
            row["direction"],
            row["layer"] if row["direction"] == "backward" else row["consumer"],
            row["bytes"],
        )
        for row in report["crossings"]
    )


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
        kind = "SpecError" if name in ("one tower", "float16", "across") else "ValueError"
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
