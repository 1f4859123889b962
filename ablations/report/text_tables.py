"""Tables as Markdown and as LaTeX. A cell is only ever text: nothing in it is markup."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ablations.report.figures.drawing import clean

_LATEX = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "\u2212": "$-$",
    "×": r"$\times$",
    "\u202f": r"\,",
    **{sign: f"\\{sign}" for sign in "&%$#_{}"},
    **{sign: f"{{{sign}}}" for sign in "[]<>|\"'`"},
}


def markdown(head: Sequence[str], rows: Sequence[Sequence[str]], align: str) -> str:
    """Return a table of GitHub's Markdown; `align` has a letter l or r a column.

    >>> print(markdown(["arm", "error"], [["tanh", "30.1"]], "lr"), end="")
    | arm | error |
    | --- | --: |
    | tanh | 30.1 |
    """
    lines = [[_markdown(cell) for cell in row] for row in (head, *rows)]
    lines.insert(1, ["--:" if letter == "r" else "---" for letter in align])
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def latex(head: Sequence[str], rows: Sequence[Sequence[str]], align: str) -> str:
    """Return a `tabular` with the rules of the package booktabs.

    Args:
        head: cells of the first row.
        rows: as many cells each; signs that LaTeX would read are escaped.
        align: a letter l or r a column.
    """
    lines = [" & ".join(_latex(cell) for cell in row) + r" \\" for row in (head, *rows)]
    lines = [r"\toprule", lines[0], r"\midrule", *lines[1:], r"\bottomrule"]
    body = "".join(f"{line}\n" for line in lines)
    return f"\\begin{{tabular}}{{{align}}}\n{body}\\end{{tabular}}\n"


def _markdown(text: str) -> str:
    """Escape every sign that Markdown or HTML inside it could read."""
    return re.sub(r"([\\`*_\[\]<>|~&$])", r"\\\1", _one_line(text))


def _latex(text: str) -> str:
    return "".join(_LATEX.get(sign, sign) for sign in _one_line(text))


def _one_line(text: str) -> str:
    return " ".join(clean(text).split())
