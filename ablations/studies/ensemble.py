"""Averaging the predictions of several nets (section 6, Table 2).

python -m ablations.run ensemble --budget standard
"""

from ablations.budgets import ALEXNET, IMAGENET, SMALL_ALEXNET, SMALL_NET
from ablations.study import Ensemble, Study
from alexnet_tf.spec import PAPER

STUDY = Study(
    name="ensemble",
    title="Averaging five nets",
    claim=(
        "Averaging the predictions of five similar nets gives a top-1 error of 38.1 % where one "
        "gives 40.7 % (top-5: 16.4 % and 18.2 %)."
    ),
    claim_ids=("C04",),
    section="6, Table 2",
    scale_limits=SMALL_NET,
    limits="The nets here differ in their seed alone, the paper's also in their configuration. "
    "Top-1 errors alone are compared.",
    arms={"paper": SMALL_ALEXNET},
    on_imagenet={"paper": PAPER},
    labels={"paper": "the net, from different seeds"},
    budgets=ALEXNET,
    imagenet_budgets=IMAGENET,
    ensemble=Ensemble(
        arm="paper",
        sizes=(1, 2, 3, 4, 5),
        smallest=1.3,
        paper=-2.6,
        paper_source="top-1, ILSVRC-2012 validation, ten views, five nets",
    ),
)
