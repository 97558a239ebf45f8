"""The venue on its own market: days that pass unwatched end as days that were watched."""

from decimal import Decimal

import pytest

from xq.clock import ManualClock
from xq.sim.accounts import MAIN
from xq.sim.instruments import Face
from xq.sim.ledger import FILE_NAME, Ledger, Page
from xq.sim.market import SimMarket
from xq.sim.records import NewOrder
from xq.sim.venue import SimVenue
from xq.types import OrderType, Side

D = Decimal
HOUR = 3_600_000
DAY = 24 * HOUR


def story(folder, feeds, step: int) -> tuple[object, ...]:
    """Resting orders on both faces and a leveraged short, watched every ``step`` ms."""
    clock = ManualClock(1_800_000_000_000)
    with Ledger(folder / FILE_NAME) as ledger:
        venue = SimVenue(ledger, feeds, clock, seed=7)
        venue.settle()
        for face in Face:
            last = feeds[face].last_price("BTCUSDT", venue.now_ms)
            tick = feeds[face].instrument("BTCUSDT").instrument.tick
            for percent in ("0.998", "0.99", "0.97"):
                price = (last * D(percent)).quantize(tick)
                order = NewOrder("BTCUSDT", Side.BUY, OrderType.LIMIT, None, D("0.01"))
                venue.place(MAIN, face, replace_price(order, price))
        venue.place(
            MAIN, Face.FUTURES, NewOrder("ETHUSDT", Side.SELL, OrderType.MARKET, None, D(70))
        )
        for _ in range(4 * DAY // step):
            clock.advance_to(clock.now_ms() + step)
            venue.settle()
        page = Page(start_ms=0, limit=10_000)
        fills = [ledger.fills(MAIN, face, s, page) for face in Face for s in ("BTCUSDT", "ETHUSDT")]
        assert ledger.check() == []
        return venue.state.balances, venue.state.positions, venue.state.open_orders, fills


def replace_price(order: NewOrder, price: Decimal) -> NewOrder:
    return NewOrder(
        order.symbol, order.side, order.type, order.client_id, order.quantity, price=price
    )


@pytest.fixture(scope="module")
def feeds():
    return {face: SimMarket(face, 7) for face in Face}


def test_the_outcome_does_not_depend_on_who_watched(tmp_path, feeds):
    unwatched = story(tmp_path / "a", feeds, 4 * DAY)
    watched = story(tmp_path / "b", feeds, HOUR)
    assert watched == unwatched
    assert sum(len(fills) for fills in unwatched[3]) >= 4


def test_every_fill_of_a_resting_order_happened_on_the_tape(tmp_path, feeds):
    *_, fills = story(tmp_path / "c", feeds, DAY)
    resting = [fill for rows in fills for fill in rows if fill.maker]
    assert resting
    for fill in resting:
        trades = feeds[fill.face].trades(
            fill.symbol, start_ms=fill.ts, end_ms=fill.ts, now_ms=fill.ts, limit=1000
        )
        through = [trade.price < fill.price for trade in trades]
        assert any(through)
