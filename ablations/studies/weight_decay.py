"""Weight decay and the training error (section 5).

python -m ablations.run weight_decay --budget standard
"""

from ablations.budgets import ALEXNET, IMAGENET, SMALL_ALEXNET, SMALL_NET
from ablations.study import Difference, ScoreStudy
from alexnet_tf.spec import PAPER, replace


def _arms(base):
    return {"paper": base, "no_decay": replace(base, {"train.weight_decay": 0.0})}


STUDY = ScoreStudy(
    name="weight_decay",
    title="Weight decay",
    claim=(
        "A weight decay of 0.0005 is not merely a regulariser: it reduces the model's training "
        "error."
    ),
    claim_ids=("C41",),
    section="5",
    scale_limits=SMALL_NET
    + " The decay's pull grows with the number of updates: the paper's net made 844,000, seventy "
    "times as many as a `standard` run here.",
    limits="",
    arms=_arms(SMALL_ALEXNET),
    on_imagenet=_arms(PAPER),
    labels={"paper": "weight decay 0.0005", "no_decay": "none"},
    budgets=ALEXNET,
    imagenet_budgets=IMAGENET,
    differences=(
        Difference(
            name="training_error",
            baseline="paper",
            variant="no_decay",
            quantity="train_error",
            claimed="higher",
            smallest=0.5,
            note="The claim: training error, measured as at test time, without decay over with it.",
        ),
        Difference(
            name="test_error",
            baseline="paper",
            variant="no_decay",
            claimed="higher",
            smallest=0.5,
            family="secondary",
            note="As a regulariser: test error.",
        ),
    ),
)
