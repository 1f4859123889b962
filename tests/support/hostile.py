"""Texts that would do harm where they are not taken as text, in every field a user can name."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence
from pathlib import Path

import fake_runs
import scores
from pagechecks import PAYLOADS

from ablations import study
from ablations.plan import Request, reported_runs, saved
from ablations.study import Study
from ablations.study.declared import check_names
from alexnet_tf import records
from alexnet_tf.errors import SpecError
from alexnet_tf.files import write_atomic

#: Those of a page, and those of a spreadsheet, a terminal, LaTeX, a shell and a file system.
HOSTILE = (
    *PAYLOADS,
    *('=HYPERLINK("http://x","y")', "+1+cmd|' /C calc'!A0", "-2+3", "@SUM(1)", "\t=1", "\r=1"),
    *("\uff1d1+1", "\x1b]0;title\x07", "\x1b[2J\x1b[H", "\x9b31m", "a\x08\x08b", "\n\nforged line"),
    *("\\input{/etc/passwd}", "\\write18{id}", "}{", "% comment", "^^41", "../../outside"),
    *("/absolute", "$(touch pwned)", "`id`; rm x", "CON:"),
)

#: Texts of the same lengths and lines that hold no sign which any of the formats reads.
HARMLESS = tuple(str(k) + re.sub(r"[^ \n]", "w", text) for k, text in enumerate(HOSTILE))

_STUDY = """
from ablations.study import Budget, Comparison, Study
from alexnet_tf.spec import CIFAR_ALEXNET, replace
TEXTS = {texts!r}
NAMES = {names!r}
ARMS = {{name: replace(CIFAR_ALEXNET, {{"train.momentum": k / 1000}})
        for k, name in enumerate(NAMES, 1)}}
STUDY = Study(
    name="mine", title=TEXTS[0], claim=" ".join(TEXTS), claim_ids=(TEXTS[1],),
    section="5 " + TEXTS[2], limits=TEXTS[3], scale_limits=TEXTS[4],
    arms={{"paper": CIFAR_ALEXNET, **ARMS}},
    labels={{"paper": TEXTS[5], **dict(zip(NAMES, TEXTS))}},
    budgets={{"quick": Budget(seeds=2, epochs=1, exploratory=True)}},
    comparisons=tuple(
        Comparison(name=name, baseline="paper", variant=name, claimed="higher", smallest=0.5,
                   argued=text, note=text, paper_source=text, paper=1.0 + k)
        for k, (name, text) in enumerate(zip(NAMES, TEXTS))
    ),
)
"""


def allowed(text: str) -> bool:
    """Whether a study takes a text as the name of an arm."""
    try:
        check_names("s", "arms", [text])
    except SpecError as error:
        assert "a text of one line" in str(error)
        return False
    return True


def write_study(folder: Path, texts: Sequence[str], taken: Sequence[bool]) -> Study:
    """Write mine.py, a study that has each of the texts in every field, and load it."""
    names = [
        text if fine else f"arm {k}"
        for k, (text, fine) in enumerate(zip(texts, taken, strict=True))
    ]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "mine.py").write_text(_STUDY.format(texts=list(texts), names=names), "utf-8")
    return study.load(str(folder / "mine.py"))


def write_records(out: Path, of: Study, texts: Sequence[str]) -> None:
    """Leave the request of a quick report of a study, and a record of each of its runs."""
    request = Request(dataset="builtin")
    saved.save(out / of.name, request)
    for number, run in enumerate(reported_runs(of, request, {})):
        text = texts[number % len(texts)]
        named = dataclasses.replace(fake_runs.ENVIRONMENT, host=text, cpu=text, code=text)
        whole = dict.fromkeys(("environment", "data"))
        whole["data"] = dataclasses.replace(fake_runs.FACTS, source=text)
        made = scores.record(of, run.arm, run.experiment, **whole | {"environment": named})
        if number > len(of.arms) and number % 7 == 0:
            failed = {"status": "failed", "reason": text.replace("\ud800", ""), "curve": ()}
            made = dataclasses.replace(made, **failed)
        name = "failed.json" if made.status == "failed" else "result.json"
        write_atomic(
            out / "runs" / made.run_id / name,
            records.to_json(made).replace("\\ud800", "").encode(),
        )
