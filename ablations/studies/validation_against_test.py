"""Whether validation images stand for test images, and one split for another (section 6).

python -m ablations.run validation_against_test --budget standard
"""

from ablations.budgets import ALEXNET, IMAGENET, MATTERS, OF_ERROR, SMALL_ALEXNET, SMALL_NET
from ablations.study import Comparison, Study
from alexnet_tf.spec import PAPER, replace

_ELSEWHERE = {"data.split": 1}

STUDY = Study(
    name="validation_against_test",
    title="Validation against test images",
    claim=(
        "Validation and test error rates differ by no more than 0.1 %, and another split of the "
        "images does not affect the results appreciably."
    ),
    claim_ids=("C07", "C55"),
    section="6",
    scale_limits=SMALL_NET,
    limits="The paper's 0.1 % is of top-5 errors on 50,000 and 100,000 images; here they are top-1 "
    "errors on 5,000 and 10,000. The interval is over seeds. All nets have the same two sets of "
    "images, whose choice alone gives a difference of such errors a standard error of about 0.8 "
    "points. The other split is of the training images; the test images stay.",
    arms={"paper": SMALL_ALEXNET, "other_split": replace(SMALL_ALEXNET, _ELSEWHERE)},
    on_imagenet={"paper": PAPER, "other_split": replace(PAPER, _ELSEWHERE)},
    labels={"paper": "the split of all studies", "other_split": "another split"},
    budgets=ALEXNET,
    imagenet_budgets=IMAGENET,
    comparisons=(
        Comparison(
            name="validation",
            baseline="paper",
            variant="paper",
            baseline_quantity="test_error",
            quantity="validation_error",
            claimed="equal",
            smallest=MATTERS,
            argued=OF_ERROR,
            note="The same nets, seen from the centre of images that they were not trained on.",
        ),
        Comparison(
            name="split",
            baseline="paper",
            variant="other_split",
            claimed="equal",
            smallest=MATTERS,
            argued=OF_ERROR,
            note="As many other training and validation images; the same test images.",
        ),
    ),
)
