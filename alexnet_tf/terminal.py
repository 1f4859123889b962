"""The console on which a command prints: no text is markup, and a pipe gets whole lines."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from alexnet_tf.errors import take_any_text, visible

_NARROWEST = 20  # columns; fewer are a mistake, such as COLUMNS=0
_USUAL = 80
_PIPE = 140  # a file or a pipe has no width of its own; tables are set in this one


class _Console(Console):
    """Prints what a terminal would obey, in a name of an arm or a folder, as its escapes."""

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        for segment in super().render(renderable, options):
            if segment.control or segment.text.isprintable():
                yield segment
            else:
                lines = segment.text.split("\n")
                yield segment._replace(text="\n".join(visible(line) for line in lines))


def console(*, stderr: bool = False) -> Console:
    """Return a console on standard output, or on standard error.

    Brackets are printed as they are, since names of arms and folders may have them, and control
    characters as their escapes. Without a terminal no line is broken and nothing is coloured.
    """
    take_any_text()
    made = _Console(stderr=stderr, markup=False, highlight=False, emoji=False)
    if not made.is_terminal:
        return _Console(
            stderr=stderr, markup=False, highlight=False, emoji=False, soft_wrap=True, width=_PIPE
        )
    if made.width < _NARROWEST:
        made.width = _USUAL
    return made
