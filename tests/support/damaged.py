"""Files of every kind that the program reads back, damaged at random, and what it makes of them."""

from __future__ import annotations

import dataclasses
import random
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from alexnet_tf.errors import UserError

#: What a reader returns that has noticed the damage in a way of its own: nothing is there.
NOTHING = "nothing is there"


@dataclass(frozen=True)
class Kind:
    """Files that are written once and read often.

    Attributes:
        name: of the kind.
        paths: of the files, one of which is damaged at a time.
        read: what the program does with them, from the disk; `NOTHING` where it says that there
            is nothing of use. A `UserError` is a refusal.
        same: compares two values that `read` returned.
    """

    name: str
    paths: tuple[Path, ...]
    read: Callable[[], Any]
    same: Callable[[Any, Any], bool] = lambda one, two: one == two
    also: tuple[Path, ...] = ()  # files that reading may change, put back each time


@dataclass
class Tally:
    """How many damages were noticed, changed nothing, or led to something wrong."""

    noticed: int = 0
    harmless: int = 0
    wrong: list[str] = field(default_factory=list)

    @property
    def tried(self) -> int:
        return self.noticed + self.harmless + len(self.wrong)


def damage(content: bytes, how: random.Random) -> tuple[str, bytes]:
    """Return what was done and the damaged content, which differs."""
    kind = how.choice(["flip", "flip", "cut", "zeros"])
    if kind == "flip":
        bit = how.randrange(8 * len(content))
        made = bytearray(content)
        made[bit // 8] ^= 1 << bit % 8
        return f"bit {bit} of {8 * len(content)} flipped", bytes(made)
    start = how.randrange(len(content))
    if kind == "cut":
        return f"cut to {start} of {len(content)} bytes", content[:start]
    end = min(len(content), start + 512)
    if not any(content[start:end]):
        return damage(content, how)
    return f"zeros from {start}", content[:start] + bytes(end - start) + content[end:]


def tally(kind: Kind, count: int, seed: int = 0) -> Tally:
    """Damage the files of a kind `count` times, one at a time, and read them each time."""
    how, found = random.Random(f"{kind.name} {seed}"), Tally()
    good = {path: path.read_bytes() for path in (*kind.paths, *kind.also)}
    whole = kind.read()
    assert whole is not NOTHING and kind.same(whole, kind.read()), kind.name
    for number in range(count):
        path = kind.paths[number % len(kind.paths)]
        words, content = damage(good[path], how)
        path.write_bytes(content)
        try:
            value = kind.read()
            if value is NOTHING:
                found.noticed += 1
            elif kind.same(whole, value):
                found.harmless += 1
            else:
                found.wrong.append(f"{path.name}, {words}: another value")
        except UserError as error:
            found.noticed += 1
            if "\n" in str(error) or str(path.parent) not in str(error):
                found.wrong.append(f"{path.name}, {words}: a message without a place: {error}")
        except Exception:  # a traceback is what this looks for
            line = traceback.format_exc().strip().splitlines()[-1]
            found.wrong.append(f"{path.name}, {words}: {line}")
        for other, original in good.items():
            if not other.exists() or other.read_bytes() != original:
                other.write_bytes(original)
        for left in path.parent.glob("*.corrupt"):
            left.unlink()
    return dataclasses.replace(found)
