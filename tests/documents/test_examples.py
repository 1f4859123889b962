"""The examples in docstrings say what is so."""

from __future__ import annotations

import doctest
import importlib

import pytest

#: Module -> how many functions and classes of it have an example.
EXAMPLES = {
    "alexnet_tf.values": 2,
    "alexnet_tf.spec.experiment": 2,
    "alexnet_tf.spec.model": 2,
    "alexnet_tf.spec.variants": 3,
    "alexnet_tf.evaluate": 1,
    "alexnet_tf.model": 1,
    "alexnet_tf.layers.local_response_norm": 1,
    "ablations.analysis.checks": 2,
    "ablations.analysis.contrast": 3,
    "ablations.analysis.corrections": 3,
    "ablations.analysis.ensembling": 2,
    "ablations.analysis.looks": 1,
    "ablations.analysis.paired_tests": 9,
    "ablations.analysis.pairs": 3,
    "ablations.analysis.power": 3,
    "ablations.analysis.quantities": 1,
    "ablations.analysis.ranking": 1,
    "ablations.analysis.sequential": 3,
    "ablations.analysis.simultaneous": 1,
    "ablations.analysis.wording": 1,
    "ablations.cli.probe_table": 1,
    "ablations.execution.cost": 1,
    "ablations.execution.progress": 1,
    "ablations.plan.expand": 1,
    "ablations.report.figures.drawing": 1,
    "ablations.report.numbers": 8,
    "ablations.report.text_tables": 1,
    "ablations.study.budget": 2,
    "ablations.study.comparison": 1,
    "ablations.study.external": 1,
    "ablations.study.load": 1,
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_examples_hold(name):
    module = importlib.import_module(name)
    found = [test for test in doctest.DocTestFinder().find(module) if test.examples]
    runner = doctest.DocTestRunner()
    for test in found:
        runner.run(test)
    assert len(found) == EXAMPLES[name] and runner.summarize().failed == 0
