"""The gain of averaging the probabilities of several nets over one of them (section 6).

For every size k: the mean, over the subsets of k nets, of the top-1 error of their averaged
probabilities, minus the mean error of the nets alone. There is one set of nets, so that the
interval is over test images: each counts with its mean over subsets, less its mean over nets.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats

from ablations.analysis import paired_tests, quantities
from ablations.analysis.effects import Effect
from ablations.plan import StudyRun
from ablations.study import Ensemble, Family
from alexnet_tf import arrays

#: Of more subsets than this, as many are drawn by a fixed generator.
SUBSETS = 200

_NAN = float("nan")


@dataclass(frozen=True, kw_only=True)
class Nets:
    """The nets whose probabilities can be averaged, and those that have none.

    Attributes:
        probabilities: of each net its mean over ten views.
        labels: class indices; the same images in the same order for every net.
    """

    probabilities: np.ndarray  # (nets, images, classes)
    labels: np.ndarray  # (images,)
    without: int  # nets that finished but whose probabilities are not there


def read(runs: Sequence[StudyRun]) -> Nets:
    """Return the ten-view probabilities of the test images that the runs left.

    Probabilities of other weights than the record's, or of other images than the first
    net's, count as not there. A diverged run has no net to average.

    Args:
        runs: of one arm; each run's folder is searched for test_10.npz.

    Returns:
        Nets in the order of the runs; arrays of no nets where there is none.
    """
    found, without = [], 0
    for run in runs:
        if run.record is None or run.record.status != "done":
            continue
        kept = _probabilities(run)
        if kept is None or (found and not np.array_equal(kept[1], found[0][1])):
            without += 1
        else:
            found.append(kept)
    if not found:
        return Nets(probabilities=np.empty((0, 0, 0)), labels=np.empty(0), without=without)
    return Nets(
        probabilities=np.stack([probabilities for probabilities, _ in found]),
        labels=found[0][1],
        without=without,
    )


def _probabilities(run: StudyRun) -> tuple[np.ndarray, np.ndarray] | None:
    """Return (images, classes) and labels (images,) of the run's own weights, if they are there."""
    path = (run.folder or Path()) / "test_10.npz"
    if run.folder is None or run.record is None:
        return None
    return arrays.read_predictions(path, run.record.weights_sha256)


def family(ensemble: Ensemble, size: int) -> Family:
    """Return the family of the average of `size` nets; the largest is the claim, so primary.

    Where nets of another arm join, their averages are the claim and every size is secondary.
    """
    claim = size == max(ensemble.sizes) and ensemble.joined is None
    return "primary" if claim else "secondary"


def measure(ensemble: Ensemble, nets: Nets, families: Sequence[Family]) -> list[Effect]:
    """Return the effect of every size above 1.

    An effect is the error of the averages minus the mean error of single nets, in points: below
    0 where averaging helps. Its tests are z tests over test images.

    Args:
        ensemble: what the study declares.
        nets: of its arm.
        families: of every comparison of the study, these among them.

    Returns:
        Effects of `ensemble_2` and so on; estimates are NaN of sizes above the number of nets.
    """
    return [
        _effect(ensemble, nets, size, families.count(family(ensemble, size)))
        for size in ensemble.averaged
    ]


def subsets(nets: int, size: int) -> list[tuple[int, ...]]:
    """Return every subset of `size` nets, or `SUBSETS` different ones where there are more.

    Args:
        nets: how many there are.
        size: of a subset, 1 to `nets`.

    Returns:
        Sorted tuples of places, in ascending order; the same at every call.

    >>> subsets(3, 2)
    [(0, 1), (0, 2), (1, 2)]
    """
    if math.comb(nets, size) <= SUBSETS:
        return list(itertools.combinations(range(nets), size))
    generator = np.random.default_rng(0)
    drawn: dict[tuple[int, ...], None] = {}
    while len(drawn) < SUBSETS:
        chosen = generator.choice(nets, size, replace=False)
        drawn[tuple(sorted(int(net) for net in chosen))] = None
    return sorted(drawn)


def wrong(probabilities: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Say of each image whether its most probable class, the first of equal ones, is wrong.

    Args:
        probabilities: (images, classes).
        labels: (images,) of class indices.

    Returns:
        (images,) of bool.

    >>> wrong(np.array([[0.2, 0.8], [0.5, 0.5]]), np.array([1, 1])).tolist()
    [False, True]
    """
    return probabilities.argmax(axis=1) != labels


def _gains(nets: Nets, size: int) -> np.ndarray:
    """Return (images,): share of subsets that are wrong minus share of nets that are."""
    alone = _mean(wrong(one, nets.labels) for one in nets.probabilities)
    return averaged(nets, size) - alone


def averaged(nets: Nets, size: int) -> np.ndarray:
    """Return (images,) the share of the averages of `size` nets that are wrong of each image."""
    return _mean(
        wrong(nets.probabilities[list(chosen)].mean(axis=0), nets.labels)
        for chosen in subsets(len(nets.probabilities), size)
    )


def _mean(mistakes: Iterator[np.ndarray]) -> np.ndarray:
    return np.mean(list(mistakes), axis=0)


def _effect(ensemble: Ensemble, nets: Nets, size: int, tests: int) -> Effect:
    is_claim = size == max(ensemble.sizes)
    count = len(nets.probabilities)
    gains = 100 * _gains(nets, size) if count >= size else np.empty(0)
    estimate = float(gains.mean()) if gains.size else _NAN
    return Effect(
        comparison=f"ensemble_{size}",
        family=family(ensemble, size),
        baseline="1 net",
        variant=f"{size} nets",
        n=count,
        n_baseline=count,
        seeds_as_claimed=_beaten(nets, estimate),
        **of_images(
            gains,
            smallest=ensemble.smallest,
            paper=ensemble.paper if is_claim else None,
            paper_source=ensemble.paper_source if is_claim else "",
            tests=tests,
        ),
    )


def of_images(
    gains: np.ndarray, *, smallest: float, paper: float | None, paper_source: str, tests: int
) -> dict[str, Any]:
    """Return the fields of an effect that is a mean over test images: its tests are z tests.

    Args:
        gains: (images,) in points; empty: not measured.
        smallest: smallest effect of interest, in points.
        paper: the paper's size in points; None where it gives none.
        paper_source: on what the paper found it.
        tests: comparisons of its family.
    """
    estimate = float(gains.mean()) if gains.size else _NAN
    error = paired_tests.image_se(gains[None, :])
    half = float(stats.norm.isf((1 - paired_tests.CONFIDENCE) / 2)) * error
    wanted = smallest if paper is None else abs(paper)
    edge = stats.norm.isf(paired_tests.LEVEL / tests / 2)
    beyond = float(stats.norm.sf((smallest - abs(estimate)) / error)) if error > 0 else _NAN
    return {
        "baseline_quantity": Ensemble.quantity,
        "quantity": Ensemble.quantity,
        "scale": "difference",
        "unit": quantities.MEASURES[Ensemble.quantity].unit_of_differences,
        "estimate": estimate,
        "low": estimate - half,
        "high": estimate + half,
        "sd": _NAN,
        "noise": "test images",
        "image_se": error,
        "t_p": float(2 * stats.norm.sf(abs(estimate) / error)) if error > 0 else _NAN,
        "equivalence_p": beyond,
        "power": float(stats.norm.sf(edge - wanted / error)) if error > 0 else _NAN,
        "detectable": float((edge + stats.norm.isf(1 - paired_tests.ENOUGH)) * error),
        "paper": _NAN if paper is None else paper,
        "paper_source": paper_source,
        "claimed": "lower",
        "smallest": smallest,
        "tests": tests,
    }


def _beaten(nets: Nets, estimate: float) -> int:
    """Count the nets whose own error is above the mean error of the ensembles."""
    errors = [100 * float(wrong(one, nets.labels).mean()) for one in nets.probabilities]
    return int(np.sum(np.array(errors) > np.mean(errors) + estimate)) if errors else 0
