"""What the index says of the baselines: rows of Tables 1 and 2, the CNN's lead, and a picture."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from ablations.analysis import baselines
from ablations.analysis.baselines import Baseline, BaselineRecord, Error
from ablations.analysis.paper_tables import Measured
from ablations.execution.store import Records
from ablations.plan import StudyRun
from ablations.report.figures import baselines_figure, drawing
from alexnet_tf.records import DataFacts
from alexnet_tf.values import replace

_log = logging.getLogger(__name__)

#: The rows of the paper's tables that the baselines stand in.
NAMES: Mapping[Baseline, str] = {"sparse_coding": "Sparse coding", "sift_fisher": "SIFT + FVs"}
_CNN = "CNN, ten views"


@dataclass(frozen=True, kw_only=True)
class Row:
    """A baseline beside the CNN on the same images.

    Attributes:
        error: of the baseline in percent, with its interval over seeds and test images.
        cnn: of the nets that were trained on as many images; None without any.
        lead: the baseline's error minus the CNN's, in points.
    """

    name: str
    train_images: int
    error: Error
    cnn: Error | None
    lead: Error | None


@dataclass(frozen=True, kw_only=True)
class Section:
    """The baselines that were measured on the images of the nets.

    Attributes:
        measured: rows of the tables, of as many training images as the nets'.
        train_images: of the nets.
        rows: every baseline and number of images.
        figure: errors over the number of images, as an element of the page.
    """

    measured: Mapping[str, Measured]
    train_images: int
    rows: tuple[Row, ...]
    figure: Markup


def section(records: Records, nets: Sequence[StudyRun]) -> Section | None:
    """Return what there is to say; None without baselines of the images of the nets.

    A record that cannot be read is named in a warning and left out.

    Args:
        records: of the folder of reports; the baselines lie beside its runs.
        nets: of the paper's arm.
    """
    found, damaged = baselines.read(records.out)
    for error in damaged:
        _log.warning("%s; the index is written without this record", error)
    facts = next((run.record.data for run in nets if run.record and run.record.data), None)
    if facts is None:
        return None
    split = nets[0].planned.experiment.data.split
    groups = [
        group
        for group in baselines.groups(found)
        if group[0].split == split and _images(group[0].data) == _images(facts)
    ]
    if not groups:
        return None
    rows = [_row(group, records, nets, facts.train_images) for group in groups]
    return Section(
        measured={
            group[0].baseline: baselines.measured(group)
            for group in groups
            if group[0].data.train_images == facts.train_images
        },
        train_images=facts.train_images,
        rows=tuple(rows),
        figure=_figure(rows),
    )


def _images(facts: DataFacts) -> tuple[object, ...]:
    """Return what two predictors must share to be compared, whatever they were trained on."""
    return facts.fingerprint, facts.dataset, facts.validation_images, facts.test_images


def _row(
    group: Sequence[BaselineRecord], records: Records, nets: Sequence[StudyRun], theirs: int
) -> Row:
    count, wrong = group[0].data.train_images, baselines.stacked(group)
    runs = nets if count == theirs else _trained_on(count, records, nets)
    of_nets = baselines.nets_mistakes(runs)
    return Row(
        name=NAMES[group[0].baseline],
        train_images=count,
        error=baselines.error(wrong),
        cnn=None if of_nets is None else baselines.error(of_nets),
        lead=None if of_nets is None else baselines.error(wrong, of_nets),
    )


def _trained_on(count: int, records: Records, nets: Sequence[StudyRun]) -> list[StudyRun]:
    """Return the runs of the same net and seeds on another number of images, all else alike.

    A record says how many images there were, so that one on "all" images is found by their number.
    """
    found = []
    for size in (count, None):
        planned = [
            dataclasses.replace(
                run.planned,
                experiment=replace(run.planned.experiment, {"data.train_images": size}),
            )
            for run in nets
        ]
        found += [
            run
            for run in records.read(planned)
            if run.record and run.record.data and run.record.data.train_images == count
        ]
    return found


def _figure(rows: Sequence[Row]) -> Markup:
    lines: dict[str, list[tuple[int, Error]]] = {}
    for row in rows:
        lines.setdefault(row.name, []).append((row.train_images, row.error))
    nets = {row.train_images: row.cnn for row in rows if row.cnn is not None}
    lines[_CNN] = sorted(nets.items())
    drawn = baselines_figure.draw(lines)
    return Markup(drawing.inline_svg(drawing.svg(drawn), baselines_figure.words(lines), "lead"))
