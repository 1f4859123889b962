"""One number that a check found, and the bound that it must keep."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Finding:
    """A line of the table.

    Attributes:
        check: what was looked at.
        found: for people, with its unit.
        wanted: for people; empty for a number that has no bound.
        passed: False where the bound is broken.
    """

    check: str
    found: str
    wanted: str = ""
    passed: bool = True


def within(check: str, value: float, most: float) -> Finding:
    """Return the finding that `value` is at most `most`; NaN is not.

    >>> within("logits", 2e-7, 1e-5).found
    '2.0e-07'
    """
    kept = bool(value <= most)
    return Finding(check=check, found=f"{value:.1e}", wanted=f"<= {most:.0e}", passed=kept)
