"""Things that users' files, scripts and records rely on: names, commands and run ids."""

from __future__ import annotations

import hashlib
import importlib
import importlib.util

import pytest

from ablations import study
from ablations.plan import Request, reported_runs, search_runs
from ablations.study import external as external

#: SHA-256 over the sorted ids of every run of every study, budget and data set. It changes
#: when a study is changed on purpose, and then its records are computed again.
RUN_IDS = "af28817e1b19322136ee9c69ce0e8c0e1fa7510e953d9e57081c2f14a3bd4cc6"

NAMES = {
    "ablations": "run",
    "ablations.study": "load names Study ScoreStudy SpeedStudy Difference Comparison Check "
    "Ensemble Search Budget EpochsToError RESERVED",
    "ablations.budgets": "ALEXNET IMAGENET SMALL_ALEXNET SMALL_NET LOCAL_13PCT LOCAL_11PCT",
    "alexnet_tf": "build_alexnet build_two_tower load",
    "alexnet_tf.spec": "PAPER CODE2012 ONE_GPU SIX_CONV NO_COMMUNICATION CIFAR_ALEXNET "
    "CIFAR_ALEXNET_2012 PAPER_ERA MODERN CIFAR_11PCT CIFAR_13PCT CIFAR_18PCT CIFAR_19PCT "
    "CIFAR_80SEC PRESETS Experiment ModelSpec ConvSpec DenseSpec PoolSpec ResponseNormSpec "
    "DataSpec AugmentSpec JitterSpec ScalingConstants TrainSpec RateChange PlateauSpec Pretraining "
    "BVLC_ALEXNET CAFFENET TORCHVISION_ALEXNET diff replace from_json to_json",
    "alexnet_tf.spec.variants": "without_lrn one_gpu non_overlapping tanh without_dropout "
    "halved_dropout constant_norms zero_biases with_gains",
    "alexnet_tf.values": "SpecError",
    "alexnet_tf.train": "train",
    "alexnet_tf.optimizers": "PaperSGD",
    "alexnet_tf.layers": "LocalResponseNorm PCAJitter",
    "alexnet_tf.evaluate": "main",
    "alexnet_tf.weights": "read write_run PublishedNet",
}

COMMANDS = (
    *("ablations.run", "ablations.report", "ablations.new", "ablations.simulations"),
    *("alexnet_tf.train", "alexnet_tf.evaluate", "alexnet_tf.inspect_net"),
    *("alexnet_tf.data.prepare", "alexnet_tf.benchmark", "alexnet_tf.two_tower"),
    *("alexnet_tf.check_gpu", "alexnet_tf.weights"),
)


def run_ids() -> set[str]:
    found = set()
    for name in study.names():
        chosen = study.load(name)
        for dataset in ("cifar10", "builtin", "imagenet"):
            if dataset == "imagenet" and not chosen.on_imagenet:
                continue
            for budget in chosen.at(dataset).budgets:
                request = Request(budget=budget, dataset=dataset)
                planned = (*reported_runs(chosen, request, {}), *search_runs(chosen, request))
                found |= {run.experiment.run_id for run in planned}
    return found


def test_records_keep_their_ids():
    found = run_ids()
    assert hashlib.sha256("\n".join(sorted(found)).encode()).hexdigest() == RUN_IDS, len(found)


@pytest.mark.parametrize("module", NAMES)
def test_a_public_name_stays(module):
    loaded = importlib.import_module(module)
    assert not [name for name in NAMES[module].split() if not hasattr(loaded, name)]


@pytest.mark.parametrize("module", COMMANDS)
def test_a_command_stays(module):
    found = importlib.util.find_spec(module)
    if found is not None and found.submodule_search_locations is not None:
        found = importlib.util.find_spec(f"{module}.__main__")
    assert found is not None


def test_packages_bring_studies_by_the_same_group():
    assert external.GROUP == "ablations.studies"
