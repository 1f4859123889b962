"""Checks of the fields of immutable values against their annotations.

An annotation is a scalar, a Literal, another value, a tuple of one kind of them, or one of these
or None. Imports the standard library only, and the errors.
"""

from __future__ import annotations

import dataclasses
import difflib
import sys
import types
import typing
from collections.abc import Mapping
from functools import cache
from typing import Any, Literal, get_args, get_origin

from alexnet_tf.errors import SpecError

_LARGEST = sys.float_info.max

#: Origins of `float | None`, and of `Literal["a"] | None`.
UNIONS = (types.UnionType, typing.Union)


@cache
def hints_of(kind: type) -> Mapping[str, Any]:
    """Return name -> annotation of every field of a value's class."""
    return typing.get_type_hints(kind)


def nearest(name: str, known: list[str]) -> str:
    """Return ` Did you mean 'x'?`, or the list of known names when nothing is near."""
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    return f" Did you mean '{close[0]}'?" if close else f" Known: {', '.join(sorted(known))}."


def require(spec: Any, allowed: bool, name: str, rule: str) -> None:
    """Refuse a field's value unless `allowed`.

    Args:
        spec: the dataclass, with the field `name`.
        allowed: whether the value is one.
        rule: how the sentence "`name` must be" ends.

    Raises:
        SpecError: it is not allowed; the message has the value received.
    """
    if not allowed:
        where = f"{type(spec).__name__}.{name}"
        raise SpecError(f"`{where}` must be {rule}. Received: {getattr(spec, name)!r}")


def check_types(spec: Any) -> None:
    """Check every field against its annotation; store ints given for floats as floats.

    Raises:
        SpecError: a value of another type, or not one of a Literal's.
    """
    for name, kind, sure in _fields(type(spec)):
        value = getattr(spec, name)
        # reports read a million fields: most need no more than this
        if type(value) in sure and (type(value) is not float or 0 < abs(value) <= _LARGEST):
            continue
        value = _conform(kind, value, f"{type(spec).__name__}.{name}")
        object.__setattr__(spec, name, value)


@cache
def _fields(kind: type) -> tuple[tuple[str, Any, frozenset[type]], ...]:
    """Return each field's name, its annotation, and the types whose values need no further look."""
    return tuple((name, hint, _sure(hint)) for name, hint in hints_of(kind).items())


@cache
def _sure(hint: Any) -> frozenset[type]:
    if get_origin(hint) in UNIONS:
        return _sure(get_args(hint)[0]) | {type(None)}
    plain = hint in (bool, int, float, str) or dataclasses.is_dataclass(hint)
    return frozenset({typing.cast(type, hint)} if plain else ())


def _conform(kind: Any, value: Any, where: str) -> Any:
    """Return `value` as an instance of the annotation `kind`, or raise SpecError."""
    origin, args = get_origin(kind), get_args(kind)
    if origin in UNIONS:
        return None if value is None else _conform(args[0], value, where)
    if origin is Literal:
        if value in args:
            return value
        hint = nearest(value, list(args)) if isinstance(value, str) else ""
        raise SpecError(f"`{where}` must be one of {', '.join(args)}. Received: {value!r}.{hint}")
    if origin is tuple:
        sure = _sure(args[0])
        if type(value) is tuple and float not in sure and all(type(item) in sure for item in value):
            return value
        if isinstance(value, list | tuple):
            return tuple(_conform(args[0], item, f"{where}.{i}") for i, item in enumerate(value))
    elif kind is float and isinstance(value, int | float) and not isinstance(value, bool):
        if abs(value) <= _LARGEST:  # neither NaN nor beyond a float
            return float(value) + 0.0  # minus zero is zero
        raise SpecError(f"`{where}` must be finite. Received: {value!r}")
    elif isinstance(value, kind) and not (kind is int and isinstance(value, bool)):
        return value
    name = getattr(kind, "__name__", str(kind))
    raise SpecError(f"`{where}` must be {name}. Received: {value!r}")
