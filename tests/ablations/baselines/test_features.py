"""Codes of patches and Fisher vectors against loops over their definitions."""

from __future__ import annotations

import numpy as np
import pytest
import tiny

from ablations.baselines import dense_sift, fisher_vectors, patch_codes, pictures
from ablations.baselines.patch_codes import PatchCodes
from ablations.baselines.pictures import Pictures

pytest.importorskip("sklearn")
pytest.importorskip("skimage")


def some_images(count: int, side: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.integers(0, 256, (count, side, side, 3), dtype=np.uint8)


def dictionary(side: int, seed: int = 0) -> PatchCodes:
    rng = np.random.default_rng(seed)
    d = 3 * side**2
    parts = (rng.normal(0, 1, d), rng.normal(0, 1, (d, d)), rng.normal(0, 4, (5, d)))
    return PatchCodes(side, *(part.astype(np.float32) for part in parts))


def code_by_hand(image: np.ndarray, codes: PatchCodes) -> np.ndarray:
    """Coates, Lee and Ng (2011), section 3, a window at a time, in float64."""
    side, picture = codes.side, image.astype(np.float64)
    rows = picture.shape[0] - side + 1
    sums = np.zeros((2, 2, len(codes.centres)))
    for y in range(rows):
        for x in range(rows):
            patch = picture[y : y + side, x : x + side].transpose(2, 0, 1).ravel()
            patch = (patch - patch.mean()) / np.sqrt(patch.var() + 10)
            white = (patch - codes.mean) @ codes.whitening
            distances = np.linalg.norm(white - codes.centres, axis=1)
            code = np.maximum(distances.mean() - distances, 0)
            sums[int(y >= (rows + 1) // 2), int(x >= (rows + 1) // 2)] += code
    return sums.ravel()


@pytest.mark.parametrize("side", [4, 5, 10])
def test_the_code_of_an_image_is_that_of_the_definition(side):
    codes, images = dictionary(side), some_images(3, 18)
    found = codes.features(images)
    expected = np.stack([code_by_hand(image, codes) for image in images])
    assert found.dtype == np.float32
    assert np.abs(found - expected).max() < 1e-3 * np.abs(expected).max()


def test_a_learned_dictionary_whitens_and_has_its_width(monkeypatch):
    monkeypatch.setattr(patch_codes, "PATCHES", 3000)
    images = tiny.images(size=16)
    held = Pictures(images, "train", np.arange(60))
    codes = patch_codes.learn(4, held, seed=1)
    assert codes.features(images.train_images[:2]).shape == (2, patch_codes.WIDTH)
    sample = patch_codes._sample(4, held, np.random.default_rng(9))
    white = (patch_codes._contrast(sample) - codes.mean) @ codes.whitening
    values = np.linalg.eigvalsh(np.cov(white, rowvar=False))
    assert values.max() < 1.3 and np.median(values) > 0.3  # below 1: small ones are damped
    again = patch_codes.learn(4, held, seed=1)
    other = patch_codes.learn(4, held, seed=2)
    assert np.array_equal(codes.centres, again.centres)
    assert not np.array_equal(codes.centres, other.centres)


def test_large_images_are_reduced_by_means_of_squares():
    images = some_images(2, 130)
    small = pictures.reduced(images, 64)
    assert small.shape == (2, 43, 43, 3)
    assert small[1, 5, 7, 2] == pytest.approx(images[1, 15:18, 21:24, 2].mean(), rel=1e-5)
    assert np.array_equal(pictures.reduced(images, 130), images.astype(np.float32))
    codes = dictionary(6)
    assert codes.features(some_images(2, 128)).shape == (2, 4 * 5)


def learned(seed: int) -> fisher_vectors.FisherVectors:
    held = Pictures(tiny.images(size=16), "train", np.arange(80))
    with pytest.MonkeyPatch.context() as few:
        few.setattr(fisher_vectors, "_SAMPLE", 2000)
        return fisher_vectors.learn(held, seed)


@pytest.fixture(scope="module")
def fisher() -> fisher_vectors.FisherVectors:
    return learned(0)


def test_a_fisher_vector_is_the_gradient_of_the_definition(fisher):
    """Sanchez, Perronnin, Mensink and Verbeek (2013), equations 16 to 18, and the two norms.

    scikit-image has the gradient of the deviations with the other sign, as a machine may.
    """
    images = some_images(2, 16, seed=5)
    found = fisher.features(images)
    assert found.shape == (2, fisher_vectors.WIDTH)
    mixture, image = fisher.mixture, 1
    reduced = fisher.components.transform(dense_sift.descriptors(images)[image])
    x = np.concatenate([reduced, dense_sift.places(16)], axis=1)
    weights, means = mixture.weights_, mixture.means_
    deviations = np.sqrt(mixture.covariances_)
    z = (x[:, None] - means) / deviations
    density = -0.5 * (z**2).sum(axis=2) - np.log(deviations).sum(axis=1) + np.log(weights)
    density -= density.max(axis=1, keepdims=True)
    share = np.exp(density) / np.exp(density).sum(axis=1, keepdims=True)
    of_weight = (share - weights).mean(axis=0) / np.sqrt(weights)
    of_mean = np.einsum("tk,tkd->kd", share, z) / len(x) / np.sqrt(weights)[:, None]
    of_deviation = np.einsum("tk,tkd->kd", share, 1 - z**2) / len(x)
    of_deviation /= np.sqrt(2 * weights)[:, None]
    vector = np.concatenate([of_weight, of_mean.ravel(), of_deviation.ravel()])
    vector = np.sign(vector) * np.sqrt(np.abs(vector))
    vector /= np.linalg.norm(vector)
    assert np.abs(found[image] - vector).max() < 1e-4


def test_the_seed_decides_the_mixture(fisher):
    again, other = learned(0), learned(1)
    assert np.array_equal(again.mixture.means_, fisher.mixture.means_)
    assert not np.array_equal(other.mixture.means_, fisher.mixture.means_)
