"""Values that are made quickly are otherwise what `dataclass` makes."""

import pickle
from dataclasses import FrozenInstanceError, dataclass, field, fields, replace
from decimal import Decimal
from inspect import signature

import pytest

from xq.frozen import changed, quick


@dataclass(frozen=True, slots=True)
class Plain:
    price: Decimal
    size: Decimal = Decimal(1)
    note: str = ""


@quick
@dataclass(frozen=True, slots=True)
class Quick:
    price: Decimal
    size: Decimal = Decimal(1)
    note: str = ""


@pytest.mark.parametrize(
    ("values", "named"),
    [((Decimal(2),), {}), ((Decimal(2), Decimal(3)), {"note": "x"}), ((), {"price": Decimal(0)})],
)
def test_the_same_values_are_kept(values: tuple[Decimal, ...], named: dict[str, object]) -> None:
    plain, swift = Plain(*values, **named), Quick(*values, **named)
    assert [getattr(swift, f.name) for f in fields(swift)] == [
        getattr(plain, f.name) for f in fields(plain)
    ]
    assert repr(swift) == repr(plain).replace("Plain", "Quick")
    assert swift == Quick(*values, **named)
    assert hash(swift) == hash(plain)
    assert pickle.loads(pickle.dumps(swift)) == swift
    assert signature(Quick) == signature(Plain)


@pytest.mark.parametrize("named", [{}, {"price": 1, "amount": 2}])
def test_what_is_not_a_value_is_refused_as_by_any_dataclass(named: dict[str, int]) -> None:
    with pytest.raises(TypeError) as plain:
        Plain(**named)
    with pytest.raises(TypeError) as swift:
        Quick(**named)
    assert str(swift.value) == str(plain.value).replace("Plain", "Quick")


def test_it_stays_frozen_and_can_be_copied_with_changes() -> None:
    item = Quick(Decimal(2))
    with pytest.raises(FrozenInstanceError):
        item.price = Decimal(3)
    assert replace(item, note="x") == changed(item, note="x") == Quick(Decimal(2), note="x")
    assert item == Quick(Decimal(2))


def test_a_dataclass_that_does_more_is_refused() -> None:
    @dataclass(frozen=True, slots=True)
    class Anew:
        names: list[str] = field(default_factory=list)

    @dataclass(frozen=True, slots=True)
    class Judged:
        size: int

        def __post_init__(self) -> None:
            raise ValueError(self.size)

    @dataclass(frozen=True, slots=True)
    class Derived:
        size: int
        double: int = field(init=False)

    for kind in (Anew, Judged, Derived):
        with pytest.raises(TypeError, match="does more than to keep"):
            quick(kind)
