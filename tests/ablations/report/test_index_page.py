"""The page over the whole suite: its claims, and what a reader can do."""

from __future__ import annotations

import csv
import dataclasses
import re
from collections import Counter
from pathlib import Path

import fake_runs
import pytest
import scores
from pagechecks import PAYLOADS, Page, check
from small_suite import INDEX_FILES, collected, load

from ablations import study
from ablations.analysis.findings import Finding, findings
from ablations.analysis.study_analysis import analyse
from ablations.execution import store
from ablations.plan import Plan, Request
from ablations.report import claim_rows, collect, headline, index_page, numbers
from ablations.report.collect import Collected


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
        *("layer_removal/index.html", *INDEX_FILES[:3]),
    }


def test_the_page_shows_every_finding(suite: tuple[Path, list[Collected]]) -> None:
    page = Page(suite[0] / "index.html")
    found = [item for one in suite[1] for item in findings(one.analysis)]
    rows = [(a["data-verdict"], a["data-family"]) for a in page.all("tr") if "data-verdict" in a]
    assert Counter(rows) == Counter((item.verdict, item.family) for item in found)
    for item in found:
        assert " ".join(item.reason.split()) in page.words and item.label in page.words
    agreed = sum(headline.outcome(item) == "agrees" for item in found if item.family == "primary")
    assert re.search(rf"\b{agreed or 'none'} agrees? with the paper", page.words)


def test_a_deciding_comparison_is_one_row_and_others_are_folded_beneath_their_study(
    suite: tuple[Path, list[Collected]],
) -> None:
    page = (suite[0] / "index.html").read_text("utf-8")
    bodies = re.findall(r'<tbody [^>]*class="(part|comparison)">(.*?)</tbody>', page, re.DOTALL)
    heads = [text for kind, text in bodies if kind == "part"]
    assert [re.findall(r">(\d) [A-Z]", text) for text in heads] == [["3"], ["4"], ["6"], ["7"]]
    folded: Counter[str] = Counter()
    for text in (text for kind, text in bodies if kind == "comparison"):
        first, *rest = re.findall(r"<tr [^>]*>", text)
        assert 'data-family="primary"' in first and "fold" not in first
        assert all("fold" in one for one in rest) and 'data-family="primary"' not in "".join(rest)
        (name,) = re.findall(r'href="(\w+)/index.html"', text)
        folded[name] += sum('data-family="secondary"' in one for one in rest)
    for one in suite[1]:
        found = findings(one.analysis)
        assert folded[one.analysis.study.name] == sum(item.family != "primary" for item in found)


def test_a_study_that_decides_nothing_has_a_row_for_what_is_folded(tmp_path: Path) -> None:
    given = load("init_std")
    index_page.write([collected(given, scores.make_runs(given, 2))], [], tmp_path)
    page = check(tmp_path / "index.html", size=2_000_000)
    assert "none decides about a claim" in page.words and "no claim" in page.words
    assert {a["data-family"] for a in page.all("tr") if "data-family" in a} == {"secondary"}
    assert not page.all("svg")


def test_a_study_of_no_listed_claim_is_named_by_its_section_alone(tmp_path: Path) -> None:
    mine = dataclasses.replace(load("lrn"), claim_ids=())
    missing = dataclasses.replace(load("dropout"), claim_ids=())
    index_page.write([collected(mine, [])], [missing], tmp_path)
    page = check(tmp_path / "index.html", size=2_000_000)
    assert "(Section 3.3)" in page.words and "(section 4.2; the paper: 2" in page.words
    titles = [a for a in page.all("th") if a["scope"] == "rowgroup"]
    assert len(titles) == 1 and titles[0]["role"] == "rowheader"


def test_sections_are_grouped_by_the_papers_parts_each_once() -> None:
    names = ("lrn", "paper_vs_code2012", "bias_one", "pca_jitter", "ten_views", "one_vs_two_gpus")
    studies = {name: load(name) for name in names}
    found = [
        item for one in studies.values() for item in findings(analyse(one, [], budget="standard"))
    ]
    groups = claim_rows.groups(found, studies)
    assert [group.title.split()[0] for group in groups] == ["3", "5", "4"]
    assert [claim.section for group in groups for claim in group.claims] == [
        *("3.3", "3.2", "3 to 5", "5", "4.1", "4.1", "4.1")
    ]
    jitter = groups[2].claims[:2]
    assert [claim.short for claim in jitter] == [
        "as the paper words it",
        "as the 2012 code computes it",
    ]
    assert [claim.again for claim in jitter] == [False, True]
    deciding = [claim.finding for group in groups for claim in group.claims if claim.finding]
    order = "lrn one_vs_two_gpus paper_vs_code2012 bias_one pca_jitter pca_jitter ten_views"
    assert [item.study for item in deciding] == order.split()
    primary = {item.label: item for item in found if item.family == "primary"}
    assert {item.label: item for item in deciding} == primary and len(primary) == len(deciding)


def test_an_order_is_listed_with_its_chance_and_without_a_forest(tmp_path: Path) -> None:
    given = load("importance_order")
    found = [collected(given, scores.make_runs(given)), collected(load("lrn"), [])]
    index_page.write(found, collect.studies(), tmp_path)
    page = check(tmp_path / "index.html", size=2_000_000)
    listed = [item for one in found for item in findings(one.analysis)]
    assert len(page.all("svg")) == 2  # one for a screen, one for a phone, of points alone
    assert (
        "Not drawn, because in other units: The order of importance (the probability of an order)"
        in page.words
    )
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
    assert f"{len(missing)} more studies have not been run." in words
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
    assert lines[2].split(" | ")[1:] == ["+1.4 points", expected, "8 / 30", f"{lrn.verdict} |"]
    assert (suite[0] / "claims.tex").read_text("utf-8").count(r"\\") == len(lines) - 1


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
        changes = {("paper", seed): fake_runs.with_texts(t) for seed, t in enumerate(texts)}
        runs = scores.make_runs(of, len(texts), changes)
        index_page.write([collected(of, runs)], [], tmp_path)
        outlines.append(Page(tmp_path / "index.html").outline)
    assert outlines[0] == outlines[1]
