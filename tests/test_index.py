"""The page over the whole suite: its claims, its tables and pictures, and what a reader can do."""

from __future__ import annotations

import base64
import csv
import dataclasses
import io
import json
import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scores
from pagechecks import CHROMIUM, PAYLOADS, Page, browse, check
from PIL import Image

from ablations import study
from ablations.analysis import paper_tables
from ablations.analysis.findings import Finding, findings
from ablations.analysis.study_analysis import analyse
from ablations.execution import store
from ablations.plan import Plan, Request, StudyRun
from ablations.report import __main__ as report
from ablations.report import collect, index_page, numbers
from ablations.report.collect import Collected
from ablations.report.figures import forest_row, kernels
from ablations.study import Study
from alexnet_tf import records
from alexnet_tf.errors import DATA, ENVIRONMENT

FILES = ["findings.csv", "claims.md", "claims.tex", "index.html"]
CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")


def load(name: str) -> Study:
    found = study.load(name)
    assert isinstance(found, Study)
    return found


def inspection(folder: Path) -> dict[str, np.ndarray]:
    """Leave in a run's folder what is looked at of a trained net; two colours of towers."""
    rng = np.random.default_rng(0)
    arrays: dict[str, Any] = {
        "conv1": rng.normal(size=(5, 5, 3, 40)).astype(np.float32),
        "test_images": rng.integers(0, 256, (8, 24, 24, 3), dtype=np.uint8),
        "test_labels": np.arange(8),
        "probabilities": rng.dirichlet(np.full(10, 0.3), 8).astype(np.float32),
        "neighbours": rng.integers(0, 256, (8, 6, 24, 24, 3), dtype=np.uint8),
        "neighbour_labels": rng.integers(0, 10, (8, 6)),
        "class_names": np.array(CLASSES),
    }
    folder.mkdir(parents=True, exist_ok=True)
    np.savez(folder / "inspection.npz", **arrays)
    return arrays


def probabilities(folder: Path, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Leave a net's ten-view probabilities of 200 test images; return them with the labels."""
    labels = np.arange(200) % 10
    values = np.random.default_rng(seed).dirichlet(np.full(10, 0.5), 200).astype(np.float32)
    values[np.arange(200), labels] += 0.2
    folder.mkdir(parents=True, exist_ok=True)
    np.savez(folder / "test_10.npz", probabilities=values, labels=labels, weights="")
    return values, labels


def collected(of: Study, runs: list[StudyRun], budget: str = "standard") -> Collected:
    return Collected(analysis=analyse(of, runs, budget=budget), runs=tuple(runs))


@pytest.fixture(scope="module")
def suite(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Collected]]:
    """The index of four studies; the nets of one were inspected and can be averaged."""
    out = tmp_path_factory.mktemp("suite")
    ensemble, runs = load("ensemble"), []
    for seed, run in enumerate(scores.make_runs(load("ensemble"))):
        folder = out / "runs" / str(seed)
        probabilities(folder, seed)
        inspection(folder)
        runs.append(dataclasses.replace(run, folder=folder))
    found = [
        collected(load("lrn"), scores.make_runs(load("lrn"))),
        collected(load("dropout"), scores.make_runs(load("dropout"))),
        collected(ensemble, runs),
        collected(load("layer_removal"), scores.make_runs(load("layer_removal"), 2), "quick"),
    ]
    assert index_page.write(found, collect.studies(), out) == [out / name for name in FILES]
    return out, found


def test_studies_stand_in_the_paper_s_order_and_a_whole_section_after_its_parts() -> None:
    sections = [one.section.split(",")[0] for one in collect.studies()]
    distinct = list(dict.fromkeys(sections))
    expected = ["3.1", "3.2", "3.3", "3.4", "3", "4.1", "4.2", "5", "3 to 5", "6.1", "6", "7 and 1"]
    assert distinct == expected and sections.count("3.2") == 2


def test_the_page_is_whole_and_asks_for_nothing(suite: tuple[Path, list[Collected]]) -> None:
    page = check(suite[0] / "index.html", size=5_000_000)
    pictures = page.all("img")
    assert len(pictures) == 2 + 8 * 7
    assert all(a["src"].startswith("data:image/png;base64,") for a in pictures)
    assert {a["href"] for a in page.all("a")} == {
        *("lrn/index.html", "dropout/index.html", "ensemble/index.html"),
        *("layer_removal/index.html", *FILES[:3]),
    }


def test_the_page_shows_every_finding(suite: tuple[Path, list[Collected]]) -> None:
    page = Page(suite[0] / "index.html")
    found = [item for one in suite[1] for item in findings(one.analysis)]
    rows = [a for a in page.all("tr") if "data-verdict" in a]
    assert [a["data-verdict"] for a in rows] == [item.verdict for item in found]
    for item in found:
        assert item.reason in page.words and item.label in page.words
    agreed = sum(item.verdict == "agrees" for item in found if item.family == "primary")
    assert re.search(rf"{agreed} ✓ agrees ", page.words)


def test_an_order_is_listed_with_its_chance_and_without_a_forest(tmp_path: Path) -> None:
    given = load("importance_order")
    found = [collected(given, scores.make_runs(given)), collected(load("lrn"), [])]
    index_page.write(found, collect.studies(), tmp_path)
    page = check(tmp_path / "index.html", size=2_000_000)
    drawn = [a for a in page.all("svg") if a.get("class") == "small"]
    listed = [item for one in found for item in findings(one.analysis)]
    assert len(drawn) == len(listed) - 1
    (order,) = [item for item in listed if item.unit == "chance"]
    assert f"an order|{numbers.chance(order.estimate)}" in page.cells and order.reason in page.words
    assert "| an order |" in (tmp_path / "claims.md").read_text("utf-8")


def test_a_plan_changed_by_hand_carries_no_verdict_on_photographs_either(tmp_path: Path) -> None:
    request = Request(budget="standard", dataset="imagenet", epochs=2)
    found = collect.collect_study(
        Plan(name="lrn", study=load("lrn"), request=request), store.Records(tmp_path)
    ).analysis
    assert "changed by hand: epochs=2' is exploratory" in found.comparisons.reason[0]
    assert all(item.exploratory for item in findings(found))


def test_studies_that_were_not_run_are_listed(suite: tuple[Path, list[Collected]]) -> None:
    words = Page(suite[0] / "index.html").words
    missing = set(study.names()) - {one.analysis.study.name for one in suite[1]}
    assert f"{len(missing)} – not run" in words
    for name in missing:
        assert f"python -m ablations.run {name}" in words
        assert study.load(name).title in words


def test_the_findings_come_back_from_the_csv(suite: tuple[Path, list[Collected]]) -> None:
    with (suite[0] / "findings.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    found = [item for one in suite[1] for item in findings(one.analysis)]
    assert list(rows[0]) == [field.name for field in dataclasses.fields(Finding)]
    assert [float(row["estimate"]) for row in rows] == pytest.approx(
        [item.estimate for item in found], rel=1e-9
    )
    assert [row["claim_ids"].split() for row in rows] == [list(item.claim_ids) for item in found]


def test_the_claim_table_has_a_row_for_what_decides(suite: tuple[Path, list[Collected]]) -> None:
    found = [item for one in suite[1] for item in findings(one.analysis)]
    text = index_page.claim_table(found)
    lines = text.splitlines()
    assert text == (suite[0] / "claims.md").read_text("utf-8")
    assert len(lines) - 2 == sum(item.family == "primary" for item in found)
    lrn = found[0]
    expected = f"+{lrn.estimate:.2f} points (+{lrn.low:.2f} to +{lrn.high:.2f})"
    assert lines[2].split(" | ")[1:] == ["+1.4 points", expected, "5", f"{lrn.verdict} |"]
    assert (suite[0] / "claims.tex").read_text("utf-8").count(r"\\") == len(lines) - 1


def test_a_folder_without_a_report_says_what_to_do(tmp_path: Path, capsys: Any) -> None:
    for folder in (tmp_path, tmp_path / "nowhere"):
        assert report.main(["--out", str(folder)]) == DATA == 3
        said = capsys.readouterr().err
        assert f"python -m ablations.run lrn --out {folder}\n" in said and said.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_reports_of_the_users_studies_alone_ask_for_their_files(
    tmp_path: Path, capsys: Any
) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "request.json").write_text("{}")
    assert report.main(["--out", str(tmp_path)]) == DATA
    assert "name their files" in capsys.readouterr().err


def test_reports_that_cannot_be_read_still_give_a_page(tmp_path: Path, capsys: Any) -> None:
    (tmp_path / "lrn").mkdir()
    (tmp_path / "lrn" / "request.json").write_text("not JSON")
    assert report.main(["--out", str(tmp_path)]) == 0
    assert capsys.readouterr().out == f"index: {tmp_path / 'index.html'}\n"
    page = check(tmp_path / "index.html", size=1_000_000)
    assert "No study has been run yet." in page.words and "Table 1" not in page.words


def test_the_index_reads_the_records_again(tmp_path: Path) -> None:
    of = load("lrn")
    for run in scores.make_runs(of):
        folder = tmp_path / "runs" / run.planned.experiment.run_id
        folder.mkdir(parents=True)
        assert run.record is not None
        (folder / "result.json").write_text(records.to_json(run.record), encoding="utf-8")
    for name, text in (
        ("lrn", json.dumps(dataclasses.asdict(Request(budget="standard")))),
        ("dropout", "not JSON"),
        ("bias_one", '{"budget": "enormous"}'),
    ):
        (tmp_path / name).mkdir()
        (tmp_path / name / "request.json").write_text(text, encoding="utf-8")
    (one,) = collect.collect(store.Records(tmp_path))
    direct = analyse(of, scores.make_runs(of), budget="standard")
    assert one.analysis.comparisons.equals(direct.comparisons)
    assert index_page.write_index(store.Records(tmp_path)) == tmp_path / "index.html"
    words = Page(tmp_path / "index.html").words
    assert "15 trained nets on CIFAR-10" in words and "python -m ablations.run dropout" in words


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path, capsys: Any) -> None:
    (tmp_path / "lrn").mkdir()
    (tmp_path / "lrn" / "request.json").write_text("not JSON")
    (tmp_path / "claims.md").mkdir()  # where a file is to be
    assert report.main(["--out", str(tmp_path)]) == ENVIRONMENT
    assert str(tmp_path) in capsys.readouterr().err


def test_texts_add_no_element(tmp_path: Path) -> None:
    outlines = []
    for texts in ([f"word {index}" for index in range(len(PAYLOADS))], PAYLOADS):
        of = dataclasses.replace(
            load("lrn"),
            title=" ".join(texts),
            claim=texts[1],
            section=texts[2],
            claim_ids=(texts[3],),
            labels={"paper": texts[4], "no_lrn": texts[8]},
        )
        changes = {("paper", seed): scores.with_texts(t) for seed, t in enumerate(texts)}
        runs = scores.make_runs(of, len(texts), changes)
        index_page.write([collected(of, runs)], [], tmp_path)
        outlines.append(Page(tmp_path / "index.html").outline)
    assert outlines[0] == outlines[1]


# --- tables of the paper ------------------------------------------------------------------


def test_the_paper_s_rows_are_the_paper_s() -> None:
    first, second = paper_tables.paper_tables([])
    assert [(row.model, row.paper) for row in first.rows[:3]] == [
        ("Sparse coding", ("47.1 %", "28.2 %")),
        ("SIFT + FVs", ("45.7 %", "25.7 %")),
        ("CNN", ("37.5 %", "17.0 %")),
    ]
    assert [(row.model, row.paper) for row in second.rows] == [
        ("SIFT + FVs", ("–", "–", "26.2 %")),
        ("1 CNN", ("40.7 %", "18.2 %", "–")),
        ("5 CNNs", ("38.1 %", "16.4 %", "16.4 %")),
        ("1 CNN*", ("39.0 %", "16.6 %", "–")),
        ("7 CNNs*", ("36.7 %", "15.4 %", "15.3 %")),
    ]
    assert all(row.ours is None for row in (*first.rows, *second.rows))


def test_the_pretrained_net_stands_beside_the_paper_s_asterisk(
    suite: tuple[Path, list[Collected]],
) -> None:
    runs = suite[1][2].runs
    first, second = paper_tables.paper_tables([], runs)
    filled = [row for row in (*first.rows, *second.rows) if row.ours is not None]
    assert [(row.model, row.ours) for row in filled] == [
        ("1 CNN*", paper_tables.measure(runs)["ten"])
    ]


def test_our_rows_are_means_over_nets_and_the_error_of_their_average(
    suite: tuple[Path, list[Collected]],
) -> None:
    ours = paper_tables.measure(suite[1][2].runs)
    of = load("ensemble")
    for name, quantity in (("one", "test_error"), ("ten", "test_error_ten_views")):
        values = [scores.score(of, "paper", quantity, seed) for seed in range(5)]
        assert ours[name].top1 == pytest.approx(np.mean(values))
        assert ours[name].top5 == pytest.approx(np.mean(values) / 12)
        assert ours[name].low < ours[name].top1 < ours[name].high and ours[name].n == 5
    kept = [np.load(run.folder / "test_10.npz") for run in suite[1][2].runs if run.folder]
    mean, labels = np.mean([k["probabilities"] for k in kept], axis=0), kept[0]["labels"]
    wrong1 = [label not in np.argsort(-row)[:1] for row, label in zip(mean, labels, strict=True)]
    wrong5 = [label not in np.argsort(-row)[:5] for row, label in zip(mean, labels, strict=True)]
    assert ours["several"].top1 == pytest.approx(100 * np.mean(wrong1))
    assert ours["several"].top5 == pytest.approx(100 * np.mean(wrong5))
    words = Page(suite[0] / "index.html").cells
    assert re.search(rf"38\.1 %\|16\.4 %\|\s*16\.4 %\|\s*{ours['several'].top1:.2f} %", words)
    assert words.count("not measured here") == 5


# --- pictures -----------------------------------------------------------------------------


def decoded(picture: kernels.Picture) -> np.ndarray:
    data = base64.b64decode(picture.uri.split(",")[1])
    return np.asarray(Image.open(io.BytesIO(data)))


def test_kernels_share_one_scale_and_stand_sixteen_a_row() -> None:
    weights = np.random.default_rng(1).normal(size=(5, 4, 3, 40)).astype(np.float32)
    first, second = (decoded(item) for item in kernels.kernels(weights))
    assert first.shape == second.shape == (2 * 5 + 1, 16 * 4 + 15, 4)
    assert min(first[..., :3][first[..., 3] > 0].min(), second[..., :3].min()) == 0
    assert max(first[..., :3].max(), second[..., :3].max()) == 255
    low, high = weights.min(), weights.max()
    for number in range(40):
        sheet, place = (first, number) if number < 20 else (second, number - 20)
        top, left = place // 16 * 6, place % 16 * 5
        shown = sheet[top : top + 5, left : left + 4, :3].astype(float)
        assert np.abs(shown - 255 * (weights[..., number] - low) / (high - low)).max() <= 0.5 + 1e-3
    gaps = first[..., 3] == 0
    assert gaps[5].all() and gaps[:, 4].all() and gaps[6:, 4 * 5 :].all()


def test_examples_show_the_images_the_likeliest_labels_and_the_neighbours(tmp_path: Path) -> None:
    arrays = inspection(tmp_path)
    (run, *_) = scores.make_runs(load("ensemble"), 1)
    found = kernels.inspect([dataclasses.replace(run, folder=tmp_path)])
    assert found is not None and len(found.examples) == 8
    for index, example in enumerate(found.examples):
        assert np.array_equal(decoded(example.picture), arrays["test_images"][index])
        assert example.label == CLASSES[index]
        order = sorted(range(10), key=lambda k: -arrays["probabilities"][index, k])[:5]
        assert [guess.label for guess in example.guesses] == [CLASSES[k] for k in order]
        assert [guess.right for guess in example.guesses] == [k == index for k in order]
        for place, near in enumerate(example.neighbours):
            assert np.array_equal(decoded(near), arrays["neighbours"][index, place])
            assert near.words == CLASSES[arrays["neighbour_labels"][index, place]]


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 broken", None])
def test_without_a_readable_inspection_there_are_no_pictures(
    content: bytes | None, tmp_path: Path
) -> None:
    (run, *_) = scores.make_runs(load("ensemble"), 1)
    if content is not None:
        (tmp_path / "inspection.npz").write_bytes(content)
    assert kernels.inspect([dataclasses.replace(run, folder=tmp_path)]) is None
    inspection(tmp_path)
    other_weights = dataclasses.replace(run, folder=tmp_path, inspection={})
    assert kernels.inspect([other_weights]) is None


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
said.push(form.hidden, rows().length);
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
