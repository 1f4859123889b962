"""Cells of CSV files, which spreadsheets open."""

from __future__ import annotations

import re
from typing import Any

# Signs at which spreadsheets begin to compute; the last four are full-width ones, as some input
# methods produce them.
_FORMULA = tuple("=+-@\t\r\n\0\uff1d\uff0b\uff0d\uff20")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def cell(value: Any) -> Any:
    """Return a value for a CSV file; what a spreadsheet would run gets an apostrophe in front.

    Control characters, which a terminal or a reader may obey, are replaced; a carriage return,
    which the csv module leaves bare, becomes a line feed.

    >>> cell("=1+1"), cell("-2.5 points"), cell(-2.5)
    ("'=1+1", "'-2.5 points", -2.5)
    """
    if not isinstance(value, str):
        return value
    formula = value.startswith(_FORMULA)
    text = _CONTROL.sub("\ufffd", value.replace("\r", "\n"))
    return f"'{text}" if formula else text
