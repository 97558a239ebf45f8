"""Targets, whether they are due, and the legs that lead there."""

from decimal import Decimal

import pytest
from support.toy_venue import PERPETUAL, SPOT, instrument

from xq.errors import BadWeights
from xq.execution.records import Signal
from xq.live.plan import is_due, legs, target
from xq.types import Symbol

D = Decimal
PRICE = D(40_000)
RICH = D(10**9)


def signal(weight: float, reached: bool = True) -> Signal:
    return Signal(SPOT, weight, PRICE, D(0), D(0), reached)


@pytest.mark.parametrize(
    ("earlier", "weight", "band", "due"),
    [
        (None, 0.5, None, True),
        (signal(0.5), 0.5, None, False),
        (signal(0.4), 0.5, None, True),
        (signal(0.5, reached=False), 0.5, None, True),
        (signal(0.5), 0.5, 0.11, False),  # 0.15 BTC are 0.6 of 10,000
        (signal(0.5), 0.5, 0.09, True),
    ],
)
def test_when_a_decision_trades(
    earlier: Signal | None, weight: float, band: float | None, due: bool
) -> None:
    assert is_due(weight, earlier, D("0.15"), PRICE, D(10_000), band) is due


def test_targets_are_whole_lots_toward_zero() -> None:
    assert target(0.5, D(10_000), D(39_999), instrument(SPOT)) == D("0.125")
    assert target(-0.5, D(10_000), D(40_001), instrument(PERPETUAL)) == D("-0.124")


@pytest.mark.parametrize("weight", [-0.1, float("nan"), float("inf")])
def test_weights_that_cannot_be(weight: float) -> None:
    with pytest.raises(BadWeights) as refused:
        target(weight, D(10_000), PRICE, instrument(SPOT))
    assert refused.value.exit_code == 5


@pytest.mark.parametrize(
    ("symbol", "wanted", "held", "expected"),
    [
        (SPOT, "0.5", "0", ["open buy 0.500"]),
        (SPOT, "0.5", "0.2", ["open buy 0.300"]),
        (SPOT, "0.2", "0.5", ["close sell 0.300"]),
        (SPOT, "0", "0.5009", ["close sell 0.500"]),
        (SPOT, "0", "0.0009", []),
        (SPOT, "0.5", "0.5", []),
        (PERPETUAL, "0.5", "0", ["open buy 0.500"]),
        (PERPETUAL, "-0.5", "0", ["open sell 0.500"]),
        (PERPETUAL, "-0.5", "-0.7", ["close buy 0.200 reduce"]),
        (PERPETUAL, "0", "-0.7", ["close buy 0.700 reduce"]),
        (PERPETUAL, "0.3", "-0.7", ["close buy 0.700 reduce", "open buy 0.300"]),
        (PERPETUAL, "0", "0", []),
    ],
)
def test_legs(symbol: Symbol, wanted: str, held: str, expected: list[str]) -> None:
    found, _ = legs(D(wanted), D(held), instrument(symbol), PRICE, RICH)
    words = [f"{leg.name} {leg.side} {leg.quantity}{' reduce' * leg.reduce_only}" for leg in found]
    assert words == expected


def test_what_the_venue_would_not_take_is_left_and_said() -> None:
    found, note = legs(D("0.001"), D(0), instrument(SPOT), D(4_000), RICH)
    assert found == ()
    assert note == "a difference of 0.001 (4.00 USDT) is below the venue's minimum of 5 USDT"


def test_a_small_contract_position_may_still_be_closed() -> None:
    found, _ = legs(D(0), D("0.001"), instrument(PERPETUAL), D(4_000), RICH)
    assert [leg.reduce_only for leg in found] == [True]


def test_no_cash_buys_nothing() -> None:
    assert legs(D("0.5"), D(0), instrument(SPOT), PRICE, D(-1))[0] == ()
