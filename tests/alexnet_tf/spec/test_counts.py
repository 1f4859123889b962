"""Parameters, operations and features against counting one by one; sizes of presets."""

from __future__ import annotations

import pytest
import tiny
from any_spec import convolved, many, models, pooled
from hypothesis import given

from alexnet_tf import spec as specs
from alexnet_tf.errors import SpecError
from alexnet_tf.spec import (
    MODERN,
    PAPER_ERA,
    ConvSpec,
    ModelSpec,
    replace,
)

# --- what is counted ----------------------------------------------------------------------


def counted(model: ModelSpec) -> tuple[int, int, int]:
    """Parameters, operations and features of a net, counted output by output."""
    parameters = operations = 0
    extent, inputs = model.input_size, model.channels
    for conv in model.convs:
        extent = convolved(extent, conv)
        for _ in range(conv.filters):
            parameters += sum(1 for _ in range(conv.kernel * conv.kernel * inputs)) + 1
            operations += 2 * extent * extent * conv.kernel * conv.kernel * inputs
        if conv.pool is not None:
            extent = pooled(extent, conv.pool.size, conv.pool.stride)
        inputs = conv.filters
    features = inputs = extent * extent * inputs
    for units in [*(dense.units for dense in model.dense), model.classes]:
        parameters += inputs * units + units
        operations += 2 * inputs * units
        inputs = units
    return parameters, operations, features


@many
@given(models(largest=33))
def test_parameters_operations_and_features_are_those_counted_one_by_one(model):
    assert (model.parameters(), model.flops(), model.feature_size) == counted(model)


def test_the_four_layer_net_has_the_size_of_the_2012_file():
    for base in (PAPER_ERA, MODERN):
        assert base.model.parameters() == 89_578
        assert base.model.feature_size == 1024
        # 32 x 32 x 75 x 32 + 16 x 16 x 800 x 32 + 8 x 8 x 800 x 64 + 10,240 multiply-adds
        assert base.model.flops() == 2 * (
            1024 * 75 * 32 + 256 * 800 * 32 + 64 * 800 * 64 + 1024 * 10
        )


#: (preset, parameters, neurons): paper.md's tables, from the 2012 configuration files.
SIZES = [
    ("PAPER", 60_965_224, 659_272),
    ("CODE2012", 60_965_224, 659_272),
    ("ONE_GPU", 59_798_312, 355_864),
    ("SIX_CONV", 60_965_224 + 589_824 + 256, 659_272 + 36 * 256),
    ("CIFAR_19PCT", 89_578, None),
    ("CIFAR_18PCT", 89_578, None),
    ("CIFAR_80SEC", 145_578, None),
    ("CIFAR_13PCT", 1_116_490, None),
    ("CIFAR_11PCT", 2_112_970, None),
]


@pytest.mark.parametrize(("name", "parameters", "neurons"), SIZES)
def test_presets_have_the_sizes_of_the_2012_files(name, parameters, neurons):
    model = specs.PRESETS[name].model
    assert model.parameters() == parameters
    if neurons is not None:
        assert sum(model.neurons().values()) == neurons


def test_the_local_nets_have_the_2012_sizes_on_whole_images_too():
    for name, parameters in (("CIFAR_13PCT", 1_901_386), ("CIFAR_11PCT", 3_672_906)):
        assert replace(specs.PRESETS[name].model, input_size=32).parameters() == parameters


def test_the_paper_s_net_has_the_numbers_of_figure_2_and_section_3_5():
    model = specs.PAPER.model
    assert list(model.neurons().items()) == [
        ("conv1", 290_400),  # Figure 2 prints 253,440 = 55 x 48 x 96, a slip
        ("conv2", 186_624),
        ("conv3", 64_896),
        ("conv4", 64_896),
        ("conv5", 43_264),
        ("fc6", 4096),
        ("fc7", 4096),
        ("fc8", 1000),
    ]
    assert model.weights_and_biases() == {
        "conv1": (11 * 11 * 3 * 96, 96),
        "conv2": (5 * 5 * 48 * 256, 256),
        "conv3": (3 * 3 * 256 * 384, 384),
        "conv4": (3 * 3 * 192 * 384, 384),
        "conv5": (3 * 3 * 192 * 256, 256),
        "fc6": (6 * 6 * 256 * 4096, 4096),
        "fc7": (4096 * 4096, 4096),
        "fc8": (4096 * 1000, 1000),
    }
    assert [(s.convolved, s.handed_on) for s in model.shapes] == [
        (55, 27),
        (27, 13),
        (13, 13),
        (13, 13),
        (13, 6),
    ]
    assert model.input_size**2 * model.channels == 150_528
    # Section 1 says no convolution holds more than 1 %: not so of conv3 and conv4
    share = {n: w / 60_954_656 for n, (w, _) in model.weights_and_biases().items()}
    assert [n for n, s in share.items() if n.startswith("conv") and s > 0.01] == ["conv3", "conv4"]


def test_a_net_whose_convolution_leaves_no_pixel_is_refused():
    ModelSpec(input_size=5, convs=(ConvSpec(filters=1, kernel=5, padding=0),))
    with pytest.raises(SpecError, match=r"model\.convs\.1.*at least one pixel"):
        conv = ConvSpec(filters=1, kernel=5, padding=0)
        ModelSpec(input_size=5, convs=(conv, conv))


def test_describing_experiments_needs_the_standard_library_only():
    code = (
        "import sys; import alexnet_tf.spec, alexnet_tf.records\n"
        "third = {m.split('.')[0] for m in sys.modules} - set(sys.stdlib_module_names)\n"
        "print(sorted(third - {'alexnet_tf', '__main__'} - set(sys.argv[1:])))"
    )
    bare = tiny.python("import sys; print(*{m.split('.')[0] for m in sys.modules})")
    result = tiny.python(code, *bare.stdout.split())
    assert result.stdout.strip() == "[]", result.stdout + result.stderr
