"""Errors that a user can mend: one line each, and one exit code for each kind of cause."""

from __future__ import annotations

import codecs
import os
import re
import signal
import sys
import unicodedata
from collections.abc import Callable
from typing import NoReturn

USAGE = 2  # what was typed, or written in a spec or a study
DATA = 3  # images or records that are missing, damaged or not those expected
ENVIRONMENT = 4  # disk, memory, devices, versions
LOCKED = 5  # another process works in the folder
FAILED_RUNS = 6  # some runs of a study failed; the rest is done
TERMINATED = 75  # stopped by SIGTERM; the same command continues
INTERRUPTED = 130  # stopped by Ctrl-C


_LONGEST = 1000  # characters of an error
_OBEYED = ("Cc", "Cf", "Cs", "Zl", "Zp")  # control, format, half characters, ends of lines

#: Signs that an encoding may lack -> what is read as the same.
_PLAIN = {
    **{"\N{MINUS SIGN}": "-", "\N{EN DASH}": "-", "\N{EM DASH}": "-", "\N{HYPHEN}": "-"},
    **{"\N{LEFT DOUBLE QUOTATION MARK}": '"', "\N{RIGHT DOUBLE QUOTATION MARK}": '"'},
    **{"\N{LEFT SINGLE QUOTATION MARK}": "'", "\N{RIGHT SINGLE QUOTATION MARK}": "'"},
    **{
        "\N{MULTIPLICATION SIGN}": "x",
        "\N{HORIZONTAL ELLIPSIS}": "...",
        "\N{PLUS-MINUS SIGN}": "+-",
    },
    **{"\N{NARROW NO-BREAK SPACE}": " ", "\N{NO-BREAK SPACE}": " ", "\N{RIGHTWARDS ARROW}": "->"},
    **{"\N{LESS-THAN OR EQUAL TO}": "<=", "\N{GREATER-THAN OR EQUAL TO}": ">="},
    **{"\N{BOX DRAWINGS LIGHT HORIZONTAL}": "-", "\N{BOX DRAWINGS HEAVY HORIZONTAL}": "="},
}


class UserError(Exception):
    """Base of what is reported without a traceback: one line with what, where and what to do.

    `exit_code` is that of a command which ends with the error (`exit_code` below).
    """

    exit_code: int


class SpecError(UserError, ValueError):
    """A value of a spec, study or option that is out of range or of the wrong type.

    Exit code 2. It is a ValueError too, as Keras raises for a wrong argument.
    """

    exit_code = USAGE


class DataError(UserError, RuntimeError):
    """Data that are missing, damaged or of the wrong size. Exit code 3."""

    exit_code = DATA


class RecordError(UserError, ValueError):
    """A record that cannot be read; the message names the file and the cause. Exit code 3."""

    exit_code = DATA


class OutputError(UserError, ValueError):
    """Outputs of a net that are NaN: its weights are finite and too large. Exit code 3."""

    exit_code = DATA


class EnvironmentChangedError(UserError, RuntimeError):
    """A state was made in an environment that does not give the same bits as this one.

    Versions, processor, device, threads or images differ. Exit code 4.
    """

    exit_code = ENVIRONMENT


class DeviceError(UserError, RuntimeError):
    """A device that is asked for is not there, or cannot be used as asked. Exit code 4."""

    exit_code = ENVIRONMENT


class LockedError(UserError, RuntimeError):
    """Another process works in the folder; the message names it. Exit code 5."""

    exit_code = LOCKED


class Terminated(KeyboardInterrupt):
    """SIGTERM, where a command answers it as it does Ctrl-C.

    CPython ends a process by SIGINT when a KeyboardInterrupt has passed through `exec` of a text,
    as in the definition of a dataclass, though it was caught: not so one of another class.
    """


def terminate(number: int, frame: object) -> NoReturn:
    """Raise `Terminated`; for `signal.signal`."""
    raise Terminated(TERMINATED)


def leave(code: int) -> NoReturn:
    """End the process of a command with this exit code, whatever SIGTERM comes meanwhile.

    Python takes back a program's answers to signals before it has freed its modules.
    """
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    sys.exit(code)


def exit_code(
    prog: str,
    body: Callable[[], int],
    *,
    after_disk: str = "",
    interrupted: str = "interrupted",
) -> int:
    """Run a command's body and return its exit code; an error is one line on standard error.

    Args:
        prog: module of the command, in front of the line.
        body: returns the command's own exit code.
        after_disk: what to say after an error of the disk.
        interrupted: what to say after Ctrl-C.

    Returns:
        `body`'s own code; `UserError.exit_code`; 4 for a missing module, OSError and MemoryError;
        for a KeyboardInterrupt its first argument, or 130. Every other exception passes, but for
        one of TensorFlow that tells of a `DataError` inside of it.
    """
    take_any_text()
    try:
        return body()
    except UserError as error:
        return fail(prog, error.exit_code, error)
    except ModuleNotFoundError as error:
        return fail(prog, ENVIRONMENT, error)
    except MemoryError as error:
        return fail(prog, ENVIRONMENT, f"too little memory: {error}".rstrip(": "))
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        hint = f". {after_disk}" if after_disk else ""
        return fail(prog, ENVIRONMENT, f"{where}{error.strerror or error}{hint}")
    except Exception as error:
        # TensorFlow hands on an error of a function that it calls as text, in one of its own
        told = re.search(r"\bDataError: (.+)", str(error))
        if told is None:
            raise
        return fail(prog, DATA, told[1])
    except KeyboardInterrupt as stop:
        code = stop.args[0] if stop.args else INTERRUPTED
        return fail(prog, code, interrupted)


def take_any_text() -> None:
    """Have standard output and standard error take every text, in any encoding, open or closed.

    A sign that the encoding lacks is printed as one that is read the same, or as its escape.
    """
    codecs.register_error("alexnet_plain", _plain)
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:  # closed by the caller
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))
        elif hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="alexnet_plain")


def _plain(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lost = error.object[error.start : error.end]
    known = (_PLAIN.get(c) or c.encode("ascii", "backslashreplace").decode() for c in lost)
    return "".join(known), error.end


def fail(prog: str, code: int, message: object) -> int:
    """Print `prog: message` on standard error as one line, and return `code`.

    A name in it, of a file or a field, may be anything: it is printed as `visible` has it, and of a
    message beyond 1,000 characters the middle is left out.
    """
    words = visible(str(message))
    if len(words) > _LONGEST:
        words = f"{words[: _LONGEST // 2]} [...] {words[-_LONGEST // 2 :]}"
    print(f"{prog}: {words}", file=sys.stderr)
    return code


def visible(text: str) -> str:
    """Return a text with what ends a line or what a terminal obeys as its escapes.

    >>> visible("red " + chr(27) + "[31m")
    'red \\\\x1b[31m'
    """
    if text.isprintable():
        return text
    return "".join(
        c.encode("unicode_escape").decode() if unicodedata.category(c) in _OBEYED else c
        for c in text
    )
