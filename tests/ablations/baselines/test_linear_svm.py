"""The streamed support vector machine against scikit-learn's, which has all in memory."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ablations.baselines import feature_matrix, linear_svm
from ablations.baselines.feature_matrix import FeatureMatrix

svm = pytest.importorskip("sklearn.svm")

IMAGES, WIDTH, CLASSES = 240, 17, 4


def data(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, CLASSES, IMAGES)
    centres = rng.normal(0, 1, (CLASSES, WIDTH))
    return (centres[labels] + rng.normal(0, 1.5, (IMAGES, WIDTH))).astype(np.float32), labels


def matrix(folder: Path, rows: np.ndarray) -> FeatureMatrix:
    made = FeatureMatrix(folder, *rows.shape)
    made.put(0, rows)
    return made


@pytest.mark.parametrize("c", [1e-3, 0.1, 1.0])
def test_the_weights_are_those_of_scikit_learn(c, tmp_path):
    rows, labels = data()
    with matrix(tmp_path, rows) as features:
        ours = linear_svm.fit(features, labels, CLASSES, c, passes=2000, tolerance=1e-14)
        scores = ours.scores(features)
    theirs = svm.LinearSVC(C=c, tol=1e-9, max_iter=200_000, random_state=0).fit(rows, labels)
    assert np.abs(ours.weights[:-1] - theirs.coef_.T).max() < 2e-3  # products are in float32
    assert np.abs(ours.weights[-1] - theirs.intercept_).max() < 2e-3  # products are in float32
    assert np.abs(scores - theirs.decision_function(rows)).max() < 1e-2


def test_blocks_of_rows_change_nothing(tmp_path, monkeypatch):
    rows, labels = data(1)
    with matrix(tmp_path, rows) as features:
        whole = linear_svm.fit(features, labels, CLASSES, 0.1)
        monkeypatch.setattr(feature_matrix, "_BLOCK", 4 * WIDTH * 7)
        assert sum(1 for _ in features.blocks()) == -(-IMAGES // 7)
        parts = linear_svm.fit(features, labels, CLASSES, 0.1)
        all_of, some = parts.scores(features), parts.scores(features, every=5)
    assert np.allclose(whole.weights, parts.weights, atol=1e-3)
    assert np.allclose(all_of[::5], some, atol=1e-5)


def test_a_start_elsewhere_ends_at_the_same_machine(tmp_path):
    rows, labels = data(2)
    exact = {"passes": 2000, "tolerance": 1e-14}
    with matrix(tmp_path, rows) as features:
        before = linear_svm.fit(features, labels, CLASSES, 10.0)
        plain = linear_svm.fit(features, labels, CLASSES, 0.1, **exact)
        warm = linear_svm.fit(features, labels, CLASSES, 0.1, start=before, **exact)
    assert np.allclose(plain.weights, warm.weights, atol=1e-3)


def test_the_default_stop_is_near_the_optimum(tmp_path):
    """Within a tenth of a percent of the objective, so that labels of few images can differ."""
    rows, labels = data(3)
    with matrix(tmp_path, rows) as features:
        found = linear_svm.fit(features, labels, CLASSES, 0.3)
        best = linear_svm.fit(features, labels, CLASSES, 0.3, passes=2000, tolerance=1e-14)
        values = [linear_svm._objective(m.weights, features, labels, 0.3)[0] for m in (found, best)]
    assert values[1] <= values[0] <= 1.001 * values[1]


def test_features_are_standardised_in_place(tmp_path, monkeypatch):
    monkeypatch.setattr(feature_matrix, "_BLOCK", 4 * 3 * 10)
    rows = np.random.default_rng(0).normal([5, -2, 7], [3, 0.5, 0], (64, 3)).astype(np.float32)
    with matrix(tmp_path, rows) as features:
        mean, deviation = features.moments()
        features.standardise(mean, deviation)
        found = np.concatenate([block for _, block in features.blocks()])
    assert np.allclose(mean, rows.mean(axis=0)) and deviation[2] == 1
    assert np.allclose(found[:, :2].mean(axis=0), 0, atol=1e-5) and not found[:, 2].any()
    assert np.allclose(found[:, :2].std(axis=0), 1, atol=1e-5)


def test_the_file_has_no_name_and_its_place_is_reserved(tmp_path):
    with FeatureMatrix(tmp_path, 100, 50):
        assert not list(tmp_path.iterdir())
    with pytest.raises(OSError, match=str(tmp_path)):
        FeatureMatrix(tmp_path / "file", 1 << 40, 1 << 20)
