"""Tables 1 and 2 of the paper, with our nets in the rows that we have.

The paper's errors are of ImageNet and ours of another data set, so the two stand side by
side and are not compared; what is the same is which row lies below which.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ablations.analysis import ensembling, joining
from ablations.analysis.paired_tests import t_interval
from ablations.plan import StudyRun

#: Nets of Table 2's last row: as they are, and pre-trained.
_FIVE, _TWO = 5, 2

_NAN = float("nan")


@dataclass(frozen=True, kw_only=True)
class Measured:
    """The errors of one kind of predictor, in percent: of our nets, or of a baseline.

    Attributes:
        top1: mean over nets, or the error of their averaged probabilities.
        top5: the same of the error that the right label is not among the five most probable.
    """

    top1: float
    top5: float
    low: float  # 95 % interval of `top1` over seeds; NaN of one predictor
    high: float
    n: int  # nets, or seeds of a baseline


@dataclass(frozen=True, kw_only=True)
class Row:
    """A model of the paper with its errors as printed, and ours where it was measured.

    Attributes:
        model: as the paper names it; an asterisk marks pre-training.
        paper: one cell per column, "–" where the paper has none.
    """

    model: str
    paper: tuple[str, ...]
    ours: Measured | None = None


@dataclass(frozen=True, kw_only=True)
class PaperTable:
    """A table of the paper; `columns` names the paper's errors.

    Attributes:
        title: with the data set of the paper's numbers, which is not ours.
        rows: in the paper's order.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]


def paper_tables(
    runs: Sequence[StudyRun],
    pretrained: Sequence[StudyRun] = (),
    baselines: Mapping[str, Measured] | None = None,
) -> tuple[PaperTable, PaperTable]:
    """Return Tables 1 and 2, with the measurements of runs of the paper's net.

    Args:
        runs: of the paper's net.
        pretrained: of the net with a sixth convolution that was trained on more labels first.
        baselines: name -> errors on the same images; None: none was measured.

    Returns:
        The paper's rows in its order; one without `ours` was not measured. "CNN, one view" is
        from the paper's text (a footnote of section 6) and no row of its Table 1.
    """
    ours, others = measure(runs), baselines or {}
    coding, sift = others.get("sparse_coding"), others.get("sift_fisher")
    first = PaperTable(
        title="Table 1: ILSVRC-2010 test set",
        columns=("Top-1", "Top-5"),
        rows=(
            Row(model="Sparse coding", paper=("47.1 %", "28.2 %"), ours=coding),
            Row(model="SIFT + FVs", paper=("45.7 %", "25.7 %"), ours=sift),
            Row(model="CNN", paper=("37.5 %", "17.0 %"), ours=ours.get("ten")),
            Row(model="CNN, one view", paper=("39.0 %", "18.3 %"), ours=ours.get("one")),
        ),
    )
    several = ours.get("several")
    count = several.n if several else 5
    second = PaperTable(
        title="Table 2: ILSVRC-2012 validation and test sets",
        columns=("Top-1 (val)", "Top-5 (val)", "Top-5 (test)"),
        rows=(
            Row(model="SIFT + FVs", paper=("–", "–", "26.2 %"), ours=sift),
            Row(model="1 CNN", paper=("40.7 %", "18.2 %", "–"), ours=ours.get("ten")),
            Row(
                model="5 CNNs" if count == 5 else f"5 CNNs (ours: {count})",
                paper=("38.1 %", "16.4 %", "16.4 %"),
                ours=several,
            ),
            Row(
                model="1 CNN*",
                paper=("39.0 %", "16.6 %", "–"),
                ours=measure(pretrained).get("ten"),
            ),
            Row(
                model="7 CNNs*",
                paper=("36.7 %", "15.4 %", "15.3 %"),
                ours=_joined(runs, pretrained),
            ),
        ),
    )
    return first, second


def measure(runs: Sequence[StudyRun]) -> Mapping[str, Measured]:
    """Return the errors of the nets on the test images: "one" view, "ten", and "several" nets.

    Args:
        runs: of one arm; those that are not done are left out.

    Returns:
        Kind -> errors in percent; "one" and "ten" are means over nets with the t interval over
        seeds, "several" is of the mean of all the nets' ten-view probabilities. A kind that was
        not measured is absent.
    """
    found = {}
    for name, views in (("one", 1), ("ten", 10)):
        evaluations = [
            item
            for run in runs
            if run.record is not None and run.record.status == "done"
            for item in run.record.evaluations
            if (item.part, item.views) == ("test", views)
        ]
        if evaluations:
            top1, low, high = t_interval([100 * item.top1_error for item in evaluations])
            top5 = float(np.mean([100 * item.top5_error for item in evaluations]))
            found[name] = Measured(top1=top1, top5=top5, low=low, high=high, n=len(evaluations))
    nets = ensembling.read(runs)
    if len(nets.probabilities) > 1:
        found["several"] = _averaged(nets)
    return found


def _averaged(nets: ensembling.Nets) -> Measured:
    """Return the errors of the mean of all the nets' probabilities."""
    top1, top5 = _errors(nets.probabilities.astype(np.float64).mean(axis=0), nets.labels)
    return Measured(top1=top1, top5=top5, low=_NAN, high=_NAN, n=len(nets.probabilities))


def _joined(runs: Sequence[StudyRun], pretrained: Sequence[StudyRun]) -> Measured | None:
    """Return the errors of five nets and two pre-trained ones, a mean over such averages.

    None where there are fewer nets, or where they were tested on different images.
    """
    five, two = ensembling.read(runs), ensembling.read(pretrained)
    counts = len(five.probabilities), len(two.probabilities)
    if counts[0] < _FIVE or counts[1] < _TWO or not np.array_equal(five.labels, two.labels):
        return None
    errors = [
        _errors(
            five.probabilities[list(first)].astype(np.float64).sum(axis=0)
            + two.probabilities[list(second)].sum(axis=0),
            five.labels,
        )
        for first, second in joining.mixtures(counts, (_FIVE, _TWO))
    ]
    top1, top5 = np.mean(errors, axis=0)
    return Measured(top1=float(top1), top5=float(top5), low=_NAN, high=_NAN, n=_FIVE + _TWO)


def _errors(scores: np.ndarray, labels: np.ndarray) -> tuple[float, float]:
    """Return top-1 and top-5 errors in percent of (images, classes) scores."""
    true = np.take_along_axis(scores, labels[:, None].astype(int), axis=1)
    # of classes that are as probable as the true one, those before it come first
    earlier = np.arange(scores.shape[1])[None, :] < labels[:, None]
    place = ((scores > true) | ((scores == true) & earlier)).sum(axis=1)
    return 100 * float((place >= 1).mean()), 100 * float((place >= 5).mean())
