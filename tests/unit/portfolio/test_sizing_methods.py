"""Sizing by hand, and what each method promises for any facts."""

import math
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xq.portfolio.sizing import target_decimal
from xq.portfolio.sizing_methods import (
    EntryFacts,
    FixedFraction,
    Kelly,
    RiskPerTrade,
    Sizing,
    VolatilityTarget,
)

NAN, INF = math.nan, math.inf
METHODS: tuple[Sizing, ...] = (
    FixedFraction(0.3), VolatilityTarget(0.2, 1.0), Kelly(0.5, 1.0), RiskPerTrade(0.01, 1.0),
)  # fmt: skip


@pytest.mark.parametrize(
    ("method", "facts", "weight"),
    [
        (FixedFraction(0.0), EntryFacts(), 0.0),
        (VolatilityTarget(0.15, 2.0), EntryFacts(volatility=0.6), 0.25),
        (VolatilityTarget(0.15, 2.0), EntryFacts(volatility=0.01), 2.0),
        (VolatilityTarget(0.15, 2.0), EntryFacts(volatility=INF), 0.0),
        (Kelly(1.0, 9.0), EntryFacts(mean=0.06, volatility=0.2), 1.5),  # 0.06 / 0.04
        (Kelly(0.5, 9.0), EntryFacts(mean=0.06, volatility=0.2), 0.75),
        (Kelly(1.0, 1.0), EntryFacts(mean=0.06, volatility=0.2), 1.0),
        (Kelly(1.0, 1.0), EntryFacts(mean=0.0, volatility=0.2), 0.0),
        (
            RiskPerTrade(0.02, 9.0),
            EntryFacts(price=50.0, stop=40.0),
            0.1,
        ),  # a fifth lost on a tenth
        (
            RiskPerTrade(0.02, 9.0),
            EntryFacts(price=50.0, stop=60.0),
            0.1,
        ),  # short: the stop is above
        (RiskPerTrade(0.01, 9.0), EntryFacts(price=100.0, stop=90.0, cost=0.001), 0.01 / 0.1019),
        (RiskPerTrade(0.01, 0.5), EntryFacts(price=100.0, stop=99.9), 0.5),
    ],
)
def test_by_hand(method: Sizing, facts: EntryFacts, weight: float) -> None:
    assert method.weight(facts) == pytest.approx(weight, rel=1e-12)


@pytest.mark.parametrize(
    ("method", "facts"),
    [
        (FixedFraction(NAN), EntryFacts()),
        (FixedFraction(-0.1), EntryFacts()),
        (FixedFraction(INF), EntryFacts()),
        (VolatilityTarget(0.2, 1.0), EntryFacts()),
        (VolatilityTarget(0.2, 1.0), EntryFacts(volatility=0.0)),  # a dead feed
        (VolatilityTarget(0.2, 1.0), EntryFacts(volatility=-0.5)),
        (VolatilityTarget(0.2, NAN), EntryFacts(volatility=0.5)),
        (Kelly(0.5, 1.0), EntryFacts(volatility=0.5)),
        (Kelly(0.5, 1.0), EntryFacts(mean=INF, volatility=0.5)),
        (Kelly(0.5, 1.0), EntryFacts(mean=0.1)),
        (Kelly(0.5, 1.0), EntryFacts(mean=0.1, volatility=0.0)),
        (RiskPerTrade(0.01, 1.0), EntryFacts(price=100.0)),
        (RiskPerTrade(0.01, 1.0), EntryFacts(stop=90.0)),
        (RiskPerTrade(0.01, 1.0), EntryFacts(price=100.0, stop=100.0)),
        (RiskPerTrade(0.01, 1.0), EntryFacts(price=100.0, stop=-1.0)),
        (RiskPerTrade(0.01, 1.0), EntryFacts(price=100.0, stop=INF)),
        (RiskPerTrade(0.01, 1.0), EntryFacts(price=100.0, stop=90.0, cost=NAN)),
        (RiskPerTrade(-0.01, 1.0), EntryFacts(price=100.0, stop=90.0)),
    ],
)
def test_what_cannot_be_told_is_no_weight(method: Sizing, facts: EntryFacts) -> None:
    assert math.isnan(method.weight(facts))


ANY = st.floats(allow_nan=True, allow_infinity=True)


@given(
    facts=st.builds(EntryFacts, ANY, ANY, ANY, ANY, ANY),
    method=st.sampled_from(METHODS),
)
def test_a_weight_is_nan_or_between_nothing_and_the_cap(facts: EntryFacts, method: Sizing) -> None:
    weight = method.weight(facts)
    assert math.isnan(weight) or 0.0 <= weight <= 1.0


PRICES = st.integers(100, 10_000_000)


@given(
    price=PRICES, stop=PRICES, cost=st.integers(0, 50), risk=st.integers(1, 20),
    equity=st.integers(100, 10_000_000), side=st.sampled_from([1, -1]),
)  # fmt: skip
def test_the_stop_loses_no_more_than_was_risked(
    price: int, stop: int, cost: int, risk: int, equity: int, side: int
) -> None:
    if price == stop:
        return
    method = RiskPerTrade(risk / 1000, 1.0)
    weight = method.weight(EntryFacts(price / 100, stop / 100, cost=cost / 10_000))
    lot = Decimal("0.001")
    held = abs(target_decimal(side * weight, Decimal(equity), Decimal(price) / 100, lot))
    quantity, paid = Fraction(held), Fraction(cost, 10_000)
    moved = quantity * abs(Fraction(price, 100) - Fraction(stop, 100))
    fees = quantity * paid * (Fraction(price, 100) + Fraction(stop, 100))
    allowed = Fraction(risk, 1000) * equity
    rounding = Fraction(1, 10**6) * allowed
    assert moved + fees <= allowed + rounding
    assert quantity * Fraction(price, 100) <= equity + rounding


@given(mean=st.floats(0.01, 2.0), volatility=st.floats(0.05, 2.0), other=st.floats(0.0, 3.0))
def test_whole_kelly_grows_fastest(mean: float, volatility: float, other: float) -> None:
    """Growth of a fraction f is f·mean - f²·volatility²/2 (Thorp 2006)."""

    def growth(fraction: float) -> float:
        return fraction * mean - (fraction * volatility) ** 2 / 2

    best = Kelly(1.0, math.inf).weight(EntryFacts(mean=mean, volatility=volatility))
    assert math.isnan(best)  # a cap must be a number
    best = Kelly(1.0, 1e9).weight(EntryFacts(mean=mean, volatility=volatility))
    assert growth(best) >= growth(other * best) - 1e-9
    half = Kelly(0.5, 1e9).weight(EntryFacts(mean=mean, volatility=volatility))
    assert growth(half) == pytest.approx(0.75 * growth(best), rel=1e-9)
