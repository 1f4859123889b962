"""The nets that the studies train by default, and how much each budget computes.

`standard` gives the net of 633,962 parameters 12,500 images: the paper's 51 parameters an
image (61 million to 1.2 million), so that what it says about overfitting has a chance to
show; and small batches, for as many updates as a night on two cores allows (the paper's
net made 844,000, these 11,700). `full` takes all images. On ImageNet both train as the
paper did.
"""

from __future__ import annotations

from ablations.study import Budget
from alexnet_tf.spec import CIFAR_11PCT, CIFAR_13PCT, CIFAR_ALEXNET, RateChange, replace

#: What every study of the small net must say of itself.
SMALL_NET = (
    "The net has 633,962 parameters and sees 24 x 24 crops of CIFAR-10; the paper's has "
    "60,965,224 and sees 224 x 224 crops of ImageNet. Effects may differ between the two. "
    "Every arm starts at the learning rate of the unchanged net; none was chosen for it alone."
)

_FAST = {"train.precision": "mixed_bfloat16"}

#: `CIFAR_ALEXNET` as the studies train it: a quarter of the batch, half of the rate.
SMALL_ALEXNET = replace(
    CIFAR_ALEXNET,
    {
        **_FAST,
        "train.batch_size": 32,
        "train.learning_rate": 0.005,
        "train.epochs": 30,
        "train.changes": (
            RateChange(epoch=22, learning_rate=5e-4),
            RateChange(epoch=27, learning_rate=5e-5),
        ),
    },
)

ALEXNET = {
    "quick": Budget(seeds=2, epochs=8, train_images=2000, test_images=2000, exploratory=True),
    "standard": Budget(seeds=5, epochs=None, train_images=12_500),
    "full": Budget(seeds=10, epochs=None),
}

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
    "standard": Budget(seeds=5, epochs=None, settings=_FAST),
    "full": Budget(seeds=10, epochs=None),
}

_LOCAL = {
    **_FAST,
    "train.epochs": 20,
    "train.changes": (RateChange(epoch=17, learning_rate=1e-4),),
}

#: cuda-convnet's nets with two locally connected layers, for a sixth of their epochs.
LOCAL_13PCT, LOCAL_11PCT = (replace(net, _LOCAL) for net in (CIFAR_13PCT, CIFAR_11PCT))

LOCAL_NET = {
    "quick": Budget(seeds=2, epochs=4, train_images=2000, test_images=2000, exploratory=True),
    "standard": Budget(seeds=5, epochs=None, train_images=12_500),
    "full": Budget(seeds=10, epochs=None),
}
