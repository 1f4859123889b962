"""Every layer: its configuration, its precision, its shapes, and what it refuses."""

from __future__ import annotations

import inspect
from typing import Any

import keras
import numpy as np
import pytest
import tiny
from slow_layers import BASIS

from alexnet_tf.layers import (
    ClippedPooling2D,
    FlattenTowers,
    GroupedConv2D,
    GroupedDense,
    LocallyConnected2D,
    LocalResponseNorm,
    PCAJitter,
    ScaledDropout,
    SpatialResponseNorm,
)

tiny.pin_one_thread()


@pytest.fixture(autouse=True)
def forget_models():
    keras.utils.set_random_seed(0)  # needed where another test has made operations deterministic
    yield
    keras.utils.clear_session()


# --- every layer --------------------------------------------------------------------------

LAYERS: dict[str, tuple[type, dict[str, Any]]] = {
    "LocalResponseNorm": (
        LocalResponseNorm,
        {"size": 3, "k": 1.5, "alpha": 0.1, "beta": 0.6, "alpha_over": "mean", "groups": 2},
    ),
    "SpatialResponseNorm": (
        SpatialResponseNorm,
        {"size": 3, "alpha": 0.1, "beta": 0.6, "k": 1.5},
    ),
    "PCAJitter": (
        PCAJitter,
        {
            "eigenvalues": [3.0, 2.0, 1.0],
            "eigenvectors": BASIS.tolist(),
            "sigma": 0.2,
            "scale": "stddev",
            "seed": 5,
        },
    ),
    "LocallyConnected2D": (
        LocallyConnected2D,
        {
            "filters": 4,
            "kernel_size": 3,
            "strides": 2,
            "padding": 1,
            "activation": "relu",
            "kernel_initializer": "he_normal",
            "bias_initializer": "ones",
        },
    ),
    "ClippedPooling2D": (ClippedPooling2D, {"kind": "avg", "size": 4, "stride": 3}),
    "FlattenTowers": (FlattenTowers, {"towers": 3}),
    "GroupedConv2D": (GroupedConv2D, {"filters": 6, "kernel_size": 3, "groups": 3}),
    "GroupedDense": (GroupedDense, {"units": 6, "groups": 3}),
    "ScaledDropout": (ScaledDropout, {"rate": 0.25, "scaling": "inverted", "seed": 7}),
}
SHAPES = {"GroupedDense": (4, 12), "LocalResponseNorm": (4, 6, 6, 6)}


@pytest.mark.parametrize("name", LAYERS)
def test_a_layer_s_configuration_holds_every_argument_and_makes_it_again(name):
    kind, arguments = LAYERS[name]
    layer = kind(**arguments, name="again")
    parameters = set(inspect.signature(kind.__init__).parameters) - {"self", "kwargs"}
    config = layer.get_config()
    assert parameters <= set(config)
    for argument, value in arguments.items():
        plain = isinstance(value, int | float) or argument not in ("kernel_initializer",)
        if plain and not argument.endswith("initializer") and argument != "kernel_size":
            assert config[argument] == value
    again = kind.from_config(config)
    assert again.get_config() == config


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("policy", ["float32", "mixed_bfloat16", "mixed_float16"])
def test_a_layer_trains_saves_and_loads_in_any_precision(name, policy, tmp_path):
    kind, arguments = LAYERS[name]
    shape = SHAPES.get(name, (4, 6, 6, 3))
    x = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    inputs = keras.Input(shape[1:])
    layer = kind(**arguments, dtype=policy)
    features = layer(inputs)
    assert features.shape == layer.compute_output_shape((None, *shape[1:]))
    flat = keras.layers.Flatten()(features)
    model: Any = keras.Model(inputs, keras.layers.Dense(2, dtype="float32")(flat))
    model.compile("sgd", "mse", jit_compile=False)
    model.fit(x, np.zeros((4, 2)), verbose=0)
    for weight in model.get_weights():
        assert np.isfinite(weight).all()
    path = tmp_path / "model.keras"
    model.save(path)
    loaded: Any = keras.models.load_model(path, safe_mode=True)
    np.testing.assert_array_equal(np.asarray(loaded(x)), np.asarray(model(x)))
    computed = {"float32": "float32"}.get(policy, policy.removeprefix("mixed_"))
    assert layer(x).dtype == computed


@pytest.mark.parametrize(
    ("kind", "arguments", "message"),
    [
        (LocalResponseNorm, {"size": 4}, "`size` must be odd and at least 1. Received: size=4"),
        (LocalResponseNorm, {"k": 0}, "`k` must be greater than 0. Received: k=0"),
        (LocalResponseNorm, {"alpha": -1}, "`alpha` must be at least 0. Received: alpha=-1"),
        (LocalResponseNorm, {"beta": 0}, "`beta` must be greater than 0. Received: beta=0"),
        (
            LocalResponseNorm,
            {"alpha_over": "n"},
            "`alpha_over` must be 'sum' or 'mean'. Received: alpha_over='n'",
        ),
        (LocalResponseNorm, {"groups": 0}, "`groups` must be at least 1. Received: groups=0"),
        (SpatialResponseNorm, {"size": 2}, "`size` must be odd and at least 1. Received: size=2"),
        (SpatialResponseNorm, {"alpha": -1}, "`alpha` must be at least 0. Received: alpha=-1"),
        (SpatialResponseNorm, {"beta": 0}, "`beta` must be greater than 0. Received: beta=0"),
        (SpatialResponseNorm, {"k": 0}, "`k` must be greater than 0. Received: k=0"),
        (LocallyConnected2D, {"filters": 0, "kernel_size": 1}, "`filters` must be at least 1"),
        (LocallyConnected2D, {"filters": 1, "kernel_size": 0}, "`kernel_size` must be at least 1"),
        (GroupedDense, {"units": 3, "groups": 2}, "`groups` must be a divisor of `units`"),
        (FlattenTowers, {"towers": 0}, "`towers` must be at least 1. Received: towers=0"),
        (ScaledDropout, {"rate": 0.5, "scaling": "x"}, "`scaling` must be 'original'"),
        (
            PCAJitter,
            {"eigenvalues": [1, 2], "eigenvectors": BASIS.tolist()},
            "`eigenvalues` must be 3 numbers",
        ),
        (
            PCAJitter,
            {"eigenvalues": [1, 2, -3], "eigenvectors": BASIS.tolist()},
            "`eigenvalues` must be 3 numbers",
        ),
        (
            PCAJitter,
            {"eigenvalues": [1, 2, 3], "eigenvectors": [[1, 2], [3, 4]]},
            "`eigenvectors` must be 3 x 3",
        ),
        (
            PCAJitter,
            {"eigenvalues": [1, 2, 3], "eigenvectors": BASIS.tolist(), "scale": "x"},
            "`scale` must be 'eigenvalue' or 'stddev'",
        ),
    ],
)
def test_arguments_that_make_no_sense_are_refused(kind, arguments, message):
    with pytest.raises(ValueError) as error:
        kind(**arguments)
    assert str(error.value).startswith(message)


def test_shapes_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="`groups` must divide the channels"):
        LocalResponseNorm(groups=2).build((None, 3, 3, 5))
    with pytest.raises(ValueError, match="must have a known height and width"):
        SpatialResponseNorm().build((None, None, 3, 5))
    with pytest.raises(ValueError, match="`kernel_size` must fit"):
        LocallyConnected2D(1, 5).build((None, 3, 3, 1))
    with pytest.raises(ValueError, match="`groups` must divide the inputs"):
        GroupedDense(4, 2).build((None, 5))
