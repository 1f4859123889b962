"""The figure of effects says what the tables say; the page in a browser."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import scores
from dropout_report import DROPOUT, load, write
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection
from matplotlib.lines import Line2D
from matplotlib.text import Text
from pagechecks import Page, browse, contrast, needs_browser

from ablations.analysis.study_analysis import Analysis, analyse
from ablations.report import html
from ablations.report.figures import drawing, effects_figure
from alexnet_tf.records import EpochResult

# --- the figure ---------------------------------------------------------------------------


def path_of(svg: str, identity: str) -> np.ndarray:
    """The points of the path in the group with this id."""
    group = re.search(rf'<g id="{identity}">\s*<path d="([^"]*)"', svg)
    assert group is not None
    return np.array([[float(v) for v in p] for p in re.findall(r"[ML] (\S+) (\S+)", group[1])])


@pytest.mark.parametrize("kind", ["wide", "narrow"])
def test_every_curve_is_drawn_where_its_numbers_are(
    kind: str, usual: tuple[Path, Analysis]
) -> None:
    analysis = usual[1]
    figure = effects_figure.draw(analysis, stacked=kind == "narrow")
    svg = drawing.inline_svg(drawing.svg(figure), "words", kind)
    panels = drawing.panels(figure)
    table = analysis.curves.set_index(["arm", "seed"])
    places: Counter[tuple[int, str]] = Counter()
    for line in effects_figure.lines(analysis):
        number, arm = line["panel"], list(DROPOUT.arms)[line["arm"]]
        panel, place = panels[number], places[number, arm]
        left, top, right, bottom = panel["box"]
        drawn = path_of(svg, f"{kind}-panel-{number}-arm-{line['arm']}-line-{place}")
        places[number, arm] += 1
        curve = table.loc[(arm, line["seed"])]
        names = [("epoch_midpoint", "train_error"), ("epoch", "validation_error")][number]
        x, y = (curve[name].to_numpy() for name in names)
        assert line["x"] == pytest.approx(list(x)) and line["y"] == pytest.approx(list(y), abs=1e-4)
        expected_x = left + (right - left) * x / panel["x"][1]
        expected_y = bottom - (bottom - top) * y / panel["y"][1]
        # the drawing may leave out points that lie on the line between others
        assert drawn[0] == pytest.approx([expected_x[0], expected_y[0]], abs=0.06)
        assert drawn[-1] == pytest.approx([expected_x[-1], expected_y[-1]], abs=0.06)
        between = np.interp(expected_x, drawn[:, 0], drawn[:, 1])
        assert between == pytest.approx(expected_y, abs=0.3)
    every_epoch = [arm for arm, made in DROPOUT.arms.items() if made.train.validate == "epoch"]
    drawn_of = [(0, arm) for arm in DROPOUT.arms] + [(1, arm) for arm in every_epoch]
    seeds = {arm: 30 if arm == "paper" else 8 for arm in DROPOUT.arms}
    assert places == {(number, arm): seeds[arm] for number, arm in drawn_of}
    assert len(every_epoch) == 2


def test_a_legend_names_the_arms_that_have_a_curve_beside_it(usual: tuple[Path, Analysis]) -> None:
    figure = effects_figure.draw(usual[1])
    every_epoch = [arm for arm, made in DROPOUT.arms.items() if made.train.validate == "epoch"]
    for number, arms in enumerate((list(DROPOUT.arms), every_epoch)):
        named = figure.findobj(
            lambda a, n=number: bool(re.fullmatch(rf"panel-{n}-legend-\d-text", a.get_gid() or ""))
        )
        texts = [text.get_text() for text in named if isinstance(text, Text)]
        assert texts == [DROPOUT.labels[arm] for arm in arms]
        places = [int(re.findall(r"\d", str(text.get_gid()))[1]) for text in named]
        assert places == [list(DROPOUT.arms).index(arm) for arm in arms]


def test_the_mean_curve_is_the_mean_of_the_seeds(usual: tuple[Path, Analysis]) -> None:
    figure = effects_figure.draw(usual[1])
    for place, arm in enumerate(DROPOUT.arms):
        (line,) = figure.findobj(lambda a, p=place: a.get_gid() == f"panel-0-arm-{p}-mean")
        curves = usual[1].curves.loc[usual[1].curves["arm"] == arm]
        by_hand = curves.pivot(index="seed", columns="epoch", values="train_error").to_numpy()
        assert isinstance(line, Line2D)
        assert line.get_ydata() == pytest.approx(by_hand.mean(axis=0))


@pytest.mark.parametrize("name", ["dropout", "importance_order", "layer_removal"])
def test_no_curve_runs_through_a_legend(name: str) -> None:
    given = load(name)
    flat = {"train_error": 0.9, "train_loss": 2.3, "seconds": 1.0}
    curve = tuple(EpochResult(epoch=epoch, updates=epoch, **flat) for epoch in range(1, 31))
    changes = {("tanh", seed): {"curve": curve} for seed in range(5)}
    runs = scores.make_runs(given, changes=changes)
    figure = effects_figure.draw(analyse(given, runs, budget="standard"))
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    legends = [(axes, legend) for axes in figure.axes if (legend := axes.get_legend())]
    assert legends
    for axes, legend in legends:
        box = legend.get_window_extent()
        for line in axes.lines:
            points = axes.transData.transform(line.get_xydata())
            if len(points):
                steps = np.arange(0, len(points) - 1, 0.05)
                x, y = (np.interp(steps, range(len(points)), points[:, side]) for side in (0, 1))
                assert not np.any((x > box.x0) & (x < box.x1) & (y > box.y0) & (y < box.y1))


def test_the_forest_shows_every_pair_interval_and_paper_s_value(
    usual: tuple[Path, Analysis],
) -> None:
    analysis = usual[1]
    figure = effects_figure.draw(analysis)
    drawn = [line.get_xdata() for axes in figure.axes for line in axes.lines]
    for row in analysis.comparisons.to_dict("records"):
        pairs = analysis.changes.loc[analysis.changes["comparison"] == row["comparison"]]
        assert any(np.array_equal(x, pairs["difference"].to_numpy()) for x in drawn)
        assert any(np.array_equal(x, [row["estimate"]]) for x in drawn)
        if row["paper"] == row["paper"]:
            assert any(np.array_equal(x, [row["paper"]]) for x in drawn)
    intervals = [
        segment[:, 0].tolist()
        for axes in figure.axes
        for lines in axes.collections
        if isinstance(lines, LineCollection)
        for segment in lines.get_segments()
    ]
    for row in analysis.comparisons.to_dict("records"):
        assert [row["low"], row["high"]] in intervals


def test_ratios_of_many_powers_of_ten_have_ticks_apart_and_one_at_no_change(
    usual: tuple[Path, Analysis],
) -> None:
    table = usual[1].comparisons
    assert table.loc[table["unit"] == "x", "estimate"].max() > 1000
    figure = effects_figure.draw(usual[1])
    (axes,) = [one for one in figure.axes if one.get_xscale() == "log"]
    low, high = axes.get_xlim()
    ticks = [tick for tick in axes.get_xticks() if low <= tick <= high]
    assert 1.0 in ticks and 3 <= len(ticks) <= 6
    assert min(np.diff(np.log10(ticks))) > 0.09 * np.log10(high / low)


def test_the_alarm_counts_the_seeds_that_were_asked_for(tmp_path: Path) -> None:
    write(tmp_path, scores.make_runs(DROPOUT, seeds=1), budget="quick")
    assert "Exploratory: quick budget, n = 1 seed," in Page(tmp_path / "index.html").words


def test_colours_are_legible_in_both_themes() -> None:
    style = (Path(html.__file__).parent / "templates" / "style.css").read_text()
    blocks = re.findall(r":root \{(.*?)\}", style, re.DOTALL)
    assert len(blocks) == 3  # light, dark, paper
    for block in blocks:
        colours = dict(re.findall(r"--([\w-]+): (#\w{6})", block))
        for name in set(colours) - {"page", "rule", "wash", "alarm-wash"}:
            ground = colours["alarm-wash" if name == "alarm" else "page"]
            assert contrast(colours[name], ground) >= 4.5, name
            assert contrast(colours[name], colours["wash"]) >= 4.5, name


# --- in a browser -------------------------------------------------------------------------

TOUR = """
const svg = document.querySelector('[data-drawing="wide"] svg');
const data = JSON.parse(document.querySelector("script[type='application/json']").textContent);
const frame = svg.getBoundingClientRect(), scale = frame.width / svg.viewBox.baseVal.width;
const panel = data.panels.wide[0], [left, top_, right, bottom] = panel.box, line = data.lines[32];
const at = (kind, u, v) => svg.dispatchEvent(new PointerEvent(kind, {
  clientX: frame.left + u * scale, clientY: frame.top + v * scale, pointerType: 'mouse',
  bubbles: true}));
const u = left + (right - left) * line.x[3] / panel.x[1];
const v = bottom - (bottom - top_) * line.y[3] / panel.y[1];
const tip = document.querySelector('.tip'), said = [];
at('pointermove', u, v); said.push(tip.textContent);
document.querySelectorAll('[data-drawing="wide"] .entry')[1].dispatchEvent(new MouseEvent('click'));
at('pointermove', u, v); said.push(tip.hidden ? 'hidden' : tip.textContent);
at('pointerdown', left + 20, top_ + 20); at('pointermove', right - 20, bottom - 20);
at('pointerup', right - 20, bottom - 20);
said.push(document.querySelector('[data-drawing="wide"] .moving').hasAttribute('transform'));
document.title = said.join(' / ');
"""


@needs_browser
def test_curves_answer_to_the_pointer(usual: tuple[Path, Analysis], tmp_path: Path) -> None:
    document, console = browse(usual[0] / "index.html", tmp_path, script=TOUR)
    line = effects_figure.lines(usual[1])[32]
    title = re.search(r"<title>(.*?)</title>", document)
    assert title is not None and not console
    first, second, zoomed = title[1].split(" / ")
    assert (line["arm"], line["seed"]) == (1, 2)
    assert first == f"no dropout, seed 2, epoch 4: {line['y'][3]:.2f} %"
    assert "no dropout" not in second and zoomed == "true"


@needs_browser
def test_the_page_s_own_script_runs_and_nothing_is_reported(
    usual: tuple[Path, Analysis], tmp_path: Path
) -> None:
    document, console = browse(usual[0] / "index.html", tmp_path)
    assert console == [] and 'aria-pressed="true"' in document
