"""Pickles read as data: an interpreter of their instructions that can run nothing.

Python's own unpickler imports what a file names and calls it. Here a name is looked up in a table
that the caller gives, of functions that make arrays; every other name ends the reading.
"""

from __future__ import annotations

import itertools
import pickletools
from collections.abc import Callable, Iterator, Mapping
from typing import Any, BinaryIO

#: "module.name" as a pickle writes it -> what stands for it: a function, or a plain value.
Known = Mapping[str, Any]

_MOST = 100_000  # values of a pickle: weights of a net have some hundreds
_MARK = object()
_VALUES: dict[str, Any] = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
_LITERALS = frozenset(
    "INT BININT BININT1 BININT2 LONG LONG1 LONG4 FLOAT BINFLOAT STRING BINSTRING SHORT_BINSTRING "
    "UNICODE BINUNICODE SHORT_BINUNICODE BINUNICODE8 BINBYTES SHORT_BINBYTES BINBYTES8 "
    "BYTEARRAY8".split()
)
_EMPTY: dict[str, Callable[[], Any]] = {"EMPTY_TUPLE": tuple, "EMPTY_LIST": list}
_EMPTY["EMPTY_DICT"] = dict
_TUPLES = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}
_MEMO = {"PUT", "BINPUT", "LONG_BINPUT"}
_RECALL = {"GET", "BINGET", "LONG_BINGET"}


class Built:
    """A value that a pickle makes first and fills later, by its instruction BUILD.

    Subclasses take the state in `build`, and give the value itself in `value`.
    """

    def build(self, state: Any) -> None:
        """Take the state that the pickle holds for it."""
        raise NotImplementedError

    def value(self) -> Any:
        """Return what was built."""
        raise NotImplementedError


def load(file: BinaryIO, known: Known, persistent: Callable[[Any], Any] | None = None) -> Any:
    """Return the value of the pickle that begins where `file` stands, and leave it behind it.

    Args:
        file: bytes in memory (`io.BytesIO`), so that a length in them cannot ask for more.
        known: the names that the pickle may use.
        persistent: makes a value of a persistent id; None: the pickle may have none.

    Returns:
        Dicts, lists, tuples, strings, numbers, bytes, and what the functions of `known` return.

    Raises:
        ValueError: it names something else, is damaged, or has an instruction that files of
            weights do not need. Nothing was run.

    >>> import io
    >>> load(io.BytesIO(b"(lp0\\nI1\\naI2\\na."), {})
    [1, 2]
    >>> load(io.BytesIO(b"cposix\\nsystem\\n(S'ls'\\ntR."), {})
    Traceback (most recent call last):
    ...
    ValueError: its pickle asks for 'posix.system', which no weights need; nothing was run
    """
    machine = _Machine(known, persistent)
    try:
        for instruction, argument, _ in pickletools.genops(file):
            machine.step(instruction.name, argument)
        return _plain(machine.stack.pop(), itertools.count())
    except (IndexError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"its pickle is damaged ({type(error).__name__})") from error


class _Machine:
    """The stack and the memo of a pickle (`pickletools` describes each instruction)."""

    def __init__(self, known: Known, persistent: Callable[[Any], Any] | None):
        self.known, self.persistent = known, persistent
        self.stack: list[Any] = []
        self.memo: dict[int, Any] = {}

    def step(self, name: str, argument: Any) -> None:
        """Carry out one instruction."""
        stack = self.stack
        if name in _LITERALS:
            stack.append(argument)
        elif name in _VALUES:
            stack.append(_VALUES[name])
        elif name in _EMPTY:
            stack.append(_EMPTY[name]())
        elif name in _TUPLES:
            stack.append(tuple(self._top(_TUPLES[name])))
        elif name in _MEMO:
            self.memo[argument] = stack[-1]
        elif name in _RECALL:
            stack.append(self.memo[argument])
        elif name == "MEMOIZE":
            self.memo[len(self.memo)] = stack[-1]
        elif name == "MARK":
            stack.append(_MARK)
        elif name not in ("PROTO", "FRAME", "STOP"):
            self._compound(name, argument)

    def _compound(self, name: str, argument: Any) -> None:
        """Carry out an instruction that joins what lies on the stack."""
        stack = self.stack
        if name in ("APPEND", "SETITEM"):
            items = self._top(1 if name == "APPEND" else 2)
            _extend(stack[-1], items)
        elif name in ("APPENDS", "SETITEMS"):
            items = self._marked()
            _extend(stack[-1], items)
        elif name in ("TUPLE", "LIST", "DICT"):
            made: Any = () if name == "TUPLE" else [] if name == "LIST" else {}
            items = self._marked()
            stack.append(tuple(items) if name == "TUPLE" else _extend(made, items))
        elif name == "GLOBAL":
            stack.append(self._named(*argument.split(" ", 1)))
        elif name == "STACK_GLOBAL":
            stack.append(self._named(*self._top(2)))
        elif name == "REDUCE":
            function, arguments = self._top(2)
            stack.append(function(*arguments))
        elif name == "BUILD":
            (state,) = self._top(1)
            if isinstance(stack[-1], Built):
                stack[-1].build(state)
            elif not isinstance(stack[-1], dict):  # attributes of a dict are not its items
                raise ValueError("its pickle fills an object that is no array")
        elif name == "BINPERSID" and self.persistent is not None:
            stack.append(self.persistent(stack.pop()))
        else:
            raise ValueError(
                f"its pickle has an instruction {name}, which no weights need; nothing was run"
            )

    def _named(self, module: Any, name: Any) -> Any:
        full = f"{module}.{name}"
        if full not in self.known:
            what = f"its pickle asks for {full[:80]!a}"
            raise ValueError(f"{what}, which no weights need; nothing was run")
        return self.known[full]

    def _top(self, count: int) -> list[Any]:
        """Take the last `count` values off the stack."""
        if len(self.stack) < count:
            raise IndexError
        items = self.stack[-count:]
        del self.stack[-count:]
        return items

    def _marked(self) -> list[Any]:
        """Take what lies above the last mark off the stack, and the mark."""
        place = max(i for i, item in enumerate(self.stack) if item is _MARK)
        items = self.stack[place + 1 :]
        del self.stack[place:]
        return items


def _extend(container: Any, items: list[Any]) -> Any:
    """Put items into a list, or keys and values in turn into a dict."""
    if isinstance(container, dict):
        container.update(zip(items[::2], items[1::2], strict=True))
    elif isinstance(container, list):
        container.extend(items)
    else:
        raise TypeError
    return container


def _plain(value: Any, counted: Iterator[int]) -> Any:
    """Return a value with everything built in it replaced by its own value.

    A short pickle can hold a list in a list in a list, twice each: they are counted.
    """
    if next(counted) > _MOST:
        raise ValueError(f"its pickle holds more than {_MOST:,} values")
    if isinstance(value, Built):
        return _plain(value.value(), counted)
    if isinstance(value, dict):
        return {_plain(key, counted): _plain(item, counted) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_plain(item, counted) for item in value)
    return value
