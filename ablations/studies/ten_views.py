"""Averaging ten views of a test image (section 4.1, footnote 5).

python -m ablations.run ten_views --budget standard
"""

from ablations.budgets import ALEXNET, IMAGENET, SMALL_ALEXNET, SMALL_NET
from ablations.study import Comparison, Study
from alexnet_tf.spec import PAPER

STUDY = Study(
    name="ten_views",
    title="Ten views of a test image",
    claim=(
        "Without averaging predictions over ten views the top-1 and top-5 errors are 39.0 % and "
        "18.3 %, with it 37.5 % and 17.0 %."
    ),
    claim_ids=("C35", "C02"),
    section="4.1, footnote 5",
    scale_limits=SMALL_NET,
    limits="Top-1 errors alone are compared.",
    arms={"paper": SMALL_ALEXNET},
    on_imagenet={"paper": PAPER},
    labels={"paper": "the net, from one view and from ten"},
    budgets=ALEXNET,
    imagenet_budgets=IMAGENET,
    comparisons=(
        Comparison(
            name="one_view",
            baseline="paper",
            variant="paper",
            baseline_quantity="test_error_ten_views",
            quantity="test_error",
            claimed="higher",
            smallest=0.75,
            paper=1.5,
            paper_source="top-1, ILSVRC-2010 test, one net",
            note="The same weights, seen from the centre crop and from ten views.",
        ),
    ),
)
