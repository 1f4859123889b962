"""The templates hold nothing that no page shows: read from their text."""

from __future__ import annotations

import re
from typing import get_args

import tiny

from ablations.analysis.verdict import Verdict
from ablations.report import html

FOLDER = tiny.ROOT / "ablations" / "report" / "templates"
TEXTS = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.iterdir()}
PAGES = {name: text for name, text in TEXTS.items() if name.endswith(".html")}

#: An attribute may hold an expression, and the expression a text.
ATTRIBUTE = re.compile(r'class="((?:\{\{.*?\}\}|\{%.*?%\}|[^"{])*)"')


def classes() -> set[str]:
    """Classes that a template or a script gives to an element."""
    found = {word for verdict in get_args(Verdict) for word in verdict.split()}  # as of `kind`
    for value in (value for text in PAGES.values() for value in ATTRIBUTE.findall(text)):
        plain = re.sub(r"\{[{%].*?[%}]\}", " ", value)
        found |= {word for text in (plain, *re.findall(r'"(.*?)"', value)) for word in text.split()}
    scripts = "".join(text for name, text in TEXTS.items() if name.endswith(".js"))
    return found | set(re.findall(r'class: "([\w-]+)"', scripts))


def test_every_class_of_the_style_sheet_is_one_of_an_element():
    selectors = re.sub(r"\{[^{}]*\}", "", TEXTS["style.css"])
    styled = set(re.findall(r"\.([a-zA-Z][\w-]*)", selectors))
    assert {"answer", "wide-figure", "undecided", "near"} <= styled
    assert styled <= classes()


def test_every_macro_is_called_where_it_is_or_where_it_is_imported():
    for name, text in PAGES.items():
        for macro in re.findall(r"{% macro (\w+)", text):
            importing = re.compile(rf'{{% from "{name}" import [^%]*\b{macro}\b')
            here = [one for one in PAGES.values() if one is text or importing.search(one)]
            calls = [re.findall(rf"(?<!macro )\b{macro}\(", one) for one in here]
            assert any(calls), f"{name}: {macro}"


def test_every_mark_is_of_a_verdict():
    (marks,) = re.findall(r"set marks = \{(.*?)\}", TEXTS["macros.html"])
    assert set(re.findall(r'"([^"]*)":', marks)) <= set(get_args(Verdict))


def test_environments_are_compared_in_what_differs_between_them_alone():
    text = '{% from "macros.html" import recorded with context %}{{ recorded() }}'
    machines = [({"cpu": "EPYC", "numpy": "2.3"}, 3), ({"cpu": "Xeon", "numpy": "2.3"}, 1)]
    page = html._engine().from_string(text).render(environments=machines, same_bits=False, facts=[])
    tables = re.findall(r"<tbody>(.*?)</tbody>", page, re.DOTALL)
    cells = [re.findall(r"<t[hd][^>]*>\s*(.*?)\s*</t[hd]>", table) for table in tables]
    assert cells == [["3", "EPYC", "1", "Xeon"], ["NumPy", "2.3"]]
