"""The picture of all effects, and the index in a browser."""

from __future__ import annotations

import dataclasses
import math
import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pagechecks import browse, needs_browser
from small_suite import load

from ablations.analysis.findings import Finding, findings
from ablations.analysis.study_analysis import analyse
from ablations.report.collect import Collected
from ablations.report.figures import all_effects
from ablations.report.figures.all_effects import NARROW, WIDE, Layout, Panel, Row, panels

BASE = findings(analyse(load("lrn"), [], budget="standard"))[0]
NAN = math.nan

# --- the picture of all effects -----------------------------------------------------------


def row(group: str = "3", **fields: Any) -> Row:
    values = {"estimate": 1.0, "low": 0.5, "high": 1.5, "paper": 1.4, "smallest": 0.7}
    found: Finding = dataclasses.replace(BASE, **{**values, **fields})
    band = all_effects.band(found)
    return Row(group=group, short="", finding=found, band=band)


def places(panel: Panel, first: float, last: float) -> list[tuple[float, float]]:
    """Return (value, place) of every mark whose value lies between the ends of the axis."""
    found: list[tuple[float | None, float | None]] = []
    for mark in panel.marks:
        item, ends = mark.finding, mark.interval or (None, None)
        found += [(item.estimate, mark.estimate), (item.paper, mark.paper)]
        found += [(item.low, ends[0]), (item.high, ends[1])]
    on_axis = [(v, x) for v, x in found if v is not None and x is not None]
    return [(value, place) for value, place in on_axis if first <= value <= last]


EFFECTS = st.tuples(st.floats(-60, 60), st.floats(0.01, 90), st.none() | st.floats(-5, 5))


@given(st.lists(EFFECTS, min_size=1, max_size=8), st.sampled_from([WIDE, NARROW]))
def test_places_are_proportional_to_values_on_the_one_axis(
    effects: list[tuple[float, float, float | None]], layout: Layout
) -> None:
    rows = [row(estimate=e, low=e - w, high=e + w, paper=p) for e, w, p in effects]
    (panel,) = panels(rows, layout)
    assert (panel.ticks[0][0], panel.ticks[-1][0]) == (layout.left, layout.right)
    ticks = [(float(t.replace("\u2212", "-")), x) for x, t in panel.ticks if t]
    assert 2 <= len(ticks) <= 14 and all(b - a >= 20 for (_, a), (_, b) in pairwise(ticks))
    slope = (ticks[-1][1] - ticks[0][1]) / (ticks[-1][0] - ticks[0][0])
    first, last = (ticks[0][0] + (x - ticks[0][1]) / slope for x in (layout.left, layout.right))
    for value, place in [*ticks, *places(panel, first, last), (0.0, panel.none)]:
        assert place == pytest.approx(layout.left + slope * (value - first), abs=0.05)
        assert layout.left <= place <= layout.right
    for (e, w, p), mark in zip(effects, panel.marks, strict=True):
        assert (mark.paper is None) == (p is None)  # every value of the paper is on the axis
        outside = not first - 1e-6 <= e <= last + 1e-6
        assert (mark.estimate is None) == outside == any(one.strong for one in mark.cuts)
        lost = {True} if e - w < first - 1e-6 else set[bool]()
        lost |= {False} if e + w > last + 1e-6 else set()
        on_the_edge = min(abs(e - w - first), abs(e + w - last)) <= 1e-6  # of what ticks can tell
        assert {one.left for one in mark.cuts} == lost or on_the_edge


def test_ratios_have_a_panel_of_their_own_with_a_logarithmic_axis() -> None:
    rows = [row(), *(row(unit="x", estimate=e, low=e / 2, high=e * 2, paper=None) for e in (1, 4))]
    points, ratios = panels(rows, WIDE)
    assert len(points.marks) == 1 and len(ratios.marks) == 2
    ticks = [(float(text.split("\u202f")[0]), x) for x, text in ratios.ticks]
    slope = (ticks[-1][1] - ticks[0][1]) / math.log(ticks[-1][0] / ticks[0][0])
    for value, place in [*ticks, *places(ratios, 0.01, 100), (1.0, ratios.none)]:
        assert place == pytest.approx(ticks[0][1] + slope * math.log(value / ticks[0][0]), abs=0.02)


def test_a_far_effect_is_written_beside_an_arrow_and_hides_no_other() -> None:
    rows = [row() for _ in range(5)]
    rows += [row(estimate=-70.25, low=-71.0, high=-69.0), row(low=-659.4, high=1e9)]
    (panel,) = panels(rows, WIDE)
    *near, far, wide = panel.marks
    assert near[0].interval and near[0].interval[1] - near[0].interval[0] > 25
    (cut,) = far.cuts
    assert (cut.left, cut.strong, cut.text, cut.x) == (True, True, "−70.25", WIDE.left)
    assert far.estimate is None and [one.text for one in wide.cuts][0] == "< −100"
    assert wide.interval == (WIDE.left, WIDE.right) and not any(one.strong for one in wide.cuts)


def test_what_is_unknown_has_no_mark_and_what_has_no_axis_no_row() -> None:
    rows = [
        row(low=NAN, high=NAN),
        row(estimate=NAN, low=NAN, high=NAN),
        row(estimate=NAN, low=NAN, high=NAN, paper=None),
        row(unit="chance", estimate=0.9),
        row(unit="index", estimate=0.1),
        row(high=math.inf, smallest=NAN),
    ]
    (panel,) = panels(rows, WIDE)
    alone, planned, endless = panel.marks
    assert alone.interval is None and alone.estimate is not None
    assert planned.estimate is planned.interval is None and planned.paper is not None
    assert endless.band is None and [one.text for one in endless.cuts] == ["∞"]
    assert [one.finding.unit for one in all_effects.undrawn(rows)] == ["chance", "index"]
    assert panels([], WIDE) == []


@pytest.mark.parametrize("layout", [WIDE, NARROW])
def test_rows_stand_in_their_groups_and_apart(layout: Layout) -> None:
    rows = [row(group) for group in ("3", "3", "4", "5", "5")]
    (panel,) = panels(rows, layout)
    heights = sorted([*(mark.y for mark in panel.marks), *(y for y, _ in panel.heads)])
    assert [text for _, text in panel.heads] == ["3", "4", "5"]
    assert min(b - a for a, b in zip(heights, heights[1:], strict=False)) >= 12
    order = sorted([*((m.y, "row") for m in panel.marks), *((y, "head") for y, _ in panel.heads)])
    assert [kind for _, kind in order] == "head row row head row head row row".split()
    assert heights[-1] < panel.height - 40


def test_the_effect_is_solid_once_there_is_a_verdict_and_never_on_synthetic_images() -> None:
    rows = [row(verdict="agrees"), row(verdict="open"), row(verdict="agrees", synthetic=True)]
    (panel,) = panels(rows, WIDE)
    assert [mark.decided for mark in panel.marks] == [True, False, False]


def test_labels_keep_what_tells_them_apart() -> None:
    title = "LRN on CIFAR-10, and what else changed"
    assert all_effects.fitted(title, "32 maps", 30) == "LRN on CIFAR-10, and…: 32 maps"
    assert all_effects.fitted(title, "", 60) == title
    assert len(all_effects.fitted(title, 80 * "x", 30)) == 30


# --- in a browser -------------------------------------------------------------------------

TOUR = """
const rows = () => [...document.querySelectorAll('[data-claims] tr[data-verdict]')]
  .filter((r) => r.offsetParent !== null);
const form = document.querySelector('[data-filter]'), said = [];
const change = (name, value) => {
  const field = form.elements[name];
  if (field.type === 'checkbox') field.checked = value; else field.value = value;
  field.dispatchEvent(new Event('input', { bubbles: true }));
};
const titles = () => [...document.querySelectorAll('.part')].filter((b) => b.offsetParent).length;
said.push(form.hidden, rows().every((r) => r.dataset.family === 'primary'), rows().length);
const heights = rows().map((r) => r.getBoundingClientRect().height);
said.push(Math.max(...heights) < 45);
change('secondary', true); said.push(rows().length);
change('words', 'DROPOUT the fall is done'); said.push(rows()[0].textContent.includes('Dropout'));
change('secondary', false); change('words', ''); said.push(rows().length, titles());
const button = document.querySelectorAll('[data-claims] thead button')[2];
const order = () => rows().map((r) => +r.cells[3].dataset.value);
button.click(); said.push(order().every((v, k, all) => !k || all[k - 1] <= v), titles());
button.click(); said.push(order().every((v, k, all) => !k || all[k - 1] >= v));
said.push(button.closest('th').getAttribute('aria-sort'));
button.click(); said.push(button.closest('th').getAttribute('aria-sort'), titles());
const seeds = document.querySelectorAll('[data-claims] thead button')[3];
const counts = () => rows().map((r) => parseInt(r.cells[5].textContent));
seeds.click(); said.push(counts().every((v, k, all) => !k || all[k - 1] <= v));
seeds.click(); said.push(counts().every((v, k, all) => !k || all[k - 1] >= v)); seeds.click();
document.querySelector('[data-claims] summary').click();
said.push(rows().length, document.querySelector('.fold').offsetParent !== null);
document.title = said.join(' / ');
"""


@needs_browser
def test_claims_can_be_unfolded_filtered_and_sorted(
    suite: tuple[Path, list[Collected]], tmp_path: Path
) -> None:
    document, console = browse(suite[0] / "index.html", tmp_path, script=TOUR)
    title = re.search(r"<title>(.*?)</title>", document)
    found = [item for one in suite[1] for item in findings(one.analysis)]
    primary = sum(item.family == "primary" for item in found)
    opened = primary + sum(item.study == "lrn" and item.family != "primary" for item in found)
    assert title is not None and not console
    assert title[1] == (
        f"false / true / {primary} / true / {len(found)} / true / {primary} / 4 / true / 0 / true"
        f" / descending /  / 4 / true / true / {opened} / true"
    )


@needs_browser
def test_nothing_is_reported_to_the_console(
    suite: tuple[Path, list[Collected]], tmp_path: Path
) -> None:
    document, console = browse(suite[0] / "index.html", tmp_path)
    assert console == [] and " shown</output>" in document
