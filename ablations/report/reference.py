"""The project's reference set: what it says of a comparison, to stand beside a smaller run.

    python -m ablations.report.reference

makes `reference.csv` of this package again from the reports in `reports/reference`.
"""

from __future__ import annotations

import csv
import io
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cache
from importlib.resources import files as package_files
from pathlib import Path
from typing import Any

from ablations.plan import Request, reported_runs
from ablations.report import numbers
from ablations.study import Study
from alexnet_tf.command_line import Parser
from alexnet_tf.errors import SpecError, exit_code
from alexnet_tf.files import write_atomic

_NAME = "reference.csv"
_ROOT = Path(__file__).parent.parent.parent
_REPORTS = _ROOT / "reports" / "reference"


@dataclass(frozen=True, kw_only=True)
class Reference:
    """One comparison of the reference set.

    Attributes:
        estimate: in `unit`: points, a factor ("x") or another, as `low` and `high`, the ends of
            its 95 % interval.
        bound: of the estimate, as of a `Finding`.
        n: seeds of the variant, pairs of seeds, or nets.
        train_images: of each run; `epochs` is its longest training.
        tensorflow: version.
    """

    study: str
    comparison: str
    estimate: float
    bound: str
    low: float
    high: float
    unit: str
    n: int
    verdict: str
    dataset: str
    train_images: int
    epochs: int
    tensorflow: str
    runs: str  # ids of the runs of seed 0 of its two arms, which name their specs

    @property
    def page(self) -> Path | None:
        """The page it is from; None outside of a checkout, where only `reference.csv` is there."""
        path = _REPORTS / self.study / "index.html"
        return path if path.exists() else None

    def words(self) -> str:
        """Return value, interval, seeds, verdict and what it was computed from.

        For example "+1.10 points (95 % interval +0.80 to +1.40), n = 8: agrees. 12,500 images of
        CIFAR-10, 30 epochs, TensorFlow 2.21.0."
        """
        interval = numbers.effect_interval(self.low, self.high, self.unit)
        between = f" (95 % interval {interval})" if interval != numbers.UNKNOWN else ""
        return (
            f"{numbers.bounded(self.estimate, self.unit, self.bound)}{between}, n = {self.n}: "
            f"{self.verdict}. "
            f"{self.train_images:,} images of CIFAR-10, {self.epochs} epochs, "
            f"TensorFlow {self.tensorflow}."
        )

    def differs(self, study: Study, dataset: str) -> str:
        """Say in what the reference differs from a run of `study` today; empty: in its size.

        Args:
            study: as it is declared now; its standard runs of CIFAR-10 are compared with those of
                the reference by their ids.
            dataset: of the run beside which the reference is shown.
        """
        found = []
        if dataset != self.dataset:
            found.append("This run saw other images.")
        today = reported_runs(study, Request(budget="standard", dataset="cifar10"), {})
        if not set(self.runs.split()) <= {run.experiment.run_id for run in today}:
            found.append("Its nets are of an earlier specification of this study.")
        return " ".join(found)


@dataclass(frozen=True, kw_only=True)
class Beside:
    """The text and link that a page shows of the reference beside a result."""

    words: str
    link: str | None


@cache
def known() -> dict[tuple[str, str], Reference]:
    """Return (study, comparison) -> reference, from the file of this package, read once."""
    text = (package_files("ablations.report") / _NAME).read_text(encoding="utf-8")
    kinds: dict[str, Any] = {"float": lambda cell: float(cell or "nan"), "int": int, "str": str}
    made = [
        Reference(**{f.name: kinds[str(f.type)](row[f.name]) for f in fields(Reference)})
        for row in csv.DictReader(io.StringIO(text))
    ]
    return {(item.study, item.comparison): item for item in made}


def beside(
    study: Study, budget: str, dataset: str, comparison: str, folder: Path | None = None
) -> Beside | None:
    """Return what stands beside an exploratory result; None beside one that is not.

    Args:
        study: of the result.
        budget: its name; one that the study does not have gets nothing.
        dataset: of the result; nothing stands beside one of ImageNet.
        comparison: its name in the study.
        folder: of the page, for the link; None: no link.
    """
    entry = study.budgets.get(budget)
    if dataset == "imagenet" or entry is None or not entry.exploratory:
        return None
    item = known().get((study.name, comparison))
    if item is None:
        return Beside(words="The reference set has no result of this comparison yet.", link=None)
    words = f"Reference: {item.words()} {item.differs(study, dataset)}".strip()
    page = item.page
    link = None if page is None or folder is None else os.path.relpath(page, folder)
    return Beside(words=words, link=link)


def collected(reports: Path = _REPORTS) -> bytes:
    """Return `reference.csv` from committed reports: the rows of their comparisons.

    Args:
        reports: folder with findings.csv, the studies' reports and the records of their runs.

    Raises:
        OSError: a table or a record is not there.
    """
    with (reports / "findings.csv").open(encoding="utf-8", newline="") as text:
        rows = [row for row in csv.DictReader(text) if row["n"] not in ("", "0")]
    made = io.StringIO()
    names = [f.name for f in fields(Reference)]
    table = csv.DictWriter(made, names, extrasaction="ignore", lineterminator="\n")
    table.writeheader()
    for row in rows:
        table.writerow({**row, **_computed(reports, row["study"], row["comparison"])})
    return made.getvalue().encode()


def _computed(reports: Path, study: str, comparison: str) -> dict[str, Any]:
    """Return what the finding was computed with, from the page's tables and records."""
    compared = _table(reports / study / "comparisons.csv")
    (row,) = [one for one in compared if one["comparison"] == comparison]
    runs = _table(reports / study / "runs.csv")
    arms = {row["baseline"], row["variant"]}
    first = [run["run_id"] for run in runs if run["seed"] == "0" and run["arm"] in arms]
    first = first or [run["run_id"] for run in runs if run["seed"] == "0"]
    path = reports / "runs" / first[0] / "result.json"
    record = json.loads(path.read_text(encoding="utf-8"))
    return {
        "train_images": record["data"]["train_images"],
        "epochs": record["experiment"]["train"]["epochs"],
        "tensorflow": record["environment"]["tensorflow"],
        "runs": " ".join(first),
    }


def _table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as text:
        return list(csv.DictReader(text))


def main(argv: Sequence[str] | None = None) -> int:
    """Write the file of this package again.

    Args:
        argv: must be empty; None: the words of this process.

    Returns:
        0; 2 for an argument, or outside of a checkout.
    """
    return exit_code("ablations.report.reference", lambda: _write(argv))


def _write(argv: Sequence[str] | None) -> int:
    Parser("ablations.report.reference", __doc__).parse(argv)
    if not (_REPORTS / "findings.csv").exists():
        raise SpecError(f"{_REPORTS} is not there. Run it in a checkout of the project.")
    write_atomic(Path(__file__).parent / _NAME, collected())
    return 0


if __name__ == "__main__":
    sys.exit(main())
