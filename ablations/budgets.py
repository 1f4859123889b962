"""The nets that the studies train by default, and the amount that each budget computes.

`standard` gives `CIFAR_ALEXNET`, of 665,226 parameters, 12,500 images: 53 parameters an
image, the paper's 51 (61 million to 1.2 million), so that its claims about overfitting can be
tested. `full` takes all images. On ImageNet both train as the paper did.

`quick` is exploratory: two seeds of a short training show that a study runs, and give no
verdict. `standard` begins with 8 seeds, the fewest that carry a verdict, and has four further
looks at 12, 16, 24 and 32 seeds for `--until decided`.
"""

from __future__ import annotations

from ablations.study import Budget, Shared
from alexnet_tf.spec import (
    CIFAR_11PCT,
    CIFAR_13PCT,
    CIFAR_ALEXNET,
    CIFAR_ALEXNET_2012,
    RateChange,
    replace,
)

#: `CIFAR_ALEXNET` as the studies train it.
SMALL_ALEXNET = CIFAR_ALEXNET

#: What every study of the small net must say of itself.
SMALL_NET = (
    f"The net has {SMALL_ALEXNET.model.parameters():,} parameters and takes 24 x 24 crops of "
    "CIFAR-10; the paper's has 60,965,224 and takes 224 x 224 crops of ImageNet. Effects may "
    "differ between the two. Where an arm does not say otherwise it trains at the learning rate "
    "of the unchanged net. Most studies reuse the same baseline runs, so their verdicts "
    "are not statistically independent."
)

#: Points of error that matter where the paper gives no number, and why.
MATTERS = 0.5
OF_ERROR = "half of 1 point, the smallest gain the paper states in its text (colour jitter)"
OF_GAP = "13 % of the gap of the unchanged net, 7.6 points"

#: The recipe of 2012 as the studies train it: small batches, for as many updates as a night
#: on two cores allows.
SMALL_2012 = replace(
    CIFAR_ALEXNET_2012,
    {
        "train.batch_size": 32,
        "train.learning_rate": 0.005,
        "train.epochs": 30,
        "train.changes": (
            RateChange(epoch=22, learning_rate=5e-4),
            RateChange(epoch=27, learning_rate=5e-5),
        ),
    },
)

#: Seeds of an arm at each look after the first: fixed before any look.
MORE = (12, 16, 24, 32)

ALEXNET = {
    "quick": Budget(seeds=2, epochs=8, train_images=2000, test_images=2000, exploratory=True),
    "standard": Budget(
        seeds=8,
        more=MORE,
        shared=Shared(experiment=SMALL_ALEXNET, seeds=30),
        epochs=None,
        train_images=12_500,
    ),
    "full": Budget(seeds=10, epochs=None),
}

_FAST = {"train.precision": "mixed_bfloat16"}

#: The same on ImageNet, with the paper's own net, batches and schedule.
IMAGENET = {
    "quick": Budget(
        seeds=2,
        epochs=1,
        train_images=10_000,
        test_images=2000,
        settings=_FAST,
        exploratory=True,
    ),
    "standard": Budget(seeds=8, more=MORE, epochs=None, settings=_FAST),
    "full": Budget(seeds=10, epochs=None),
}

_LOCAL = {
    "train.epochs": 20,
    "train.changes": (RateChange(epoch=17, learning_rate=1e-4),),
}

#: cuda-convnet's nets with two locally connected layers, for a sixth of their epochs.
LOCAL_13PCT, LOCAL_11PCT = (replace(net, _LOCAL) for net in (CIFAR_13PCT, CIFAR_11PCT))

LOCAL_NET = {
    "quick": Budget(seeds=2, epochs=4, train_images=2000, test_images=2000, exploratory=True),
    "standard": Budget(seeds=8, more=MORE, epochs=None, train_images=12_500),
    "full": Budget(seeds=10, epochs=None),
}
