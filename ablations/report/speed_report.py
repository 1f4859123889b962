"""The report of a study of speed: one page, its figure, and the tables behind it as CSV.

Everything is written from an `Analysis` and the records; nothing is computed here that
is not in them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from markupsafe import Markup
from matplotlib.figure import Figure

from ablations.analysis.speed_analysis import Analysis
from ablations.plan import StudyRun
from ablations.report import html
from ablations.report.figures import drawing, speed_figure
from ablations.report.reference import beside
from ablations.study import Comparison

#: Columns that readers' programs rely on, in this order; the rest of a table follows them.
PUBLIC_COLUMNS: Mapping[str, str] = {
    "summary": "study arm n metric mean ci_low ci_high unit n_censored paper_value dataset "
    "precision",
    "runs": "run_id arm seed status epochs_to_threshold final_train_error seconds",
}


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
    figure = speed_figure.draw(analysis)
    files = {
        f"{name}.csv": html.csv_table(getattr(analysis, name), PUBLIC_COLUMNS.get(name, "").split())
        for name in ("summary", "runs", "curves", "comparisons")
    }
    files["records.jsonl"] = html.json_lines(runs)
    files["figure.svg"] = drawing.svg(figure).encode()
    files["figure.png"] = drawing.png(figure)
    files["index.html"] = _page(analysis, runs, figure, command, folder)
    return html.write_files(folder, files)


def _page(
    analysis: Analysis, runs: Sequence[StudyRun], figure: Figure, command: str, folder: Path
) -> bytes:
    """Return the self-contained page."""
    names = [drawing.readable(item.name) for item in analysis.study.comparisons]
    words = f"Training error over epochs: {', '.join(names)}. The tables below hold the numbers."
    drawings = {"wide": figure, "narrow": speed_figure.draw(analysis, stacked=True)}
    return html.render(
        "speed.html",
        scripts=("curves.js",),
        analysis=analysis,
        study=analysis.study,
        budget=analysis.study.budgets.get(analysis.budget),
        progress={role: html.statuses(table) for role, table in _roles(analysis).items()},
        comparisons=[_comparison(analysis, item, folder) for item in analysis.study.comparisons],
        runs=html.rows(analysis.runs),
        figures={
            key: Markup(drawing.inline_svg(item, words, key)) for key, item in drawings.items()
        },
        curves=html.curves(
            labels=[analysis.study.labels.get(arm, arm) for arm in analysis.study.arms],
            panels={key: drawing.panels(item) for key, item in drawings.items()},
            lines=speed_figure.lines(analysis),
            zoom=False,
        ),
        precisions=sorted(set(analysis.summary["precision"])),
        command=command,
        **html.provenance(runs),
    )


def _roles(analysis: Analysis) -> dict[str, Any]:
    """Return the runs of each role."""
    roles = analysis.runs["role"]
    return {role: analysis.runs.loc[roles == role] for role in ("reported", "search")}


def _comparison(analysis: Analysis, comparison: Comparison, folder: Path) -> dict[str, Any]:
    """Return all that the page says about one comparison."""
    tables = {
        name: html.rows(getattr(analysis, name), comparison=comparison.name)
        for name in ("pairs", "sensitivity", "differences")
    }
    arms = (comparison.baseline, comparison.variant)
    return {
        "spec": comparison,
        "title": drawing.readable(comparison.name),
        "reference": beside(
            analysis.study, analysis.budget, analysis.dataset, comparison.name, folder
        ),
        "result": html.rows(analysis.comparisons, comparison=comparison.name)[0],
        "arms": [row for arm in arms for row in html.rows(analysis.summary, arm=arm)],
        "search": _search(analysis, comparison, arms),
        **tables,
    }


def _search(
    analysis: Analysis, comparison: Comparison, arms: Sequence[str]
) -> list[tuple[float, list[dict[str, Any] | None]]]:
    """Return the search as a grid: per learning rate, one row of the table an arm."""
    rows = html.rows(analysis.search, comparison=comparison.name)
    cells = {(row["arm"], row["learning_rate"]): row for row in rows}
    rates = sorted({rate for _, rate in cells})
    return [(rate, [cells.get((arm, rate)) for arm in arms]) for rate in rates]
