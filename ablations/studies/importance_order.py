"""Sections 3.1 to 3.4 in the order of their importance (section 3).

python -m ablations.run importance_order --budget standard
"""

from ablations.budgets import ALEXNET, IMAGENET, MATTERS, OF_ERROR, SMALL_ALEXNET, SMALL_NET
from ablations.study import Comparison, Study
from alexnet_tf.spec import PAPER
from alexnet_tf.spec.variants import non_overlapping, one_gpu, tanh, without_lrn

_PAPER = {"one_gpu": 1.7, "no_lrn": 1.4, "non_overlapping": 0.4}
_ORDER = ("tanh", "one_gpu", "no_lrn", "non_overlapping")


# The best of 0.005, 0.01, 0.02, 0.04 and 0.08 on validation images of a tuning seed
# (docs/base-net.md); on ImageNet none was searched.
_TANH_RATE = 0.02


def _arms(base, tanh_rate):
    return {
        "paper": base,
        "tanh": tanh(base, tanh_rate),
        "one_gpu": one_gpu(base),
        "no_lrn": without_lrn(base),
        "non_overlapping": non_overlapping(base),
    }


STUDY = Study(
    name="importance_order",
    title="The order of importance",
    claim=(
        "Sections 3.1 to 3.4 are sorted by their importance: ReLU, two GPUs, LRN, overlapping "
        "pooling."
    ),
    claim_ids=("C29",),
    section="3",
    scale_limits=SMALL_NET
    + " The arm with tanh trains at half that rate, the best of five on validation images.",
    limits="Importance is taken as the rise of the test error at equal training; the paper says "
    "only that it is an estimate. With tanh the net has zero biases and gains of 1, since "
    "biases of one and larger gains are made for ReLUs; on ImageNet it trains at the rate "
    "of ReLU.",
    arms=_arms(SMALL_ALEXNET, _TANH_RATE),
    on_imagenet=_arms(PAPER, PAPER.train.learning_rate),
    labels={
        "paper": "the paper's net",
        "tanh": "3.1: tanh for ReLU",
        "one_gpu": "3.2: one GPU for two",
        "no_lrn": "3.3: no LRN",
        "non_overlapping": "3.4: pooling without overlap",
    },
    budgets=ALEXNET,
    imagenet_budgets=IMAGENET,
    order=_ORDER,
    comparisons=tuple(
        Comparison(
            name=name,
            baseline="paper",
            variant=name,
            claimed="higher",
            smallest=_PAPER[name] / 2 if name in _PAPER else MATTERS,
            argued="" if name in _PAPER else OF_ERROR,
            paper=_PAPER.get(name),
            paper_source="" if name == "tanh" else "top-1, one net each",
            family="secondary",
        )
        for name in _ORDER
    ),
)
