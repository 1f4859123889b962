"""docs/claims.md: every claim once, the studies that name it and no other, tests that exist."""

from __future__ import annotations

import re

import pytest
import tiny

from ablations import study

TEXT = (tiny.ROOT / "docs" / "claims.md").read_text(encoding="utf-8")
ROWS = {
    found[0]: found[1]
    for found in re.findall(r"^\| (C\d\d) \| [^|]+ \| [^|]+ \| (.+) \|$", TEXT, re.MULTILINE)
}
#: Numbers of the project's list of claims; those between were never given.
NUMBERS = (*range(1, 39), *range(40, 47), *range(50, 56), *range(60, 63))
NAMED = {
    name: {claim for claim in ROWS if f"studies/{name}.py" in ROWS[claim]} for name in study.names()
}


def test_every_claim_has_one_row_in_order():
    listed = re.findall(r"^\| (C\d\d) \|", TEXT, re.MULTILINE)
    assert listed == [f"C{number:02}" for number in NUMBERS] == list(ROWS)


@pytest.mark.parametrize("name", study.names())
def test_a_study_stands_in_the_rows_of_its_claims_and_in_no_other(name):
    assert NAMED[name] == set(study.load(name).claim_ids)


def test_a_row_names_studies_that_there_are():
    linked = set(re.findall(r"studies/(\w+)\.py", TEXT))
    assert linked == {name for name, claims in NAMED.items() if claims}


def test_a_row_names_tests_that_there_are():
    tests = (path.read_text(encoding="utf-8") for path in (tiny.ROOT / "tests").rglob("test_*.py"))
    there = set(re.findall(r"^def (test_\w+)", "\n".join(tests), re.MULTILINE))
    named = set(re.findall(r"`(test_\w+)`", TEXT))
    assert named and named <= there


def test_every_row_says_study_test_command_or_why_not():
    kinds = ("study ", "studies ", "test ", "the same test", "`python -m ", "not ", "shown on ")
    assert not {claim: here for claim, here in ROWS.items() if not here.startswith(kinds)}
