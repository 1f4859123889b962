"""One baseline, from images to its record: features, machines, the choice of C, the test."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np

from ablations.analysis.baselines import Baseline, BaselineRecord, packed
from ablations.baselines import linear_svm
from ablations.baselines.feature_matrix import FeatureMatrix
from ablations.baselines.linear_svm import LinearSvm
from ablations.baselines.methods import METHODS, FeatureSet
from ablations.baselines.pictures import Pictures
from alexnet_tf.data.labelled import Source
from alexnet_tf.data.split import Split
from alexnet_tf.environment import describe
from alexnet_tf.errors import DataError
from alexnet_tf.records import DataFacts

#: Images of fewer pixels a side have no room for the largest patches.
LEAST_SIDE = 16

#: Training images of which the training error is, at most: more take memory, classes times images.
SCORED = 20_000

#: Is told how many images more have features now.
Tell = Callable[[int], None]


@dataclass(frozen=True, kw_only=True)
class Work:
    """Images, their split and the folder that has room for their features.

    Attributes:
        threads: of NumPy's products, for the record.
    """

    source: Source
    split: Split
    split_number: int
    folder: Path
    threads: int

    @property
    def parts(self) -> tuple[Pictures, Pictures, Pictures]:
        """Training, validation and test images."""
        chosen = self.split
        return (
            Pictures(self.source, "train", chosen.train),
            Pictures(self.source, "train", chosen.validation),
            Pictures(self.source, "test", chosen.test),
        )

    @property
    def facts(self) -> DataFacts:
        """Numbers of images and their fingerprint, as records of nets have them."""
        return DataFacts(
            dataset=self.source.name,
            synthetic=self.source.synthetic,
            train_images=len(self.split.train),
            validation_images=len(self.split.validation),
            test_images=len(self.split.test),
            fingerprint=self.source.fingerprint(),
            source=self.source.source,
        )


def images_to_code(work: Work, baseline: Baseline) -> int:
    """Return how many images `measure` will tell of in all."""
    return sum(map(len, work.parts)) * len(METHODS[baseline])


def measure(work: Work, baseline: Baseline, seed: int, tell: Tell) -> BaselineRecord:
    """Return the record of a baseline: C chosen on validation images, test images scored once.

    Args:
        work: the images.
        baseline: which one.
        seed: of all that is random in it.
        tell: called after every batch of images.

    Raises:
        DataError: images are too small, or none are held back for validation.
        MissingPackageError: scikit-learn or scikit-image is not installed.
        OSError: the features do not fit on the disk.
    """
    if work.source.size < LEAST_SIDE or not len(work.split.validation):
        raise DataError(
            f"{work.source.name}: the baselines need images of {LEAST_SIDE} pixels a side or more, "
            f"and validation images. Received: {work.source.size} pixels, "
            f"{len(work.split.validation)} validation images"
        )
    started = time.process_time()
    sums: list[np.ndarray] = []
    chosen = []
    for features in METHODS[baseline]:
        c, scores = _scores(work, features, seed, tell)
        chosen.append(c)
        sums = [old + new for old, new in zip(sums, scores, strict=True)] if sums else scores
    train, validation, test = sums
    of_train, of_validation, of_test = (pictures.labels for pictures in work.parts)
    of_train = of_train[:: _every(len(of_train))]
    return BaselineRecord(
        baseline=baseline,
        seed=seed,
        split=work.split_number,
        data=work.facts,
        c=tuple(chosen),
        train_error=float(_missed(train, of_train, 1).mean()),
        validation_error=float(_missed(validation, of_validation, 1).mean()),
        top1_error=float(_missed(test, of_test, 1).mean()),
        top5_error=float(_missed(test, of_test, 5).mean()),
        wrong=packed(_missed(test, of_test, 1)),
        cpu_seconds=round(time.process_time() - started, 1),
        environment=describe(threads=work.threads),
        libraries=", ".join(
            f"{name} {version(name)}" for name in ("scikit-learn", "scikit-image", "scipy")
        ),
    )


def _scores(
    work: Work, features: FeatureSet, seed: int, tell: Tell
) -> tuple[float, list[np.ndarray]]:
    """Return the C of the lowest validation error, and its machine's scores.

    They are of some training images, of the validation and of the test images.
    """
    train, validation, test = work.parts
    classes = len(work.source.class_names)
    with _matrices(work, features, seed, tell) as (of_train, of_validation, of_test):
        best: tuple[float, float, LinearSvm] | None = None
        machine = None
        for c in features.cs:
            machine = linear_svm.fit(of_train, train.labels, classes, c, start=machine)
            missed = _missed(machine.scores(of_validation), validation.labels, 1).mean()
            if best is None or missed < best[0]:
                best = (float(missed), c, machine)
        if best is None:
            raise ValueError("no C to choose from")
        _, c, machine = best
        every = _every(of_train.images)
        scored = machine.scores(of_train, every)
        return c, [scored, machine.scores(of_validation), machine.scores(of_test)]


def _every(images: int) -> int:
    """Return the distance of the training images that the training error is of."""
    return -(-images // SCORED)


@contextlib.contextmanager
def _matrices(
    work: Work, features: FeatureSet, seed: int, tell: Tell
) -> Iterator[tuple[FeatureMatrix, ...]]:
    """Yield the features of training, validation and test images."""
    learned = features.learn(work.parts[0], seed)
    with contextlib.ExitStack() as stack:
        made = []
        for pictures in work.parts:
            matrix = FeatureMatrix(work.folder, len(pictures), features.width)
            made.append(stack.enter_context(matrix))
            for first, images in pictures.batches():
                matrix.put(first, learned.features(images))
                tell(len(images))
        if features.standardised:
            mean, deviation = made[0].moments()
            for matrix in made:
                matrix.standardise(mean, deviation)
        yield tuple(made)


def _missed(scores: np.ndarray, labels: np.ndarray, k: int) -> np.ndarray:
    """Return (images,) bool: the label is not among the k highest scores; of equals the first."""
    own = np.take_along_axis(scores, labels[:, None], axis=1)
    earlier = np.arange(scores.shape[1])[None] < labels[:, None]
    return ((scores > own) | ((scores == own) & earlier)).sum(axis=1) >= k
