"""Summaries of the base net's records: tables of its seeds and of every arm, and the curves.

    python docs/base-net/measure.py

reads the records in `reports/reference/runs`, as `python -m ablations.run ... --budget
standard --out reports/reference` leaves them, and writes `seeds.csv`, `arms.csv` and
`curves.svg` beside this file, and on the terminal the summary of the seeds and what the
records of other values of alpha say.
"""

from __future__ import annotations

import csv
import statistics
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from scipy import stats

from ablations import study
from ablations.analysis import quantities
from ablations.execution import store
from ablations.plan import PlannedRun, Request, StudyRun, reported_runs
from alexnet_tf.records import read
from alexnet_tf.spec import CIFAR_ALEXNET, diff

_HERE = Path(__file__).parent
_OUT = _HERE.parent.parent / "reports" / "reference"
_SEEDS = 30
_ALPHAS = {"model.convs.0.norm.alpha", "model.convs.1.norm.alpha"}
_BASE = ("ensemble", "paper")
#: Study and arm of the curves, with the words and the colour of each.
_SHOWN = (
    (*_BASE, "base net", "#0072b2"),
    ("crop_flip", "neither", "no crops, no reflections", "#b84a00"),
    ("dropout", "halved", "no dropout, outputs halved", "#1b7837"),
    ("recipe_2012", "recipe", "recipe of 2012", "#7b3294"),
)


def found(out: Path) -> dict[tuple[str, str], list[StudyRun]]:
    """Return (study, arm) -> its finished runs of the budget `standard` on CIFAR-10."""
    request = Request(budget="standard", dataset="cifar10", seeds=_SEEDS)
    runs: dict[tuple[str, str], list[StudyRun]] = {}
    for name in study.names():
        planned = reported_runs(study.load(name), request, {})
        for run in store.read(out, planned):
            if store.finished(run):
                runs.setdefault((name, run.planned.arm), []).append(run)
    return runs


def base_row(run: StudyRun) -> dict[str, Any]:
    """Return a seed's line of `seeds.csv`: errors in percent, changes in points."""
    record = run.record
    if record is None:
        raise ValueError("the run is not finished")
    curve = [100 * point.train_error for point in record.curve]
    tenth = max(1, len(curve) // 10)
    return {
        "seed": record.experiment.seed,
        "run_id": record.run_id,
        **{name: _text(quantities.value(run, name)) for name in _QUANTITIES},
        "change_in_last_tenth": _text(curve[-1 - tenth] - curve[-1]),
        "first_epoch": _text(curve[0]),
        "norm_spread": _text(run.inspection.get("norm_spread")),
        "seconds": round(record.seconds),
    }


_QUANTITIES: tuple[Any, ...] = (
    "test_error_ten_views",
    "test_error",
    "validation_error",
    "train_error",
    "generalisation_gap",
)


def arm_rows(runs: Mapping[tuple[str, str], Sequence[StudyRun]]) -> list[dict[str, Any]]:
    """Return a line per arm: means over its seeds, and the difference from the base's mean."""
    base = _mean(runs[_BASE], "test_error_ten_views")
    rows = []
    for (name, arm), of_arm in runs.items():
        error = _mean(of_arm, "test_error_ten_views")
        rows.append(
            {
                "study": name,
                "arm": arm,
                "n": len(of_arm),
                **{quantity: _text(_mean(of_arm, quantity)) for quantity in _QUANTITIES},
                "from_base": "" if error is None or base is None else f"{error - base:+.2f}",
            }
        )
    return rows


def summary(rows: Sequence[Mapping[str, Any]]) -> str:
    """Say mean, standard deviation and its 95 % interval of the ten-view test error."""
    errors = [float(row["test_error_ten_views"]) for row in rows]
    n, sd = len(errors), statistics.stdev(errors)
    low, high = (sd * ((n - 1) / stats.chi2.ppf(q, n - 1)) ** 0.5 for q in (0.975, 0.025))
    lines = [f"test error, ten views: {statistics.mean(errors):.2f} %, n = {n}"]
    lines.append(f"standard deviation over seeds: {sd:.2f} ({low:.2f} to {high:.2f})")
    for name in ("change_in_last_tenth", "norm_spread", "train_error", "first_epoch", "seconds"):
        values = [float(row[name]) for row in rows if row[name] != ""]
        if values:
            lines.append(f"{name}: {np.mean(values):.2f} ({min(values):.2f} to {max(values):.2f})")
    return "\n".join(lines)


def by_alpha(out: Path) -> str:
    """Say what the base net does with other values of alpha, and with all training images."""
    lines: dict[tuple[float, str], list[StudyRun]] = {}
    for path in sorted(out.glob("runs/*/result.json")):
        experiment = read(path).experiment
        norm, changed = experiment.model.convs[0].norm, set(diff(CIFAR_ALEXNET, experiment))
        if norm is None or changed - _ALPHAS - {"seed", "data.train_images"}:
            continue
        images = experiment.data.train_images
        planned = PlannedRun(arm="paper", role="reported", experiment=experiment)
        lines.setdefault((norm.alpha, "all" if images is None else f"{images:,}"), []).extend(
            store.read(out, [planned])
        )
    said = []
    for (alpha, images), of_alpha in sorted(lines.items()):
        errors = [_mean(of_alpha, name) for name in ("validation_error", "test_error_ten_views")]
        spread = _mean(of_alpha, "norm_spread")
        said.append(
            f"alpha {alpha:g}, {images} images, n = {len(of_alpha)}: "
            f"validation {_text(errors[0])}, test, ten views {_text(errors[1])}, "
            f"norm2 {_text(spread)}"
        )
    return "\n".join(said)


def draw(runs: Mapping[tuple[str, str], Sequence[StudyRun]]) -> Figure:
    """Return the training error of each epoch: a thin line per seed, the arm's mean thick."""
    figure = Figure(figsize=(8, 4.2), layout="constrained")
    axes = figure.subplots()
    for name, arm, words, colour in _SHOWN:
        curves = [
            [100 * point.train_error for point in run.record.curve]
            for run in runs.get((name, arm), ())
            if run.record is not None
        ]
        if not curves:
            continue
        epochs = np.arange(len(curves[0])) + 0.5
        for curve in curves:
            axes.plot(epochs, curve, color=colour, linewidth=0.5, alpha=0.5)
        mean = np.mean(curves, axis=0)
        axes.plot(epochs, mean, color=colour, linewidth=2)
        axes.annotate(
            f"{words} (n = {len(curves)})",
            (epochs[-1], mean[-1]),
            xytext=(6, 0),
            textcoords="offset points",
            color=colour,
            va="center",
        )
    axes.set_xlim(0, 60)
    axes.set_ylim(0, 90)
    axes.set_xlabel("Epoch")
    axes.set_ylabel("Training error of the epoch, %")
    axes.grid(color="#e5e5e5", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def _mean(runs: Sequence[StudyRun], quantity: Any) -> float | None:
    values = [quantities.value(run, quantity) for run in runs]
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None


def _text(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


def _write(name: str, rows: Sequence[Mapping[str, Any]]) -> None:
    with (_HERE / name).open("w", newline="") as text:
        table = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
        table.writeheader()
        table.writerows(rows)


def main() -> int:
    """Write the tables and the picture."""
    runs = found(_OUT)
    if _BASE not in runs:
        print(f"measure: no records of the base net in {_OUT / 'runs'}", file=sys.stderr)
        return 3
    seeds = [base_row(run) for run in runs[_BASE]]
    _write("seeds.csv", seeds)
    _write("arms.csv", arm_rows(runs))
    draw(runs).savefig(_HERE / "curves.svg", metadata={"Date": None})
    print(summary(seeds))
    print(by_alpha(_OUT))
    return 0


if __name__ == "__main__":
    sys.exit(main())
