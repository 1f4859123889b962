"""Tables 1 and 2 of the paper, and the pictures of kernels."""

from __future__ import annotations

import base64
import dataclasses
import io
import re
from pathlib import Path

import numpy as np
import pytest
import scores
from pagechecks import Page
from PIL import Image
from small_suite import CLASSES, inspection, load

from ablations.analysis import paper_tables
from ablations.report.collect import Collected
from ablations.report.figures import kernels

# --- tables of the paper ------------------------------------------------------------------


def test_the_paper_s_rows_are_the_paper_s() -> None:
    first, second = paper_tables.paper_tables([])
    assert [(row.model, row.paper) for row in first.rows[:3]] == [
        ("Sparse coding", ("47.1 %", "28.2 %")),
        ("SIFT + FVs", ("45.7 %", "25.7 %")),
        ("CNN", ("37.5 %", "17.0 %")),
    ]
    assert [(row.model, row.paper) for row in second.rows] == [
        ("SIFT + FVs", ("–", "–", "26.2 %")),
        ("1 CNN", ("40.7 %", "18.2 %", "–")),
        ("5 CNNs", ("38.1 %", "16.4 %", "16.4 %")),
        ("1 CNN*", ("39.0 %", "16.6 %", "–")),
        ("7 CNNs*", ("36.7 %", "15.4 %", "15.3 %")),
    ]
    assert all(row.ours is None for row in (*first.rows, *second.rows))


def test_the_pretrained_net_stands_beside_the_paper_s_asterisk(
    suite: tuple[Path, list[Collected]],
) -> None:
    runs = suite[1][2].runs
    first, second = paper_tables.paper_tables([], runs)
    filled = [row for row in (*first.rows, *second.rows) if row.ours is not None]
    assert [(row.model, row.ours) for row in filled] == [
        ("1 CNN*", paper_tables.measure(runs)["ten"])
    ]


def test_our_rows_are_means_over_nets_and_the_error_of_their_average(
    suite: tuple[Path, list[Collected]],
) -> None:
    ours = paper_tables.measure(suite[1][2].runs)
    of = load("ensemble")
    for name, quantity in (("one", "test_error"), ("ten", "test_error_ten_views")):
        values = [scores.score(of, "paper", quantity, seed) for seed in range(30)]
        assert ours[name].top1 == pytest.approx(np.mean(values))
        assert ours[name].top5 == pytest.approx(np.mean(values) / 12)
        assert ours[name].low < ours[name].top1 < ours[name].high and ours[name].n == 30
    kept = [np.load(run.folder / "test_10.npz") for run in suite[1][2].runs if run.folder]
    mean, labels = np.mean([k["probabilities"] for k in kept], axis=0), kept[0]["labels"]
    wrong1 = [label not in np.argsort(-row)[:1] for row, label in zip(mean, labels, strict=True)]
    wrong5 = [label not in np.argsort(-row)[:5] for row, label in zip(mean, labels, strict=True)]
    assert ours["several"].top1 == pytest.approx(100 * np.mean(wrong1))
    assert ours["several"].top5 == pytest.approx(100 * np.mean(wrong5))
    words = Page(suite[0] / "index.html").cells
    assert re.search(rf"38\.1 %\|16\.4 %\|\s*16\.4 %\|\s*{ours['several'].top1:.2f} %", words)
    assert words.count("not measured here") == 5


# --- pictures -----------------------------------------------------------------------------


def decoded(picture: kernels.Picture) -> np.ndarray:
    data = base64.b64decode(picture.uri.split(",")[1])
    return np.asarray(Image.open(io.BytesIO(data)))


def test_kernels_share_one_scale_and_stand_sixteen_a_row() -> None:
    weights = np.random.default_rng(1).normal(size=(5, 4, 3, 40)).astype(np.float32)
    first, second = (decoded(item) for item in kernels.kernels(weights))
    assert first.shape == second.shape == (2 * 5 + 1, 16 * 4 + 15, 4)
    assert min(first[..., :3][first[..., 3] > 0].min(), second[..., :3].min()) == 0
    assert max(first[..., :3].max(), second[..., :3].max()) == 255
    low, high = weights.min(), weights.max()
    for number in range(40):
        sheet, place = (first, number) if number < 20 else (second, number - 20)
        top, left = place // 16 * 6, place % 16 * 5
        shown = sheet[top : top + 5, left : left + 4, :3].astype(float)
        assert np.abs(shown - 255 * (weights[..., number] - low) / (high - low)).max() <= 0.5 + 1e-3
    gaps = first[..., 3] == 0
    assert gaps[5].all() and gaps[:, 4].all() and gaps[6:, 4 * 5 :].all()


def test_examples_show_the_images_the_likeliest_labels_and_the_neighbours(tmp_path: Path) -> None:
    arrays = inspection(tmp_path)
    (run, *_) = scores.make_runs(load("ensemble"), 1)
    found = kernels.inspect([dataclasses.replace(run, folder=tmp_path)])
    assert found is not None and len(found.examples) == 8
    for index, example in enumerate(found.examples):
        assert np.array_equal(decoded(example.picture), arrays["test_images"][index])
        assert example.label == CLASSES[index]
        order = sorted(range(10), key=lambda k: -arrays["probabilities"][index, k])[:5]
        assert [one.label for one in example.predictions] == [CLASSES[k] for k in order]
        assert [one.right for one in example.predictions] == [k == index for k in order]
        for place, near in enumerate(example.neighbours):
            assert np.array_equal(decoded(near), arrays["neighbours"][index, place])
            assert near.words == CLASSES[arrays["neighbour_labels"][index, place]]


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 broken", None])
def test_without_a_readable_inspection_there_are_no_pictures(
    content: bytes | None, tmp_path: Path
) -> None:
    (run, *_) = scores.make_runs(load("ensemble"), 1)
    if content is not None:
        (tmp_path / "inspection.npz").write_bytes(content)
    assert kernels.inspect([dataclasses.replace(run, folder=tmp_path)]) is None
    inspection(tmp_path)
    other_weights = dataclasses.replace(run, folder=tmp_path, inspection={})
    assert kernels.inspect([other_weights]) is None
