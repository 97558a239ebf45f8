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
    """Does the next thing to the account once the service has told enough."""

    def __init__(self, *steps: tuple[int, int, Callable[[], object]]) -> None:
        self.steps = list(steps)
        self.fills = self.resting = 0
        self.acts: list[Act] = []
        self.failed: list[BaseException] = []

    def __call__(self, outcome: Report | XqError) -> None:
        assert isinstance(outcome, Report), outcome
        self.acts.append(outcome.act)
        self.fills += sum("fills of orders that are not ours" in note for note in outcome.notes)
        self.resting += sum("rests at the venue" in note for note in outcome.notes)
        if self.steps and self.fills >= self.steps[0][0] and self.resting >= self.steps[0][1]:
            threading.Thread(target=self._do, args=(self.steps.pop(0)[2],)).start()

    def _do(self, deed: Callable[[], object]) -> None:
        try:
            deed()
        except BaseException as error:
            self.failed.append(error)
            end()
            raise


def end() -> None:
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
        contract = face.symbol.is_contract
        stops = (1, 2, 3) if contract else (0, 0, 1)
        deed = cancel_stop if contract else rest
        somebody = Somebody(
            (0, stops[0], partial(sell, venue, face)),
            (1, stops[1], partial(deed, venue, face)),
            (1, stops[2], end),
        )
        given_up = threading.Timer(600, os.kill, (os.getpid(), signal.SIGTERM))
        given_up.daemon = True
        given_up.start()
        try:
            trade_loop(ws, TradeRequest(), somebody)
        finally:
            given_up.cancel()
    assert (somebody.steps, somebody.failed) == ([], [])
    assert somebody.acts[0] is Act.TRADED
