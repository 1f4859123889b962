"""What is wrong with a data set, for people."""

from __future__ import annotations


class DataError(RuntimeError):
    """Data that are missing, damaged or of the wrong size. One line: what, where, what to do."""
