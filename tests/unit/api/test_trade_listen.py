"""A service that would not look for an hour, and what happens to its account meanwhile."""

import os
import signal
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from support.trade_bench import served, workspace
from support.trading_faces import FACES, SIZE, Face, Orders, trading

from xq.api.trade import TradeRequest, trade_loop
from xq.errors import XqError
from xq.live.report import Act, Report
from xq.types import OrderRequest, OrderType, OutcomeKind, Side
from xq.venues.ccxt_trading import CcxtTrading


class Somebody:
    """Does one thing to the account after every word of the service, then ends it."""

    def __init__(self, *deeds: Callable[[], object]) -> None:
        self.deeds = list(deeds)
        self.notes: list[str] = []
        self.acts: list[Act] = []

    def __call__(self, outcome: Report | XqError) -> None:
        assert isinstance(outcome, Report), outcome
        self.acts.append(outcome.act)
        self.notes += outcome.notes
        if self.deeds:
            threading.Thread(target=self.deeds.pop(0)).start()
        else:
            os.kill(os.getpid(), signal.SIGTERM)


def sell(venue: CcxtTrading, face: Face) -> None:
    name = f"by-hand-{len(venue.fills(face.symbol, 0))}"
    order = OrderRequest(face.symbol, Side.SELL, OrderType.MARKET, SIZE, name)
    assert venue.place(order).kind is OutcomeKind.ACCEPTED


def rest(venue: CcxtTrading, face: Face) -> None:
    orders = Orders(face.symbol, venue.marks(face.symbol).mark)
    assert venue.place(orders.limit("by-hand-rests")).kind is OutcomeKind.ACCEPTED


def cancel_stop(venue: CcxtTrading, face: Face) -> None:
    (stop,) = venue.open_orders(face.symbol)
    assert venue.cancel(face.symbol, stop.client_id).kind is OutcomeKind.ACCEPTED


@pytest.mark.parametrize("name", FACES)
def test_the_stream_brings_looks(name: str, tmp_path: Path) -> None:
    """The second deed is heard by nothing else; the first might be met when it opens."""
    face = Face(name)
    ws = workspace(
        tmp_path,
        XQ_EXCHANGE__NAME=face.profile,
        XQ_EXCHANGE__TIMEOUT_SECONDS="120",
        XQ_TRADE__SYMBOLS=str(face.symbol),
        XQ_TRADE__STRATEGY="guarded" if face.symbol.is_contract else "always",
        XQ_TRADE__WATCH_SECONDS="3600",
    )
    with served(ws) as handle, trading(handle.url, face) as venue:
        deed = cancel_stop if face.symbol.is_contract else rest
        somebody = Somebody(partial(sell, venue, face), partial(deed, venue, face))
        given_up = threading.Timer(600, os.kill, (os.getpid(), signal.SIGTERM))
        given_up.daemon = True
        given_up.start()
        try:
            trade_loop(ws, TradeRequest(), somebody)
        finally:
            given_up.cancel()
    assert somebody.deeds == []
    assert somebody.acts[0] is Act.TRADED
    assert f"{face.symbol}: 1 fills of orders that are not ours" in somebody.notes
    resting = [note for note in somebody.notes if "rests at the venue" in note]
    assert len(resting) == (3 if face.symbol.is_contract else 1)
