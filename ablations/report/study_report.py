"""The report of a study: one page, its figure, and the tables behind it.

Everything is written from an `Analysis` and the records; nothing is computed here that
is not in them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from markupsafe import Markup
from matplotlib.figure import Figure

from ablations.analysis import checks
from ablations.analysis.quantities import MEASURES, label
from ablations.analysis.ranking import UNIT
from ablations.analysis.study_analysis import Analysis
from ablations.plan import StudyRun
from ablations.report import html, numbers, series_section, shown, text_tables
from ablations.report.answer import answer
from ablations.report.figures import drawing, effects_figure, times_figure
from ablations.report.reference import beside
from ablations.study import Comparison

#: Columns that readers' programs rely on, in this order; the rest of a table follows them.
PUBLIC_COLUMNS: Mapping[str, str] = {
    "summary": "study arm n metric mean ci_low ci_high unit n_censored paper_value dataset "
    "precision",
    "runs": "run_id arm seed status test_error test_error_ten_views epochs_to_threshold "
    "final_train_error seconds",
}

_HEAD = (
    *("Comparison", "Baseline", "Variant", "Quantity", "Paper", "Measured", "95 % interval"),
    *("n", "Power", "Adjusted p", "Verdict"),
)


def write(
    analysis: Analysis, runs: Sequence[StudyRun], folder: Path, *, command: str
) -> list[Path]:
    """Write the page, the figure and the tables into `folder`.

    Args:
        analysis: the study's tables.
        runs: the planned runs and their records that `analysis` was made from.
        folder: is created; files of an earlier report are replaced one by one.
        command: what a reader types to make this report.

    Returns:
        The files written, the page last, so that it never points at what is not there:
        a CSV for each table (looks, checks and order only where there are rows, changes where the
        page has not all of them), figure.svg,
        figure.png, of series the same, tables.md, tables.tex and index.html.

    Raises:
        OSError: the folder cannot be written.
    """
    form = _form(analysis)
    drawings = {"wide": form.draw(analysis), "narrow": form.draw(analysis, stacked=True)}
    texts = {key: drawing.svg(figure) for key, figure in drawings.items()}
    files = {
        f"{name}.csv": _csv(analysis, name)
        for name in ("summary", "runs", "curves", "comparisons", *_optional(analysis))
    }
    cells = [_cells(analysis, row) for row in html.rows(analysis.comparisons)]
    files["figure.svg"] = texts["wide"].encode()
    files["figure.png"] = drawing.png(drawings["wide"])
    files["tables.md"] = text_tables.markdown(_HEAD, cells, "llllrrrrrrl").encode()
    files["tables.tex"] = text_tables.latex(_HEAD, cells, "llllrrrrrrl").encode()
    pictures, series = series_section.made(analysis)
    files |= pictures
    files["index.html"] = _page(analysis, runs, drawings, texts, command, folder, series)
    return html.write_files(folder, files)


def _form(analysis: Analysis) -> ModuleType:
    """Return what draws the study: times to an error as in Figure 1, else effects and curves."""
    compared = analysis.study.comparisons
    timed = compared and all(item.quantity == "epochs_to_error" for item in compared)
    return times_figure if timed else effects_figure


def _csv(analysis: Analysis, name: str) -> bytes:
    # an error of 45,000 images is known to 0.002 %
    digits = 7 if name == "curves" else 10
    return html.csv_table(getattr(analysis, name), PUBLIC_COLUMNS.get(name, "").split(), digits)


def _optional(analysis: Analysis) -> list[str]:
    """Return the names of the tables that only some studies have."""
    names = [name for name in ("looks", "checks", "order") if len(getattr(analysis, name))]
    cut = len(shown.changes(analysis.changes)) < len(analysis.changes)
    return [*names, "changes"] if cut else names


def _page(
    analysis: Analysis,
    runs: Sequence[StudyRun],
    drawings: Mapping[str, Figure],
    texts: Mapping[str, str],
    command: str,
    folder: Path,
    series: Mapping[str, Markup],
) -> bytes:
    """Return the self-contained page; `texts` are the drawings as SVG."""
    words = _description(analysis)
    roles = analysis.runs["role"]
    timed = _form(analysis) is times_figure
    figures = {key: Markup(drawing.inline_svg(text, words, key)) for key, text in texts.items()}
    return html.render(
        "study.html",
        scripts=("curves.js",),
        analysis=analysis,
        study=analysis.study,
        budget=analysis.study.budgets.get(analysis.budget),
        timed=timed,
        censored=bool(analysis.comparisons["n_censored"].sum()),
        around=any(item.claimed == "within" for item in analysis.study.comparisons),
        planned=html.statuses(analysis.runs.loc[roles == "reported"]),
        colours={} if timed else _colours(analysis),
        searched=html.statuses(analysis.runs.loc[roles == "search"]),
        answers=_answers(analysis),
        comparisons=[_comparison(analysis, row, folder) for row in html.rows(analysis.comparisons)],
        arms=_arms(analysis),
        metrics=list(dict.fromkeys(analysis.summary["metric"])),
        quantities={name: label(name, analysis.study.threshold) for name in MEASURES},
        target=None
        if analysis.study.threshold is None
        else f"{100 * analysis.study.threshold:g} %",
        order=html.rows(analysis.order),
        looks=html.rows(analysis.looks),
        treated=[row | _check(row) for row in html.rows(analysis.checks)],
        untrained=checks.UNTRAINED,
        runs=html.rows(shown.runs(analysis.runs)),
        left=shown.left(analysis.runs, analysis.changes, _form(analysis).drawn_seeds(analysis)),
        figures=figures,
        series=series,
        curves=html.curves(
            labels=[analysis.study.labels.get(arm, arm) for arm in analysis.study.arms],
            panels={key: drawing.panels(item) for key, item in drawings.items()},
            lines=_form(analysis).lines(analysis),
            zoom=not timed,
        ),
        precisions=sorted(set(analysis.summary["precision"])),
        command=command,
        **html.provenance(runs),
    )


def _colours(analysis: Analysis) -> dict[str, str]:
    """Return each arm's colour in the figure, as the page names it."""
    arms = analysis.study.arms
    return {arm: drawing.page_colour(effects_figure.arm_colour(analysis, arm)) for arm in arms}


def _answers(analysis: Analysis) -> list[str]:
    """Return the sentence of each comparison that decides about the claim."""
    entry = analysis.study.budgets.get(analysis.budget)
    against = "the images are synthetic" if analysis.synthetic else ""
    if not against and entry is not None and entry.exploratory:
        against = "the budget is exploratory"
    rows = html.rows(analysis.comparisons, family="primary")
    return [answer(analysis.study, row, against=against) for row in rows]


def _description(analysis: Analysis) -> str:
    """Say in words what the figure shows."""
    effects = [
        f"{drawing.readable(row['comparison'])} "
        f"{numbers.bounded(row['estimate'], row['unit'], row['bound'])}"
        for row in html.rows(analysis.comparisons)
    ]
    return (
        f"Measured effects: {'; '.join(effects)}. Beside them, error over epochs for each arm. "
        "The tables below hold the numbers."
    )


def _comparison(analysis: Analysis, row: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Return all that the page says about one comparison."""
    name = row["comparison"]
    is_order = row["unit"] == UNIT
    declared = None if is_order else _declared(analysis, name)
    return {
        "title": drawing.readable(name),
        "note": declared.note if declared else "",
        "argument": declared.argument if declared else "",
        "reference": beside(analysis.study, analysis.budget, analysis.dataset, name, folder),
        "interaction": declared.interaction if declared else None,
        "series": declared.slope_over if declared else None,
        "result": row,
        "changes": [] if is_order else html.rows(shown.changes(analysis.changes), comparison=name),
        "sensitivity": html.rows(analysis.sensitivity, comparison=name),
        "search": _search(analysis, row),
        "differences": [] if is_order else html.rows(analysis.differences, comparison=name),
    }


def _search(
    analysis: Analysis, row: Mapping[str, Any]
) -> list[tuple[float, list[dict[str, Any] | None]]]:
    """Return the search as a grid: per learning rate, one row of the table per arm."""
    rows = html.rows(analysis.search, comparison=row["comparison"])
    cells = {(found["arm"], found["learning_rate"]): found for found in rows}
    rates = sorted({rate for _, rate in cells})
    arms = (row["baseline"], row["variant"])
    return [(rate, [cells.get((arm, rate)) for arm in arms]) for rate in rates]


def _check(row: Mapping[str, Any]) -> dict[str, str]:
    """Return a check in words."""
    measured = row["held"] != "not measured"
    found = checks.amount(row["lowest"], row["highest"], row["unit"]) if measured else "–"
    return {"label": checks.label(row), "needed": checks.needed(row), "found": found}


def _declared(analysis: Analysis, name: str) -> Comparison | None:
    return next((item for item in analysis.study.comparisons if item.name == name), None)


def _arms(analysis: Analysis) -> dict[str, dict[str, dict[str, Any]]]:
    """Return arm -> quantity -> row of the summary."""
    arms: dict[str, dict[str, dict[str, Any]]] = {}
    for row in html.rows(analysis.summary):
        arms.setdefault(row["arm"], {})[row["metric"]] = row
    return arms


def _cells(analysis: Analysis, row: Mapping[str, Any]) -> list[str]:
    """Return the comparison as cells of `_HEAD`."""
    labels, unit = analysis.study.labels, row["unit"]
    threshold = analysis.study.threshold
    left, right = (label(row[name], threshold) for name in ("baseline_quantity", "quantity"))
    return [
        drawing.readable(row["comparison"]),
        labels.get(row["baseline"], row["baseline"]),
        labels.get(row["variant"], row["variant"]),
        right if left == right else f"{right} against {left}",
        "an order" if unit == UNIT else numbers.stated(row["paper"], unit, row["paper_is"]),
        numbers.bounded(row["estimate"], unit, row["bound"]),
        numbers.effect_interval(row["low"], row["high"], unit),
        str(row["n"]),
        numbers.chance(row["power"]) if row["look"] else numbers.UNKNOWN,
        numbers.p_value(row["p_adjusted"]),
        row["verdict"],
    ]
