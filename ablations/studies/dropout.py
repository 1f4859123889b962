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


# Readings of "converge", which C37 does not define.
_CONVERGENCE: tuple[tuple[str, Quantity, str], ...] = (
    (
        "convergence",
        "epochs_to_settle",
        "C37: ratio of the epochs needed for 95 % of an arm's total drop in validation error from "
        "chance level. The learning rate is constant, since a division would itself set the time "
        "of convergence.",
    ),
    ("convergence_70", "epochs_to_70", "C37: ratio of the epochs to a validation error of 70 %."),
    ("convergence_60", "epochs_to_60", "C37: ratio of the epochs to a validation error of 60 %."),
    ("convergence_50", "epochs_to_50", "C37: ratio of the epochs to a validation error of 50 %."),
    ("convergence_40", "epochs_to_40", "C37: ratio of the epochs to a validation error of 40 %."),
)
_DISTRIBUTIONS: tuple[tuple[str, Quantity, str], ...] = (
    ("unhalved", "dropout_kl_unhalved", "unhalved outputs"),
    ("one_mask", "dropout_kl_one_mask", "one net with dropout"),
    ("arithmetic", "dropout_kl_arithmetic", "the arithmetic mean of the nets"),
)

_NOT_HALVED = "Dropout is removed without halving, so the activations passed on also double."


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
    limits="The verdicts use the arm with halved outputs, as in the 2012 source with dropout "
    "switched off: nothing else changes. The paper says that dropout roughly doubles the "
    "iterations needed, and after 60 epochs on 12,500 images of CIFAR-10 the net with dropout "
    "still has 21 % training error; longer training may change the comparison of test errors. The "
    "paper does not define convergence; here it is 95 % of an arm's drop in validation error, and "
    "times to fixed errors are given too.",
    arms=_arms(SMALL_ALEXNET),
    on_imagenet=_arms(PAPER),
    labels={
        "paper": "dropout of 0.5",
        "no_dropout": "no dropout",
        "halved": "none, outputs halved",
        "constant": "dropout, constant learning rate",
        "constant_halved": "none, halved, constant learning rate",
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
            note=_NOT_HALVED,
        ),
        Comparison(
            name="error_doubled",
            baseline="paper",
            variant="no_dropout",
            claimed="higher",
            smallest=MATTERS,
            argued=OF_ERROR,
            family="secondary",
            note=_NOT_HALVED,
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
            note="C38: test error with halved outputs minus that of the geometric mean of 32 "
            "dropout nets.",
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
                note=f"C38: KL divergence from the geometric mean of 256 dropout nets: {words}, "
                "divided by halved outputs.",
            )
            for other, quantity, words in _DISTRIBUTIONS
        ),
    ),
)
