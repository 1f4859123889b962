"""The functions and constants of a loaded module, exchanged for those of another source of it."""

from __future__ import annotations

import functools
import sys
from types import FunctionType, ModuleType
from typing import Any

PLAIN = (int, float, str, bytes, bool, type(None))


def swap(module: ModuleType, source: str) -> None:
    """Let a loaded module do what another source of it says, wherever it was imported.

    Functions and methods keep their identity and get other code. Constants of plain data are
    exchanged in the module and where they were imported by name. Defaults of a dataclass's fields,
    and what another module made of a constant when it was imported, stay.
    """
    fresh = ModuleType(module.__name__)
    fresh.__file__ = module.__file__
    exec(compile(source, str(module.__file__), "exec"), vars(fresh))
    for name, new in vars(fresh).items():
        old = vars(module).get(name)
        if name.startswith("__") or old is new:
            continue
        if _is_plain(new) and _is_plain(old):
            for each in [one for one in sys.modules.values() if isinstance(one, ModuleType)]:
                if vars(each).get(name) is old:
                    setattr(each, name, new)
        else:
            _swap(old, new)


def _swap(old: Any, new: Any) -> None:
    if isinstance(old, FunctionType):
        old.__code__, old.__defaults__ = new.__code__, new.__defaults__
        old.__kwdefaults__ = new.__kwdefaults__
    elif isinstance(old, type):
        for name, member in vars(new).items():
            before = vars(old).get(name)
            if not name.startswith("__") and _is_plain(member) and _is_plain(before):
                if before != member:
                    setattr(old, name, member)
            elif name not in ("__dict__", "__weakref__"):
                _swap(before, member)
        return
    elif isinstance(old, property):
        _swap(old.fget, new.fget)
    elif isinstance(old, functools.cached_property):
        _swap(old.func, new.func)
    elif isinstance(old, classmethod | staticmethod):
        _swap(old.__func__, new.__func__)
    inner = getattr(old, "__wrapped__", None)
    if isinstance(inner, FunctionType):
        _swap(inner, new.__wrapped__)
    getattr(old, "cache_clear", lambda: None)()


def _is_plain(value: Any) -> bool:
    if isinstance(value, dict):
        return all(_is_plain(one) for pair in value.items() for one in pair)
    if isinstance(value, list | tuple | set | frozenset):
        return all(map(_is_plain, value))
    return isinstance(value, PLAIN)
