"""Two towers against one of half the kernels (section 3.2, footnote 2).

python -m ablations.run one_vs_two_gpus --budget standard
"""

from ablations.budgets import ALEXNET, IMAGENET, SMALL_ALEXNET, SMALL_NET
from ablations.study import Comparison, Study
from alexnet_tf.spec import PAPER
from alexnet_tf.spec.variants import one_gpu


def _arms(base):
    return {"paper": base, "one_gpu": one_gpu(base)}


STUDY = Study(
    name="one_vs_two_gpus",
    title="Two GPUs against one",
    claim=(
        "The two-GPU net reduces the top-1 and top-5 error rates by 1.7 % and 1.2 % against a "
        "net of half as many kernels on one GPU, and takes slightly less time to train."
    ),
    claim_ids=("C21",),
    section="3.2, footnote 2",
    scale_limits=SMALL_NET,
    limits="C22, less time to train, compares two devices with one. Here both nets train on one, "
    "at different hours and beside other runs: the seconds an epoch are shown and not compared. "
    "Top-1 errors alone are.",
    arms=_arms(SMALL_ALEXNET),
    on_imagenet=_arms(PAPER),
    labels={"paper": "two towers", "one_gpu": "one tower of half the kernels"},
    budgets=ALEXNET,
    imagenet_budgets=IMAGENET,
    comparisons=(
        Comparison(
            name="one_gpu",
            baseline="paper",
            variant="one_gpu",
            claimed="higher",
            smallest=0.85,
            paper=1.7,
            paper_source="top-1, ILSVRC-2010 test, ten views, one net each",
            note="The last convolution keeps all its kernels, so that parameters stay about equal.",
        ),
    ),
    shown=("seconds_per_epoch",),
)
