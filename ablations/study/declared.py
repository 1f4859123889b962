"""Names and kinds of what a study declares, checked before anything is made of them."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Mapping
from typing import Any

from alexnet_tf.errors import SpecError

#: No study has these names: of the command line, and of the folders beside the reports.
RESERVED = ("all", "runs", "cache")

_NAME = re.compile(r"\w[\w-]*")
_LONGEST_NAME, _LONGEST_LABEL = 64, 200  # characters


def check_name(name: object) -> None:
    """Refuse what cannot be a study's name: that of its file, its report's folder and its command.

    Raises:
        SpecError: no word of letters, digits, _ and -, longer than 64, or with a meaning already:
            to the command line, beside the reports, or to Python, whose module its file would hide.
    """
    if not isinstance(name, str) or not _NAME.fullmatch(name) or len(name) > _LONGEST_NAME:
        raise SpecError(
            f"a study's name must be letters, digits, _ and -, {_LONGEST_NAME} at most. "
            f"Received: {str(name)[:_LONGEST_NAME]!r}"
        )
    if name in RESERVED or name in sys.stdlib_module_names:
        what = "" if name in RESERVED else ", a module of Python's own"
        raise SpecError(f"a study cannot be called '{name}'{what}. Choose another name.")


def check_kinds(study: str, declared: Mapping[str, tuple[Any, type]]) -> None:
    """Refuse fields of the wrong type.

    Args:
        study: its name, for the message.
        declared: field -> (value, type); of a mapping the values are checked, of a tuple its items,
            of anything else the value itself.

    Raises:
        SpecError: one is of another type.
    """
    for field, (value, kind) in declared.items():
        items = value.values() if isinstance(value, Mapping) else value
        for item in items if isinstance(value, Mapping | tuple) else (value,):
            if not isinstance(item, kind):
                raise SpecError(
                    f"study {study}: `{field}` must be of {kind.__name__}. Received: {item!r:.80}"
                )


def check_names(study: str, field: str, names: Iterable[object]) -> None:
    """Refuse names of arms or comparisons that no table can show.

    Raises:
        SpecError: one is no text, empty, longer than 64 characters or has a control character.
    """
    for name in names:
        fits = isinstance(name, str) and 0 < len(name) <= _LONGEST_NAME and name.isprintable()
        if not fits:
            raise SpecError(
                f"study {study}: a name in `{field}` must be a text of one line, of 1 to "
                f"{_LONGEST_NAME} characters. Received: {name!r:.80}"
            )


def check_labels(study: str, labels: Mapping[str, str]) -> None:
    """Refuse labels that fit into no legend: longer than 200 characters."""
    for arm, label in labels.items():
        if len(label) > _LONGEST_LABEL:
            raise SpecError(
                f"study {study}: the label of '{arm}' must have {_LONGEST_LABEL} characters at "
                f"most. Received: {len(label):,}"
            )
