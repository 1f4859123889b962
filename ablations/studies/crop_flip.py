"""Random crops and reflections (section 4.1).

python -m ablations.run crop_flip --budget standard
"""

from ablations.budgets import ALEXNET, IMAGENET, MATTERS, OF_ERROR, OF_GAP, SMALL_ALEXNET, SMALL_NET
from ablations.study import Check, Comparison, Study
from alexnet_tf.spec import PAPER, replace

_NO_CROP, _NO_FLIP = {"data.augment.crop": "centre"}, {"data.augment.flip": False}


def _arms(base):
    return {
        "paper": base,
        "neither": replace(base, {**_NO_CROP, **_NO_FLIP}),
        "flip_only": replace(base, _NO_CROP),
        "crop_only": replace(base, _NO_FLIP),
    }


STUDY = Study(
    name="crop_flip",
    title="Random crops and reflections",
    claim="Without random crops and reflections the network suffers from substantial overfitting.",
    claim_ids=("C31", "C32"),
    section="4.1",
    scale_limits=SMALL_NET + " Crops have 9 x 9 positions, the paper's 32 x 32.",
    limits="Dropout stays on in every arm, and on ImageNet colour jitter.",
    arms=_arms(SMALL_ALEXNET),
    on_imagenet=_arms(PAPER),
    labels={
        "paper": "crops and reflections",
        "neither": "centre crop, no reflection",
        "flip_only": "reflections only",
        "crop_only": "crops only",
    },
    budgets=ALEXNET,
    imagenet_budgets=IMAGENET,
    checks=(Check(arm="paper", quantity="views_moved", least=95),),
    comparisons=(
        Comparison(
            name="overfitting",
            baseline="paper",
            variant="neither",
            quantity="generalisation_gap",
            claimed="higher",
            smallest=1.0,
            argued=OF_GAP,
            note="The gap between validation and training error: what the paper calls overfitting.",
        ),
        Comparison(
            name="error",
            baseline="paper",
            variant="neither",
            quantity="test_error",
            claimed="higher",
            smallest=MATTERS,
            argued=OF_ERROR,
            note="Test error from the centre crop.",
        ),
        *(
            Comparison(
                name=f"{name}_error",
                baseline="paper",
                variant=name,
                quantity="test_error",
                claimed="higher",
                smallest=MATTERS,
                argued=OF_ERROR,
                family="secondary",
            )
            for name in ("flip_only", "crop_only")
        ),
    ),
)
