"""The rows of the index: claims by section of the paper, each with what is folded beneath it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ablations.analysis import quantities
from ablations.analysis.findings import Finding
from ablations.report.collect import main_section
from ablations.report.headline import Names
from ablations.study import Comparison, Study

#: What the paper calls its parts.
_HEADINGS = {
    **{"1": "Introduction", "2": "The Dataset", "3": "The Architecture"},
    **{"4": "Reducing Overfitting", "5": "Details of learning", "6": "Results", "7": "Discussion"},
}


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A row of the table.

    `finding` decides about a claim; None where a study decides about none. Secondary
    comparisons are folded beneath the first row of their study.
    """

    first: Finding  # of the study: its title, its claim, its section
    finding: Finding | None
    short: str  # tells the row from others of its study; empty where there are none
    secondary: tuple[Finding, ...]

    @property
    def again(self) -> bool:
        """True where another row of the study stands above it."""
        return self.finding is not None and self.finding is not self.first

    @property
    def section(self) -> str:
        """The section without what it names of it: "3.1" of "3.1, Figure 1"."""
        return self.first.section.split(",")[0]

    @property
    def name(self) -> str:
        """Name of the row, on one line."""
        return f"{self.first.title}: {self.short}" if self.short else self.first.title


@dataclass(frozen=True, kw_only=True)
class Group:
    """The rows of one part of the paper."""

    title: str
    claims: tuple[Claim, ...]


def groups(found: Sequence[Finding], studies: Mapping[str, Study]) -> list[Group]:
    """Return the findings by part of the paper, in their order, each part once.

    Args:
        found: the findings of every study.
        studies: name -> the study, of every finding.
    """
    by_study: dict[str, list[Finding]] = {}
    for item in found:
        by_study.setdefault(item.study, []).append(item)
    by_part: dict[str, list[Claim]] = {}
    for name, items in by_study.items():
        by_part.setdefault(main_section(items[0].section), []).extend(_claims(items, studies[name]))
    return [
        Group(title=f"{number} {_HEADINGS.get(number, '')}".strip(), claims=tuple(claims))
        for number, claims in by_part.items()
    ]


def names(grouped: Sequence[Group]) -> Names:
    """Return what every finding is called: deciding ones shortly, others by what they compare."""
    found = {}
    for claim in (claim for group in grouped for claim in group.claims):
        if claim.finding is not None:
            found[claim.finding.study, claim.finding.comparison] = claim.name
        for item in claim.secondary:
            found[item.study, item.comparison] = f"{item.title}: {item.label}"
    return found


def _claims(items: Sequence[Finding], study: Study) -> list[Claim]:
    """Return the rows of one study."""
    deciding = [item for item in items if item.family == "primary"]
    secondary = tuple(item for item in items if item.family != "primary")
    if not deciding:
        return [Claim(first=items[0], finding=None, short="", secondary=secondary)]
    shorts = _shorts(deciding, study)
    return [
        Claim(first=deciding[0], finding=item, short=short, secondary=() if place else secondary)
        for place, (item, short) in enumerate(zip(deciding, shorts, strict=True))
    ]


def _shorts(deciding: Sequence[Finding], study: Study) -> list[str]:
    """Return what tells the comparisons of a study apart: their variant, quantity or baseline."""
    if len(deciding) == 1:
        return [""]
    declared = {item.name: item for item in study.comparisons}
    words = [_words(declared.get(item.comparison), study, item) for item in deciding]
    apart = [column for column in zip(*words, strict=True) if len(set(column)) == len(deciding)]
    return list(apart[0]) if apart else [item.label for item in deciding]


def _words(item: Comparison | None, study: Study, finding: Finding) -> tuple[str, str, str]:
    """Return a reader's words for variant, quantity and baseline; ensembles have none."""
    if item is None:
        return finding.label, finding.label, finding.label
    labels = study.labels
    what = quantities.label(item.quantity, study.threshold)
    return labels.get(item.variant, item.variant), what, labels.get(item.baseline, item.baseline)
