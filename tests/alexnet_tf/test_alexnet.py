"""The network of the paper, layer by layer, and where the source code departs from it."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import tiny

from alexnet_tf import build_alexnet
from alexnet_tf.spec import (
    CODE2012,
    ONE_GPU,
    PAPER,
    ModelSpec,
    replace,
)

tiny.pin_one_thread()


@pytest.fixture(autouse=True)
def forget_models():
    yield
    keras.utils.clear_session()


def outputs(model: keras.Model) -> dict[str, tuple[int, ...]]:
    return {layer.name: tuple(layer.output.shape[1:]) for layer in model.layers}


def test_the_layers_of_the_paper_have_the_shapes_of_figure_2():
    model = build_alexnet(PAPER)
    assert model.count_params() == 60_965_224
    assert outputs(model) == {
        "image": (224, 224, 3),
        "pad_conv1": (227, 227, 3),
        "conv1": (55, 55, 96),
        "norm_conv1": (55, 55, 96),
        "pool1": (27, 27, 96),
        "conv2": (27, 27, 256),
        "norm_conv2": (27, 27, 256),
        "pool2": (13, 13, 256),
        "conv3": (13, 13, 384),
        "conv4": (13, 13, 384),
        "conv5": (13, 13, 256),
        "pool5": (6, 6, 256),
        "flatten": (9216,),
        "fc6": (4096,),
        "dropout_fc6": (4096,),
        "fc7": (4096,),
        "dropout_fc7": (4096,),
        "fc8": (1000,),
    }
    kernels = {
        layer.name: tuple(layer.kernel.shape) for layer in model.layers if hasattr(layer, "kernel")
    }
    assert kernels == {
        "conv1": (11, 11, 3, 96),
        "conv2": (5, 5, 48, 256),
        "conv3": (3, 3, 256, 384),
        "conv4": (3, 3, 192, 384),
        "conv5": (3, 3, 192, 256),
        "fc6": (9216, 4096),
        "fc7": (4096, 4096),
        "fc8": (4096, 1000),
    }


def test_one_gpu_is_half_a_net_with_a_whole_conv5():
    model = build_alexnet(ONE_GPU)
    assert model.count_params() == 59_798_312
    shapes = outputs(model)
    assert [shapes[f"conv{n}"][-1] for n in range(1, 6)] == [48, 128, 192, 192, 256]


def test_conv1_makes_55_windows_of_224_pixels():
    spec = ModelSpec(
        input_size=224, convs=(replace(PAPER.model.convs[0], filters=2, norm=None, pool=None),)
    )
    image = np.random.default_rng(0).normal(size=(1, 224, 224, 3)).astype(np.float32)
    model = build_alexnet(spec)
    layer: Any = model.get_layer("conv1")
    found = np.asarray(keras.Model(model.input, layer.output)(image))
    assert found.shape == (1, 55, 55, 2)
    # the 2012 kernels' rule: window i starts at pixel 4 i, and beyond the edge there are zeros
    padded = np.zeros((227, 227, 3))
    padded[:224, :224] = image[0]
    kernel = np.asarray(layer.kernel, np.float64)
    for i, j in ((0, 0), (54, 0), (0, 54), (54, 54), (20, 31)):
        window = padded[4 * i : 4 * i + 11, 4 * j : 4 * j + 11]
        expected = np.maximum(0, np.einsum("yxc,yxcf->f", window, kernel))
        np.testing.assert_allclose(found[0, i, j], expected, rtol=1e-3, atol=1e-5)


def test_paper_and_code_set_the_same_biases_to_one():
    for preset in (PAPER, CODE2012):
        layers = [*preset.model.convs, *preset.model.dense]
        ones = [layer.name for layer in layers if layer.init_bias == 1]
        assert ones == ["conv2", "conv4", "conv5", "fc6", "fc7"]
        assert {layer.init_bias for layer in layers} == {0, 1}
    assert [conv.init_std for conv in PAPER.model.convs] == [0.01] * 5
    assert [conv.init_std for conv in CODE2012.model.convs] == [0.01, 0.01, 0.03, 0.03, 0.03]
