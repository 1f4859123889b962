"""Study and budget as a request asks for them."""

from __future__ import annotations

import dataclasses

from ablations.plan.request import Request
from ablations.study import Budget, Study, part
from alexnet_tf.errors import SpecError
from alexnet_tf.values import nearest


def budget(study: Study, request: Request) -> Budget:
    """Return the budget of the request, with its own seeds and epochs if it names any.

    Raises:
        SpecError: the study has no such budget or no nets for the data set.
    """
    budgets = study.at(request.dataset).budgets
    if request.budget not in budgets:
        raise SpecError(f"no budget '{request.budget}'.{nearest(request.budget, list(budgets))}")
    chosen = budgets[request.budget]
    if request.epochs is not None:
        chosen = dataclasses.replace(chosen, epochs=request.epochs)
    if request.seeds is not None:
        # one look, at that number of seeds of every arm
        chosen = dataclasses.replace(chosen, seeds=request.seeds, more=(), shared=None)
    return chosen


def asked_of(study: Study, request: Request) -> Study:
    """Return the study on the request's data set, with the arms of its budget."""
    here, arms = study.at(request.dataset), budget(study, request).arms
    return part(here, arms) if arms else here
