"""The simulations run, keep wide bounds with few repeats, and their committed output is whole."""

from __future__ import annotations

import pandas as pd
import pytest
import tiny

from ablations import simulations
from ablations.analysis import drawn
from ablations.analysis.simulated import REPEATS, simulate
from ablations.analysis.simulation_result import Result
from ablations.budgets import ALEXNET

ROOT = tiny.ROOT
COMMITTED = ROOT / "reports" / "reference" / "simulations"


@pytest.fixture(scope="module")
def few() -> list[Result]:
    return simulate(repeats=20)


def slack(bound: float, repeats: int) -> float:
    """Four standard errors of a share that is as large as its bound, in percent."""
    return 400 * (bound / 100 * (1 - bound / 100) / repeats) ** 0.5


def test_few_repeats_stay_within_chance_of_the_bounds(few):
    for result in few:
        least = result.least - slack(result.least, result.repeats)
        assert least <= result.found <= result.most + slack(result.most, result.repeats), result


def test_the_same_repeats_give_the_same_numbers():
    once, again = (simulate(repeats=4) for _ in range(2))
    assert [r.found for r in again] == [r.found for r in once]


def test_the_looks_are_those_of_the_standard_budget():
    standard = ALEXNET["standard"]
    assert standard.shared is not None
    assert (drawn.BASE, drawn.LOOKS) == (standard.shared.seeds, standard.looks)


def test_the_command_writes_both_tables_and_says_what_is_not_kept(tmp_path, capsys, monkeypatch):
    good = Result(simulation="a", setting="b", n=5, repeats=9, stated=5.0, found=5.5, error=0.1,
                  least=0.0, most=6.0)  # fmt: skip
    bad = Result(simulation="c", setting="d", n=5, repeats=9, stated=95.0, found=90.0, error=0.1,
                 least=94.0, most=96.0)  # fmt: skip
    for results, code in (([good], 0), ([good, bad], 6)):
        monkeypatch.setattr(simulations, "simulate", lambda repeats, results=results: results)
        assert simulations.main(["--out", str(tmp_path), "--repeats", "10"]) == code
        table = pd.read_csv(tmp_path / "simulations.csv")
        assert table.found.tolist() == [r.found for r in results]
        assert table.kept.tolist() == [r.kept for r in results]
        page = (tmp_path / "simulations.md").read_text(encoding="utf-8")
        assert "--repeats 10" in page and "seed 0" in page and "NumPy" in page
    assert "not kept: c, d, n = 5" in capsys.readouterr().err


@pytest.mark.parametrize("repeats", ["-1", "0", "1", "9"])
def test_too_few_repeats_are_a_wrong_argument(tmp_path, capsys, repeats):
    assert simulations.main(["--out", str(tmp_path), "--repeats", repeats]) == 2
    said = capsys.readouterr().err
    assert "--repeats must be at least 10" in said and said.count("\n") == 1


def test_a_folder_that_cannot_be_written_is_found_before_anything_is_simulated(
    tmp_path, capsys, monkeypatch
):
    monkeypatch.setattr(simulations, "simulate", lambda repeats: pytest.fail("simulated"))
    (tmp_path / "file").write_text("")
    assert simulations.main(["--out", str(tmp_path / "file")]) == 4
    assert f"{tmp_path / 'file'}: Not a directory" in capsys.readouterr().err


def test_the_committed_simulations_are_whole_and_keep_their_bounds(few):
    table = pd.read_csv(COMMITTED / "simulations.csv")
    assert table.kept.all() and table.repeats.max() == REPEATS
    names = [(r.simulation, r.setting, r.n) for r in few]
    assert list(zip(table.simulation, table.setting, table.n, strict=True)) == names
    assert ((table.found >= table.least) & (table.found <= table.most)).all()
    # what is stated and promised does not depend on how often it was tried, but of one bound
    chance = 5 + 400 * (0.05 * 0.95 / (REPEATS // 4)) ** 0.5
    for row, result in zip(table.to_dict("records"), few, strict=True):
        most = chance if result.setting.startswith("permutation test") else result.most
        promised = [row[name] for name in ("stated", "least", "most")]
        assert promised == pytest.approx([result.stated, result.least, most], nan_ok=True)
    page = (COMMITTED / "simulations.md").read_text(encoding="utf-8")
    for row in table.to_dict("records"):
        assert f"| {row['setting']} | {row['n']} |" in page and f"| {row['found']:.1f} |" in page
