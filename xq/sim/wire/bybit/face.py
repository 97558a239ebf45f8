"""From a request under ``/v5`` to its answer: endpoints, security, refusals; no sockets."""

from collections.abc import Callable, Generator
from typing import Any

from xq.errors import StorageFailed, VenueError
from xq.ports import Clock
from xq.sim.fair import Price
from xq.sim.refusal import Refusal
from xq.sim.venue import SimVenue
from xq.sim.wire.auth import Message
from xq.sim.wire.bybit import (
    account,
    bars,
    history,
    listing,
    orders,
    positions,
    prices,
    settings,
    stops,
)
from xq.sim.wire.bybit.answers import Fault, envelope, fault, sorry
from xq.sim.wire.bybit.asks import Ask, Elsewhere, Handler, Looker, as_params, read_body, read_query
from xq.sim.wire.bybit.auth import check_request
from xq.sim.wire.bybit.limits import Allowances
from xq.sim.wire.bybit.memory import Memory
from xq.sim.wire.dispatch import Reply
from xq.sim.wire.route import Json
from xq.sim.wire.slices import Slices, whole

PREFIX = "/v5/"

PUBLIC: dict[str, Looker] = {
    "GET /v5/market/time": prices.time,
    "GET /v5/market/instruments-info": listing.instruments_info,
    "GET /v5/market/risk-limit": listing.risk_limit,
    "GET /v5/market/kline": bars.traded,
    "GET /v5/market/mark-price-kline": bars.fair(Price.MARK),
    "GET /v5/market/index-price-kline": bars.fair(Price.INDEX),
    "GET /v5/market/premium-index-price-kline": bars.premium,
    "GET /v5/market/orderbook": prices.orderbook,
    "GET /v5/market/recent-trade": prices.recent_trades,
    "GET /v5/market/tickers": prices.tickers,
    "GET /v5/market/funding/history": prices.funding_history,
    "GET /v5/market/open-interest": prices.open_interest,
}
PRIVATE: dict[str, Handler] = {
    "GET /v5/account/info": account.info,
    "GET /v5/user/query-api": account.key_info,
    "GET /v5/account/wallet-balance": account.wallet_balance,
    "GET /v5/asset/coin/query-info": account.coin_info,
    "GET /v5/account/fee-rate": account.fee_rate,
    "GET /v5/account/transaction-log": account.transaction_log,
    "GET /v5/position/list": positions.positions,
    "POST /v5/position/set-leverage": settings.set_leverage,
    "POST /v5/position/switch-mode": settings.switch_mode,
    "POST /v5/position/switch-isolated": settings.switch_isolated,
    "POST /v5/position/add-margin": settings.add_margin,
    "POST /v5/position/trading-stop": stops.trading_stop,
    "POST /v5/account/set-margin-mode": settings.set_margin_mode,
    "POST /v5/order/create": orders.create,
    "POST /v5/order/amend": orders.amend,
    "POST /v5/order/cancel": orders.cancel,
    "POST /v5/order/cancel-all": orders.cancel_all,
    "POST /v5/order/create-batch": orders.create_batch,
    "POST /v5/order/amend-batch": orders.amend_batch,
    "POST /v5/order/cancel-batch": orders.cancel_batch,
    "GET /v5/order/realtime": history.realtime,
    "GET /v5/order/history": history.history,
    "GET /v5/execution/list": history.executions,
}
# Lists that are empty, not refused, for the categories that this venue has not got.
_LISTS = frozenset(
    {
        "/v5/market/tickers",
        "/v5/market/risk-limit",
        "/v5/account/fee-rate",
        "/v5/position/list",
        "/v5/order/realtime",
        "/v5/order/history",
        "/v5/execution/list",
    }
)


class BybitFace:
    """One venue as Bybit would show it.

    Parameters
    ----------
    limited
        Whether asking too often is refused.

    Attributes
    ----------
    memory
        What is known beside the ledger.
    """

    def __init__(self, venue: SimVenue, *, limited: bool) -> None:
        self.venue = venue
        self.memory = Memory(venue)
        self._allowances = Allowances() if limited else None

    def close(self) -> None:
        """Stop listening to the venue."""
        self.memory.close()

    def reply(self, message: Message, wall: Clock) -> Reply:
        """Answer a request; timestamps and allowances are measured by ``wall``."""
        return whole(self.answering(message, wall))

    def answering(self, message: Message, wall: Clock) -> Slices[Reply]:
        """`reply`, with a chance for others after each slice."""
        return self._judged(lambda headers: self._served(message, wall.now_ms(), headers))

    def order(self, owner: str, path: str, body: dict[str, Any], wall: Clock) -> Reply:
        """Answer an order that came over a connection whose owner is known."""

        def serve(headers: dict[str, str]) -> Slices[Json]:
            self._spend(owner, path, wall.now_ms(), headers)
            ask = Ask(self.venue, owner, self.memory, as_params(body), body)
            return (yield from self._answer(ask, PRIVATE[f"POST {path}"], path))

        return whole(self._judged(serve))

    def _served(self, message: Message, wall_ms: int, headers: dict[str, str]) -> Slices[Json]:
        if self._allowances is not None:
            self._allowances.admit(wall_ms)
        name = f"{message.method} {message.path}"
        if name in PUBLIC:
            ask = Ask(self.venue, "", self.memory, read_query(message.query))
            return (yield from self._answer(ask, PUBLIC[name], message.path))
        if name not in PRIVATE:
            raise Fault(10017, "Route not found.", status=404)
        owner = check_request(message, self.venue.logins, wall_ms).name
        self._spend(owner, message.path, wall_ms, headers)
        if message.method == "GET":
            ask = Ask(self.venue, owner, self.memory, read_query(message.query))
        else:
            body = read_body(message.body)
            ask = Ask(self.venue, owner, self.memory, as_params(body), body)
        return (yield from self._answer(ask, PRIVATE[name], message.path))

    def _answer(self, ask: Ask, handler: Looker, path: str) -> Slices[Json]:
        self.venue.settle()
        try:
            found = handler(ask)
            result = (yield from found) if isinstance(found, Generator) else found
        except Elsewhere as other:
            if path not in _LISTS:
                raise
            result = {"category": other.category, "list": [], "nextPageCursor": ""}
        return envelope(self.venue.now_ms, result, ask.extra)

    def _spend(self, owner: str, path: str, wall_ms: int, headers: dict[str, str]) -> None:
        if self._allowances is not None:
            self._allowances.spend(owner, path, wall_ms, headers)

    def _judged(self, serve: Callable[[dict[str, str]], Slices[Json]]) -> Slices[Reply]:
        headers: dict[str, str] = {}
        try:
            return Reply(200, (yield from serve(headers)), headers)
        except Fault as found:
            problem = found
        except Refusal as refusal:
            problem = fault(refusal)
        except (StorageFailed, VenueError) as failure:
            problem = Fault(10016, f"Internal System Error. {failure.message}")
        return Reply(problem.status, sorry(self.venue.now_ms, problem), headers)
