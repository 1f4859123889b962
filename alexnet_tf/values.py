"""Immutable values with checked fields: change, compare, to JSON and back.

The mechanics under `alexnet_tf.spec`, which holds the values themselves. A value is a
frozen dataclass whose fields are scalars, Literals, other values, tuples of values, or
None. This module imports the standard library only, and the errors.
"""

from __future__ import annotations

import dataclasses
import difflib
import json
import sys
import types
import typing
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Literal, TypeVar, get_args, get_origin

from alexnet_tf.errors import SpecError as SpecError

Value = TypeVar("Value")

# `float | None` is the one, `Literal["a"] | None` the other
_UNIONS = (types.UnionType, typing.Union)
_hints = cache(typing.get_type_hints)


def replace(spec: Value, changes: Mapping[str, Any] | None = None, /, **fields: Any) -> Value:
    """Return a copy of `spec` with some fields changed and validated again.

    Args:
        spec: any value of this module.
        changes: dotted paths to new values, e.g. `{"model.activation": "tanh",
            "model.convs.0.filters": 64}`.
        **fields: fields of `spec` itself, e.g. `seed=3`.

    Raises:
        SpecError: a path names no field (the nearest name is in the message), or a
            value is not allowed.

    >>> from alexnet_tf.spec import PAPER
    >>> replace(PAPER, {"model.activation": "tanh", "model.convs.0.filters": 64}).model.activation
    'tanh'
    """
    for path, value in {**(changes or {}), **fields}.items():
        spec = _replace_path(spec, path.split("."), value, path)
    return spec


def diff(a: Any, b: Any) -> dict[str, tuple[Any, Any]]:
    """Name every leaf in which two specs differ: dotted path -> (value in a, value in b).

    >>> from alexnet_tf.spec import PAPER
    >>> diff(PAPER, replace(PAPER, {"train.momentum": 0.5}))
    {'train.momentum': (0.9, 0.5)}
    """
    left, right = dict(_leaves(a)), dict(_leaves(b))
    paths = [*left, *(path for path in right if path not in left)]
    missing = None
    return {
        path: (left.get(path, missing), right.get(path, missing))
        for path in paths
        if left.get(path, missing) != right.get(path, missing)
    }


def to_dict(spec: Any) -> Any:
    """Return the spec as JSON-ready dicts, lists and scalars, every field present."""
    if dataclasses.is_dataclass(spec) and not isinstance(spec, type):
        return {f.name: to_dict(getattr(spec, f.name)) for f in dataclasses.fields(spec)}
    return [to_dict(item) for item in spec] if isinstance(spec, tuple) else spec


def from_dict(kind: type[Value], values: Any, path: str = "") -> Value:
    """Build a spec of type `kind` from `to_dict`'s form; absent fields take their default.

    Raises:
        SpecError: unknown field, missing field or a value that is not allowed.
    """
    return _build(kind, values, path)


def parse_setting(text: str) -> tuple[str, Any]:
    """Split `train.batch_size=64` into its path and its value (JSON, or else a string).

    Raises SpecError without a `=`.

    >>> parse_setting("train.batch_size=64")
    ('train.batch_size', 64)
    """
    path, equals, value = text.partition("=")
    if not equals or not path:
        raise SpecError(f"a setting has the form train.batch_size=64. Received: {text}")
    try:
        return path.strip(), json.loads(value)
    except (ValueError, RecursionError):
        return path.strip(), value.strip()


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
    for name, kind in _hints(type(spec)).items():
        value = _conform(kind, getattr(spec, name), f"{type(spec).__name__}.{name}")
        object.__setattr__(spec, name, value)


def _conform(kind: Any, value: Any, where: str) -> Any:
    """Return `value` as an instance of the annotation `kind`, or raise SpecError."""
    origin, args = get_origin(kind), get_args(kind)
    if origin in _UNIONS:
        return None if value is None else _conform(args[0], value, where)
    if origin is Literal:
        if value in args:
            return value
        hint = nearest(value, list(args)) if isinstance(value, str) else ""
        raise SpecError(f"`{where}` must be one of {', '.join(args)}. Received: {value!r}.{hint}")
    if origin is tuple:
        if isinstance(value, list | tuple):
            return tuple(_conform(args[0], item, f"{where}.{i}") for i, item in enumerate(value))
    elif kind is float and isinstance(value, int | float) and not isinstance(value, bool):
        if abs(value) <= sys.float_info.max:  # neither NaN nor beyond a float
            return float(value) + 0.0  # minus zero is zero
        raise SpecError(f"`{where}` must be finite. Received: {value!r}")
    elif isinstance(value, kind) and not (kind is int and isinstance(value, bool)):
        return value
    name = getattr(kind, "__name__", str(kind))
    raise SpecError(f"`{where}` must be {name}. Received: {value!r}")


def _build(kind: Any, value: Any, path: str) -> Any:
    """Turn JSON values into the annotation `kind`, naming the path of whatever is wrong."""
    origin, args = get_origin(kind), get_args(kind)
    if origin in _UNIONS:
        return None if value is None else _build(args[0], value, path)
    if origin is tuple and isinstance(value, list):
        return tuple(_build(args[0], item, f"{path}.{i}") for i, item in enumerate(value))
    if not dataclasses.is_dataclass(kind):
        return value
    if isinstance(value, typing.cast(type, kind)):
        return value
    if not isinstance(value, dict):
        raise SpecError(f"`{path or 'the spec'}` must be an object. Received: {value!r}")
    hints = _hints(kind)
    for name in value:
        if name not in hints:
            raise SpecError(f"no field '{_shown(_join(path, name))}'.{nearest(name, list(hints))}")
    for f in dataclasses.fields(kind):
        has_default = f.default is not dataclasses.MISSING
        has_default |= f.default_factory is not dataclasses.MISSING
        if f.name not in value and not has_default:
            raise SpecError(f"field '{_join(path, f.name)}' is missing")
    built = {name: _build(hints[name], item, _join(path, name)) for name, item in value.items()}
    return typing.cast(Any, kind)(**built)


def _replace_path(spec: Any, parts: list[str], value: Any, path: str) -> Any:
    """Return `spec` with the leaf at `parts` replaced; `path` is the whole path, for messages."""
    head, rest = parts[0], parts[1:]
    if isinstance(spec, tuple):
        if not head.isdecimal() or int(head) >= len(spec):
            raise SpecError(
                f"no field '{_shown(path)}': '{_shown(head)}' must be 0 to {len(spec) - 1}."
            )
        items = list(spec)
        items[int(head)] = _replace_path(spec[int(head)], rest, value, path) if rest else value
        return tuple(items)
    if not dataclasses.is_dataclass(spec):
        raise SpecError(f"no field '{_shown(path)}': nothing lies below it.")
    hints = _hints(type(spec))
    if head not in hints:
        raise SpecError(f"no field '{_shown(path)}'.{nearest(head, list(hints))}")
    if rest:
        new = _replace_path(getattr(spec, head), rest, value, path)
    else:
        new = _build(hints[head], value, path)
    return dataclasses.replace(typing.cast(Any, spec), **{head: new})


def _leaves(spec: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield (dotted path, value) of every scalar below `spec`."""
    if dataclasses.is_dataclass(spec):
        for f in dataclasses.fields(spec):
            yield from _leaves(getattr(spec, f.name), _join(path, f.name))
    elif isinstance(spec, tuple):
        for index, item in enumerate(spec):
            yield from _leaves(item, _join(path, str(index)))
    else:
        yield path, spec


def without_defaults(spec: Any) -> Any:
    """Return `to_dict`'s form without the fields that hold their default."""
    if isinstance(spec, tuple):
        return [without_defaults(item) for item in spec]
    if not dataclasses.is_dataclass(spec):
        return spec
    kept = {}
    for f in dataclasses.fields(spec):
        value = getattr(spec, f.name)
        made = f.default_factory
        default = made() if made is not dataclasses.MISSING else f.default
        if value != default:
            kept[f.name] = without_defaults(value)
    return kept


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _shown(name: str) -> str:
    """Return a name from outside as one line without control characters."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in name)


def at_least_one(option: str, value: int) -> int:
    """Return `value`, a number that an option of the command line takes.

    Raises SpecError where it is no whole number, or below 1.
    """
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise SpecError(f"{option} must be a whole number, at least 1. Received: {value!r}")
    return value
