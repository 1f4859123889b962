"""The network without one of its layers (section 7).

python -m ablations.run layer_removal --budget standard
"""

from ablations.budgets import ALEXNET, IMAGENET, MATTERS, OF_ERROR, SMALL_ALEXNET, SMALL_NET
from ablations.study import Comparison, Study
from alexnet_tf.spec import PAPER
from alexnet_tf.spec.variants import without_conv, without_dense


def _arms(base):
    return {
        "paper": base,
        "no_conv2": without_conv(base, "conv2"),
        "no_middle": without_conv(base, "conv4"),
        "no_dense": without_dense(base, "fc7"),
    }


STUDY = Study(
    name="layer_removal",
    title="Removing a layer",
    claim=(
        "The network's performance degrades if a single convolutional layer is removed: any of "
        "the middle layers costs about 2 % of top-1 performance."
    ),
    claim_ids=("C30",),
    section="7 and 1",
    scale_limits=SMALL_NET
    + " Without conv3, conv4 or conv5 it is one and the same net, and so it is without fc6 or "
    "fc7: each pair of equal nets is one arm.",
    limits="conv1 is not removed. What stood after a removed convolution (pooling, LRN) moves to "
    "its neighbour, so that later layers get maps of the same size; the paper does not say what "
    "its authors did. On ImageNet, where the nets without conv3, conv4 and conv5 differ, conv4 "
    "stands for them.",
    arms=_arms(SMALL_ALEXNET),
    on_imagenet=_arms(PAPER),
    labels={
        "paper": "all eight layers",
        "no_conv2": "without conv2",
        "no_middle": "without one of conv3, conv4, conv5",
        "no_dense": "without fc6 or fc7",
    },
    budgets=ALEXNET,
    imagenet_budgets=IMAGENET,
    comparisons=(
        *(
            Comparison(
                name=name,
                baseline="paper",
                variant=name,
                claimed="higher",
                smallest=1.0,
                paper=2.0,
                paper_source="top-1, about, for any middle layer",
            )
            for name in ("no_conv2", "no_middle")
        ),
        Comparison(
            name="no_dense",
            baseline="paper",
            variant="no_dense",
            claimed="none",
            smallest=MATTERS,
            argued=OF_ERROR,
            family="secondary",
            note="Not in the paper.",
        ),
    ),
)
