"""JSON with a checksum: a number that was changed on the disk is noticed.

JSON alone notices a lost brace and no changed digit.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

_SEAL = "sha256"


def dumps(values: Mapping[str, Any]) -> str:
    """Return one JSON object with sorted keys, ending in a newline, and the hash of its content.

    Args:
        values: what JSON can hold, without NaN; no key "sha256".

    >>> loads(dumps({"error": 0.25}))
    {'error': 0.25}
    >>> loads(dumps({"error": 0.25}).replace("0.25", "0.35"))
    Traceback (most recent call last):
    ValueError: its content was changed since it was written: it is not of its SHA-256
    """
    plain = json.loads(json.dumps(values, allow_nan=False))  # keys are text, as they will be read
    return json.dumps({**plain, _SEAL: _sha256(plain)}, indent=1, sort_keys=True) + "\n"


def loads(text: str | bytes) -> dict[str, Any]:
    """Inverse of `dumps`; an object without a hash is one of an earlier version.

    Raises:
        ValueError: not JSON, not an object, or other values than those that were written.
        RecursionError: nested too deeply.
    """
    values = json.loads(text)
    if not isinstance(values, dict):
        raise ValueError("it is not a JSON object")
    seal = values.pop(_SEAL, None)
    if seal is not None and seal != _sha256(values):
        raise ValueError("its content was changed since it was written: it is not of its SHA-256")
    return values


def _sha256(values: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()
