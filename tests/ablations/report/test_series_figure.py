"""The picture of a series: its points, its line, its place on the page and among the files."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path

import numpy as np
import pytest
import scores
from pagechecks import Page, check

from ablations import study
from ablations.analysis.study_analysis import Analysis, analyse
from ablations.report import study_report
from ablations.report.figures import series_figure

BIGGER = study.load("bigger_and_longer")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Analysis]:
    folder = tmp_path_factory.mktemp("bigger")
    runs = scores.make_runs(BIGGER)
    analysis = analyse(BIGGER, runs, budget="standard")
    files = study_report.write(analysis, runs, folder, command="a command")
    assert {"series.svg", "series.png"} <= {path.name for path in files}
    return folder, analysis


def test_the_page_has_the_picture_for_both_widths_and_links_its_files(made):
    page = check(made[0] / "index.html", size=2_000_000)
    words = [a["aria-label"] for a in page.all("svg") if "over width" in a.get("aria-label", "")]
    assert len(words) == 2 and words[0] == words[1]
    assert {"series.svg", "series.png"} <= {a["href"] for a in page.all("a")}
    assert "through the means, every arm counted once. As files: series.svg" in page.words


def test_the_points_are_the_means_of_the_summary(made):
    table = made[1].summary.set_index(["arm", "metric"])
    for series in BIGGER.series:
        found = series_figure.points(made[1], series)
        assert [number for number, *_ in found] == list(series.numbers)
        for arm, (_, *values) in zip(series.arms, found, strict=True):
            row = table.loc[(arm, series.quantity)]
            assert values == [row["mean"], row["ci_low"], row["ci_high"]]


def test_the_line_has_the_slope_of_the_comparison_and_goes_through_the_middle(made):
    figure = series_figure.draw(made[1])
    for axes, series in zip(figure.axes, BIGGER.series, strict=True):
        (line,) = [each for each in axes.lines if np.size(each.get_xdata()) == len(series.arms)]
        x, y = np.log2(np.asarray(line.get_xdata())), np.asarray(line.get_ydata())
        means = [mean for _, mean, *_ in series_figure.points(made[1], series)]
        assert np.diff(y) / np.diff(x) == pytest.approx(series_figure.slope(made[1], series))
        assert y.mean() == pytest.approx(np.mean(means))


def test_the_lowest_mean_alone_is_filled(made):
    figure = series_figure.draw(made[1])
    for axes, series in zip(figure.axes, BIGGER.series, strict=True):
        dots = [line for line in axes.lines if line.get_marker() == "o"]
        filled = [d for d in dots if d.get_markerfacecolor() == d.get_markeredgecolor()]
        best = series_figure.lowest(series_figure.points(made[1], series))
        assert [np.asarray(d.get_xdata())[0] for d in filled] == [best]


def test_arms_without_a_run_have_no_point_and_no_line(tmp_path):
    runs = [run for run in scores.make_runs(BIGGER, 2) if run.planned.arm != "double_width"]
    analysis = analyse(BIGGER, runs, budget="standard")
    width = BIGGER.series[0]
    assert [number for number, *_ in series_figure.points(analysis, width)] == [0.5, 1.0]
    assert math.isnan(series_figure.slope(analysis, width))
    study_report.write(analysis, runs, tmp_path, command="a command")
    empty = analyse(BIGGER, [], budget="standard")
    assert "nothing" in series_figure.words(empty)
    study_report.write(empty, [], tmp_path / "empty", command="a command")


def test_a_study_without_series_has_no_picture(tmp_path):
    plain = dataclasses.replace(study.load("ten_views"))
    runs = scores.make_runs(plain, 2)
    files = study_report.write(
        analyse(plain, runs, budget="quick"), runs, tmp_path, command="a command"
    )
    assert "series.svg" not in {path.name for path in files}
    assert "series" not in {a.get("href") for a in Page(tmp_path / "index.html").all("a")}
