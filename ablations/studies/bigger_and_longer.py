"""Larger nets, more images and longer training (sections 7 and 1).

python -m ablations.run bigger_and_longer --budget standard
"""

import dataclasses

from ablations.budgets import ALEXNET, MATTERS, OF_ERROR, SMALL_ALEXNET, SMALL_NET
from ablations.study import Amount, Comparison, Series, Study
from alexnet_tf.spec import replace
from alexnet_tf.spec.variants import scaled_width

_IMAGES = 12_500  # of the unchanged net at `standard`
_TIMES = "times the net's"

_WIDTH = Series(
    name="width",
    axis=f"Width of every layer, {_TIMES}",
    arms=("half_width", "paper", "double_width"),
    numbers=(0.5, 1.0, 2.0),
)
_OF_IMAGES = Series(
    name="number of training images",
    axis=f"Training images, {_TIMES}",
    arms=("fifth_images", "two_fifths", "paper", "double_images"),
    numbers=(0.2, 0.4, 1.0, 2.0),
)
_EPOCHS = Series(
    name="number of epochs",
    axis=f"Epochs, {_TIMES}",
    arms=("half_epochs", "paper", "double_epochs"),
    numbers=(0.5, 1.0, 2.0),
)


def _numbers(series):
    """The arms of a series that differ from the net of all studies, and their numbers."""
    pairs = zip(series.arms, series.numbers, strict=True)
    return {arm: times for arm, times in pairs if arm != "paper"}


_AMOUNTS = {
    **{arm: Amount(train_images=times) for arm, times in _numbers(_OF_IMAGES).items()},
    **{arm: Amount(epochs=times) for arm, times in _numbers(_EPOCHS).items()},
}


def _lasting(base, times):
    """The net trained for `times` as many epochs, with the same divisions of the rate."""
    changes = tuple(
        dataclasses.replace(change, epoch=round(times * change.epoch))
        for change in base.train.changes
    )
    return replace(
        base, {"train.epochs": round(times * base.train.epochs), "train.changes": changes}
    )


def _arms(base):
    images = {arm: round(times * _IMAGES) for arm, times in _numbers(_OF_IMAGES).items()}
    return {
        "paper": base,
        **{arm: scaled_width(base, times) for arm, times in _numbers(_WIDTH).items()},
        **{arm: replace(base, {"data.train_images": count}) for arm, count in images.items()},
        **{arm: _lasting(base, times) for arm, times in _numbers(_EPOCHS).items()},
    }


_BUDGETS = {name: dataclasses.replace(budget, amounts=_AMOUNTS) for name, budget in ALEXNET.items()}

STUDY = Study(
    name="bigger_and_longer",
    title="Larger nets, more images, longer training",
    claim=(
        "The results improve with larger networks, with more training images and with longer "
        "training."
    ),
    claim_ids=("C45",),
    section="7 and 1",
    limits=SMALL_NET + " The paper says it of nets of 60 million parameters and 1.2 million "
    "images; whether these slopes go on to there is not tested. Nets on more images have more "
    "updates as well, since all arms of images have the same number of epochs. Every arm trains at "
    "the learning rate of the unchanged net, and its rate is divided at the same shares of its "
    "epochs. A slope is that of a straight line; the picture shows where the line bends.",
    arms=_arms(SMALL_ALEXNET),
    labels={
        "paper": "the net of all studies",
        "half_width": "half as wide",
        "double_width": "twice as wide",
        "fifth_images": "a fifth of the images",
        "two_fifths": "two fifths of the images",
        "double_images": "twice the images",
        "half_epochs": "half of the epochs",
        "double_epochs": "twice the epochs",
    },
    # `full` trains on half of the images, so that there is twice as many of them
    budgets={**_BUDGETS, "full": dataclasses.replace(_BUDGETS["full"], train_images=22_500)},
    series=(_WIDTH, _OF_IMAGES, _EPOCHS),
    comparisons=(
        *(
            Comparison(
                name=name,
                baseline=series.arms[0],
                variant=series.arms[-1],
                slope_over=series,
                claimed="lower",
                smallest=MATTERS,
                argued=f"{OF_ERROR}, for a doubling",
                note=note,
            )
            for name, series, note in (
                ("width", _WIDTH, "Maps of every convolution and units of fc6 and fc7."),
                ("images", _OF_IMAGES, "As many epochs over more images."),
                ("epochs", _EPOCHS, "More epochs over the same images."),
            )
        ),
        *(
            Comparison(
                name=arm,
                baseline="paper",
                variant=arm,
                claimed="lower",
                smallest=MATTERS,
                argued=OF_ERROR,
                family="secondary",
                note="Beyond the net of all studies alone.",
            )
            for arm in ("double_width", "double_images", "double_epochs")
        ),
    ),
)
