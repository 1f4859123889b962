"""Command lines, specs and study files drawn at random, from what is allowed to what is absurd."""

from __future__ import annotations

import argparse
import json
import os
import random
from pathlib import Path
from typing import Any

import any_spec

from ablations import new
from alexnet_tf.spec import PRESETS
from alexnet_tf.values import to_dict

#: Words that no option means to have, among them bytes that are no UTF-8 and signs of terminals.
ODD = (
    *("", " ", "-", "--", "-x", "--nothing", "[/b]", "=1+1", "a b", "%s", "{}", "{0}", "~nobody"),
    *("new\nline", "\x1b[31mred", "\u202eabc", "\udcff", "\u2212", "x" * 300, "y" * 3000, "None"),
    *("@file", "..", ".", "/dev/null", "/dev/null/below", "no/such/place", "tfds:", "tfds:x:y"),
)
USUAL = ("1", "2", "3", "7", "64")
NUMBERS = (
    *("0", "-1", "1e3", "nan", "inf", "-inf", "1.5", "0x10", "1_000"),
    *(" 3", "two", "\u0663", "9" * 30, "9" * 5000, "10001", "-0", "1e-320", "1e999"),
)
#: What stands in the folder that the commands are called in (`furnish`).
PATHS = (
    *("out", "new/below", "file", "file/below", "empty", "run", "cut", "hollow", "reports", "loop"),
    *("pictures", "pictures/b", "spec.json", "mine.py", "weights.npy", "weights.pth", "locked"),
)
SETTINGS = ("=1", "a", "a=", "train", "train.=1", "train..x=1", "model.convs.9.filters=1", "=")
VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, 1, -1, 7, 10**30, 0.5, -0.0, 1e308, float("nan"), float("inf"), "relu"),
    *("", "x", "\u2028", "\ud800", [], {}, [[]], [1, 2, 3], {"size": 3}, {"x": 1}, "9" * 40),
)


class Drawn:
    """A source of command lines; the same seed gives the same ones."""

    def __init__(self, seed: int):
        self.random = random.Random(seed)
        self.wild = 0.0  # share of words that are out of place, of the command at hand

    def words(self, parser: argparse.ArgumentParser) -> list[str]:
        """Return words for a command: most of its options with fitting values, some not."""
        words: list[str] = []
        self.wild = self.random.choice((0.0, 0.02, 0.1))
        for action in parser._actions:
            if isinstance(action, argparse._HelpAction):
                continue
            often = 1 - self.wild / 3 if action.required else 0.25
            if self.random.random() < often:
                words += self._option(action)
        if self.random.random() < self.wild:
            words.insert(self.random.randint(0, len(words)), self.random.choice(ODD))
        if self.random.random() < self.wild and words:
            words.pop(self.random.randrange(len(words)))
        if self.random.random() < 0.01:
            words.append("--help")
        return words

    def _option(self, action: argparse.Action) -> list[str]:
        flag = self.random.choice(action.option_strings) if action.option_strings else ""
        if action.nargs == 0:
            return [flag]
        many = action.nargs in ("+", "*")
        values = [self.value(action) for _ in range(self.random.randint(1, 3) if many else 1)]
        if flag and not many and self.random.random() < 0.2:
            return [f"{flag}={values[0]}"]
        return [flag, *values] if flag else values

    def value(self, action: argparse.Action) -> str:
        """Return a word for an option."""
        if self.random.random() < self.wild:
            return self.random.choice(ODD)
        if action.choices is not None:
            return str(self.random.choice([*action.choices, *["other"] * (self.wild > 0)]))
        if action.dest in ("spec", "net"):
            return self.random.choice([*PRESETS, "CIFAR_ALEXNEST", "spec.json", "spec.json", "run"])
        if action.dest in ("studies", "own"):
            return self.random.choice(["mine.py", "./mine.py", "lrn", "lrn", "lrm", "dropout"])
        if action.dest == "set":
            return self.setting()
        named = {
            "name": ("mine", "abc", "all", "runs", "lrn", "json", "class", "a-b", "1a", "\u00e9"),
            "budget": ("quick", "standard", "full", "fast"),
            "dataset": ("builtin", "cifar10", "imagenet", "auto", "cifar"),
            "until": ("decided", "tomorrow"),
            "precision": ("float32", "mixed_bfloat16", "float16"),
            "device": ("CPU", "GPU:0", "TPU", "GPU:"),
            "devices": ("CPU:0,CPU:1", "CPU:0", "GPU:0,GPU:1", ",,,", "CPU:0,CPU:0"),
        }
        if action.dest in named:
            return self.random.choice(named[action.dest])
        if action.type is Path or action.dest in ("source", "run", "file"):
            return self.random.choice(PATHS)
        return self.random.choice(NUMBERS if self.random.random() < 4 * self.wild else USUAL)

    def setting(self) -> str:
        """Return a FIELD=VALUE, of a field that there is or not, of a value that fits or not."""
        if self.random.random() < self.wild:
            return self.random.choice([*SETTINGS, "a=" + "[" * 50_000])
        path, value = self.random.choice(LEAVES)
        if self.random.random() < self.wild:
            path = path[: self.random.randrange(len(path))]
        if self.random.random() < 0.4:
            value = self.random.choice(VALUES)
        return f"{path}={json.dumps(value) if self.random.random() < 0.8 else value}"

    def spec(self) -> bytes:
        """Return the contents of a spec's file: an experiment with a change, or damaged."""
        values = to_dict(self.random.choice(list(PRESETS.values())))
        for _ in range(self.random.choice((0, 1, 1, 2))):
            self._change(values)
        return self._damaged(json.dumps(values).encode())

    def _change(self, values: Any) -> None:
        """Change one value somewhere in a tree of dicts and lists."""
        while True:
            keys = list(values) if isinstance(values, dict) else list(range(len(values)))
            if not keys:
                return
            key = self.random.choice(keys)
            if isinstance(values[key], dict | list) and self.random.random() < 0.8:
                values = values[key]
                continue
            if self.random.random() < 0.2:
                del values[key]
            elif isinstance(values, dict) and self.random.random() < 0.2:
                values[f"x{key}"] = values.pop(key)
            else:
                values[key] = self.random.choice(VALUES)
            return

    def _damaged(self, data: bytes) -> bytes:
        if self.random.random() < 0.9:
            return data
        place = self.random.randrange(len(data) + 1)
        return self.random.choice(
            [
                data[:place],
                data[:place] + bytes([self.random.randrange(256)]) + data[place + 1 :],
                b"\xef\xbb\xbf" + data,
                data.decode().encode("utf-16"),
                b"[" * 50_000,
                b"null",
                data + data,
            ]
        )

    def study(self) -> bytes:
        """Return a study's file: the one of `ablations.new`, with a line changed or damaged."""
        text = new._TEMPLATE.format(name="mine")
        lines: list[str] = list(text.splitlines())
        for _ in range(self.random.choice((0, 0, 1, 1, 2))):
            place = self.random.randrange(len(lines))
            head, equals, _ = lines[place].partition("=")
            value = repr(self.random.choice([*VALUES, *ODD, (), ("a",), {1: 2}]))
            value = value.replace("nan", "float('nan')").replace("inf", "float('inf')")
            changed = f"{head}={value}," if equals else self.random.choice(["", "raise X", "1/0"])
            lines[place] = changed
        return self._damaged("\n".join([*lines, ""]).encode("utf-8", "surrogatepass"))


LEAVES = any_spec.leaves(to_dict(any_spec.FULL))


def furnish(folder: Path, record: str) -> None:
    """Leave in `folder` what `PATHS` names: files, runs whole and damaged, a report's request."""
    for name in ("empty", "hollow", "reports/dropout", "pictures/a", "pictures/b", "locked"):
        (folder / name).mkdir(parents=True)
    for name, text in (("run", record), ("cut", record[:200]), ("reports/runs/x", record)):
        (folder / name).mkdir(parents=True)
        (folder / name / "result.json").write_text(text)
    (folder / "reports/dropout/request.json").write_text('{"dataset": "builtin"}')
    (folder / "file").write_text("a file")
    (folder / "weights.npy").write_bytes(b"\x93NUMPY\x01\x00v\x00{'descr'")
    (folder / "weights.pth").write_bytes(b"PK\x03\x04")
    (folder / "pictures/a/x.png").write_bytes(b"no picture")
    os.symlink("loop", folder / "loop")
