"""One page for the whole suite: every claim with the paper's value, ours and the verdict."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

import pandas as pd

from ablations.analysis import comparisons, frames, simultaneous
from ablations.analysis.findings import Finding, findings
from ablations.analysis.paper_tables import paper_tables
from ablations.analysis.verdict import Verdict
from ablations.execution.store import Records
from ablations.plan import StudyRun
from ablations.report import baseline_section, claim_rows, headline, html, numbers, text_tables
from ablations.report.answer import contradictions
from ablations.report.collect import Collected, Damaged, collect, studies
from ablations.report.figures import all_effects, kernels
from ablations.report.figures.drawing import clean
from ablations.study import Study

_log = logging.getLogger(__name__)

#: The arm that is the paper's net, and the studies whose nets are asked first.
_PAPER, _FIRST = "paper", ("ensemble", "ten_views")

#: Study and arm of the net that Table 2 marks with an asterisk.
_PRETRAINED = "pretraining", "pretrained"

_DATASETS = {"cifar10": "CIFAR-10", "imagenet": "ImageNet", "builtin": "the built-in images"}


def write_index(
    records: Records, own: Sequence[Study] = (), made: Sequence[Collected] = ()
) -> Path:
    """Write the page over all the reports of a folder, from their records.

    A report that cannot be read is named and left out.

    Args:
        records: of the folder.
        own: studies that are not of the suite, to be on the page too.
        made: studies that have just been analysed.

    Returns:
        The page. Beside it lie findings.csv, claims.md and claims.tex.

    Raises:
        OSError: the folder cannot be written.
    """
    found, damaged = collect(records, own, made)
    for item in damaged:
        _log.warning("%s; the index is written without this report", item.error)
    return write(found, studies(), records.out, damaged)[-1]


def write(
    collected: Sequence[Collected],
    known: Sequence[Study],
    out: Path,
    damaged: Sequence[Damaged] = (),
) -> list[Path]:
    """Write the index of these studies; those of `known` that are not among them are listed.

    What is damaged is named as such.

    Returns:
        The files written, the page last.

    Raises:
        OSError: the folder cannot be written.
    """
    found = _over_the_suite(
        collected, [finding for item in collected for finding in findings(item.analysis)]
    )
    files = {
        "findings.csv": _csv(found),
        "claims.md": claim_table(found).encode(),
        "claims.tex": _latex(found).encode(),
        "index.html": _page(collected, known, found, damaged, Records(out)),
    }
    return html.write_files(out, files)


def _over_the_suite(collected: Sequence[Collected], found: Sequence[Finding]) -> list[Finding]:
    """Return the findings with the simultaneous intervals of those that decide about claims."""
    names = {(item.study, item.comparison) for item in _primary(found)}
    courses, shares = {}, {}
    for item in collected:
        study, entry = item.analysis.study, item.analysis.study.budgets.get(item.analysis.budget)
        by_arm = {arm: frames.reported(item.runs, arm) for arm in study.arms}
        for name, course in comparisons.courses(study, entry, by_arm).items():
            if (study.name, name) in names and entry is not None and not entry.exploratory:
                courses[study.name, name] = course
                shares[study.name, name] = simultaneous.base_share(study, entry, course)
    ends = simultaneous.intervals(courses, shares)
    nothing = (float("nan"), float("nan"))
    return [
        dataclasses.replace(one, low_suite=low, high_suite=high)
        for one in found
        for low, high in [ends.get((one.study, one.comparison), nothing)]
    ]


def claim_table(found: Sequence[Finding]) -> str:
    """Return the claims as a Markdown table: title, paper, ours, n and verdict."""
    rows = [_cells(finding) for finding in _primary(found)]
    return text_tables.markdown(_HEAD, rows, "lrrrl")


_HEAD = ("Claim", "Paper", "Ours (95 % interval)", "n", "Verdict")


def _latex(found: Sequence[Finding]) -> str:
    return text_tables.latex(_HEAD, [_cells(finding) for finding in _primary(found)], "lrrrl")


def _primary(found: Sequence[Finding]) -> list[Finding]:
    """Return the findings that decide about a claim."""
    return [finding for finding in found if finding.family == "primary"]


def _cells(finding: Finding) -> list[str]:
    name = f"{finding.title}: {finding.label}" if finding.label else finding.title
    ours = numbers.bounded(finding.estimate, finding.unit, finding.bound)
    ends = numbers.effect_interval(finding.low, finding.high, finding.unit)
    if ends != numbers.UNKNOWN:
        ours = f"{ours} ({ends})"
    n = str(finding.n)
    if finding.n_baseline not in (finding.n, 0):
        n += f" / {finding.n_baseline}"
    return [name, finding.paper_text, ours, n, finding.verdict]


def _csv(found: Sequence[Finding]) -> bytes:
    names = [field.name for field in dataclasses.fields(Finding)]
    rows = [{**vars(item), "claim_ids": " ".join(item.claim_ids)} for item in found]
    # pandas cannot hold half a surrogate, which a study's words may have
    rows = [{k: clean(v) if isinstance(v, str) else v for k, v in row.items()} for row in rows]
    table = pd.DataFrame(rows, columns=pd.Index(names)).astype({"paper": "float64"})
    return html.csv_table(table)


# --- the page -----------------------------------------------------------------------------


def _page(
    collected: Sequence[Collected],
    known: Sequence[Study],
    found: Sequence[Finding],
    damaged: Sequence[Damaged],
    records: Records,
) -> bytes:
    """Return the self-contained page; `records` are of the folder that it is for."""
    # every run once, however many studies share it
    runs = {run.planned.experiment.run_id: run for item in collected for run in item.runs}.values()
    nets, pretrained = _paper_nets(collected), _runs(collected, _PRETRAINED)
    others = baseline_section.section(records, nets)
    studies = {one.analysis.study.name: one.analysis.study for one in collected}
    groups = claim_rows.groups(found, studies)
    there = {*studies, *(item.study.name for item in damaged)}
    missing = [item for item in known if item.name not in there]
    rows = _effects(groups, collected)
    against = contradictions([item.analysis for item in collected])
    datasets = {item.analysis.dataset for item in collected}
    shared = html.provenance(list(runs))
    return html.render(
        "index.html",
        scripts=("claims.js",),
        headline=headline.paragraphs(found, claim_rows.names(groups), against, len(missing))
        if found or not damaged
        else [],
        damaged=[item.study.title for item in damaged],
        groups=groups,
        panels={
            "wide-figure": all_effects.panels(rows, all_effects.WIDE),
            "narrow": all_effects.panels(rows, all_effects.NARROW),
        },
        undrawn=all_effects.undrawn(rows),
        verdicts=[name for name in get_args(Verdict) if any(f.verdict == name for f in found)],
        missing=missing,
        tables=paper_tables(nets, pretrained, others.measured if others else {}),
        baselines=others,
        pretrained=any(run.record for run in pretrained),
        has_nets=any(run.record for run in nets),
        inspection=kernels.inspect(nets),
        synthetic=any(item.analysis.synthetic for item in collected),
        exploratory=sorted({item.budget for item in found if item.exploratory}),
        datasets=sorted({_DATASETS.get(name, name) for name in datasets}),
        budgets=sorted({item.analysis.budget for item in collected}),
        trained=sum(run.record is not None for run in runs),
        machines=sorted({_machine(values) for values, _ in shared["environments"]}),
        **shared,
    )


def _effects(
    groups: Sequence[claim_rows.Group], collected: Sequence[Collected]
) -> list[all_effects.Row]:
    """Return the deciding effects as rows of the picture.

    Where the paper's size is the claim, the band is what counts as it, not what is too small.
    """
    ranges = {
        (row["study"], row["comparison"]): (row["range_low"], row["range_high"])
        for item in collected
        for row in html.rows(item.analysis.comparisons, claimed="within")
    }
    return [
        all_effects.Row(
            group=group.title,
            short=claim.short,
            finding=one,
            band=ranges.get((one.study, one.comparison), all_effects.band(one)),
        )
        for group in groups
        for claim in group.claims
        for one in [claim.finding]
        if one is not None
    ]


def _machine(environment: Mapping[str, Any]) -> str:
    """Name what a run was computed on."""
    device = environment["device"]
    return environment["cpu"] if device == "CPU" else f"{device} ({environment['cpu']})"


def _paper_nets(collected: Sequence[Collected]) -> list[StudyRun]:
    """Return the runs of the paper's net, from the study that was made for them if it is there."""
    ranked = sorted(collected, key=lambda item: _rank(item.analysis.study.name))
    for item in ranked:
        runs = [run for run in item.runs if run.planned.arm == _PAPER]
        if any(run.record is not None for run in runs):
            return runs
    return []


def _runs(collected: Sequence[Collected], where: tuple[str, str]) -> list[StudyRun]:
    """Return the runs of one arm of one study; none where it was not run."""
    of_study = (item.runs for item in collected if item.analysis.study.name == where[0])
    return [run for runs in of_study for run in runs if run.planned.arm == where[1]]


def _rank(name: str) -> int:
    return _FIRST.index(name) if name in _FIRST else len(_FIRST)
