"""Dividing the learning rate by ten (section 5).

python -m ablations.run learning_rate_schedule --budget standard
"""

from ablations.budgets import ALEXNET, IMAGENET, SMALL_ALEXNET, SMALL_NET
from ablations.study import Difference, ScoreStudy
from alexnet_tf.spec import PAPER, PlateauSpec, RateChange, replace
from alexnet_tf.spec.variants import constant_rate


def _arms(base, plateau):
    constant = constant_rate(base)
    epochs, rate = base.train.epochs, base.train.learning_rate
    steps = tuple(
        RateChange(epoch=epochs * share // 20, learning_rate=rate / 10**n)
        for n, share in enumerate((10, 15, 18), start=1)
    )
    return {
        "paper": replace(constant, {"train.plateau": plateau}),
        "constant": constant,
        "steps": replace(constant, {"train.changes": steps}),
    }


STUDY = ScoreStudy(
    name="learning_rate_schedule",
    title="Dividing the learning rate",
    claim=(
        "The learning rate is divided by 10 when the validation error stops improving, three "
        "times before termination."
    ),
    claim_ids=("C43",),
    section="5",
    scale_limits=SMALL_NET,
    limits="The paper's authors divided by hand; how long they waited is not known. Here the rule "
    "waits three epochs.",
    arms=_arms(SMALL_ALEXNET, PlateauSpec(patience=3)),
    on_imagenet=_arms(PAPER, PAPER.train.plateau),
    labels={
        "paper": "divided at plateaus",
        "constant": "constant",
        "steps": "divided at 1/2, 3/4 and 9/10 of the epochs",
    },
    budgets=ALEXNET,
    imagenet_budgets=IMAGENET,
    differences=(
        Difference(
            name="constant",
            baseline="paper",
            variant="constant",
            claimed="higher",
            smallest=0.5,
            note="What the reductions are worth.",
        ),
        Difference(
            name="steps",
            baseline="paper",
            variant="steps",
            claimed="none",
            smallest=0.5,
            family="secondary",
            note="Does watching the validation error beat a fixed schedule?",
        ),
    ),
)
