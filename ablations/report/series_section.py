"""The picture of a study's series on its page, and the same as files."""

from __future__ import annotations

from collections.abc import Mapping

from markupsafe import Markup

from ablations.analysis.study_analysis import Analysis
from ablations.report.figures import drawing, series_figure


def made(analysis: Analysis) -> tuple[dict[str, bytes], Mapping[str, Markup]]:
    """Return files, and what the page shows in a wide and in a narrow window; empty without series.

    Args:
        analysis: of a study, with or without series.
    """
    if not analysis.study.series:
        return {}, {}
    wide, narrow = series_figure.draw(analysis), series_figure.draw(analysis, stacked=True)
    words = series_figure.words(analysis)
    texts = {"wide": drawing.svg(wide), "narrow": drawing.svg(narrow)}
    shown = {
        name: Markup(drawing.inline_svg(text, words, f"series-{name}"))
        for name, text in texts.items()
    }
    return {"series.svg": texts["wide"].encode(), "series.png": drawing.png(wide)}, shown
