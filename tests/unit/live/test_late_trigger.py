"""A stop that fires while the trader is looking is its own, not somebody else's."""

from decimal import Decimal

from support.direct_venue import BTC, DirectVenue
from support.scripted_feed import WALL
from support.toy_venue import HOUR, limits

from xq.clock import ManualClock
from xq.execution.memory import MemoryJournal
from xq.execution.orders import OrderState
from xq.live.desk import Desk, Forecast, Foreign, Terms
from xq.live.loop import tick, watch
from xq.strategy.base import Exits
from xq.types import Account

D = Decimal


class Falling(DirectVenue):
    """The price falls through the stop after orders were looked up, before fills are."""

    falls = False

    def account(self) -> Account:
        if self.falls:
            self.falls = False
            self.print(D(37_000))
        return super().account()


def test_its_fills_are_ours_and_halt_nothing() -> None:
    venue = Falling(ManualClock(WALL))
    journal = MemoryJournal("direct")

    def forecast(bar_ms: int) -> Forecast:
        return Forecast(bar_ms, {BTC: 0.5}, {BTC: venue.price()}, exits=Exits(stop_loss=0.05))

    desk = Desk(venue, venue, journal, venue.clock, forecast)
    terms = Terms("direct", "test", (BTC,), HOUR, limits((BTC,)), foreign=Foreign.HALT)
    assert tick(desk, terms).problems == ()
    venue.falls = True
    report = watch(desk, terms)
    assert (report.notes, report.problems, venue.held()) == ((), (), 0)
    (stop,) = (order for order in journal.orders() if order.leg == "stop")
    assert (stop.state, stop.filled) == (OrderState.FILLED, stop.quantity)
    assert {fill.client_id for fill in journal.books.fills()} == {
        order.client_id for order in journal.orders()
    }
