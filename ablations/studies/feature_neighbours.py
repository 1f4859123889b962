"""Nearest neighbours in fc7 and in pixels (section 6.1, Figure 4).

python -m ablations.run feature_neighbours --budget standard
"""

from ablations.budgets import ALEXNET, IMAGENET, SMALL_ALEXNET, SMALL_NET
from ablations.study import Comparison, Study
from alexnet_tf.spec import PAPER
from alexnet_tf.spec.variants import untrained

STUDY = Study(
    name="feature_neighbours",
    title="Neighbours in the last hidden layer",
    claim=(
        "Images whose activations at the last hidden layer are close are similar to the higher "
        "levels of the network, though they are generally not close in pixels."
    ),
    claim_ids=("C53",),
    section="6.1, Figure 4",
    scale_limits=SMALL_NET,
    limits="Similar means of the same class here; the search is exact (on ImageNet among "
    "the images that fit half a GiB, evenly spread), where the 2012 code looked "
    "at one neighbour in each batch of data.",
    arms={"paper": SMALL_ALEXNET, "untrained": untrained(SMALL_ALEXNET)},
    on_imagenet={"paper": PAPER, "untrained": untrained(PAPER)},
    labels={"paper": "the net", "untrained": "with its initial weights"},
    budgets=ALEXNET,
    imagenet_budgets=IMAGENET,
    comparisons=(
        Comparison(
            name="label_agreement",
            baseline="paper",
            variant="paper",
            baseline_quantity="pixel_neighbour_agreement",
            quantity="fc7_neighbour_agreement",
            claimed="higher",
            smallest=1.0,
            argued="one image in a hundred",
            note="Share of the six nearest training images that have the test image's label.",
        ),
        Comparison(
            name="training",
            baseline="untrained",
            variant="paper",
            quantity="fc7_neighbour_agreement",
            claimed="higher",
            smallest=1.0,
            argued="one image in a hundred",
            family="secondary",
            note="The same share with the initial weights: what training adds.",
        ),
        Comparison(
            name="not_close_in_pixels",
            baseline="untrained",
            variant="paper",
            quantity="fc7_neighbour_pixel_rank",
            claimed="higher",
            smallest=1.0,
            argued="one image in a hundred",
            family="secondary",
            note="How many training images are nearer in pixels than a neighbour in fc7; among "
            "images at random it would be half of them.",
        ),
    ),
)
