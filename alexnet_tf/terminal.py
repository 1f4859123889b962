"""The console on which a command prints: no text is markup, and a pipe gets whole lines."""

from __future__ import annotations

from rich.console import Console

from alexnet_tf.errors import take_any_text

_NARROWEST = 20  # columns; fewer are a mistake, such as COLUMNS=0
_USUAL = 80
_PIPE = 140  # a file or a pipe has no width of its own; tables are set in this one


def console(*, stderr: bool = False) -> Console:
    """Return a console on standard output, or on standard error.

    Brackets are printed as they are, since names of arms and folders may have them. Without a
    terminal no line is broken and nothing is coloured.
    """
    take_any_text()
    made = Console(stderr=stderr, markup=False, highlight=False, emoji=False)
    if not made.is_terminal:
        return Console(
            stderr=stderr, markup=False, highlight=False, emoji=False, soft_wrap=True, width=_PIPE
        )
    if made.width < _NARROWEST:
        made.width = _USUAL
    return made
