"""A field that is added to a spec leaves the ids of old experiments as they are."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field

from alexnet_tf.spec import (
    ConvSpec,
    PoolSpec,
)
from alexnet_tf.values import without_defaults


@dataclass(frozen=True, kw_only=True)
class OldPart:
    a: int = 1


@dataclass(frozen=True, kw_only=True)
class NewPart:
    a: int = 1
    added: float | None = None


@dataclass(frozen=True, kw_only=True)
class Old:
    size: int
    part: OldPart = field(default_factory=OldPart)
    parts: tuple[OldPart, ...] = ()


@dataclass(frozen=True, kw_only=True)
class New:
    size: int
    part: NewPart = field(default_factory=NewPart)
    parts: tuple[NewPart, ...] = ()
    mode: str = "plain"


def test_a_field_added_with_a_default_leaves_old_ids_as_they_are():
    for a in (1, 2):
        old = Old(size=3, part=OldPart(a=a), parts=(OldPart(a=a),))
        new = New(size=3, part=NewPart(a=a), parts=(NewPart(a=a),))
        assert without_defaults(old) == without_defaults(new)
        assert without_defaults(dataclasses.replace(new, mode="other")) != without_defaults(old)
        nested = dataclasses.replace(new, parts=(NewPart(a=a, added=0.5),))
        assert without_defaults(nested) != without_defaults(old)
    assert without_defaults(Old(size=3)) == {"size": 3}


def test_a_part_at_its_defaults_differs_from_no_part():
    none, default = ConvSpec(filters=3), ConvSpec(filters=3, pool=PoolSpec())
    assert without_defaults(none) != without_defaults(default)
