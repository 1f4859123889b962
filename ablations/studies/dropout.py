"""Dropout in the two hidden fully-connected layers (section 4.2).

python -m ablations.run dropout --budget standard
"""

from ablations.budgets import ALEXNET, IMAGENET, MATTERS, OF_ERROR, OF_GAP, SMALL_ALEXNET, SMALL_NET
from ablations.study import Check, Comparison, Quantity, Study
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


# What the number of iterations to converge is taken for: C37 does not say.
_CONVERGENCE: tuple[tuple[str, Quantity, str], ...] = (
    (
        "convergence",
        "epochs_to_settle",
        "C37: how many times the epochs until 95 % of the fall of the validation error is done, "
        "from chance level to where the arm itself ends. The rate stays the same, or its first "
        "division would decide when nets converge.",
    ),
    ("convergence_70", "epochs_to_70", "The same to a validation error of 70 %."),
    ("convergence_60", "epochs_to_60", "The same to 60 %."),
    ("convergence_50", "epochs_to_50", "The same to 50 %."),
    ("convergence_40", "epochs_to_40", "The same to 40 %."),
)
_DISTRIBUTIONS: tuple[tuple[str, Quantity, str], ...] = (
    ("unhalved", "dropout_kl_unhalved", "outputs that are not halved"),
    ("one_mask", "dropout_kl_one_mask", "one net with units dropped"),
    ("arithmetic", "dropout_kl_arithmetic", "the arithmetic mean of the nets"),
)


STUDY = Study(
    name="dropout",
    title="Dropout",
    claim=(
        "Without dropout the network exhibits substantial overfitting; dropout roughly doubles "
        "the number of iterations required to converge."
    ),
    claim_ids=("C36", "C37", "C38"),
    section="4.2",
    scale_limits=SMALL_NET,
    limits="Without dropout the next layer gets outputs twice as large; the arm with halved "
    "outputs, as in the 2012 source with dropout switched off, changes nothing else and "
    "decides. The paper does not say what it takes for convergence: here an arm has converged when "
    "its own fall is nearly done, and times to fixed errors stand beside it.",
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
    checks=(Check(arm="paper", quantity="units_kept", least=48, most=52),),
    comparisons=(
        Comparison(
            name="overfitting",
            baseline="paper",
            variant="halved",
            quantity="generalisation_gap",
            claimed="higher",
            smallest=1.0,
            argued=OF_GAP,
            note="C36: the gap between validation and training error.",
        ),
        Comparison(
            name="error",
            baseline="paper",
            variant="halved",
            claimed="higher",
            smallest=MATTERS,
            argued=OF_ERROR,
            note="Does the net with dropout generalise better?",
        ),
        Comparison(
            name="overfitting_doubled",
            baseline="paper",
            variant="no_dropout",
            quantity="generalisation_gap",
            claimed="higher",
            smallest=1.0,
            argued=OF_GAP,
            family="secondary",
            note="Against a net whose hidden layers also hand on twice as much.",
        ),
        Comparison(
            name="error_doubled",
            baseline="paper",
            variant="no_dropout",
            claimed="higher",
            smallest=MATTERS,
            argued=OF_ERROR,
            family="secondary",
            note="Against a net whose hidden layers also hand on twice as much.",
        ),
        *(
            Comparison(
                name=name,
                baseline="constant_halved",
                variant="constant",
                quantity=quantity,
                scale="ratio",
                claimed="higher",
                smallest=2.0**0.5,
                pairing="seed",
                paper=2.0,
                paper_source='"roughly doubles", data set not named',
                family="secondary",
                note=note,
            )
            for name, quantity, note in _CONVERGENCE
        ),
        Comparison(
            name="halved_outputs",
            baseline="paper",
            variant="paper",
            baseline_quantity="dropout_mean_error",
            quantity="test_error",
            claimed="equal",
            smallest=MATTERS,
            argued=OF_ERROR,
            family="secondary",
            note="C38: halved outputs against the geometric mean of 32 nets with units dropped.",
        ),
        *(
            Comparison(
                name=f"distribution_{other}",
                baseline="paper",
                variant="paper",
                baseline_quantity="dropout_kl_halved",
                quantity=quantity,
                scale="ratio",
                claimed="higher" if other != "arithmetic" else "none",
                smallest=1.5,
                argued="half as large again",
                family="secondary",
                note=f"C38: divergence from the geometric mean of 256 nets, of {words} over that "
                "of halved outputs.",
            )
            for other, quantity, words in _DISTRIBUTIONS
        ),
    ),
)
