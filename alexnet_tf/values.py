"""Immutable values with checked fields: change, compare, to JSON and back.

The mechanics under `alexnet_tf.spec`, which holds the values themselves. A value is a
frozen dataclass whose fields are scalars, Literals, other values, tuples of values, or
None. This module imports the standard library only, and the errors.
"""

from __future__ import annotations

import dataclasses
import json
import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any, TypeVar, get_args, get_origin

from alexnet_tf.conform import UNIONS, hints_of
from alexnet_tf.conform import check_types as check_types
from alexnet_tf.conform import nearest as nearest
from alexnet_tf.conform import require as require
from alexnet_tf.errors import SpecError as SpecError

Value = TypeVar("Value")

_MISSING = dataclasses.MISSING


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


def _build(kind: Any, value: Any, path: str) -> Any:
    """Turn JSON values into the annotation `kind`, naming the path of whatever is wrong."""
    form = _form(kind)
    if value is None and form.optional:
        return None
    if form.items is not None and isinstance(value, list):
        return tuple(_build(form.items, item, f"{path}.{i}") for i, item in enumerate(value))
    if form.value is None or isinstance(value, form.value):
        return value
    if not isinstance(value, dict):
        raise SpecError(f"`{path or 'the spec'}` must be an object. Received: {value!r}")
    hints = hints_of(form.value)
    for name in value:
        if name not in hints:
            raise SpecError(f"no field '{_shown(_join(path, name))}'.{nearest(name, list(hints))}")
    for name in form.required:
        if name not in value:
            raise SpecError(f"field '{_join(path, name)}' is missing")
    built = dict(value)
    for name, item in value.items():
        if name in form.nested:
            built[name] = _build(hints[name], item, _join(path, name))
    return form.value(**built)


@dataclass(frozen=True)
class _Form:
    """What an annotation is built from: another value, a tuple of items, or else as it stands."""

    optional: bool = False  # None is allowed
    items: Any = None  # annotation of a tuple's items
    value: Any = None  # class of a value
    required: tuple[str, ...] = ()  # fields of it without a default
    nested: frozenset[str] = frozenset()  # fields of it that are values or tuples


@cache
def _form(kind: Any) -> _Form:
    """Return the form of an annotation; annotations are few and values many."""
    origin, args = get_origin(kind), get_args(kind)
    if origin in UNIONS:
        return dataclasses.replace(_form(args[0]), optional=True)
    if origin is tuple:
        return _Form(items=args[0])
    if not dataclasses.is_dataclass(kind):
        return _Form()
    nested = (name for name, hint in hints_of(typing.cast(type, kind)).items() if _has_form(hint))
    required = tuple(f.name for f in dataclasses.fields(kind) if _default(f) is _MISSING)
    return _Form(value=kind, required=required, nested=frozenset(nested))


def _has_form(hint: Any) -> bool:
    form = _form(hint)
    return form.items is not None or form.value is not None


def _default(field: dataclasses.Field[Any]) -> Any:
    made = field.default_factory
    return made() if made is not _MISSING else field.default


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
    hints = hints_of(type(spec))
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
    for name, default in _defaults(type(spec)):
        value = getattr(spec, name)
        if value is not default and value != default:
            known = dataclasses.is_dataclass(value)
            kept[name] = _reduced(value) if known else without_defaults(value)
    return kept


@lru_cache(maxsize=1024)
def _reduced(value: Any) -> Any:
    """Return `without_defaults` of a value that many experiments share, for reading alone."""
    return without_defaults(value)


@cache
def _defaults(kind: Any) -> tuple[tuple[str, Any], ...]:
    return tuple((f.name, _default(f)) for f in dataclasses.fields(kind))


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
