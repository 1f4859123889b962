"""The network without one of its layers (section 7).

python -m ablations.run layer_removal --budget standard
"""

from ablations.budgets import ALEXNET, IMAGENET, SMALL_ALEXNET, SMALL_NET
from ablations.study import Difference, ScoreStudy
from alexnet_tf.spec import PAPER
from alexnet_tf.spec.variants import without_conv, without_dense

_CONVS = ("conv2", "conv3", "conv4", "conv5")
_DENSE = ("fc6", "fc7")


def _arms(base):
    convs = {f"no_{name}": without_conv(base, name) for name in _CONVS}
    return {"paper": base, **convs, **{f"no_{name}": without_dense(base, name) for name in _DENSE}}


STUDY = ScoreStudy(
    name="layer_removal",
    title="Removing a layer",
    claim=(
        "The network's performance degrades if a single convolutional layer is removed: any of "
        "the middle layers costs about 2 % of top-1 performance."
    ),
    claim_ids=("C30",),
    section="7 and 1",
    scale_limits=SMALL_NET
    + " Without conv4 and without conv5 it is the same net but for its initial weights: how far "
    "the two come apart is chance.",
    limits="conv1 is not removed. What stood after a removed convolution (pooling, LRN) moves to "
    "its neighbour, so that later layers see maps of the same size, and without conv3 the towers "
    "meet in conv4; the paper does not say what its authors did. On ImageNet fc6 sees conv4's 384 "
    "maps where conv5's 256 are gone, and has half as many weights again.",
    arms=_arms(SMALL_ALEXNET),
    on_imagenet=_arms(PAPER),
    labels={"paper": "all eight layers"}
    | {f"no_{name}": f"without {name}" for name in (*_CONVS, *_DENSE)},
    budgets=ALEXNET,
    imagenet_budgets=IMAGENET,
    differences=tuple(
        Difference(
            name=f"no_{name}",
            baseline="paper",
            variant=f"no_{name}",
            claimed="higher" if name in _CONVS else "none",
            smallest=0.5,
            paper=2.0 if name in _CONVS else None,
            paper_source="top-1, about, for any middle layer" if name in _CONVS else "",
            family="primary" if name in _CONVS else "secondary",
            note="" if name in _CONVS else "Not in the paper.",
        )
        for name in (*_CONVS, *_DENSE)
    ),
)
