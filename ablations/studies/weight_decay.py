"""Weight decay and the training error (section 5).

python -m ablations.run weight_decay --budget standard
"""

from ablations.budgets import ALEXNET, IMAGENET, MATTERS, OF_ERROR, SMALL_ALEXNET, SMALL_NET
from ablations.study import Check, Comparison, Study
from alexnet_tf.spec import PAPER, replace


def _arms(base):
    return {
        "paper": base,
        "no_decay": replace(base, {"train.weight_decay": 0.0}),
        "as_much": replace(base, {"train.weight_decay": _SHARE * base.train.weight_decay}),
    }


# What a weight loses over a training is about the sum over the updates of rate x decay /
# (1 - momentum): 14 in the paper (844,000 updates), 1.6 in a `standard` run of the small net.
_SHARE = 9


STUDY = Study(
    name="weight_decay",
    title="Weight decay",
    claim=(
        "A weight decay of 0.0005 is not merely a regulariser: it reduces the model's training "
        "error."
    ),
    claim_ids=("C41",),
    section="5",
    scale_limits=SMALL_NET
    + " The decay's pull, summed over the updates, is a ninth of the paper's in a `standard` run; "
    "the arm 'nine times the decay' makes up for it.",
    limits="",
    arms=_arms(SMALL_ALEXNET),
    on_imagenet=_arms(PAPER),
    labels={"paper": "weight decay 0.0005", "no_decay": "none", "as_much": "nine times the decay"},
    budgets=ALEXNET,
    imagenet_budgets=IMAGENET,
    checks=(
        Check(arm="no_decay", quantity="decay_pull", most=0),
        Check(arm="as_much", quantity="decay_pull", least=10),
    ),
    shown=("decay_pull",),
    comparisons=(
        Comparison(
            name="training_error",
            baseline="paper",
            variant="no_decay",
            quantity="train_error",
            claimed="higher",
            smallest=MATTERS,
            argued=OF_ERROR,
            note="The claim: training error, measured as at test time, without decay over with it.",
        ),
        Comparison(
            name="training_error_as_much",
            baseline="as_much",
            variant="no_decay",
            quantity="train_error",
            claimed="higher",
            smallest=MATTERS,
            argued=OF_ERROR,
            family="secondary",
            note="The claim, with as much pull as the paper's decay had over its whole training.",
        ),
        Comparison(
            name="test_error",
            baseline="paper",
            variant="no_decay",
            claimed="higher",
            smallest=MATTERS,
            argued=OF_ERROR,
            family="secondary",
            note="As a regulariser: test error.",
        ),
    ),
)
