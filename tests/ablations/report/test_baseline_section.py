"""The baselines on the index: rows of the paper's tables, the CNN's lead, and the picture."""

from __future__ import annotations

import dataclasses
import logging
import re
from pathlib import Path

import fake_runs
import made_baselines
import numpy as np
import pytest
import scores
from pagechecks import Page
from small_suite import collected, load

from ablations.analysis import baselines
from ablations.execution import store
from ablations.execution.store import Records
from ablations.plan import StudyRun
from ablations.report import baseline_section, index_page
from ablations.report.collect import studies
from alexnet_tf import records
from alexnet_tf.records import DataFacts
from alexnet_tf.values import replace


@pytest.fixture
def nets() -> list[StudyRun]:
    """Thirty, whose records say of 1,000 test images whether they are wrong."""
    made, rng = [], np.random.default_rng(5)
    for run in scores.make_runs(load("ensemble")):
        assert run.record is not None and run.record.data is not None
        data = dataclasses.replace(run.record.data, test_images=fake_runs.IMAGES)
        seen = (fake_runs.evaluated("test", 10, rng.random(fake_runs.IMAGES) < 0.25),)
        record = dataclasses.replace(run.record, data=data, evaluations=seen)
        made.append(dataclasses.replace(run, record=record))
    return made


def facts_of(nets: list[StudyRun], train_images: int) -> DataFacts:
    record = nets[0].record
    assert record is not None and record.data is not None
    return dataclasses.replace(record.data, train_images=train_images)


def leave(out: Path, nets: list[StudyRun], train_images: int, seeds: int = 3) -> None:
    facts = facts_of(nets, train_images)
    rng = np.random.default_rng(train_images)
    for name, error in (("sparse_coding", 0.4), ("sift_fisher", 0.35)):
        for seed in range(seeds):
            wrong = rng.random(facts.test_images) < error
            made_baselines.leave(
                out,
                made_baselines.record(name, seed, wrong, facts),  # type: ignore[arg-type]
            )


def test_the_rows_of_the_tables_and_the_lead_are_of_the_nets_images(nets, tmp_path):
    count = 12_500
    leave(tmp_path, nets, count)
    leave(tmp_path, nets, 1000, seeds=1)
    index_page.write([collected(load("ensemble"), nets)], studies(), tmp_path)
    words = Page(tmp_path / "index.html").cells
    found, _ = baselines.read(tmp_path)
    group = [g for g in baselines.groups(found) if g[0].data.train_images == count]
    for of_name, name in zip(group, ("Sparse coding", "SIFT + FVs"), strict=True):
        ours = baselines.measured(of_name)
        assert re.search(rf"{re.escape(name)}[^a-z]*{ours.top1:.2f} %", words), name
        of_nets = baselines.nets_mistakes(nets)
        assert of_nets is not None
        lead = baselines.error(baselines.stacked(of_name), of_nets)
        shown = rf"{re.escape(name)}\s*{count:,}\|.{{0,120}}\{lead.value:+.2f}\|"
        assert re.search(shown, words, re.DOTALL), name
    assert words.count("no net of as many images") == 2
    assert (
        words.count("not measured here") == 4
    )  # one view, five and seven nets, and the pre-trained
    text = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert 'id="lead-' in text and "Test errors over the number of training images" in text


def test_nets_of_another_number_of_images_are_found_by_their_records(nets, tmp_path):
    leave(tmp_path, nets, 1000)
    for run in nets[:3]:
        experiment = replace(run.planned.experiment, {"data.train_images": 1000})
        assert run.record is not None and run.record.data is not None
        data = dataclasses.replace(run.record.data, train_images=1000)
        made = dataclasses.replace(run.record, experiment=experiment, data=data)
        folder = store.folder(tmp_path, made.run_id)
        folder.mkdir(parents=True)
        (folder / "result.json").write_text(records.to_json(made), encoding="utf-8")
    section = baseline_section.section(Records(tmp_path), nets)
    assert section is not None and not section.measured
    assert [(row.train_images, row.cnn and row.cnn.n) for row in section.rows] == [(1000, 3)] * 2


def test_baselines_of_other_images_are_not_compared(nets, tmp_path):
    other = dataclasses.replace(facts_of(nets, 1000), fingerprint="0" * 64)
    wrong = np.zeros(other.test_images, bool)
    made_baselines.leave(tmp_path, made_baselines.record("sift_fisher", 0, wrong, other))
    assert baseline_section.section(Records(tmp_path), nets) is None
    assert baseline_section.section(Records(tmp_path), []) is None


def test_a_damaged_record_is_warned_of(nets, tmp_path, caplog):
    leave(tmp_path, nets, 1000)
    path = next(baselines.folder(tmp_path).iterdir())
    path.write_text("{", encoding="utf-8")
    with caplog.at_level(logging.WARNING):
        assert baseline_section.section(Records(tmp_path), nets) is not None
    assert str(path) in caplog.text
