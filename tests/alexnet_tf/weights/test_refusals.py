"""Files of weights that are hostile, damaged or of another net: one line and an exit code."""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import published_files as theirs
import pytest
import tiny

from alexnet_tf import weights
from alexnet_tf.errors import DataError
from alexnet_tf.spec import BVLC_ALEXNET, CAFFENET, TORCHVISION_ALEXNET, to_json
from alexnet_tf.weights import __main__ as command
from alexnet_tf.weights import net as net_module

tiny.pin_one_thread()

ALEXNET = theirs.small(BVLC_ALEXNET, theirs.MAPS)
TORCHVISION = theirs.small(TORCHVISION_ALEXNET, theirs.WHOLE_MAPS)
ARRAYS = theirs.drawn_small()
WHOLE = theirs.drawn_small(theirs.WHOLE_MAPS, grouped=False)


def refused(capsys: pytest.CaptureFixture[str], code: int, *arguments: object) -> str:
    """Run the command and return the one line that it ends with."""
    assert command.main([str(argument) for argument in arguments]) == code
    said = capsys.readouterr()
    assert said.err.count("\n") == 1 and not said.out
    return said.err


@pytest.mark.parametrize(
    ("name", "write"), [("net.npy", theirs.hostile_npy), ("net.pth", theirs.hostile_pth)]
)
def test_a_pickle_that_wants_to_run_code_is_named_and_runs_nothing(tmp_path, capsys, name, write):
    touched, path = tmp_path / "touched", tmp_path / name
    write(path, os.system, f"touch {touched}")
    pickle.loads(pickle.dumps(theirs.Hostile(os.system, f"touch {touched}")))
    assert touched.exists()  # Python's own unpickler runs it
    touched.unlink()
    line = refused(capsys, 3, path, "--out", tmp_path / "run")
    assert "asks for 'posix.system'" in line and "nothing was run" in line and str(path) in line
    assert not touched.exists() and not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (b"(S'touch x'\niposix\nsystem\n.", "an instruction INST"),
        (b"cbuiltins\neval\n(S'1'\ntR.", "asks for 'builtins.eval'"),
        (b"\x80\x04\x8c\x05posix\x8c\x06system\x93\x8c\x01x\x85R.", "asks for 'posix.system'"),
        (b"\x80\x02cnumpy\ndtype\n)\x81.", "an instruction NEWOBJ"),
        (b"cnumpy\nndarray\n(S'x'\ntR.", "its pickle is damaged"),
        (b"\x80\x02U\x01xU\x01y\x85R.", "its pickle is damaged"),
        (b"]q\x00" + b"(h\x00h\x00lq\x00" * 40 + b".", "more than 100,000 values"),
    ],
)
def test_other_ways_of_a_pickle_to_call_something_are_refused(tmp_path, capsys, code, words):
    with (tmp_path / "net.npy").open("wb") as file:
        facts = {"descr": "|O", "fortran_order": False, "shape": ()}
        np.lib.format.write_array_header_1_0(file, facts)
        file.write(code)
    assert words in refused(capsys, 3, tmp_path / "net.npy", "--out", tmp_path / "run")


def without(arrays: theirs.Arrays, layer: str) -> theirs.Arrays:
    return {name: pair for name, pair in arrays.items() if name != layer}


def changed(layer: str, change: Callable[[np.ndarray], np.ndarray], place: int = 0):
    pair = list(ARRAYS[layer])
    pair[place] = change(pair[place])
    return {**ARRAYS, layer: tuple(pair)}


CONV6 = {"conv6": ARRAYS["conv5"]}
WRONG = [
    (without(ARRAYS, "conv3"), "it has no weights of conv3. It has: conv1, conv2, conv4"),
    (without(ARRAYS, "fc8"), "it has no weights of fc8"),
    ({**ARRAYS, **CONV6}, "it has weights of conv6, which the net lacks"),
    (
        changed("conv2", lambda w: w[:, :3]),
        "conv2 have the shape (12, 3, 5, 5), the net needs",
    ),
    (changed("fc6", lambda w: w[:, :70]), "shape (10, 70), the net needs (10, 72)"),
    (changed("conv1", lambda w: w[:, :1]), "needs (8, 3, 11, 11) or (11, 11, 3, 8)"),
    (changed("fc7", lambda b: b[:5], 1), "biases of fc7 have the shape (5,), the net needs (14,)"),
    (changed("fc7", lambda w: w * np.nan), "numbers of fc7 are not all finite"),
    (changed("fc7", lambda w: w.astype(int)), "numbers of fc7 are of the type int64"),
    ({}, "it has no weights of conv1. It has: no layers"),
]


@pytest.mark.parametrize(("arrays", "words"), WRONG)
def test_a_file_of_another_net_is_refused_by_the_layer(tmp_path, arrays, words):
    theirs.as_npz(arrays, tmp_path / "net.npz", names=tuple(arrays))
    with pytest.raises(DataError) as error:
        weights.read(tmp_path / "net.npz", ALEXNET)
    assert words in str(error.value) and "\n" not in str(error.value)


def test_a_missing_blob_and_a_wrong_shape_are_one_line_of_the_command(tmp_path, capsys):
    (tmp_path / "spec.json").write_text(to_json(ALEXNET))
    options = ("--net", tmp_path / "spec.json", "--out", tmp_path / "run")
    path = tmp_path / "net.caffemodel"
    theirs.caffemodel(without(ARRAYS, "conv4"), path)
    assert "no weights of conv4" in refused(capsys, 3, path, *options)
    theirs.caffemodel(changed("fc8", lambda w: w[:, 1:]), path)
    assert "shape (7, 13), the net needs (7, 14)" in refused(capsys, 3, path, *options)
    theirs.as_npz(WHOLE, tmp_path / "net.npz", "{layer}.{word}", theirs.TORCHVISION)
    assert "weights of features.0" in refused(capsys, 3, tmp_path / "net.npz", *options)


def test_a_layer_that_is_there_twice_is_refused(tmp_path):
    names = {"conv1_w": ARRAYS["conv1"][0], "conv1.weight": ARRAYS["conv1"][0]}
    np.savez(tmp_path / "net.npz", allow_pickle=False, **names)
    with pytest.raises(DataError, match="it has weights of conv1 twice"):
        weights.read(tmp_path / "net.npz", ALEXNET)


def test_other_names_than_torchvision_s_are_refused_in_torch_s_formats(tmp_path):
    theirs.safetensors(ARRAYS, tmp_path / "net.safetensors", names=theirs.CAFFE)
    with pytest.raises(DataError, match="not torchvision's names, .* but 'conv1.weight'"):
        weights.read(tmp_path / "net.safetensors", ALEXNET)


def pth(path: Path) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed (extra 'bench')")
    state = {
        f"{name}.{word}": torch.from_numpy(array.copy())
        for name, pair in zip(theirs.TORCHVISION, WHOLE.values(), strict=True)
        for word, array in zip(("weight", "bias"), pair, strict=True)
    }
    torch.save(state, path, _use_new_zipfile_serialization=path.suffix == ".pth")


FILES = [
    ("net.npy", lambda path: theirs.as_npy(ARRAYS, path, theirs.SIDE), ALEXNET),
    ("old.npy", lambda path: theirs.python2_npy(ARRAYS, path, theirs.SIDE), ALEXNET),
    ("net.npz", lambda path: theirs.as_npz(ARRAYS, path), ALEXNET),
    ("net.caffemodel", lambda path: theirs.caffemodel(ARRAYS, path), ALEXNET),
    ("old.caffemodel", lambda path: theirs.caffemodel(ARRAYS, path, old=True), ALEXNET),
    ("net.safetensors", lambda path: theirs.safetensors(WHOLE, path), TORCHVISION),
    ("net.pth", pth, TORCHVISION),
    ("old.pt", pth, TORCHVISION),
]


@pytest.mark.parametrize(("name", "write", "net"), FILES)
def test_a_file_that_is_cut_anywhere_is_refused_in_one_line(tmp_path, name, write, net):
    path = tmp_path / name
    write(path)
    whole = path.read_bytes()
    near = [*range(0, 400, 7), len(whole) - 1, len(whole) - 30]
    for end in [*near, *np.linspace(400, len(whole) - 40, 40).astype(int)]:
        path.write_bytes(whole[:end])
        with pytest.raises(DataError, match="cannot be used: ") as error:
            weights.read(path, net)
        assert "\n" not in str(error.value)


@pytest.mark.parametrize(("name", "write", "net"), FILES)
def test_a_changed_byte_gives_a_net_or_one_line(tmp_path, monkeypatch, name, write, net):
    """Most of a file's bytes are numbers, which no format but the archives guards."""
    stub = SimpleNamespace(get_layer=lambda layer: SimpleNamespace(set_weights=len))
    monkeypatch.setattr(net_module, "build_alexnet", lambda experiment: stub)
    path = tmp_path / name
    write(path)
    whole, rng = path.read_bytes(), np.random.default_rng(0)
    for place in [*range(0, 300, 3), *rng.integers(300, len(whole), 60)]:
        flipped = bytes([whole[place] ^ int(rng.integers(1, 256))])
        path.write_bytes(whole[:place] + flipped + whole[place + 1 :])
        try:
            weights.read(path, net)
        except DataError as error:
            assert "\n" not in str(error)


def test_usage_errors_end_with_2(tmp_path, capsys):
    out = tmp_path / "run"
    assert "no file" in refused(capsys, 2, tmp_path / "net.npy", "--out", out)
    assert "none of the endings .npy" in refused(capsys, 2, tmp_path / "net.zip", "--out", out)
    path = tmp_path / "net.caffemodel"
    theirs.caffemodel(ARRAYS, path)
    assert "no spec 'CAFENET'" in refused(capsys, 2, path, "--out", out, "--net", "CAFENET")
    line = refused(capsys, 2, path, "--out", out, "--net", "CAFFENET")
    assert "norms come before pooling, as those of BVLC_ALEXNET, unlike CAFFENET" in line
    assert command.main([str(path)]) == 2 and not out.exists()


def test_a_file_s_order_chooses_between_caffe_s_nets(tmp_path, monkeypatch):
    stub = SimpleNamespace(get_layer=lambda layer: SimpleNamespace(set_weights=len))
    monkeypatch.setattr(net_module, "build_alexnet", lambda experiment: stub)
    monkeypatch.setattr(net_module, "weights_of", lambda file, model: {})
    path, expected = tmp_path / "net.caffemodel", {("LRN", "Pooling"): BVLC_ALEXNET}
    expected |= {("Pooling", "LRN"): CAFFENET, (): BVLC_ALEXNET}
    for steps, net in expected.items():
        for old in (False, True):
            theirs.caffemodel(ARRAYS, path, old=old, steps=steps)
            made = weights.read(path)
            assert made.experiment.model.convs == net.model.convs
            assert made.experiment.model.classes == 7  # as many as the file has
            assert ("does not say" in made.origin) == (not steps)
