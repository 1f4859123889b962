"""The whole path on real photographs of ImageNet: prepare, train, evaluate."""

from __future__ import annotations

import json
from pathlib import Path

import keras
import pytest
import tiny

from alexnet_tf import evaluate
from alexnet_tf.data.prepare import __main__ as prepare
from alexnet_tf.spec import CIFAR_ALEXNET, DataSpec, replace
from alexnet_tf.train import train

tiny.pin_one_thread()

pytestmark = pytest.mark.skipif(
    not tiny.SAMPLE.is_dir(), reason=f"there are no photographs in {tiny.SAMPLE}"
)
CLASSES = 64


@pytest.fixture(scope="module")
def prepared_photographs(tmp_path_factory) -> Path:
    """64 photographs, one a class, to learn by heart: the same in training and test."""
    folder = tmp_path_factory.mktemp("photographs")
    for part in ("train", "val"):
        (folder / "tree" / part).mkdir(parents=True)
        for found in sorted(tiny.SAMPLE.iterdir())[:CLASSES]:
            (folder / "tree" / part / found.name).symlink_to(found)
    out = folder / "prepared"
    assert prepare.main([str(folder / "tree"), str(out), "--size", "32", "--jobs", "1"]) == 0
    return out


def test_a_net_learns_64_photographs_by_heart_and_ten_views_agree(
    prepared_photographs, tmp_path, capsys
):
    keras.utils.clear_session()
    experiment = replace(
        CIFAR_ALEXNET,
        {
            "model.classes": CLASSES,
            "model.dense.0.dropout": 0.0,
            "model.dense.1.dropout": 0.0,
            "data": DataSpec(dataset="imagenet", validation_images=0),
            "train.batch_size": 32,
            "train.epochs": 300,
            "train.stop_at_error": 0.0,
        },
    )
    record = train(experiment, out=tmp_path / "run", data_dir=prepared_photographs)
    assert record.status == "done" and record.curve[-1].train_error == 0
    assert record.curve[0].train_error > 0.9
    assert record.test_error is not None and record.test_error < 0.1
    capsys.readouterr()
    arguments = [str(tmp_path / "run"), "--views", "10", "--data", str(prepared_photographs)]
    assert evaluate.main(arguments) == 0
    found = json.loads(capsys.readouterr().out.strip().splitlines()[-1])
    (expected,) = [e for e in record.evaluations if e.views == 10]
    assert found["top1_error"] == expected.top1_error
    assert found["images"] == CLASSES
