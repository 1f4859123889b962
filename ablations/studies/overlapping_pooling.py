"""Overlapping pooling, 3 x 3 at stride 2, against 2 x 2 (section 3.4).

python -m ablations.run overlapping_pooling --budget standard
"""

from ablations.budgets import ALEXNET, IMAGENET, OF_GAP, SMALL_ALEXNET, SMALL_NET
from ablations.study import Comparison, Study
from alexnet_tf.spec import PAPER
from alexnet_tf.spec.variants import non_overlapping


def _arms(base):
    return {"paper": base, "non_overlapping": non_overlapping(base)}


STUDY = Study(
    name="overlapping_pooling",
    title="Overlapping pooling",
    claim=(
        "Overlapping pooling reduces the top-1 and top-5 error rates by 0.4 % and 0.3 %, and "
        "makes it slightly more difficult to overfit."
    ),
    claim_ids=("C27", "C28"),
    section="3.4",
    scale_limits=SMALL_NET,
    limits="On ImageNet the paddings of conv2 and conv5 are one less without overlap, as in "
    "layers-147.cfg, so that maps end at the same size; on the small net the windows alone "
    "change. Top-1 errors alone are compared.",
    arms=_arms(SMALL_ALEXNET),
    on_imagenet=_arms(PAPER),
    labels={"paper": "3 x 3, stride 2", "non_overlapping": "2 x 2, stride 2"},
    budgets=ALEXNET,
    imagenet_budgets=IMAGENET,
    comparisons=(
        Comparison(
            name="non_overlapping",
            baseline="paper",
            variant="non_overlapping",
            claimed="higher",
            smallest=0.2,
            paper=0.4,
            paper_source="top-1, ILSVRC-2012 validation, ten views, one net each",
        ),
        Comparison(
            name="overfitting",
            baseline="paper",
            variant="non_overlapping",
            quantity="generalisation_gap",
            claimed="higher",
            smallest=1.0,
            argued=OF_GAP,
            family="secondary",
            note="C28: is the gap between validation and training error wider without overlap?",
        ),
    ),
)
