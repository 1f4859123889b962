"""The layers in which the towers meet (section 3.2, and net 150 of the 2012 source).

python -m ablations.run tower_communication --budget standard
"""

from ablations.budgets import ALEXNET, IMAGENET, MATTERS, OF_ERROR, SMALL_ALEXNET, SMALL_NET
from ablations.study import Comparison, Study
from alexnet_tf.spec import PAPER
from alexnet_tf.spec.variants import full_communication, no_communication


def _arms(base):
    return {"paper": base, "none": no_communication(base), "full": full_communication(base)}


STUDY = Study(
    name="tower_communication",
    title="Where the towers meet",
    claim=(
        "The GPUs communicate only in certain layers, so that communication is an acceptable "
        "fraction of computation; without any, the 2012 source notes, the net errs more."
    ),
    claim_ids=("C16",),
    section="3.2",
    scale_limits=SMALL_NET,
    limits="The paper gives no number for either variant; the one for no communication is "
    "written in layer-params-150.cfg of the 2012 source, whose net 150 also has conv2 a "
    "quarter wider and fc6 twice as wide; its own norms and initial weights are not taken "
    "over. What communication costs is not measured here but counted by `python -m "
    "alexnet_tf.two_tower --report`.",
    arms=_arms(SMALL_ALEXNET),
    on_imagenet=_arms(PAPER),
    labels={
        "paper": "in conv3 and the fully-connected layers",
        "none": "only in fc8 (net 150)",
        "full": "in every layer",
    },
    budgets=ALEXNET,
    imagenet_budgets=IMAGENET,
    comparisons=(
        Comparison(
            name="none",
            baseline="paper",
            variant="none",
            claimed="higher",
            smallest=MATTERS,
            argued=OF_ERROR,
            note="Of net 150 the 2012 source, not the paper, notes +1.16 points on ImageNet.",
        ),
        Comparison(
            name="full",
            baseline="paper",
            variant="full",
            claimed="none",
            smallest=MATTERS,
            argued=OF_ERROR,
            family="secondary",
            note="Does cutting the connections cost accuracy?",
        ),
    ),
)
