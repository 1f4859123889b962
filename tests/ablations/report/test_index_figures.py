"""Small forest plots, and the index in a browser."""

from __future__ import annotations

import dataclasses
import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pagechecks import CHROMIUM, browse
from small_suite import load

from ablations.analysis.findings import Finding, findings
from ablations.analysis.study_analysis import analyse
from ablations.report.collect import Collected
from ablations.report.figures import forest_row

# --- small forest plots -------------------------------------------------------------------


def finding(**fields: Any) -> Finding:
    known = findings(analyse(load("lrn"), [], budget="standard"))[0]
    return dataclasses.replace(known, **fields)


def test_effects_of_one_unit_share_a_linear_scale() -> None:
    rows = [
        finding(estimate=e, low=e - 0.5, high=e + 0.5, paper=p, smallest=0.5)
        for e, p in ((1.0, 1.4), (-0.7, None), (2.0, 2.0))
    ]
    plots = forest_row.forests(rows)
    assert len({plot.zero for plot in plots}) == 1
    points, places = [], []
    for row, plot in zip(rows, plots, strict=True):
        assert plot.interval and plot.band and plot.estimate is not None
        points += [row.estimate, row.low, row.high, -0.5, 0.5, 0.0]
        places += [plot.estimate, *plot.interval, *plot.band, plot.zero]
        assert (plot.paper is None) == (row.paper is None)
    slope, start = np.polyfit(points, places, 1)
    assert slope > 0
    assert places == pytest.approx([slope * point + start for point in points], abs=0.02)
    assert min(places) >= 0 and max(places) <= forest_row.WIDTH


def test_ratios_lie_on_a_logarithmic_scale() -> None:
    rows = [finding(unit="x", estimate=e, low=e / 2, high=e * 2, smallest=1.2) for e in (1.0, 4.0)]
    one, four = forest_row.forests(rows)
    assert one.estimate == one.zero == four.zero and four.interval and four.estimate is not None
    low, high = four.interval
    assert four.estimate - low == pytest.approx(high - four.estimate, abs=0.02)
    assert low - one.zero == pytest.approx(high - four.estimate, abs=0.02)


def test_a_far_effect_does_not_hide_the_others_and_unknown_numbers_no_marks() -> None:
    nan = math.nan
    rows = [finding(estimate=1.0, low=0.5, high=1.5) for _ in range(5)]
    rows += [finding(estimate=-70.0, low=-71.0, high=-69.0)]
    rows += [finding(estimate=nan, low=nan, high=nan, paper=None)]
    *near, far, unknown = forest_row.forests(rows)
    assert far.beyond == "left" and far.estimate is None
    assert near[0].interval and near[0].interval[1] - near[0].interval[0] > 15
    assert (unknown.estimate, unknown.interval, unknown.paper, unknown.beyond) == (
        *(None, None, None),
        "",
    )


# --- in a browser -------------------------------------------------------------------------

TOUR = """
const all = [...document.querySelectorAll('[data-claims] tbody tr')];
const rows = () => [...all[0].parentNode.rows].filter((r) => !r.hidden);
const form = document.querySelector('[data-filter]'), said = [];
const change = (name, value) => {
  const field = form.elements[name];
  if (field.type === 'checkbox') field.checked = value; else field.value = value;
  form.dispatchEvent(new Event('input'));
};
said.push(form.hidden); change('primary', false); said.push(rows().length);
change('words', 'DROPOUT the fall is done'); said.push(rows().length); change('words', '');
change('primary', true); said.push(rows().every((r) => r.dataset.family === 'primary'));
change('primary', false);
const button = document.querySelectorAll('[data-claims] thead button')[2];
const order = () => rows().map((r) => +r.cells[2].dataset.value);
button.click(); said.push(order().every((v, k, all) => !k || all[k - 1] <= v));
button.click(); said.push(order().every((v, k, all) => !k || all[k - 1] >= v));
said.push(button.closest('th').getAttribute('aria-sort'));
document.title = said.join(' / ');
"""


@pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")
def test_claims_can_be_filtered_and_sorted(
    suite: tuple[Path, list[Collected]], tmp_path: Path
) -> None:
    document, console = browse(suite[0] / "index.html", tmp_path, script=TOUR)
    title = re.search(r"<title>(.*?)</title>", document)
    total = sum(len(findings(one.analysis)) for one in suite[1])
    assert title is not None and not console
    assert title[1] == f"false / {total} / 1 / true / true / true / descending"


@pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")
def test_nothing_is_reported_to_the_console(
    suite: tuple[Path, list[Collected]], tmp_path: Path
) -> None:
    document, console = browse(suite[0] / "index.html", tmp_path)
    assert console == [] and " shown</output>" in document
