"""Texts that would do harm in a page that does not escape them."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path

import fake_runs
import pytest
import scores
from dropout_report import DROPOUT, write
from pagechecks import PAYLOADS, Page

from ablations.report import text_tables
from ablations.report.figures import drawing

# --- hostile text -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> tuple[Page, Page, Path]:
    """Two pages that differ only in texts: harmless words, and every payload everywhere."""
    found, folder = [], Path()
    for texts in ([f"word {index}" for index in range(len(PAYLOADS))], PAYLOADS):
        folder = tmp_path_factory.mktemp("texts")
        changes = {("paper", seed): fake_runs.with_texts(text) for seed, text in enumerate(texts)}
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
