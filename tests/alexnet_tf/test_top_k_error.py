"""Errors and losses of scores against direct enumeration."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alexnet_tf import evaluate
from alexnet_tf.evaluate import top_k_error

many = settings(max_examples=100, deadline=None)


@st.composite
def scored(draw):
    """Scores with many ties, labels, and k."""
    classes, count = draw(st.integers(2, 7)), draw(st.integers(1, 12))
    rng = np.random.default_rng(draw(st.integers(0, 999)))
    scores = rng.integers(0, draw(st.integers(1, 5)), (count, classes)).astype(np.float32)
    return scores, rng.integers(0, classes, count), draw(st.integers(1, classes))


@many
@given(scored())
def test_top_k_error_is_that_of_sorted_scores(case):
    scores, labels, k = case
    wrong = sum(
        label not in sorted(range(len(row)), key=lambda c: (-row[c], c))[:k]
        for row, label in zip(scores, labels, strict=True)
    )
    assert top_k_error(scores, labels, k) == pytest.approx(wrong / len(labels))


@many
@given(scored())
def test_fractional_credit_is_the_mean_over_all_orders_of_equal_scores(case):
    scores, labels, k = case
    expected = 0.0
    for row, label in zip(scores, labels, strict=True):
        higher = sum(other > row[label] for other in row)
        equal = sum(other == row[label] for other in row)
        # among equal scores in random order, the chance to stand among the first k
        expected += 1 - sum(higher + place < k for place in range(equal)) / equal
    assert top_k_error(scores, labels, k, "fractional") == pytest.approx(expected / len(labels))


def test_arguments_that_make_no_sense_are_refused():
    with pytest.raises(ValueError, match="`k` must be at least 1"):
        top_k_error(np.zeros((1, 2)), np.zeros(1, int), 0)


def test_a_loss_is_that_of_the_true_classes_and_stays_finite():
    sure = np.array([[1.0, 0.0], [0.25, 0.75]])
    found = evaluate.evaluation("test", 1, sure, np.array([1, 1]))
    assert found.loss == pytest.approx(-(np.log(1e-30) + np.log(0.75)) / 2)
    assert (found.images, found.top1_error, found.top5_error) == (2, 0.5, 0.0)
    assert found.mistakes() == [True, False]
    six = np.array([[6, 5, 4, 3, 2, 1]] * 6) / 21
    found = evaluate.evaluation("train", 10, six, np.arange(6))
    assert found.top5_error == pytest.approx(1 / 6) and found.top1_error == pytest.approx(5 / 6)
    assert (found.part, found.views) == ("train", 10)
