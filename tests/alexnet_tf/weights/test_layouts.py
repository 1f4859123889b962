"""Logits of files in the layouts of others, against a forward pass by NumPy in those layouts."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import published_files as theirs
import published_forward as forward
import pytest
import tiny

from alexnet_tf import weights
from alexnet_tf.spec import BVLC_ALEXNET, CAFFENET, TORCHVISION_ALEXNET

tiny.pin_one_thread()

SIDE = theirs.SIDE
ALEXNET, CAFFE = (theirs.small(net, theirs.MAPS) for net in (BVLC_ALEXNET, CAFFENET))
TORCHVISION = theirs.small(TORCHVISION_ALEXNET, theirs.WHOLE_MAPS)
ARRAYS, WHOLE = theirs.drawn_small(), theirs.drawn_small(theirs.WHOLE_MAPS, grouped=False)
POOL_FIRST = forward.Steps(order=("pool", "norm"))
PLAIN = forward.Steps(padding=2, grouped=False, order=("pool",))


def image(size: int = 103) -> np.ndarray:
    """Red, green, blue of (size, size, 3), about as far from zero as pixels less their mean."""
    return np.random.default_rng(3).normal(0, 60, (size, size, 3)).astype(np.float32)


def same(net: weights.PublishedNet, arrays: theirs.Arrays, steps: forward.Steps, bgr: bool) -> None:
    """The net's logits are those of the arrays in their own layout, and are no small numbers."""
    pixels = image(net.experiment.model.input_size)
    planes = pixels[:, :, :: -1 if bgr else 1].transpose(2, 0, 1)
    expected = forward.logits(arrays, planes, steps)
    assert np.abs(expected).max() > 0.5
    found = np.asarray(net.model(pixels[None]))[0]
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-4)


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("a.npy", lambda path: theirs.as_npy(ARRAYS, path, SIDE)),
        ("b.npy", lambda path: theirs.python2_npy(ARRAYS, path, SIDE)),
        ("c.npz", lambda path: theirs.as_npz(ARRAYS, path)),
        ("d.npz", lambda path: theirs.as_npz(ARRAYS, path, "module.{layer}.{word}")),
        ("e.caffemodel", lambda path: theirs.caffemodel(ARRAYS, path)),
        ("f.caffemodel", lambda path: theirs.caffemodel(ARRAYS, path, old=True)),
    ],
)
def test_a_file_in_caffe_s_names_has_caffe_s_logits(tmp_path, name, write):
    write(tmp_path / name)
    same(weights.read(tmp_path / name, ALEXNET), ARRAYS, forward.Steps(), bgr=True)


def test_caffenet_pools_before_its_norms(tmp_path):
    theirs.as_npz(ARRAYS, tmp_path / "net.npz")
    same(weights.read(tmp_path / "net.npz", CAFFE), ARRAYS, POOL_FIRST, bgr=True)
    pixels = image().transpose(2, 0, 1)
    orders = [forward.logits(ARRAYS, pixels, steps) for steps in (forward.Steps(), POOL_FIRST)]
    assert np.abs(orders[0] - orders[1]).max() > 0.01


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("a.npz", lambda path: theirs.as_npz(WHOLE, path, "{layer}.{word}", theirs.TORCHVISION)),
        ("b.safetensors", lambda path: theirs.safetensors(WHOLE, path)),
    ],
)
def test_a_file_in_torchvision_s_names_has_its_logits(tmp_path, name, write):
    write(tmp_path / name)
    same(weights.read(tmp_path / name, TORCHVISION), WHOLE, PLAIN, bgr=False)


needs_torch = pytest.mark.skipif(
    importlib.util.find_spec("torch") is None, reason="PyTorch is not installed (extra 'bench')"
)


def saved(path: Path, wrap: Callable = dict, **options: bool) -> None:
    """What `torch.save` makes of the state dict, with fc7 as a view that is not in order."""
    torch: Any = importlib.import_module("torch")

    state = {
        f"{name}.{word}": torch.from_numpy(array.copy())
        for name, pair in zip(theirs.TORCHVISION, WHOLE.values(), strict=True)
        for word, array in zip(("weight", "bias"), pair, strict=True)
    }
    turned = state["classifier.4.weight"].T.contiguous().T
    torch.save(wrap({**state, "classifier.4.weight": torch.nn.Parameter(turned)}), path, **options)


@needs_torch
@pytest.mark.parametrize("zipped", [True, False])
def test_a_state_dict_of_torch_is_read_without_torch(tmp_path, zipped):
    path = tmp_path / "net.pth"
    saved(path, _use_new_zipfile_serialization=zipped)
    same(weights.read(path, TORCHVISION), WHOLE, PLAIN, bgr=False)


@needs_torch
def test_a_checkpoint_of_a_training_is_read_for_its_state_dict(tmp_path):
    path = tmp_path / "net.pt"
    saved(path, lambda state: {"epoch": 3, "arch": "alexnet", "state_dict": state})
    same(weights.read(path, TORCHVISION), WHOLE, PLAIN, bgr=False)


@needs_torch
def test_half_precision_of_torch_is_read_to_the_bit(tmp_path):
    torch: Any = importlib.import_module("torch")

    for dtype in (torch.float16, torch.bfloat16, torch.float64):
        saved(tmp_path / "net.pth", lambda state, to=dtype: {k: v.to(to) for k, v in state.items()})
        found = weights.read(tmp_path / "net.pth", TORCHVISION).model.get_layer("fc8").get_weights()
        expected = [torch.from_numpy(array).to(dtype).float().numpy() for array in WHOLE["fc8"]]
        np.testing.assert_array_equal(found[0], expected[0].T)
        np.testing.assert_array_equal(found[1], expected[1])


@needs_torch
def test_torchvision_s_net_in_torch_has_the_same_logits(tmp_path):
    """The forward pass by NumPy is that of PyTorch's own layers."""
    torch: Any = importlib.import_module("torch")
    nn = torch.nn

    layers = [nn.ReLU(), nn.MaxPool2d(3, 2, ceil_mode=True)]
    convs = [nn.Conv2d(3, 6, 11, 4, 2), *layers, nn.Conv2d(6, 12, 5, 1, 2), *layers]
    for seen, made in ((12, 12), (12, 8), (8, 8)):
        convs += [nn.Conv2d(seen, made, 3, 1, 1), nn.ReLU()]
    dense = [nn.Linear(72, 10), nn.ReLU(), nn.Linear(10, 14), nn.ReLU(), nn.Linear(14, 7)]
    net = nn.Sequential(*convs, layers[1], nn.Flatten(), *dense)
    for parameter, array in zip(net.parameters(), sum(WHOLE.values(), ()), strict=True):
        parameter.data = torch.from_numpy(array.copy())
    saved(tmp_path / "net.pth")
    found = weights.read(tmp_path / "net.pth", TORCHVISION).model(image()[None])
    with torch.no_grad():
        expected = net(torch.from_numpy(image().transpose(2, 0, 1)[None].copy())).numpy()
    np.testing.assert_allclose(np.asarray(found), expected, rtol=0, atol=1e-4)


def test_caffe_s_net_at_full_size_has_the_logits_of_its_layout(tmp_path):
    arrays = theirs.drawn((96, 256, 384, 384, 256), (4096, 4096, 1000), 9216, grouped=True)
    path = tmp_path / "bvlc_alexnet.caffemodel"
    theirs.caffemodel(arrays, path, old=True)
    net = weights.read(path)
    assert net.experiment == BVLC_ALEXNET and net.model.count_params() == 60_965_224
    same(net, arrays, forward.Steps(), bgr=True)


def test_published_nets_have_the_parameters_that_are_published():
    counts = [net.model.parameters() for net in (BVLC_ALEXNET, CAFFENET, TORCHVISION_ALEXNET)]
    assert counts == [60_965_224, 60_965_224, 61_100_840]
