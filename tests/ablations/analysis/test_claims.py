"""Changes of seeds: counted as claimed by hand, of differences, ratios and bounds; and rounded."""

from __future__ import annotations

import pytest
from made_up import difference

from ablations.analysis.claims import as_claimed
from ablations.analysis.pairs import Bound
from ablations.analysis.samples import Samples


def counted(scale: str, claimed: str, variant: list[float], bound: Bound = "exact", **more) -> int:
    """Seeds of which a change from 10 in every seed is what is claimed, paired and not."""
    if scale == "ratio":
        more = {"quantity": "epochs_to_error", "smallest": 1.2, **more}
    found = set()
    for pairing in ("seed", "none"):
        item = difference(scale=scale, claimed=claimed, pairing=pairing, **more)
        values = (
            {seed: (10.0, "exact") for seed in range(len(variant))},
            {seed: (value, bound) for seed, value in enumerate(variant)},
        )
        found.add(as_claimed(Samples(item=item, values=values, settled=())))  # pyright: ignore[reportArgumentType]
    (count,) = found
    return count


@pytest.mark.parametrize(
    ("claimed", "differences", "ratios"),
    [("higher", 2, 2), ("lower", 1, 1), ("equal", 2, 2), ("none", 0, 0), ("within", 1, 1)],
)
def test_a_change_is_on_the_claimed_side_or_small_enough_or_in_the_range(
    claimed, differences, ratios
):
    paper = {"within": {"paper": 1.5}, "none": {"family": "secondary"}}.get(claimed, {})
    assert counted("difference", claimed, [10.5, 11.6, 10.0, 8.0], **paper) == differences
    assert counted("ratio", claimed, [15.0, 25.0, 10.0, 9.0], **paper) == ratios


@pytest.mark.parametrize(
    ("bound", "claimed", "count"),
    [
        ("at least", "higher", 2),
        ("at least", "lower", 0),
        ("at most", "higher", 0),
        ("at most", "lower", 1),
        ("at least", "equal", 0),
    ],
)
def test_a_bound_counts_where_it_decides(bound, claimed, count):
    assert counted("ratio", claimed, [15.0, 25.0, 10.0, 9.0], bound) == count


def test_two_changes_that_differ_by_rounding_are_one_and_values_below_1_have_a_ratio():
    values = ({0: (30.1, "exact"), 1: (30.3, "exact")}, {0: (30.4, "exact"), 1: (30.6, "exact")})
    found = Samples(item=difference(), values=values, settled=()).changes()  # pyright: ignore[reportArgumentType]
    assert 30.4 - 30.1 != 30.6 - 30.3 and found[0] == found[1] == pytest.approx(0.3)
    item = difference(scale="ratio", quantity="epochs_to_error", smallest=1.2)
    small = ({0: (0.5, "exact"), 1: (0.0, "exact")}, {0: (0.25, "exact"), 1: (0.5, "exact")})
    drawn = Samples(item=item, values=small, settled=())  # pyright: ignore[reportArgumentType]
    assert [one.change("ratio") for one in drawn.pairs] == [0.5] and drawn.without_ratio == 1
