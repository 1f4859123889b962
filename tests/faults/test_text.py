"""Fifty hostile texts in every field that a user can name: text everywhere, nothing else.

With `--long` each text also stands alone in every field at once.
"""

from __future__ import annotations

import csv
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from unicodedata import category

import numpy as np
import pytest
from hostile import HARMLESS, HOSTILE, allowed, write_records, write_study
from pagechecks import Page
from PIL import Image
from small_suite import inspection

from ablations import new
from ablations.cli import command
from ablations.report import __main__ as index
from ablations.report.figures import drawing
from alexnet_tf.data.prepare import __main__ as prepare

pytestmark = pytest.mark.timeout(3600)

TAKEN = [allowed(text) for text in HOSTILE]
NUMBER = re.compile(r"[-+]?(inf|nan|\d[\d.]*(e[-+]?\d+)?)")


def printable(said: str) -> bool:
    """Whether nothing in it is obeyed by a terminal, but ends of lines."""
    return all(c == "\n" or category(c) not in ("Cc", "Cf", "Cs", "Zl", "Zp") for c in said)


def report(
    folder: Path, texts: Sequence[str], taken: Sequence[bool], out: str = "out"
) -> list[Path]:
    """Write a study's page and the index from records that hold the texts; return all files."""
    of = write_study(folder, texts, taken)
    place = folder / out
    write_records(place, of, texts)
    for path in (place / "runs").glob("*"):
        values: dict[str, Any] = {**inspection(path)}
        values["class_names"] = np.array([text.replace("\0", "") for text in texts[:10]])
        np.savez(path / "inspection.npz", **values)
        break
    mine = str(folder / "mine.py")
    assert command.main([mine, "--out", str(place), "--report-only"]) == 0
    assert index.main(["--out", str(place), mine]) == 0
    return [path for path in place.rglob("*") if path.is_file() and "runs" not in path.parts]


def kinds(files: Sequence[Path]) -> set[tuple[str, tuple[str, ...]]]:
    """Every kind of element with the names of its attributes."""
    return {kind for path in files if path.suffix == ".html" for kind in Page(path).outline}


def check_page(path: Path, texts: Sequence[str]) -> None:
    page = Page(path)
    for _, attributes in page.elements:
        assert not [name for name in attributes if name.startswith("on")]
        for name in ("href", "src", "action"):
            target = attributes.get(name, "#")
            assert re.fullmatch(r"#[\w-]*|data:image/\w+[^<]*|[\w./-]+\.\w+", target), target
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]", path.read_text("utf-8"))
    shown = " ".join(page.words.split())
    for text in texts if path.parent.name == "mine" else ():
        assert " ".join(drawing.clean(text).split()) in shown


def cells(path: Path) -> Iterator[str]:
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.reader(file):
            yield from row


def check_csv(path: Path) -> None:
    for cell in cells(path):
        assert NUMBER.fullmatch(cell) or not cell.startswith(tuple("=+-@\t\r\0\uff1d\uff0b\uff0d"))
        assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", cell)


def check_latex(path: Path) -> None:
    """No command of a text's own, braces that balance, as many cells in every row."""
    text = path.read_text("utf-8")
    known = r"begin|end|toprule|midrule|bottomrule|textbackslash|textasciitilde"
    known += r"|textasciicircum|times"
    assert not re.search(rf"\\(?!({known})\b)[A-Za-z]", text)
    assert not re.search(r"\^\^", text)
    bare = re.sub(r"\\[\\&%$#_{},]", "", text)
    assert bare.count("{") == bare.count("}") and "%" not in bare and "#" not in bare
    assert bare.replace("$-$", "").replace(r"$\times$", "").count("$") == 0
    rows = text.split("\\midrule\n")[1].split("\\bottomrule")[0].splitlines()
    assert len({len(re.findall(r"(?<!\\)&", row)) for row in rows}) == 1


def check(files: Sequence[Path], texts: Sequence[str]) -> None:
    assert {".html", ".csv", ".tex", ".md", ".svg"} <= {path.suffix for path in files}
    for path in files:
        if path.suffix == ".html":
            check_page(path, texts)
        elif path.suffix == ".csv":
            check_csv(path)
        elif path.suffix == ".tex":
            check_latex(path)
        elif path.suffix == ".svg":
            tags = {element.tag.rpartition("}")[2] for element in ElementTree.parse(path).iter()}
            assert not tags & {"script", "foreignObject", "image", "a"}


def test_fifty_texts_in_every_field_of_a_study_are_text(tmp_path, capsys):
    plain = report(tmp_path / "plain", HARMLESS, TAKEN)
    capsys.readouterr()
    files = report(tmp_path / "hostile", HOSTILE, TAKEN)
    said = capsys.readouterr()
    assert len(HOSTILE) >= 50 and 30 < sum(TAKEN) < len(TAKEN)
    assert printable(said.out) and printable(said.err)
    check(files, HOSTILE)
    assert kinds(files) <= kinds(plain)
    assert sorted(p.name for p in files) == sorted(p.name for p in plain)


def test_each_text_alone_in_every_field(tmp_path, long, capsys):
    for number, text in enumerate(HOSTILE if long else HOSTILE[28:30]):
        check(report(tmp_path / str(number), [text] * 6, [False] * 6), [text])
        said = capsys.readouterr()
        assert printable(said.out) and printable(said.err), text


@pytest.mark.parametrize("text", HOSTILE)
def test_a_text_as_the_name_of_a_folder_or_a_study_stays_inside(text, tmp_path, capsys):
    place = tmp_path / "a" / "b"
    place.mkdir(parents=True)
    code = new.main([text, "--out", str(place)])
    assert code in (0, 2)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == sorted(place.glob("*.py"))
    assert command.main([text, "--out", str(place), "--report-only"]) == 2
    said = capsys.readouterr()
    assert printable(said.out) and printable(said.err)


@pytest.mark.parametrize("text", [text for text in HOSTILE if not {"/", "\0", "\ud800"} & {*text}])
def test_out_of_any_name_gets_all_files_and_prints_no_escape(text, tmp_path, capsys):
    place = tmp_path / text
    code = command.main(["lrn", "--out", str(place), "--report-only"])
    assert code == 2 and not place.exists()
    place.mkdir()
    assert index.main(["--out", str(place)]) == 3
    said = capsys.readouterr()
    assert printable(said.out) and printable(said.err) and said.err.count("\n") == 2


def test_reports_in_a_folder_of_a_hostile_name(tmp_path, capsys):
    text = "x\x1b[31m <b>=1 $(id) \u202e"
    files = report(tmp_path, HARMLESS[:6], [True] * 6, out=text)
    assert all(tmp_path / text in path.parents for path in files)
    check(files, HARMLESS[:6])
    said = capsys.readouterr()
    assert printable(said.out) and printable(said.err) and r"x\x1b[31m <b>" in said.out


def test_classes_of_any_name_are_prepared_and_named(tmp_path, capsys):
    usable = [text for text in HOSTILE if not {"/", "\0", "\ud800"} & {*text}]
    for number, text in enumerate(usable):
        (tmp_path / "in" / text).mkdir(parents=True)
        for k in range(2):
            image = Image.new("RGB", (8, 8), (number, k, 0))
            image.save(tmp_path / "in" / text / f"{k}.png")
        (tmp_path / "in" / text / f"{text[:40]}.jpg").write_bytes(b"none")
    words = [str(tmp_path / "in"), str(tmp_path / "out"), "--size", "8", "--jobs", "1"]
    assert prepare.main([*words, "--skip-bad"]) == 0
    said = capsys.readouterr()
    assert printable(said.out) and printable(said.err)
    check_csv(tmp_path / "out" / "bad_files.csv")
    assert {path.name for path in tmp_path.iterdir()} == {"in", "out"}
