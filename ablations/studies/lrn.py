"""Local response normalisation (section 3.3).

Without it the top-1 error rises by 1.4 points and the top-5 error by 1.2.

    python -m ablations.run lrn --budget standard
"""

from ablations.budgets import ALEXNET, IMAGENET, MATTERS, OF_ERROR, SMALL_ALEXNET, SMALL_NET
from ablations.study import Check, Comparison, Study
from alexnet_tf.spec import PAPER
from alexnet_tf.spec.variants import constant_norms, without_lrn


def _arms(base):
    return {"paper": base, "no_lrn": without_lrn(base), "constant": constant_norms(base)}


STUDY = Study(
    name="lrn",
    title="Local response normalisation",
    claim="Response normalisation reduces the top-1 and top-5 error rates by 1.4 % and 1.2 %.",
    claim_ids=("C24",),
    section="3.3",
    scale_limits=SMALL_NET,
    limits="Top-1 errors alone are compared. Removing the layers removes a constant factor too; "
    "the arm with alpha = 0 keeps it. Where that arm errs no more than LRN, what removing costs is "
    "the factor and not the normalisation. All arms have the learning rate and the initial gains "
    "that were chosen with LRN in place.",
    arms=_arms(SMALL_ALEXNET),
    on_imagenet=_arms(PAPER),
    labels={"paper": "with LRN", "no_lrn": "without LRN", "constant": "norms with alpha = 0"},
    budgets=ALEXNET,
    imagenet_budgets=IMAGENET,
    checks=(Check(arm="paper", quantity="norm_spread", least=5),),
    comparisons=(
        Comparison(
            name="no_lrn",
            baseline="paper",
            variant="no_lrn",
            claimed="higher",
            smallest=0.7,
            paper=1.4,
            paper_source="top-1, ILSVRC-2012 validation, ten views, one net each",
            note="Both norms of the text removed; layers-148.cfg removes its third one too.",
        ),
        Comparison(
            name="constant",
            baseline="paper",
            variant="constant",
            claimed="higher",
            smallest=MATTERS,
            argued=OF_ERROR,
            family="secondary",
            note="Each of the two norms also scales by a constant, 2^-0.75; alpha = 0 keeps that "
            "factor and removes only the normalisation.",
        ),
        Comparison(
            name="no_lrn_one_view",
            baseline="paper",
            variant="no_lrn",
            quantity="test_error",
            claimed="higher",
            smallest=MATTERS,
            argued=OF_ERROR,
            family="secondary",
            note="The same from the centre crop alone.",
        ),
    ),
)
