"""Whatever happens to a position: what its strategies hold is the position, exactly."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from xq.portfolio.netting import allocate

LOT = Decimal("0.001")
LOTS = st.integers(-(10**6), 10**6).map(lambda n: n * LOT)
DUST = st.integers(-(10**9), 10**9).map(lambda n: Decimal(n) / 10**8)
WANTS = st.dictionaries(st.sampled_from("abcde"), LOTS, min_size=1)


@given(WANTS, st.one_of(LOTS, DUST))
def test_parts_add_up(wants: dict[str, Decimal], position: Decimal) -> None:
    parts = allocate(wants, position, LOT)
    assert parts.keys() == wants.keys()
    assert sum(parts.values()) == position


@given(WANTS)
def test_what_was_reached_is_what_was_wanted(wants: dict[str, Decimal]) -> None:
    assert allocate(wants, sum(wants.values(), Decimal(0)), LOT) == wants


@given(WANTS)
def test_a_position_that_was_closed_is_nobodys(wants: dict[str, Decimal]) -> None:
    total = sum(wants.values(), Decimal(0))
    parts = allocate(wants, Decimal(0), LOT)
    assert all(part == 0 for part in parts.values()) or total == 0


@given(WANTS, LOTS)
def test_nobody_gets_more_of_a_shortfall_than_a_lot_beyond_its_part(
    wants: dict[str, Decimal], position: Decimal
) -> None:
    total, gross = sum(wants.values(), Decimal(0)), sum(map(abs, wants.values()))
    if not gross or (position == 0 and total != 0):
        return
    parts = allocate(wants, position, LOT)
    for name, want in wants.items():
        fair = want + (position - total) * abs(want) / gross
        assert abs(parts[name] - fair) <= LOT * len(wants)
