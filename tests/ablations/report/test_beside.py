"""The words of the reference set beside a small run, against the committed reports."""

from __future__ import annotations

import csv
import dataclasses
import math

import pytest
import tiny

from ablations import study
from ablations.report import reference
from alexnet_tf.spec import replace

ROOT = tiny.ROOT
PACKAGED = ROOT / "ablations" / "report" / "reference.csv"
REPORTS = ROOT / "reports" / "reference"


def test_the_packaged_file_follows_from_the_committed_reports():
    assert reference.collected() == PACKAGED.read_bytes()


def test_every_row_is_the_row_of_its_page():
    rows = list(csv.DictReader(PACKAGED.read_text(encoding="utf-8").splitlines()))
    assert len(rows) == len(reference.known()) > 40
    for row in rows:
        with (REPORTS / row["study"] / "comparisons.csv").open(encoding="utf-8") as text:
            (page,) = [r for r in csv.DictReader(text) if r["comparison"] == row["comparison"]]
        assert page["verdict"] == row["verdict"] and page["n"] == row["n"]
        assert row["estimate"] in (page.get("estimate"), page.get("ratio"))


def test_an_exploratory_result_has_the_reference_beside_it_and_others_do_not(tmp_path):
    item = study.load("relu_vs_tanh")
    found = reference.beside(item, "quick", "cifar10", "paper_era", tmp_path)
    assert found is not None and found.link is not None
    assert found.words == (
        "Reference: 6.18\u202f× (95 % interval 5.89 to 6.48), n = 5: open. "
        "45,000 images of CIFAR-10, 60 epochs, TensorFlow 2.21.0."
    )
    assert (tmp_path / found.link).resolve() == REPORTS / "relu_vs_tanh" / "index.html"
    assert reference.beside(item, "standard", "cifar10", "paper_era") is None


def test_an_estimate_that_is_a_bound_is_shown_as_one():
    item = reference.known()["relu_vs_tanh", "paper_era"]
    least = dataclasses.replace(item, bound="at least", high=math.inf)
    assert item.words().startswith("6.18\u202f× (")
    assert least.words().startswith("≥ 6.18\u202f× (95 % interval 5.89 or more), n = 5: open.")


@pytest.mark.parametrize(
    ("name", "comparison", "dataset", "said"),
    [
        ("relu_vs_tanh", "paper_era", "builtin", "This run saw other images."),
    ],
)
def test_where_the_reference_differs_it_says_so(name, comparison, dataset, said):
    found = reference.beside(study.load(name), "quick", dataset, comparison)
    assert found is not None and said in found.words


def test_a_changed_study_is_not_that_of_the_reference():
    given = study.load("lrn")
    faster = {arm: replace(one, {"train.momentum": 0.8}) for arm, one in given.arms.items()}
    found = reference.beside(dataclasses.replace(given, arms=faster), "quick", "cifar10", "no_lrn")
    assert found is not None and "an earlier specification of this study." in found.words
    other = dataclasses.replace(given, name="mine")
    found = reference.beside(other, "quick", "cifar10", "no_lrn")
    assert found is not None and "has no result of this comparison yet" in found.words


def test_the_command_takes_no_arguments(capsys):
    assert reference.main(["x"]) == 2
    assert capsys.readouterr().err.count("\n") == 1
