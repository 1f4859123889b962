"""The paper's two kinds of baselines on the images that the base net sees (Tables 1 and 2).

    pip install scikit-learn scikit-image opencv-python-headless
    python docs/base-net/baselines.py

Sparse codes: 1,600 means of whitened 6 x 6 patches, the "triangle" code, sums over
quadrants and a linear SVM (Coates, Lee and Ng 2011). SIFT + Fisher vectors: dense SIFT of
each colour channel at three sizes, 64 principal components, 64 Gaussians (Sanchez and
Perronnin 2011) and a linear SVM. Both learn from the 12,500 training images; the SVM's C is
chosen on the 5,000 validation images, and then the 10,000 test images are classified once.
Leaves `baselines.csv` beside this file.
"""

from __future__ import annotations

import csv
import os
import resource
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from skimage.feature import fisher_vector, learn_gmm
from sklearn.cluster import MiniBatchKMeans
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from alexnet_tf.data.load import load
from alexnet_tf.data.split import split
from alexnet_tf.spec import CIFAR_ALEXNET, replace

_TABLE = Path(__file__).with_name("baselines.csv")
_PATCH, _MEANS, _SAMPLE = 6, 1600, 400_000
_COMPONENTS, _GAUSSIANS, _STEP, _SIZES = 64, 64, 3, (4.0, 6.0, 9.0)
_SEED = 0

Features = Callable[[np.ndarray], np.ndarray]


def k_means(train: np.ndarray) -> Features:
    """Learn whitening and means from the images; return what makes their codes."""
    draw = np.random.default_rng(_SEED)
    places = draw.integers(0, 32 - _PATCH + 1, (_SAMPLE, 2))
    chosen = draw.integers(0, len(train), _SAMPLE)
    sample = np.stack(
        [
            train[i, y : y + _PATCH, x : x + _PATCH].ravel()
            for i, (y, x) in zip(chosen, places, strict=True)
        ]
    )
    sample = _contrast(sample.astype(np.float32))
    mean = sample.mean(axis=0)
    values, vectors = np.linalg.eigh(np.cov(sample - mean, rowvar=False))
    whitening = ((vectors / np.sqrt(values + 0.1)) @ vectors.T).astype(np.float32)
    learned = MiniBatchKMeans(_MEANS, batch_size=10_000, n_init=1, random_state=_SEED)
    centres = learned.fit((sample - mean) @ whitening).cluster_centers_.astype(np.float32)
    squares = (centres**2).sum(axis=1)

    def code(image: np.ndarray) -> np.ndarray:
        windows = np.lib.stride_tricks.sliding_window_view(image, (_PATCH, _PATCH), (0, 1))
        side = windows.shape[0]
        patches = windows.transpose(0, 1, 3, 4, 2).reshape(side * side, -1)
        patches = (_contrast(patches.astype(np.float32)) - mean) @ whitening
        distances = squares - 2 * patches @ centres.T + (patches**2).sum(axis=1)[:, None]
        distances = np.sqrt(np.maximum(distances, 0))
        triangle = np.maximum(distances.mean(axis=1, keepdims=True) - distances, 0)
        maps, half = triangle.reshape(side, side, -1), side // 2 + 1
        quadrants = (maps[:half, :half], maps[:half, half:], maps[half:, :half], maps[half:, half:])
        return np.concatenate([part.sum(axis=(0, 1)) for part in quadrants])

    return lambda images: np.stack([code(image) for image in images])


def _contrast(patches: np.ndarray) -> np.ndarray:
    centred = patches - patches.mean(axis=1, keepdims=True)
    return centred / np.sqrt(centred.var(axis=1, keepdims=True) + 10)


def sift_fisher(train: np.ndarray) -> Features:
    """Learn components and Gaussians from the images; return what makes Fisher vectors."""
    sift = cv2.SIFT_create()
    places = [
        cv2.KeyPoint(float(x), float(y), size, 0.0)  # upright
        for size in _SIZES
        for y in range(2, 31, _STEP)
        for x in range(2, 31, _STEP)
    ]
    where = np.array([key.pt for key in places]) / 32 - 0.5

    def descriptors(image: np.ndarray) -> np.ndarray:
        channels = [sift.compute(image[..., c].copy(), places)[1] for c in range(3)]
        found = np.concatenate(
            [np.sqrt(one / (one.sum(1, keepdims=True) + 1e-7)) for one in channels], 1
        )
        return found

    draw = np.random.default_rng(_SEED)
    some = draw.choice(len(train), 1000, replace=False)
    sample = np.concatenate([descriptors(train[i])[::3] for i in some])
    components = PCA(_COMPONENTS, random_state=_SEED).fit(sample)

    def reduced(image: np.ndarray) -> np.ndarray:
        return np.concatenate([components.transform(descriptors(image)), where], axis=1)

    learned = learn_gmm(
        [reduced(train[i])[::3] for i in some],
        n_modes=_GAUSSIANS,
        gm_args={"covariance_type": "diag", "random_state": _SEED, "max_iter": 50},
    )

    def vector(image: np.ndarray) -> np.ndarray:
        found = fisher_vector(reduced(image), learned)
        found = np.sign(found) * np.sqrt(np.abs(found))
        return found / np.linalg.norm(found)

    return lambda images: np.stack([vector(image) for image in images]).astype(np.float32)


def classified(
    features: Features, images: Any, chosen: Any, cs: tuple[float, ...]
) -> dict[str, Any]:
    """Return the C of the lowest validation error, that error and the test error, in percent."""
    parts = (images.train_images[chosen.train], images.train_images[chosen.validation])
    train, validation, test = (features(part) for part in (*parts, images.test_images))
    labels = images.train_labels[chosen.train]
    scaler = StandardScaler().fit(train)
    scaled = scaler.transform(train)
    found = {}
    for c in cs:
        svm = LinearSVC(C=c, tol=1e-3, max_iter=400, random_state=_SEED).fit(scaled, labels)
        guessed = svm.predict(scaler.transform(validation))
        found[c] = (100 * np.mean(guessed != images.train_labels[chosen.validation]), svm)
    c = min(found, key=lambda key: found[key][0])
    guessed = found[c][1].predict(scaler.transform(test))
    return {
        "c": c,
        "validation": f"{found[c][0]:.2f}",
        "test": f"{100 * np.mean(guessed != images.test_labels):.2f}",
        "train": f"{100 * np.mean(found[c][1].predict(scaled) != labels):.2f}",
    }


def main() -> int:
    """Measure both baselines and write their table."""
    images: Any = load("cifar10", cache=Path(os.environ.get("BASELINES_CACHE", "search-runs")))
    data = replace(CIFAR_ALEXNET, {"data.train_images": 12_500}).data
    chosen = split(images, data)
    train = images.train_images[chosen.train]
    rows = []
    for name, learn, cs in (
        ("k-means codes + SVM", k_means, (1e-4, 3e-4, 1e-3, 3e-3)),
        ("SIFT + Fisher vectors", sift_fisher, (1e-6, 1e-5, 1e-4, 1e-3)),
    ):
        before = resource.getrusage(resource.RUSAGE_SELF)
        found = classified(learn(train), images, chosen, cs)
        after = resource.getrusage(resource.RUSAGE_SELF)
        cpu = round(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
        rows.append({"baseline": name, **found, "cpu_seconds": cpu})
        with _TABLE.open("w", newline="") as text:
            table = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
            table.writeheader()
            table.writerows(rows)
        print(f"{name}: {found['test']} % of the test images", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
