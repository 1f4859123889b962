"""Dropout in the two hidden fully-connected layers (section 4.2).

python -m ablations.run dropout --budget standard
"""

from ablations.budgets import ALEXNET, IMAGENET, SMALL_ALEXNET, SMALL_NET
from ablations.study import Difference, ScoreStudy
from alexnet_tf.spec import PAPER
from alexnet_tf.spec.variants import without_dropout


def _arms(base):
    return {"paper": base, "no_dropout": without_dropout(base)}


STUDY = ScoreStudy(
    name="dropout",
    title="Dropout",
    claim=(
        "Without dropout the network exhibits substantial overfitting; dropout roughly doubles "
        "the number of iterations required to converge."
    ),
    claim_ids=("C36", "C37", "C38"),
    section="4.2",
    limits=SMALL_NET
    + " A net without dropout keeps the paper's initialisation, under which its hidden units "
    "are not halved.",
    arms=_arms(SMALL_ALEXNET),
    on_imagenet=_arms(PAPER),
    labels={"paper": "dropout of 0.5", "no_dropout": "no dropout"},
    budgets=ALEXNET,
    imagenet_budgets=IMAGENET,
    differences=(
        Difference(
            name="overfitting",
            baseline="paper",
            variant="no_dropout",
            quantity="generalisation_gap",
            claimed="higher",
            smallest=1.0,
            note="C36: the gap between validation and training error.",
        ),
        Difference(
            name="error",
            baseline="paper",
            variant="no_dropout",
            claimed="higher",
            smallest=0.5,
            note="Does the net with dropout generalise better?",
        ),
        Difference(
            name="convergence",
            baseline="no_dropout",
            variant="paper",
            quantity="epochs_to_converge",
            scale="ratio",
            claimed="higher",
            smallest=1.2,
            paper=2.0,
            paper_source='"roughly doubles", data set not named',
            family="secondary",
            note="C37: epochs until nine tenths of the fall of the training error are done.",
        ),
        Difference(
            name="halved_outputs",
            baseline="paper",
            variant="paper",
            baseline_quantity="dropout_mean_error",
            quantity="test_error",
            claimed="equal",
            smallest=0.5,
            family="secondary",
            note="C38: halved outputs against the geometric mean of 32 nets with units dropped.",
        ),
    ),
)
