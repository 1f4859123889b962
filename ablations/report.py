"""The report of a study: one page, its figure, and the tables behind it as CSV.

Everything is written from an `Analysis` and the records; nothing is computed here that
is not in them, and the bytes depend on nothing else: no clock, no locale, no machine.
"""

from __future__ import annotations

import dataclasses
import json
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from matplotlib.figure import Figure

from ablations import figure
from ablations.analysis import Analysis
from ablations.plan import StudyRun
from ablations.study import Comparison
from alexnet_tf import records
from alexnet_tf.files import write_atomic

#: Columns that readers' programs rely on, in this order; the rest of a table follows them.
PUBLIC_COLUMNS: Mapping[str, str] = {
    "summary": "study arm n metric mean ci_low ci_high unit n_censored paper_value dataset "
    "precision",
    "runs": "run_id arm seed status epochs_to_threshold final_train_error seconds",
}

# Images in a published training set before the validation images are taken out of it.
_PUBLISHED = {"cifar10": 50_000}

# A spreadsheet takes a cell that starts with one of these, or with the full-width twin
# that some input methods produce, for a formula.
_FORMULA = tuple("=+-@\t\r\n\0＝＋－＠")
_UNKNOWN = "–"


def write(
    analysis: Analysis, runs: Sequence[StudyRun], folder: Path, *, command: str
) -> list[Path]:
    """Write the page, the figure, the tables and the records into `folder`.

    Args:
        analysis: the study's tables.
        runs: the planned runs and their records that `analysis` was made from.
        folder: is created; files of an earlier report are replaced one by one.
        command: what a reader types to make this report.

    Returns:
        The files written, the page last, so that it never points at what is not there.

    Raises:
        OSError: the folder cannot be written.
    """
    drawing = figure.draw(analysis)
    files = {
        f"{name}.csv": _csv(getattr(analysis, name), PUBLIC_COLUMNS.get(name, "").split())
        for name in ("summary", "runs", "curves", "comparisons")
    }
    files["records.jsonl"] = _jsonl(runs)
    files["figure.svg"] = figure.svg(drawing).encode()
    files["figure.png"] = figure.png(drawing)
    files["index.html"] = _page(analysis, runs, drawing, command)
    for name, data in files.items():
        write_atomic(folder / name, data)
    return [folder / name for name in files]


def _csv(table: pd.DataFrame, first: Sequence[str]) -> bytes:
    """Return the table as UTF-8 CSV, the columns of `first` before the others."""
    table = table.loc[:, [*first, *(name for name in table.columns if name not in first)]].copy()
    for name in table.columns:
        if not pd.api.types.is_numeric_dtype(table[name]):
            table[name] = table[name].map(_cell)
    text = table.to_csv(index=False, lineterminator="\n", float_format="%.10g")
    return text.encode("utf-8", "replace")


def _cell(value: Any) -> Any:
    """Keep a spreadsheet from running text as a formula, and a cell from ending its row."""
    if not isinstance(value, str):
        return value
    # The csv module quotes a line feed but leaves a carriage return bare.
    text = value.replace("\r", "\n")
    return f"'{text}" if text.startswith(_FORMULA) else text


def _jsonl(runs: Sequence[StudyRun]) -> bytes:
    """Return every record on a line of its own, in plan order."""
    texts = [records.to_json(run.record) for run in runs if run.record is not None]
    lines = [json.dumps(json.loads(text), sort_keys=True, separators=(",", ":")) for text in texts]
    return "".join(f"{line}\n" for line in lines).encode()


def _page(analysis: Analysis, runs: Sequence[StudyRun], drawing: Figure, command: str) -> bytes:
    """Return the self-contained page."""
    names = [figure.readable(item.name) for item in analysis.study.comparisons]
    words = f"Training error over epochs: {', '.join(names)}. The tables below hold the numbers."
    drawings = {"wide": drawing, "narrow": figure.draw(analysis, stacked=True)}
    made = [run.record for run in runs if run.record is not None]
    text = (
        _environment()
        .get_template("report.html")
        .render(
            analysis=analysis,
            study=analysis.study,
            budget=analysis.study.budgets.get(analysis.budget),
            progress=_progress(analysis.runs),
            images=_images(analysis, runs),
            comparisons=[_comparison(analysis, item) for item in analysis.study.comparisons],
            runs=_rows(analysis.runs),
            figures={key: Markup(figure.inline_svg(item, words)) for key, item in drawings.items()},
            facts=_distinct(record.data for record in made),
            environments=_distinct(record.environment for record in made),
            same_bits=len(
                {str(item.environment.fingerprint()) for item in made if item.environment}
            )
            < 2,
            precisions=sorted(set(analysis.summary["precision"])),
            seconds=sum(record.seconds for record in made),
            notes=sorted({item.data.note for item in made if item.data} - {""}),
            command=command,
        )
    )
    return text.encode("utf-8", "replace")


def _environment() -> Environment:
    """Return the template engine: everything escaped, unknown names an error."""
    engine = Environment(
        loader=PackageLoader("ablations"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_printable,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    for format_value in (number, percent, interval, duration, plain, figure.readable):
        engine.filters[format_value.__name__] = format_value
    return engine


def _printable(value: Any) -> Any:
    """Replace what HTML cannot hold; markup is ours and has been cleaned before."""
    return figure.clean(value) if type(value) is str else value


def _rows(table: pd.DataFrame, **where: Any) -> list[dict[str, Any]]:
    """Return the table's rows in which every column of `where` has that value."""
    for name, value in where.items():
        table = table.loc[table[name] == value]
    return [{str(key): item for key, item in row.items()} for row in table.to_dict("records")]


def _comparison(analysis: Analysis, comparison: Comparison) -> dict[str, Any]:
    """Return all that the page says about one comparison."""
    tables = {
        name: _rows(getattr(analysis, name), comparison=comparison.name)
        for name in ("pairs", "sensitivity", "differences")
    }
    arms = (comparison.baseline, comparison.variant)
    return {
        "spec": comparison,
        "title": figure.readable(comparison.name),
        "result": _rows(analysis.comparisons, comparison=comparison.name)[0],
        "arms": [row for arm in arms for row in _rows(analysis.summary, arm=arm)],
        "search": _search(analysis, comparison, arms),
        **tables,
    }


def _search(
    analysis: Analysis, comparison: Comparison, arms: Sequence[str]
) -> list[tuple[float, list[dict[str, Any] | None]]]:
    """Return the search as a grid: per learning rate, one row of the table an arm."""
    rows = _rows(analysis.search, comparison=comparison.name)
    cells = {(row["arm"], row["learning_rate"]): row for row in rows}
    rates = sorted({rate for _, rate in cells})
    return [(rate, [cells.get((arm, rate)) for arm in arms]) for rate in rates]


def _progress(runs: pd.DataFrame) -> dict[str, dict[str, int]]:
    """Return role -> how many runs are planned and how many have each status."""
    counts = {}
    for role in ("reported", "search"):
        status = runs.loc[runs["role"] == role, "status"]
        names = ("done", "diverged", "failed", "new")
        found = {name: int((status == name).sum()) for name in names}
        counts[role] = {"planned": len(status), **found}
    return counts


def _images(analysis: Analysis, runs: Sequence[StudyRun]) -> str:
    """Say how many training images the budget leaves of how many."""
    data = runs[0].planned.experiment.data if runs else None
    limit = data.train_images if data else None
    if data is None or limit is None:
        return "all training images"
    if analysis.dataset not in _PUBLISHED:
        return f"{limit:,} training images"
    return f"{limit:,} of {_PUBLISHED[analysis.dataset] - data.validation_images:,} training images"


def _distinct(values: Iterable[Any]) -> list[tuple[dict[str, Any], int]]:
    """Return each different dataclass value as a dict and how often it occurs."""
    counts = Counter(value for value in values if value is not None)
    return [(dataclasses.asdict(value), count) for value, count in counts.items()]


def number(value: float | None, digits: int = 1) -> str:
    """Format to `digits` decimals; a dash for what is not known."""
    return f"{value:,.{digits}f}" if value is not None and math.isfinite(value) else _UNKNOWN


def percent(value: float | None, digits: int = 1) -> str:
    """Format a fraction as a percentage."""
    return f"{number(value * 100, digits)} %" if value is not None and value == value else _UNKNOWN


def interval(low: float, high: float, digits: int = 1) -> str:
    """Format the ends of an interval; an end that is no bound is left open in words."""
    if low == 0 and math.isfinite(high):
        return f"{number(high, digits)} or less"
    if low > 0 and high == math.inf:
        return f"{number(low, digits)} or more"
    known = math.isfinite(low) and math.isfinite(high)
    return f"{number(low, digits)} to {number(high, digits)}" if known else _UNKNOWN


def duration(seconds: float | None) -> str:
    """Format seconds as hours and minutes, or less."""
    if seconds is None or not math.isfinite(seconds):
        return _UNKNOWN
    if seconds < 120:
        return f"{seconds:.0f} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min"


def plain(value: Any) -> str:
    """Format any value of a spec or a record."""
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return _UNKNOWN
    return f"{value:g}" if isinstance(value, float) else str(value)
