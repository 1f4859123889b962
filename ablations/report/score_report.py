"""The report of a study of scores: one page, its figure, and the tables behind it.

Everything is written from a `ScoreAnalysis` and the records; nothing is computed here that
is not in them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from markupsafe import Markup
from matplotlib.figure import Figure

from ablations.analysis import checks
from ablations.analysis.quantities import MEASURES
from ablations.analysis.ranking import UNIT
from ablations.analysis.score_analysis import ScoreAnalysis
from ablations.plan import StudyRun
from ablations.report import html, numbers, text_tables
from ablations.report.figures import drawing, score_figure
from ablations.report.reference import beside
from ablations.study import Difference

#: Columns that readers' programs rely on, in this order; the rest of a table follows them.
PUBLIC_COLUMNS: Mapping[str, str] = {
    "summary": "study arm n metric mean ci_low ci_high unit n_censored paper_value dataset "
    "precision",
    "runs": "run_id arm seed status test_error test_error_ten_views seconds",
}

_HEAD = (
    *("Comparison", "Baseline", "Variant", "Quantity", "Paper", "Measured", "95 % interval"),
    *("n", "Power", "Adjusted p", "Verdict"),
)


def write(
    analysis: ScoreAnalysis, runs: Sequence[StudyRun], folder: Path, *, command: str
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
    figure = score_figure.draw(analysis)
    files = {
        f"{name}.csv": html.csv_table(getattr(analysis, name), PUBLIC_COLUMNS.get(name, "").split())
        for name in ("summary", "runs", "curves", "comparisons", *_optional(analysis))
    }
    cells = [_cells(analysis, row) for row in html.rows(analysis.comparisons)]
    files["records.jsonl"] = html.json_lines(runs)
    files["figure.svg"] = drawing.svg(figure).encode()
    files["figure.png"] = drawing.png(figure)
    files["tables.md"] = text_tables.markdown(_HEAD, cells, "llllrrrrrrl").encode()
    files["tables.tex"] = text_tables.latex(_HEAD, cells, "llllrrrrrrl").encode()
    files["index.html"] = _page(analysis, runs, figure, command, folder)
    return html.write_files(folder, files)


def _optional(analysis: ScoreAnalysis) -> list[str]:
    """Return the names of the tables that only some studies have."""
    study = analysis.study
    return [name for name in ("checks", "order") if getattr(study, name)]


def _page(
    analysis: ScoreAnalysis, runs: Sequence[StudyRun], figure: Figure, command: str, folder: Path
) -> bytes:
    """Return the self-contained page."""
    drawings = {"wide": figure, "narrow": score_figure.draw(analysis, stacked=True)}
    words = _description(analysis)
    figures = {key: Markup(drawing.inline_svg(item, words, key)) for key, item in drawings.items()}
    return html.render(
        "score.html",
        scripts=("curves.js",),
        analysis=analysis,
        study=analysis.study,
        budget=analysis.study.budgets.get(analysis.budget),
        planned=html.statuses(analysis.runs),
        comparisons=[_comparison(analysis, row, folder) for row in html.rows(analysis.comparisons)],
        arms=_arms(analysis),
        metrics=list(dict.fromkeys(analysis.summary["metric"])),
        quantities={name: measure.label for name, measure in MEASURES.items()},
        order=html.rows(analysis.order),
        treated=[row | _check(row) for row in html.rows(analysis.checks)],
        runs=html.rows(analysis.runs),
        figures=figures,
        curves=html.curves(
            labels=[analysis.study.labels.get(arm, arm) for arm in analysis.study.arms],
            panels={key: drawing.panels(item) for key, item in drawings.items()},
            lines=score_figure.lines(analysis),
            zoom=True,
        ),
        precisions=sorted(set(analysis.summary["precision"])),
        command=command,
        **html.provenance(runs),
    )


def _description(analysis: ScoreAnalysis) -> str:
    """Say in words what the figure shows."""
    effects = [
        f"{drawing.readable(row['comparison'])} {numbers.effect(row['estimate'], row['unit'])}"
        for row in html.rows(analysis.comparisons)
    ]
    return (
        f"Measured effects: {'; '.join(effects)}. Beside them, error over epochs for each arm. "
        "The tables below hold the numbers."
    )


def _comparison(analysis: ScoreAnalysis, row: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Return all that the page says about one comparison."""
    name = row["comparison"]
    is_order = row["unit"] == UNIT
    declared = None if is_order else _declared(analysis, name)
    return {
        "title": drawing.readable(name),
        "note": declared.note if declared else "",
        "reference": beside(analysis.study, analysis.budget, analysis.dataset, name, folder),
        "interaction": declared.interaction if declared else None,
        "result": row,
        "pairs": [] if is_order else html.rows(analysis.pairs, comparison=name),
        "differences": [] if is_order else html.rows(analysis.differences, comparison=name),
    }


def _check(row: Mapping[str, Any]) -> dict[str, str]:
    """Return a check in words."""
    measured = row["held"] != "not measured"
    found = checks.amount(row["lowest"], row["highest"], row["unit"]) if measured else "–"
    return {"label": checks.label(row), "needed": checks.needed(row), "found": found}


def _declared(analysis: ScoreAnalysis, name: str) -> Difference | None:
    return next((item for item in analysis.study.differences if item.name == name), None)


def _arms(analysis: ScoreAnalysis) -> dict[str, dict[str, dict[str, Any]]]:
    """Return arm -> quantity -> row of the summary."""
    arms: dict[str, dict[str, dict[str, Any]]] = {}
    for row in html.rows(analysis.summary):
        arms.setdefault(row["arm"], {})[row["metric"]] = row
    return arms


def _cells(analysis: ScoreAnalysis, row: Mapping[str, Any]) -> list[str]:
    """Return the comparison as cells of `_HEAD`."""
    labels, unit = analysis.study.labels, row["unit"]
    left, right = (_label(row[name]) for name in ("baseline_quantity", "quantity"))
    return [
        drawing.readable(row["comparison"]),
        labels.get(row["baseline"], row["baseline"]),
        labels.get(row["variant"], row["variant"]),
        right if left == right else f"{right} against {left}",
        "an order" if unit == UNIT else numbers.stated(row["paper"], unit, row["paper_is"]),
        numbers.effect(row["estimate"], unit),
        numbers.effect_interval(row["low"], row["high"], unit),
        str(row["n"]),
        numbers.chance(row["power"]),
        numbers.p_value(row["p_adjusted"]),
        row["verdict"],
    ]


def _label(quantity: str) -> str:
    """Return what a reader calls the quantity."""
    return next((item.label for name, item in MEASURES.items() if name == quantity), quantity)
