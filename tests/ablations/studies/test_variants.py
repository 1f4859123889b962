"""Variants change what their claim is about and nothing else."""

from __future__ import annotations

from typing import cast

import pytest
import tiny
from all_studies import SCORES, STUDIES

from ablations import plan
from ablations.budgets import SMALL_ALEXNET
from ablations.plan import Request
from alexnet_tf.errors import SpecError
from alexnet_tf.spec import (
    CIFAR_11PCT,
    CIFAR_18PCT,
    CIFAR_19PCT,
    CIFAR_ALEXNET,
    CODE2012,
    PAPER,
    SIX_CONV,
    Experiment,
)
from alexnet_tf.spec import variants as v

tiny.pin_one_thread()


# --- variants -----------------------------------------------------------------------------


@pytest.mark.parametrize("base", [PAPER, CIFAR_ALEXNET], ids=["paper", "cifar"])
@pytest.mark.parametrize("name", ["conv2", "conv3", "conv4", "conv5"])
def test_a_removed_convolution_leaves_the_maps_of_the_others_as_large(base, name):
    without = v.without_conv(base, name).model
    kept = [conv.name for conv in base.model.convs if conv.name != name]
    assert [conv.name for conv in without.convs] == kept
    assert without.shapes[-1].handed_on == base.model.shapes[-1].handed_on
    count = [sum(conv.pool is not None for conv in m.convs) for m in (base.model, without)]
    assert count[0] == count[1]


@pytest.mark.parametrize("base", [PAPER, CIFAR_ALEXNET], ids=["paper", "cifar"])
@pytest.mark.parametrize("name", ["conv2", "conv3", "conv4", "conv5"])
def test_towers_still_meet_before_the_dense_layers_without_any_convolution(base, name):
    without = v.without_conv(base, name).model
    assert [conv.groups for conv in without.convs[1:]].count(1) == 1


def test_a_quarter_of_a_batch_shares_its_crop_as_in_2012():
    for base in (PAPER, SMALL_ALEXNET):
        shared = v.inputs_2012(base).data.augment.shared_by
        assert 4 * shared == base.train.batch_size
    jitter = SCORES["pca_jitter"].arms["code2012"].data.augment.jitter
    assert jitter == v.code2012(SMALL_ALEXNET).data.augment.jitter
    assert jitter is not None and jitter.epochs == round(67 / 91 * SMALL_ALEXNET.train.epochs)


def shares(stage: Experiment) -> list[float]:
    """At which share of the epochs something changes: learning rates, the end of jitter."""
    jitter = stage.data.augment.jitter
    ends = [jitter.epochs] if jitter is not None and jitter.epochs is not None else []
    epochs = [change.epoch for change in stage.train.changes] + ends
    return [epoch / stage.train.epochs for epoch in epochs]


@pytest.mark.parametrize("name", SCORES)
def test_a_shorter_training_goes_through_the_whole_schedule(name):
    """A change that a quick run never comes to would make two arms the same."""
    for request in (Request(), Request(budget="standard", epochs=10)):
        for run in plan.reported_runs(STUDIES[name], request, {}):
            short, whole = run.experiment, STUDIES[name].arms[run.arm]
            pairs = [(short, whole)]
            if short.first_stage is not None and request.budget == "quick":
                assert short.pretraining is not None and whole.pretraining is not None
                pairs.append((short.first_stage, cast(Experiment, whole.first_stage)))
            for brief, long in pairs:
                assert all(share < 1 for share in shares(brief)), run.arm
                assert shares(brief) == pytest.approx(shares(long), abs=0.51 / brief.train.epochs)


def test_a_setting_of_the_user_stands_above_the_budget():
    request = Request(settings={"train.epochs": 3})
    for name in ("lrn", "relu_vs_tanh"):
        for run in plan.reported_runs(STUDIES[name], request, {}):
            assert run.experiment.train.epochs == 3
    with pytest.raises(SpecError, match="`TrainSpec.epochs` must be at least 1"):
        plan.check(STUDIES["lrn"], Request(settings={"train.epochs": 0}))


def test_the_cost_of_a_run_has_its_pretraining_in_it():
    request = Request(budget="standard")
    task = plan.Plan(name="pretraining", study=STUDIES["pretraining"], request=request)
    runs = {run.arm: run for run in plan.reported_runs(task.study, request, {})}
    before, after = task.work(runs["pretrained"]), task.work(runs["six_conv"])
    assert before / after == pytest.approx(1 + 8 * 45_000 / (60 * 12_500), rel=5e-3)


def test_what_is_not_there_cannot_be_removed():
    with pytest.raises(SpecError, match="no convolution 'conv9'"):
        v.without_conv(PAPER, "conv9")
    with pytest.raises(SpecError, match="no neighbour of conv1"):
        v.without_conv(PAPER, "conv1")
    with pytest.raises(SpecError, match="no hidden fully-connected layer 'fc8'"):
        v.without_dense(PAPER, "fc8")


def test_pooling_without_overlap_hands_on_maps_of_the_same_size():
    """On 224 x 224 inputs by the paddings of layers-147.cfg: conv2 1 for 2, conv5 0 for 1."""
    for base in (PAPER, SMALL_ALEXNET):
        model = v.non_overlapping(base).model
        assert model.parameters() == base.model.parameters()
        assert [s.handed_on for s in model.shapes][1:] == [s.handed_on for s in base.model.shapes][
            1:
        ]
    assert [conv.padding for conv in v.non_overlapping(PAPER).model.convs] == [0, 1, 1, 1, 0]
    paddings = [conv.padding for conv in SMALL_ALEXNET.model.convs]
    assert [conv.padding for conv in v.non_overlapping(SMALL_ALEXNET).model.convs] == paddings


def test_training_longer_shows_as_many_images_as_pretraining():
    for arms, images in (
        (SCORES["pretraining"].arms, 12_500),
        (SCORES["pretraining"].on_imagenet, 0),
    ):
        first = cast(Experiment, arms["pretrained"].first_stage)
        before = first.train.epochs * (45_000 / images if images else 1)
        longer = arms["longer"].train.epochs - arms["pretrained"].train.epochs
        assert longer == pytest.approx(before, abs=0.5)
        assert arms["longer"].model == arms["pretrained"].model == arms["six_conv"].model


def test_the_text_and_the_source_divide_the_weights_rate_at_the_same_epochs():
    for base in (PAPER, SMALL_ALEXNET):
        text, source = v.divisions_2012(base).train, v.schedule_2012(base).train
        assert text.changes == tuple(c for c in source.changes if c.layer is None)
        assert (text.epochs, text.bias_rate, source.bias_rate) == (source.epochs, 1.0, 2.0)
    assert [c.epoch for c in v.divisions_2012(PAPER).train.changes] == [25, 51, 79]


def test_the_sixth_convolution_has_the_spread_of_layers_146():
    stds = v.code2012(SIX_CONV).model.init_stds()
    assert [stds[f"conv{n}"] for n in range(1, 7)] == [0.01, 0.01, 0.03, 0.03, 0.03, 0.03]


def test_a_norm_over_pixels_moves_to_the_neighbour_too():
    without = v.without_conv(CODE2012, "conv2").model
    assert sum(conv.spatial_norm is not None for conv in without.convs) == 1
    assert without.convs[1].spatial_norm == CODE2012.model.convs[1].spatial_norm


def test_cuda_convnets_nets_divide_their_rate_twice_at_the_end():
    for preset, epochs in ((CIFAR_18PCT, 140), (CIFAR_19PCT, 140), (CIFAR_11PCT, 520)):
        changes = [(c.epoch, c.learning_rate) for c in preset.train.changes]
        assert preset.train.epochs == epochs
        assert changes == [(epochs - 20, 1e-4), (epochs - 10, 1e-5)]


def test_the_schedule_of_2012_keeps_its_shares_of_a_shorter_training():
    whole, short = v.schedule_2012(PAPER).train, v.schedule_2012(SMALL_ALEXNET).train
    assert (whole.epochs, short.epochs) == (91, SMALL_ALEXNET.train.epochs)
    for long, brief in zip(whole.changes, short.changes, strict=True):
        assert abs(long.epoch / whole.epochs - brief.epoch / short.epochs) < 0.51 / short.epochs
        shares = [c.learning_rate / t.learning_rate for c, t in ((long, whole), (brief, short))]
        assert shares[0] == pytest.approx(shares[1]) and long.layer == brief.layer
