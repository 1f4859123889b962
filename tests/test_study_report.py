"""The report of a study of scores: its files, its numbers, its figure, and hostile text."""

from __future__ import annotations

import base64
import csv
import dataclasses
import hashlib
import json
import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scores
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection
from matplotlib.lines import Line2D
from pagechecks import CHROMIUM, PAYLOADS, Page, browse, check, contrast

from ablations import study
from ablations.analysis.study_analysis import OF_TIMES, Analysis, analyse
from ablations.report import html, numbers, study_report, text_tables
from ablations.report.figures import drawing, effects_figure
from ablations.study import Study
from alexnet_tf import records
from alexnet_tf.records import EpochResult

FILES = [
    *("summary.csv", "runs.csv", "curves.csv", "comparisons.csv", "records.jsonl", "figure.svg"),
    *("figure.png", "tables.md", "tables.tex", "index.html"),
]
COMMAND = "python -m ablations.run dropout --budget standard"
SCORE_STUDIES = [name for name in study.names() if study.load(name).outcome is None]


def load(name: str) -> Study:
    found = study.load(name)
    assert isinstance(found, Study)
    return found


DROPOUT = load("dropout")


def write(
    folder: Path, runs: list[Any], *, of: Study = DROPOUT, budget: str = "standard"
) -> Analysis:
    analysis = analyse(of, runs, budget=budget)
    paths = study_report.write(analysis, runs, folder, command=COMMAND)
    some = [f"{name}.csv" for name in ("checks", "order") if getattr(of, name)]
    assert paths == [folder / name for name in [*FILES[:4], *some, *FILES[4:]]]
    return analysis


def digests(folder: Path) -> dict[str, str]:
    return {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in FILES}


@pytest.fixture(scope="module")
def usual(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Analysis]:
    """The report of five complete seeds, with differences, ratios and two families."""
    folder = tmp_path_factory.mktemp("usual") / "not" / "there yet"
    return folder, write(folder, scores.make_runs(DROPOUT))


def test_the_page_is_whole_and_asks_for_nothing(usual: tuple[Path, Analysis]) -> None:
    page = check(usual[0] / "index.html", size=2_000_000)
    links = {a["href"] for a in page.all("a")}
    assert {link for link in links if not link.startswith("#")} == {*FILES, "checks.csv"} - {
        "index.html"
    }
    policy = next(
        a["content"] for a in page.all("meta") if "content" in a and "src" in a["content"]
    )
    assert policy.startswith("default-src 'none'; style-src 'unsafe-inline'; img-src data:")
    assert "script-src 'sha256-" in policy and "unsafe-eval" not in policy


def test_the_policy_names_the_script_that_is_there(usual: tuple[Path, Analysis]) -> None:
    page = Page(usual[0] / "index.html")
    data, script = page.scripts
    policy = next(a["content"] for a in page.all("meta") if "sha256" in a.get("content", ""))
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert policy.endswith(f"script-src 'sha256-{digest}'")
    assert json.loads(data)["arms"] == list(DROPOUT.labels.values())


def test_the_page_shows_the_numbers_of_the_tables(usual: tuple[Path, Analysis]) -> None:
    folder, analysis = usual
    page = Page(folder / "index.html")
    words = page.words.replace("\u202f", " ")
    for row in analysis.comparisons.to_dict("records"):
        minus = "" if row["unit"] == "x" else "+"
        estimate = f"{row['estimate']:{minus},.2f}".replace("-", "\u2212")
        unit = "×" if row["unit"] == "x" else row["unit"]
        assert f"{estimate} {unit}" in words
        assert row["reason"] in words and row["verdict"] in words
        assert f"{row['sign_flip_p']:.4f} ({row['min_p']:.4f})" in words
    for row in analysis.pairs.to_dict("records"):
        assert f"{row['baseline_value']:,.2f}|{row['variant_value']:,.2f}|" in page.cells
    for row in analysis.summary.to_dict("records"):
        assert (
            f"{row['mean']:.2f} {row['unit']}{row['ci_low']:.2f} to {row['ci_high']:.2f}" in words
        )
    for run_id in analysis.runs["run_id"]:
        assert f"--spec runs/{run_id}/spec.json --out rerun" in words
    assert (
        COMMAND in words
        and DROPOUT.limits in words
        and DROPOUT.scale_limits in words
        and "665,226" in words
    )
    assert '2 × ("roughly doubles", data set not named)' in words


def test_the_csv_files_hold_the_tables(usual: tuple[Path, Analysis]) -> None:
    folder, analysis = usual
    for name in ("summary", "runs", "curves", "comparisons"):
        with (folder / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        table = getattr(analysis, name).drop(columns=list(OF_TIMES.get(name, ())))
        assert len(rows) == len(table) and set(rows[0]) == set(table.columns)
        first = study_report.PUBLIC_COLUMNS.get(name, "").split()
        assert list(rows[0])[: len(first)] == first
    lines = (folder / "records.jsonl").read_text("utf-8").splitlines()
    assert [records.from_json(line) for line in lines] == [
        run.record for run in scores.make_runs(DROPOUT)
    ]


@pytest.mark.parametrize("settings", [("C", "Asia/Tokyo", "1"), ("tr_TR.UTF-8", "UTC", "77")])
def test_bytes_depend_on_the_records_alone(
    settings: tuple[str, str, str], usual: tuple[Path, Analysis], tmp_path: Path
) -> None:
    code = f"""
import json, sys
sys.path[:0] = [{str(Path(__file__).parent)!r}, {str(Path(__file__).parents[1])!r}]
from test_study_report import DROPOUT, Path, digests, scores, write
folder = Path({str(tmp_path)!r})
write(folder, scores.make_runs(DROPOUT))
print(json.dumps(digests(folder)), "tensorflow" in sys.modules)
"""
    names = ("LC_ALL", "TZ", "PYTHONHASHSEED")
    environment = {**os.environ, **dict(zip(names, settings, strict=True))}
    command = [sys.executable, "-W", "error", "-c", code]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.strip() == f"{json.dumps(digests(usual[0]))} False"


@pytest.mark.parametrize(
    ("name", "seeds"),
    [*((name, 1) for name in SCORE_STUDIES), ("dropout", 0), ("ensemble", 0), ("lrn_cifar", 2)],
)
def test_every_study_has_a_page_however_little_was_run(
    name: str, seeds: int, tmp_path: Path
) -> None:
    of = load(name)
    write(tmp_path, scores.make_runs(of, seeds), of=of, budget="quick")
    page = check(tmp_path / "index.html", size=2_000_000)
    assert "nan" not in re.split(r"\W+", page.words.lower())
    assert of.claim in page.words and "Exploratory: quick budget" in page.words


def test_an_order_is_on_the_page_and_in_no_forest(tmp_path: Path) -> None:
    given = load("importance_order")
    analysis = write(tmp_path, scores.make_runs(given), of=given)
    row = analysis.comparisons.iloc[-1]
    page = check(tmp_path / "index.html", size=2_000_000)
    assert row["reason"] in page.words and "The paper gives an order." in page.words
    assert f"{numbers.chance(row['estimate'])} chance of the paper’s order" in page.words
    assert "order.csv" in {a["href"] for a in page.all("a")}
    with (tmp_path / "order.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [one["arm"] for one in rows] == list(given.order)
    figure = effects_figure.draw(analysis)
    effects = [axes for axes in figure.axes if axes.get_xlabel().startswith("Difference")]
    assert [len(axes.get_yticks()) for axes in effects] == [4]
    assert "| an order |" in (tmp_path / "tables.md").read_text("utf-8")


def test_what_is_missing_is_said(tmp_path: Path) -> None:
    changes: dict[tuple[str, int], Any] = {
        ("paper", 0): {"status": "failed", "reason": "killed by signal 9", "curve": ()},
        ("paper", 1): {"environment": dataclasses.replace(scores.ENVIRONMENT, threads=2)},
        ("no_dropout", 2): None,
        ("no_dropout", 3): {"status": "diverged", "reason": "the loss is not finite", "curve": ()},
    }
    write(tmp_path, scores.make_runs(DROPOUT, 5, changes))
    words = Page(tmp_path / "index.html").words
    assert "22 of 25 runs done, 1 diverged, 1 failed, 1 not yet computed." in words
    assert "killed by signal 9" in words and "the loss is not finite" in words
    assert "environments whose arithmetic may differ" in words


def test_synthetic_images_are_announced(tmp_path: Path) -> None:
    facts = dataclasses.replace(scores.FACTS, synthetic=True)
    changes = {(arm, seed): {"data": facts} for arm in DROPOUT.arms for seed in range(5)}
    write(tmp_path, scores.make_runs(DROPOUT, 5, changes))
    assert "Built-in SYNTHETIC images, not CIFAR-10." in Page(tmp_path / "index.html").words


# --- hostile text -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> tuple[Page, Page, Path]:
    """Two pages that differ only in texts: harmless words, and every payload everywhere."""
    found, folder = [], Path()
    for texts in ([f"word {index}" for index in range(len(PAYLOADS))], PAYLOADS):
        folder = tmp_path_factory.mktemp("texts")
        changes = {("paper", seed): scores.with_texts(text) for seed, text in enumerate(texts)}
        changes |= {("paper", 0): {}}  # so that there is one curve to draw
        first = dataclasses.replace(DROPOUT.comparisons[0], note=texts[2], paper_source=texts[3])
        of = dataclasses.replace(
            DROPOUT,
            title=texts[1],
            claim=" ".join(texts),
            limits=texts[4],
            labels={"paper": texts[13], "no_dropout": texts[1]},
            comparisons=(first, *DROPOUT.comparisons[1:]),
        )
        write(folder, scores.make_runs(of, len(texts), changes), of=of)
        found.append(Page(folder / "index.html"))
    return found[0], found[1], folder


def test_texts_add_no_element_and_no_attribute(hostile: tuple[Page, Page, Path]) -> None:
    harmless, page, _ = hostile
    assert page.outline == harmless.outline
    for payload in PAYLOADS:
        assert drawing.clean(payload).replace("\n", " ") in page.text


def test_texts_stay_text_in_the_data_of_the_script(hostile: tuple[Page, Page, Path]) -> None:
    data = json.loads(hostile[1].scripts[0])
    assert data["arms"][1] == PAYLOADS[1]
    assert "<" not in hostile[1].scripts[0]


def test_texts_stay_text_in_markdown_and_latex(hostile: tuple[Page, Page, Path]) -> None:
    lines = (hostile[2] / "tables.md").read_text("utf-8").splitlines()
    assert len({len(re.findall(r"(?<!\\)\|", line)) for line in lines}) == 1
    assert not re.search(r"(?<!\\)<", "".join(lines))
    body = (hostile[2] / "tables.tex").read_text("utf-8").split("\\midrule\n")[1]
    rows = body.split("\\bottomrule")[0].splitlines()
    assert {len(re.findall(r"(?<!\\)&", row)) for row in rows} == {10}


def test_latex_escapes_every_special_sign() -> None:
    text = text_tables.latex(["a"], [[r"\input{x} 50% #1 $y$ a_b a^b ~ &"]], "l")
    row = text.splitlines()[4]
    assert row == (
        r"\textbackslash{}input\{x\} 50\% \#1 \$y\$ a\_b a\textasciicircum{}b "
        r"\textasciitilde{} \& \\"
    )


def test_markdown_escapes_every_special_sign() -> None:
    text = text_tables.markdown(["a"], [["[x](y) |*b*_c_\n`d`"]], "r")
    assert text == "| a |\n| --: |\n| \\[x\\](y) \\|\\*b\\*\\_c\\_ \\`d\\` |\n"


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
    svg = drawing.inline_svg(figure, "words", kind)
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
        assert drawn[0] == pytest.approx([expected_x[0], expected_y[0]], abs=0.02)
        assert drawn[-1] == pytest.approx([expected_x[-1], expected_y[-1]], abs=0.02)
        between = np.interp(expected_x, drawn[:, 0], drawn[:, 1])
        assert between == pytest.approx(expected_y, abs=0.2)
    every_epoch = [arm for arm, made in DROPOUT.arms.items() if made.train.validate == "epoch"]
    drawn_of = [(0, arm) for arm in DROPOUT.arms] + [(1, arm) for arm in every_epoch]
    assert places == dict.fromkeys(drawn_of, 5) and len(every_epoch) == 2


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
        pairs = analysis.pairs.loc[analysis.pairs["comparison"] == row["comparison"]]
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
const panel = data.panels.wide[0], [left, top_, right, bottom] = panel.box, line = data.lines[7];
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


@pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")
def test_curves_answer_to_the_pointer(usual: tuple[Path, Analysis], tmp_path: Path) -> None:
    document, console = browse(usual[0] / "index.html", tmp_path, script=TOUR)
    line = effects_figure.lines(usual[1])[7]
    title = re.search(r"<title>(.*?)</title>", document)
    assert title is not None and not console
    first, second, zoomed = title[1].split(" / ")
    assert (line["arm"], line["seed"]) == (1, 2)
    assert first == f"no dropout, seed 2, epoch 4: {line['y'][3]:.2f} %"
    assert "no dropout" not in second and zoomed == "true"


@pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")
def test_the_page_s_own_script_runs_and_nothing_is_reported(
    usual: tuple[Path, Analysis], tmp_path: Path
) -> None:
    document, console = browse(usual[0] / "index.html", tmp_path)
    assert console == [] and 'aria-pressed="true"' in document
