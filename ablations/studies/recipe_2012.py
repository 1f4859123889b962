"""The recipe of 2012 on the small net against the one fitted to it (docs/base-net.md).

python -m ablations.run recipe_2012 --budget standard
"""

from ablations.budgets import ALEXNET, MATTERS, OF_ERROR, SMALL_ALEXNET, SMALL_NET
from ablations.study import Comparison, Study
from alexnet_tf.spec import CIFAR_ALEXNET_2012, PAPER, JitterSpec, RateChange, replace
from alexnet_tf.spec.variants import unit_biases, with_gains

_EPOCHS = SMALL_ALEXNET.train.epochs
_RECIPE = replace(
    CIFAR_ALEXNET_2012,
    {
        "train.epochs": _EPOCHS,
        "train.changes": tuple(
            RateChange(
                epoch=change.epoch,
                learning_rate=change.learning_rate / SMALL_ALEXNET.train.learning_rate * 0.01,
            )
            for change in SMALL_ALEXNET.train.changes
        ),
    },
)
_LRN = PAPER.model.convs[0].norm

#: Arm -> its label, and the fitted net with one part of the recipe of 2012.
_PARTS = {
    "gains": ("the paper's gains", with_gains(SMALL_ALEXNET, PAPER.model.init_gains())),
    "biases": ("biases of one", unit_biases(SMALL_ALEXNET)),
    "pixels": (
        "pixels of 0 to 255, the paper's LRN",
        replace(
            SMALL_ALEXNET,
            {
                "data.scaling": "mean_image",
                "model.convs.0.norm": _LRN,
                "model.convs.1.norm": _LRN,
            },
        ),
    ),
    "training": (
        "batches of 128, a rate of 0.01",
        replace(
            SMALL_ALEXNET,
            {
                "train.batch_size": _RECIPE.train.batch_size,
                "train.learning_rate": _RECIPE.train.learning_rate,
                "train.changes": _RECIPE.train.changes,
            },
        ),
    ),
    "width": ("32 maps in conv2", replace(SMALL_ALEXNET, {"model.convs.1.filters": 32})),
    "jitter": (
        "colour jitter",
        replace(SMALL_ALEXNET, {"data.augment.jitter": JitterSpec()}),
    ),
}

STUDY = Study(
    name="recipe_2012",
    title="The recipe of 2012 on a small net",
    claim="The recipe of sections 4 and 5 trains the small net as well as one fitted to it.",
    claim_ids=("C42",),
    section="5",
    limits="The paper claims nothing of small nets: nothing here decides a claim. The rate of the "
    "recipe is the paper's; none was searched for it. Both are shown every image equally often.",
    scale_limits=SMALL_NET,
    arms={"paper": SMALL_ALEXNET, "recipe": _RECIPE}
    | {name: arm for name, (_, arm) in _PARTS.items()},
    labels={"paper": "fitted", "recipe": "the recipe of 2012"}
    | {name: words for name, (words, _) in _PARTS.items()},
    budgets=ALEXNET,
    comparisons=tuple(
        Comparison(
            name=name,
            baseline="paper",
            variant=name,
            claimed="none",
            smallest=MATTERS,
            argued=OF_ERROR,
            family="secondary",
        )
        for name in ("recipe", *_PARTS)
    ),
)
