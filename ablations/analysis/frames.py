"""Typed tables, and the choice of the runs that they are of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from ablations.plan import Role, StudyRun
from ablations.study import Study
from alexnet_tf.spec import Experiment, diff, replace

#: A column has the same type in every table of every study; those not named are floats.
_TEXT = (
    "run_id arm role status reason study metric unit dataset precision budget "
    "comparison baseline variant verdict kind state field baseline_value variant_value family "
    "baseline_quantity quantity scale noise pairing interval paper_is paper_source "
    "claimed held bound"
).split()
_INTEGERS = (
    "seed seeds seeds_baseline runs budget_epochs epochs_done resumes epoch updates n n_censored "
    "n_planned n_diverged n_failed n_failing n_baseline look looks parameters "
    "seeds_as_claimed rank_paper rank_measured"
).split()
_BOOLEANS = "censored chosen at_edge stopped".split()
_TYPES = {
    **dict.fromkeys(_TEXT, "str"),
    **dict.fromkeys(_INTEGERS, "int64"),
    **dict.fromkeys(_BOOLEANS, "bool"),
}


def frame(
    columns: str,
    rows: Sequence[Mapping[str, object]] | Mapping[str, Sequence[object]],
    numbers: Sequence[str] = (),
) -> pd.DataFrame:
    """Return rows as a table of these columns, of the same types with rows and without.

    Args:
        columns: names, separated by spaces.
        rows: column -> value of each row, or column -> values of all rows; other columns are
            dropped. None becomes NaN in a column of floats. Half surrogates of a text, which no
            table can hold, become question marks.
        numbers: columns that are floats here although they are text in other tables.
    """
    names = columns.split()
    types = {name: "float64" if name in numbers else _TYPES.get(name, "float64") for name in names}
    if isinstance(rows, Mapping):
        held: object = {key: [_whole(value) for value in rows[key]] for key in rows}
    else:
        held = [{key: _whole(value) for key, value in row.items()} for row in rows]
    return pd.DataFrame(held, columns=pd.Index(names)).astype(types)


def _whole(value: object) -> object:
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value


def dataset(study: Study, runs: Sequence[StudyRun]) -> tuple[str, bool]:
    """Return the name of the runs' images and whether they are synthetic.

    Without runs, the arms as declared name the images. Several names are joined by " + ".
    """
    experiments = [run.planned.experiment for run in runs] or list(study.arms.values())
    facts = [run.record.data for run in runs if run.record and run.record.data]
    names = sorted({experiment.data.dataset for experiment in experiments})
    return " + ".join(names), "builtin" in names or any(fact.synthetic for fact in facts)


def of_role(runs: Sequence[StudyRun], role: Role) -> list[StudyRun]:
    """Return the runs of this role in the order given."""
    return [run for run in runs if run.planned.role == role]


def reported(runs: Sequence[StudyRun], arm: str) -> list[StudyRun]:
    """Return the arm's reported runs by seed, so that no sum depends on the runs' order.

    Runs that are not computed yet or failed are among them.
    """
    chosen = [run for run in of_role(runs, "reported") if run.planned.arm == arm]
    return sorted(chosen, key=lambda run: run.planned.experiment.seed)


def experiment(study: Study, runs: Sequence[StudyRun], arm: str) -> Experiment:
    """Return what the arm's runs computed (a search or the user may have changed the arm).

    It is that of the lowest planned seed; without runs, the arm as declared.
    """
    planned = [run.planned.experiment for run in reported(runs, arm)]
    return planned[0] if planned else study.arms[arm]


def difference_rows(
    study: Study, runs: Sequence[StudyRun], comparison: str, baseline: str, variant: str
) -> list[dict[str, object]]:
    """Return what differs between the arms as run, the seed aside, as text.

    Args:
        study: declares the arms.
        runs: all runs of the study.
        comparison: name to put into each row.
        baseline: arm of `baseline_value`.
        variant: arm of `variant_value`.

    Returns:
        One row per differing spec field, its dotted path in `field`.
    """
    left, right = (replace(experiment(study, runs, arm), seed=0) for arm in (baseline, variant))
    return [
        {
            "comparison": comparison,
            "field": field,
            "baseline_value": str(before),
            "variant_value": str(after),
        }
        for field, (before, after) in diff(left, right).items()
    ]
