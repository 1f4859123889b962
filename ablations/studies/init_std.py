"""The standard deviation of the initial weights (section 5).

python -m ablations.run init_std --budget standard
"""

import dataclasses

from ablations.budgets import ALEXNET, IMAGENET, MATTERS, OF_ERROR, SMALL_ALEXNET, SMALL_NET
from ablations.study import Comparison, Study
from alexnet_tf.spec import PAPER, replace
from alexnet_tf.spec.variants import he_gains, scaled_init, with_gains


def _all(base, std):
    model = base.model
    one = {"init_std": std, "init_gain": None}
    return replace(
        base,
        {
            "model.convs": tuple(dataclasses.replace(conv, **one) for conv in model.convs),
            "model.dense": tuple(dataclasses.replace(layer, **one) for layer in model.dense),
            "model.output_init_std": std,
            "model.output_init_gain": None,
        },
    )


def _arms(base, paper):
    return {
        "paper": paper,
        "half": scaled_init(paper, 0.5),
        "double": scaled_init(paper, 2.0),
        "fan_in": he_gains(base),
    }


STUDY = Study(
    name="init_std",
    title="The spread of the initial weights",
    claim="The weights of each layer start from a Gaussian of standard deviation 0.01.",
    claim_ids=("C42",),
    section="5",
    limits="The paper gives its choice and claims nothing of others: nothing here decides a claim.",
    scale_limits=SMALL_NET
    + " It keeps the paper's gain of each layer rather than its 0.01, with which "
    "the loss of so narrow a net stays flat for long (the arm 'one for all layers').",
    arms=_arms(SMALL_ALEXNET, with_gains(SMALL_ALEXNET, PAPER.model.init_gains()))
    | {"all_001": _all(SMALL_ALEXNET, 0.01)},
    on_imagenet=_arms(PAPER, PAPER) | {"all_001": _all(PAPER, 0.03)},
    labels={
        "paper": "the paper's gain",
        "half": "half of it",
        "double": "twice it",
        "fan_in": "gains of sqrt(2), of 1 for the output",
        "all_001": "one for all layers: 0.01 (on ImageNet 0.03)",
    },
    budgets=ALEXNET,
    imagenet_budgets=IMAGENET,
    comparisons=tuple(
        Comparison(
            name=name,
            baseline="paper",
            variant=name,
            claimed="none",
            smallest=MATTERS,
            argued=OF_ERROR,
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
