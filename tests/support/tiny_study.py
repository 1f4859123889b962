"""A study of three runs of the tiny net, in a file of its own, and its tables compared."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import tiny

from alexnet_tf.spec import to_json

_TEXT = """
from ablations.study import Budget, Comparison, EpochsToError, Search, SpeedStudy
from alexnet_tf.spec import from_json, replace
BASE = from_json('''{base}''')
OTHER = replace(BASE, {change})
STUDY = SpeedStudy(
    name="{name}", title="t", claim="c", claim_ids=("C0",), section="s", limits="l",
    outcome=EpochsToError(threshold=0.5),
    arms={{"base": BASE, "other": OTHER}},
    labels={{"base": "the base", "other": "the other"}},
    comparisons=(
        Comparison(
            name="c", baseline="base", variant="other", quantity="epochs_to_error",
            scale="ratio", claimed="within", paper=2.0, smallest=1.5,
        ),
    ),
    search=Search(grids={{"c": (0.01, 0.02)}}, seeds=(1000,), epochs=3),
    budgets={{"quick": Budget(seeds=1, epochs=10)}},
)
"""

#: Columns of runs.csv that a clock, or an interruption itself, changes.
MEASURED = ["seconds", "images_per_second", "resumes"]


def write(folder: Path, name: str, change: str) -> None:
    """Leave the study `name.py` of the tiny net and the net with a change, as Python text."""
    text = _TEXT.format(base=to_json(tiny.experiment()), change=change, name=name)
    (folder / f"{name}.py").write_text(text)


def tables(out: Path) -> dict[str, bytes]:
    """Return the CSV files of the reports in `out`, without what a clock has measured."""
    found = {}
    for path in sorted(out.glob("*/*.csv")):
        content = path.read_bytes()
        if path.name == "runs.csv":
            kept = pd.read_csv(path, dtype=str).drop(columns=MEASURED, errors="ignore")
            content = kept.to_csv().encode()
        found[str(path.relative_to(out))] = content
    return found
