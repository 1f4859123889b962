"""Colour-agnostic and colour-specific towers (section 6.1, Figure 3).

python -m ablations.run tower_specialisation --budget standard
"""

from ablations.budgets import ALEXNET, IMAGENET, SMALL_ALEXNET, SMALL_NET
from ablations.study import Comparison, Study
from alexnet_tf.spec import PAPER
from alexnet_tf.spec.variants import full_communication

STUDY = Study(
    name="tower_specialisation",
    title="One tower for colour",
    claim=(
        "The kernels on GPU 1 are largely colour-agnostic, those on GPU 2 largely "
        "colour-specific; this occurs during every run, whatever the initialisation."
    ),
    claim_ids=("C51",),
    section="6.1, Figure 3",
    scale_limits=SMALL_NET
    + " It has 16 kernels of 5 x 5 pixels in a tower, the paper's 48 of 11 x 11.",
    limits="The mean over the runs is judged; that it occurs in every single one is not tested.",
    arms={"paper": SMALL_ALEXNET, "full": full_communication(SMALL_ALEXNET)},
    on_imagenet={"paper": PAPER, "full": full_communication(PAPER)},
    labels={"paper": "two towers", "full": "no towers"},
    budgets=ALEXNET,
    imagenet_budgets=IMAGENET,
    shown=("colour_split_chance",),
    comparisons=(
        Comparison(
            name="split",
            baseline="paper",
            variant="paper",
            baseline_quantity="shuffled_colour_split",
            quantity="kernel_colour_split",
            claimed="higher",
            smallest=0.1,
            argued="a tenth of the way from no split to grey against pure colour",
            note=(
                "Difference in mean colourfulness (0 grey, 1 pure colour) of the towers' "
                "kernels, over what the same kernels give when they are dealt out at random."
            ),
        ),
        Comparison(
            name="control",
            baseline="full",
            variant="full",
            baseline_quantity="shuffled_colour_split",
            quantity="kernel_colour_split",
            claimed="none",
            smallest=0.1,
            argued="a tenth of the way from no split to grey against pure colour",
            family="secondary",
            note="Negative control: every layer gets all maps, so that halves mean nothing.",
        ),
    ),
)
