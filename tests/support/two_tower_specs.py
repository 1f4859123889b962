"""Two-tower nets so small that a training step takes milliseconds."""

from __future__ import annotations

from alexnet_tf.spec import CIFAR_ALEXNET, ConvSpec, DenseSpec, ModelSpec, SpatialNormSpec, replace

#: The topology of section 3: where the towers meet, norms, overlapping pools, a padded first
#: layer (sizes 27 -> 13, 6, 3, 1). Weights and norms are large enough to matter.
PAPER_LIKE = replace(
    CIFAR_ALEXNET.model,
    {
        "input_size": 27,
        "classes": 5,
        "output_init_std": 0.3,
        "convs.0.filters": 8,
        "convs.0.stride": 2,
        "convs.0.padding": 0,
        "convs.0.padding_end": 3,
        "convs.0.norm.alpha": 0.1,
        "convs.1.filters": 12,
        "convs.1.norm.alpha": 0.1,
        "convs.2.filters": 16,
        "convs.3.filters": 8,
        "convs.4.filters": 12,
        **{f"convs.{index}.init_std": 0.1 for index in range(5)},
        **{f"convs.{index}.init_bias": 0.1 for index in range(5)},
        "dense.0.units": 14,
        "dense.1.units": 10,
        **{f"dense.{index}.dropout": 0.0 for index in (0, 1)},
        **{f"dense.{index}.init_std": 0.3 for index in (0, 1)},
    },
)

#: The order of the steps in the 2012 code, and its third norm.
CODE_LIKE = replace(
    PAPER_LIKE,
    {
        "init": "glorot_he",
        "convs.0.order": ("norm", "pool", "activation"),
        "convs.0.norm.alpha_over": "mean",
        "convs.1.spatial_norm": SpatialNormSpec(alpha=0.1),
        "convs.4.order": ("pool", "activation"),
    },
)

#: Net 150: towers that meet in the last layer only.
NO_COMMUNICATION_LIKE = replace(
    PAPER_LIKE, {"convs.2.groups": 2, "dense.0.groups": 2, "dense.1.groups": 2}
)

#: One of each: a grouped and an exchanged convolution, an exchanged dense layer.
MINI = ModelSpec(
    input_size=9,
    classes=5,
    towers=2,
    init="glorot_he",
    convs=(
        ConvSpec(filters=6, kernel=3, padding=1, norm=CIFAR_ALEXNET.model.convs[0].norm),
        ConvSpec(filters=4, kernel=3, stride=2, padding=1),
        ConvSpec(filters=6, kernel=3, stride=2, padding=1, groups=2),
    ),
    dense=(DenseSpec(units=12),),
)
