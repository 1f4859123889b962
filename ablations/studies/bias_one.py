"""Biases of 1 in conv2, conv4, conv5 and the hidden fully-connected layers (section 5).

python -m ablations.run bias_one --budget standard
"""

from ablations.budgets import ALEXNET, IMAGENET, MATTERS, OF_ERROR, SMALL_ALEXNET, SMALL_NET
from ablations.study import Comparison, Study
from alexnet_tf.spec import PAPER
from alexnet_tf.spec.variants import unit_biases, zero_biases


def _arms(base):
    return {"paper": unit_biases(base), "zero": zero_biases(base)}


STUDY = Study(
    name="bias_one",
    title="Biases of one",
    claim=(
        "Initialising biases with 1 accelerates the early stages of learning by providing the "
        "ReLUs with positive inputs."
    ),
    claim_ids=("C42",),
    section="5",
    scale_limits=SMALL_NET,
    limits="Both arms train at the rate that was chosen with biases of 0.",
    arms=_arms(SMALL_ALEXNET),
    on_imagenet=_arms(PAPER),
    labels={"paper": "biases of 1", "zero": "biases of 0"},
    budgets=ALEXNET,
    imagenet_budgets=IMAGENET,
    comparisons=(
        Comparison(
            name="early_learning",
            baseline="paper",
            variant="zero",
            quantity="early_train_error",
            claimed="higher",
            smallest=1.0,
            argued="a tenth of what training errors differ by between two such epochs, 10 points",
            note="Training error, on average over the first eighth of the epochs.",
        ),
        Comparison(
            name="final_error",
            baseline="paper",
            variant="zero",
            claimed="none",
            smallest=MATTERS,
            argued=OF_ERROR,
            family="secondary",
            note="The paper claims nothing about the end of training.",
        ),
    ),
)
