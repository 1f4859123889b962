"""Dropout in the two hidden fully-connected layers (section 4.2).

python -m ablations.run dropout --budget standard
"""

from ablations.budgets import ALEXNET, IMAGENET, SMALL_ALEXNET, SMALL_NET
from ablations.study import Difference, ScoreStudy
from alexnet_tf.spec import PAPER
from alexnet_tf.spec.variants import constant_rate, halved_dropout, without_dropout


def _arms(base):
    constant = constant_rate(base)
    return {
        "paper": base,
        "no_dropout": without_dropout(base),
        "halved": halved_dropout(base),
        "constant": constant,
        "constant_halved": halved_dropout(constant),
    }


STUDY = ScoreStudy(
    name="dropout",
    title="Dropout",
    claim=(
        "Without dropout the network exhibits substantial overfitting; dropout roughly doubles "
        "the number of iterations required to converge."
    ),
    claim_ids=("C36", "C37", "C38"),
    section="4.2",
    scale_limits=SMALL_NET,
    limits="Without dropout the next layer sees outputs twice as large; the arm with halved "
    "outputs, as in the 2012 source with dropout switched off, changes nothing else and "
    "decides. The paper does not say what it takes for convergence: here it is the "
    "validation error of half of chance's, at one learning rate throughout.",
    arms=_arms(SMALL_ALEXNET),
    on_imagenet=_arms(PAPER),
    labels={
        "paper": "dropout of 0.5",
        "no_dropout": "no dropout",
        "halved": "none, outputs halved",
        "constant": "dropout, one rate",
        "constant_halved": "none, outputs halved, one rate",
    },
    budgets=ALEXNET,
    imagenet_budgets=IMAGENET,
    differences=(
        Difference(
            name="overfitting",
            baseline="paper",
            variant="halved",
            quantity="generalisation_gap",
            claimed="higher",
            smallest=1.0,
            note="C36: the gap between validation and training error.",
        ),
        Difference(
            name="error",
            baseline="paper",
            variant="halved",
            claimed="higher",
            smallest=0.5,
            note="Does the net with dropout generalise better?",
        ),
        Difference(
            name="overfitting_doubled",
            baseline="paper",
            variant="no_dropout",
            quantity="generalisation_gap",
            claimed="higher",
            smallest=1.0,
            family="secondary",
            note="Against a net whose hidden layers also hand on twice as much.",
        ),
        Difference(
            name="error_doubled",
            baseline="paper",
            variant="no_dropout",
            claimed="higher",
            smallest=0.5,
            family="secondary",
            note="Against a net whose hidden layers also hand on twice as much.",
        ),
        Difference(
            name="convergence",
            baseline="constant_halved",
            variant="constant",
            quantity="epochs_to_converge",
            scale="ratio",
            claimed="higher",
            smallest=1.2,
            paper=2.0,
            paper_source='"roughly doubles", data set not named',
            family="secondary",
            note=(
                "C37: how many times the epochs until the validation error is half of chance's. "
                "The rate stays the same, or its first division would decide when nets converge."
            ),
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
