"""Averaging five nets with two that were pre-trained (section 6, Table 2).

python -m ablations.run seven_nets --budget standard
"""

from ablations.budgets import ALEXNET, IMAGENET, MATTERS, SMALL_NET
from ablations.studies.pretraining import STUDY as PRETRAINING
from ablations.study import Ensemble, Joined, Study


def _arms(arms):
    return {arm: arms[arm] for arm in ("paper", "pretrained")}


STUDY = Study(
    name="seven_nets",
    title="Averaging seven nets of two kinds",
    claim=(
        "Averaging the predictions of two pre-trained nets with those of the five gives a top-1 "
        "error of 36.7 %, where the five alone give 38.1 % (top-5: 15.4 % and 16.4 %)."
    ),
    claim_ids=("C06",),
    section="6, Table 2",
    scale_limits=SMALL_NET,
    limits="The pre-trained nets are those of the study of pre-training, with its limits: a sixth "
    "convolution, and turned images for the Fall 2011 release. The paper does not say whether its "
    "nets count alike in the average; here they do. The intervals are over test images: all "
    "averages are of one set of nets. Top-1 errors alone are compared.",
    arms=_arms(PRETRAINING.arms),
    on_imagenet=_arms(PRETRAINING.on_imagenet),
    labels={"paper": "the net, from different seeds", "pretrained": "six, pre-trained"},
    budgets=ALEXNET,
    imagenet_budgets=IMAGENET,
    ensemble=Ensemble(
        arm="paper",
        sizes=(1, 5, 7),
        smallest=MATTERS,
        joined=Joined(
            arm="pretrained",
            count=2,
            beside=5,
            smallest=0.7,
            paper=-1.4,
            paper_source="top-1, ILSVRC-2012 validation, ten views, seven nets against five",
        ),
    ),
)
