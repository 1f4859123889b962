"""The net of a spec in PyTorch: the same sizes, groups, pooling, norms and dropout."""

from __future__ import annotations

import importlib
from collections import OrderedDict
from typing import Any

from alexnet_tf.spec import ConvSpec, ModelSpec, ResponseNormSpec


def unsupported(model: ModelSpec) -> str:
    """Return what keeps `model` from being built in PyTorch, or an empty text.

    Local weights, norms over pixels and dense layers in groups do.
    """
    if any(conv.weights == "local" for conv in model.convs):
        return "locally connected layers are not built in PyTorch"
    if any(conv.spatial_norm is not None for conv in model.convs):
        return "response norms over pixels are not built in PyTorch"
    if any(dense.groups > 1 for dense in model.dense):
        return "dense layers in groups are not built in PyTorch"
    return ""


def build_torch(model: ModelSpec) -> Any:
    """Return a `torch.nn.Sequential` from (batch, channels, H, W) to logits (batch, classes).

    Weighted layers have the spec's names and its Gaussian initial weights.

    Raises:
        ValueError: `unsupported(model)` says why.
        ImportError: PyTorch is not installed.
    """
    reason = unsupported(model)
    if reason:
        raise ValueError(reason)
    nn = importlib.import_module("torch").nn
    layers: OrderedDict[str, Any] = OrderedDict()
    names, inputs, stds = iter(model.names()), model.channels, model.init_stds()
    for conv in model.convs:
        name = next(names)
        layers.update(_convolution(nn, model, conv, name, inputs))
        inputs = conv.filters
    layers["flatten"] = nn.Flatten()
    inputs = model.feature_size
    for dense in model.dense:
        name = next(names)
        layers[name] = _initialised(nn, nn.Linear(inputs, dense.units), stds[name], dense.init_bias)
        layers[f"{model.activation}_{name}"] = _activation(nn, model)
        if dense.dropout:
            layers[f"dropout_{name}"] = _dropout(nn, dense.dropout, model.dropout_scaling)
        inputs = dense.units
    output = nn.Linear(inputs, model.classes)
    nn.init.normal_(output.weight, std=list(stds.values())[-1])
    nn.init.zeros_(output.bias)
    layers[next(names)] = output
    return nn.Sequential(layers)


def _convolution(
    nn: Any, model: ModelSpec, conv: ConvSpec, name: str, inputs: int
) -> OrderedDict[str, Any]:
    """Return the layers of one convolution, from its padding to its pooling."""
    made: OrderedDict[str, Any] = OrderedDict()
    padding = conv.padding
    if conv.padding != conv.end:
        made[f"pad_{name}"] = nn.ZeroPad2d((conv.padding, conv.end, conv.padding, conv.end))
        padding = 0
    layer = nn.Conv2d(inputs, conv.filters, conv.kernel, conv.stride, padding, groups=conv.groups)
    made[name] = _initialised(nn, layer, model.init_stds()[name], conv.init_bias)
    for step in conv.order:
        if step == "activation":
            made[f"{model.activation}_{name}"] = _activation(nn, model)
        elif step == "norm" and conv.norm is not None:
            made[f"norm_{name}"] = _norm(nn, conv.norm, conv.filters, model.towers)
        elif step == "pool" and conv.pool is not None:
            size, stride = conv.pool.size, conv.pool.stride
            if conv.pool.kind == "max":
                made[f"pool_{name}"] = nn.MaxPool2d(size, stride, ceil_mode=True)
            else:
                made[f"pool_{name}"] = nn.AvgPool2d(
                    size, stride, ceil_mode=True, count_include_pad=False
                )
    return made


def _norm(nn: Any, norm: ResponseNormSpec, filters: int, towers: int) -> Any:
    """Return the response norm; PyTorch's divides alpha by the number of maps."""
    alpha = norm.alpha * (norm.size if norm.alpha_over == "sum" else 1)
    layer = nn.LocalResponseNorm(norm.size, alpha, norm.beta, norm.k)
    groups = towers if norm.across == "tower" else 1
    if groups == 1:
        return layer
    # towers become images of their own, so that no window looks over their border
    return nn.Sequential(
        nn.Unflatten(1, (groups, filters // groups)),
        nn.Flatten(0, 1),
        layer,
        nn.Unflatten(0, (-1, groups)),
        nn.Flatten(1, 2),
    )


def _activation(nn: Any, model: ModelSpec) -> Any:
    return nn.ReLU(inplace=True) if model.activation == "relu" else nn.Tanh()


def _dropout(nn: Any, rate: float, scaling: str) -> Any:
    class Scale(nn.Module):
        """Multiplies by the probability of keeping."""

        def forward(self, inputs: Any) -> Any:
            return inputs * (1 - rate)

    if scaling == "inverted":
        return nn.Dropout(rate)
    return Scale() if scaling == "halved" else nn.Sequential(nn.Dropout(rate), Scale())


def _initialised(nn: Any, layer: Any, std: float, bias: float) -> Any:
    nn.init.normal_(layer.weight, std=std)
    nn.init.constant_(layer.bias, bias)
    return layer
