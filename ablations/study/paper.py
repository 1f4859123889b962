"""The paper's numbers in words: the same in every table, on every page and on the terminal."""

from __future__ import annotations


def paper_text(value: float | None, unit: str, paper_is: str = "about") -> str:
    """Return what the paper says, with as many digits as it gives and a true minus (U+2212).

    Args:
        value: in `unit`; None where the paper gives none.
        unit: "x" for a factor; that of an index is not written.
        paper_is: "at least" for a bound.

    >>> paper_text(-2.6, "points"), paper_text(1.0, "points", "at least"), paper_text(None, "x")
    ('−2.6 points', 'over +1 points', 'no number')
    """
    if value is None:
        return "no number"
    text = f"{value:g}\u202f×" if unit == "x" else f"{value:+g} {unit}".removesuffix(" index")
    return f"{'over ' if paper_is == 'at least' else ''}{text}".replace("-", "\u2212")
