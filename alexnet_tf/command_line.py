"""The words of a command line: whatever is wrong with them is one line and exit code 2."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import NoReturn

from alexnet_tf.errors import SpecError
from alexnet_tf.values import at_least_one, nearest

_MOST = 10_000


def side_by_side(option: str, value: int) -> int:
    """Return `value`, a number of processes, threads, devices or seeds that an option takes.

    Raises:
        SpecError: it is no whole number from 1 to 10,000; more would fill the memory.
    """
    if at_least_one(option, value) > _MOST:
        raise SpecError(f"{option} must be at most {_MOST:,}. Received: {value:,}")
    return value


class Parser(argparse.ArgumentParser):
    """Options of a command. Use `parse`; options are typed in full.

    Args:
        module: that is run, such as "alexnet_tf.train".
        description: of the command, printed as it is laid out.
        epilog: printed after the options.
    """

    def __init__(self, module: str, description: str | None, epilog: str | None = None):
        super().__init__(
            prog=f"python -m {module}",
            description=description,
            epilog=epilog,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )

    def parse(self, argv: Sequence[str] | None) -> argparse.Namespace:
        """Return the options; `--help` prints its text and ends the process.

        Args:
            argv: words of the command line; None: those of this process.

        Raises:
            SpecError: an option that there is none of (the nearest is named), a value that is not
                allowed, too few words or too many.
        """
        for word in sys.argv[1:] if argv is None else argv:
            if word == "--":
                break
            if word.startswith("--") and word.endswith("=--"):  # argparse takes it for no value
                raise SpecError(f"{word.removesuffix('=--')} cannot be '--'")
        given, unknown = self.parse_known_args(argv)
        if unknown:
            flags = [flag for action in self._actions for flag in action.option_strings]
            word = unknown[0]
            if not word.startswith("-"):
                raise SpecError(f"no place for '{word}': too many words")
            raise SpecError(f"no option '{word}'.{nearest(word.partition('=')[0], flags)}")
        return given

    def error(self, message: str) -> NoReturn:
        """Raise `message` as a SpecError, where argparse prints its usage and exits."""
        raise SpecError(message)
