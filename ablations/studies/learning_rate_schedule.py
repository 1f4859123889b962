"""Dividing the learning rate by ten (section 5).

python -m ablations.run learning_rate_schedule --budget standard
"""

from ablations.budgets import ALEXNET, IMAGENET, MATTERS, OF_ERROR, SMALL_ALEXNET, SMALL_NET
from ablations.study import Check, Comparison, Study
from alexnet_tf.spec import PAPER, PlateauSpec, replace
from alexnet_tf.spec.variants import constant_rate, reductions


def _arms(base, plateau):
    return {
        "paper": reductions(base, 3),
        **{word: reductions(base, count) for count, word in enumerate(("constant", "one", "two"))},
        "plateau": replace(constant_rate(base), {"train.plateau": plateau}),
    }


STUDY = Study(
    name="learning_rate_schedule",
    title="Dividing the learning rate",
    claim=(
        "The learning rate is divided by 10 when the validation error stops improving, three "
        "times before termination."
    ),
    claim_ids=("C43",),
    section="5",
    scale_limits=SMALL_NET,
    limits="The paper's authors divided by hand, at plateaus, and how long they waited is not "
    "known: the arm that decides divides at 1/2, 3/4 and 9/10 of the epochs, so that the rate is "
    "divided three times in every run. The rule that watches the validation error, here with a "
    "patience of five epochs, may fire fewer times within them.",
    arms=_arms(SMALL_ALEXNET, PlateauSpec()),
    on_imagenet=_arms(PAPER, PAPER.train.plateau),
    labels={
        "paper": "divided three times",
        "constant": "constant",
        "one": "divided once",
        "two": "divided twice",
        "plateau": "divided at plateaus",
    },
    budgets=ALEXNET,
    imagenet_budgets=IMAGENET,
    checks=(
        *(
            Check(arm=arm, quantity="rate_divisions", least=count, most=count)
            for arm, count in {"paper": 3, "constant": 0, "one": 1, "two": 2}.items()
        ),
        Check(arm="plateau", quantity="rate_divisions", least=3),
    ),
    comparisons=(
        Comparison(
            name="constant",
            baseline="paper",
            variant="constant",
            claimed="higher",
            smallest=MATTERS,
            argued=OF_ERROR,
            note="What the reductions are worth.",
        ),
        *(
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
                "one": "What the second and third reduction are worth.",
                "two": "What the third is worth.",
                "plateau": "Does watching the validation error beat a fixed schedule?",
            }.items()
        ),
    ),
)
