"""The standard deviation of the initial weights (section 5).

python -m ablations.run init_std --budget standard
"""

import dataclasses

from ablations.budgets import ALEXNET, IMAGENET, SMALL_ALEXNET, SMALL_NET
from ablations.study import Difference, ScoreStudy
from alexnet_tf.spec import PAPER, replace
from alexnet_tf.spec.variants import scaled_init


def _all(base, std):
    model = base.model
    convs = tuple(dataclasses.replace(conv, init_std=std) for conv in model.convs)
    dense = tuple(dataclasses.replace(layer, init_std=std) for layer in model.dense)
    changes = {"model.convs": convs, "model.dense": dense, "model.output_init_std": std}
    return replace(base, changes)


def _arms(base):
    return {
        "paper": base,
        "half": scaled_init(base, 0.5),
        "double": scaled_init(base, 2.0),
        "fan_in": replace(base, {"model.init": "glorot_he"}),
    }


STUDY = ScoreStudy(
    name="init_std",
    title="The spread of the initial weights",
    claim="The weights of each layer start from a Gaussian of standard deviation 0.01.",
    claim_ids=("C42",),
    section="5",
    limits="The paper gives its choice and claims nothing of others: nothing here decides a claim.",
    scale_limits=SMALL_NET
    + " It keeps the paper's gain of each layer rather than its 0.01, with which "
    "the loss of so narrow a net stays flat for long (the arm 'one for all layers').",
    arms=_arms(SMALL_ALEXNET) | {"all_001": _all(SMALL_ALEXNET, 0.01)},
    on_imagenet=_arms(PAPER) | {"all_001": _all(PAPER, 0.03)},
    labels={
        "paper": "the paper's gain",
        "half": "half of it",
        "double": "twice it",
        "fan_in": "He and Glorot",
        "all_001": "one for all layers: 0.01 (on ImageNet 0.03)",
    },
    budgets=ALEXNET,
    imagenet_budgets=IMAGENET,
    differences=tuple(
        Difference(
            name=name,
            baseline="paper",
            variant=name,
            claimed="none",
            smallest=0.5,
            family="secondary",
            note=note,
        )
        for name, note in {
            "half": "Does half the spread change anything?",
            "double": "Does twice the spread?",
            "fan_in": "Does what has replaced it since?",
            "all_001": "Does one spread for all layers (0.01; on ImageNet 0.03)?",
        }.items()
    ),
)
