"""Past data of one exchange beside its bars through ccxt: raw pages, trades, funding."""

import json
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlencode, urlsplit

from xq.errors import VenueRefused
from xq.timeframe import Timeframe
from xq.types import Symbol
from xq.venues import convert
from xq.venues.clients import Clients
from xq.venues.registry import Profile

if TYPE_CHECKING:
    import numpy as np

    from xq.venues.klines import PageRequest, RawPage
    from xq.venues.wire import WireSession

Result = TypeVar("Result")

_PAGE = 1000
_TRADES_WEIGHT = 20  # Binance's for contracts; less on spot
_DEPTH = 1000  # levels a side
_DEPTH_WEIGHT = {True: 20, False: 50}
_BRACKET = ("tier", "minNotional", "maxNotional", "maintenanceMarginRate", "maxLeverage")

Trade = tuple[int, int, float, float, str]


class History:
    """The part of `xq.venues.ccxt_market.CcxtMarket` that only collecting needs."""

    _profile: Profile
    _faces: dict[bool, Clients]

    def page_size(self, symbol: Symbol) -> int:
        """Bars to ask for at once: what brings the most for the venue's allowance."""
        if not self.has_pages:
            return _PAGE
        from xq.venues.klines import page_size

        return page_size(symbol.is_contract, self._faces[symbol.is_contract].limited())

    @property
    def has_pages(self) -> bool:
        """Whether `page` works here."""
        return self._profile.bare_lists

    def page(self, symbol: Symbol, request: "PageRequest") -> "np.ndarray":
        """One page of bars as `CcxtMarket.bars` returns them, without ccxt making lists of it."""
        from xq.venues import klines

        return self._page(symbol, request, klines.parse)

    def raw_page(self, symbol: Symbol, request: "PageRequest") -> "RawPage":
        """One page of bars for `xq.venues.klines.parse_all`; only its edges are looked at."""
        from xq.venues.klines import RawPage

        return self._page(symbol, request, RawPage.of)

    def _page(
        self, symbol: Symbol, request: "PageRequest", read: "Callable[[bytes], Result]"
    ) -> "Result":
        from xq.venues import klines

        clients = self._faces[symbol.is_contract]
        source = clients.source()
        path, asked = request.on_wire(source.market_id(str(symbol)))
        base = source.urls["api"]["fapiPublic" if symbol.is_contract else "public"]
        root = urlsplit(base)
        host, target = f"{root.scheme}://{root.netloc}", f"{root.path}/{path}?{urlencode(asked)}"

        def ask(session: "WireSession") -> "Result":
            status, body = session.get_bytes(host, target, clients.timeout)
            if status != HTTPStatus.OK:
                raise ValueError("no page")  # the reader judges what came over the wire
            return read(body)

        weight = klines.weight(symbol.is_contract, request.limit)
        return clients.read_bytes(f"{symbol} {request.timeframe} bars", ask, weight)

    def funding(
        self, symbol: Symbol, since_ms: int, limit: int
    ) -> Sequence[tuple[int, Decimal, Decimal]]:
        """Past funding settlements, oldest first: time, rate, mark price (0 where not told)."""

        def ask(client: Any) -> tuple[tuple[int, Decimal, Decimal], ...]:
            found = client.fetch_funding_rate_history(str(symbol), since_ms, limit)
            return tuple(
                (
                    int(raw["timestamp"]),
                    convert.decimal(raw["fundingRate"]),
                    convert.decimal((raw.get("info") or {}).get("markPrice")),
                )
                for raw in found
            )

        return self._faces[True].read(f"{symbol} funding", ask)

    def trades(self, symbol: Symbol, since_ms: int, from_id: int | None, limit: int) -> list[Trade]:
        """Trades from an id on, else of the hour from ``since_ms`` on, oldest first.

        Returns
        -------
        list of (id, ts, price, quantity, side of the taker)
        """

        def ask(client: Any) -> list[Trade]:
            params = {} if from_id is None else {"fromId": from_id}
            since = since_ms if from_id is None else None
            found = client.fetch_trades(str(symbol), since, limit, params)
            rows = (
                (
                    int(t["id"]),
                    int(t["timestamp"]),
                    float(t["price"]),
                    float(t["amount"]),
                    t["side"],
                )
                for t in found
            )
            return sorted(rows)

        return self._faces[symbol.is_contract].read(f"{symbol} trades", ask, weight=_TRADES_WEIGHT)

    def open_interest(
        self, symbol: Symbol, timeframe: Timeframe, start_ms: int, end_ms: int
    ) -> list[tuple[int, float, float]]:
        """Open contracts at regular times, oldest first: ts, base asset, quote asset.

        Raises
        ------
        VenueRefused
            If the venue does not tell what past ones were worth, as Bybit.
        """

        def ask(client: Any) -> list[tuple[int, float, float]]:
            limit = (end_ms - start_ms) // timeframe.ms
            found = client.fetch_open_interest_history(
                str(symbol), timeframe.name, start_ms, limit, {"until": end_ms - 1}
            )
            if any(row["openInterestValue"] is None for row in found):
                raise VenueRefused(
                    f"{self._profile.name} tells past open interest without its value"
                )
            rows = (
                (int(r["timestamp"]), float(r["openInterestAmount"]), float(r["openInterestValue"]))
                for r in found
            )
            return sorted(rows)

        return self._faces[True].read(f"{symbol} open interest", ask)

    def depth(self, symbol: Symbol) -> Mapping[str, Any]:
        """The book as the venue itself words it, prices as text, with the id of its last change.

        Raises
        ------
        VenueRefused
            If the venue does not tell that id: nothing could be joined to such a book.
        """
        clients = self._faces[symbol.is_contract]
        clients.find(symbol)
        _, session = clients.pair()

        def ask(client: Any) -> Mapping[str, Any]:
            client.fetch_order_book(str(symbol), _DEPTH)
            body: Mapping[str, Any] = json.loads(getattr(session.last, "body", "{}"))
            return body

        weight = _DEPTH_WEIGHT[symbol.is_contract]
        body = clients.read(f"{symbol} book", ask, weight=weight)
        if not {"lastUpdateId", "bids", "asks"} <= body.keys():
            name = self._profile.name
            raise VenueRefused(f"{name} is not known to tell the update id of its book")
        return body

    def details(self, symbol: Symbol) -> Mapping[str, Any]:
        """What the venue itself says of a symbol, in its own words."""
        clients = self._faces[symbol.is_contract]
        clients.find(symbol)
        raw, _ = clients.pair()
        return dict(raw.market(str(symbol)).get("info") or {})

    def leverage_brackets(self, symbols: Sequence[Symbol]) -> dict[str, list[dict[str, Any]]]:
        """Leverage brackets by symbol, smallest notional first; needs keys."""
        names = [str(symbol) for symbol in symbols]

        def ask(client: Any) -> dict[str, list[dict[str, Any]]]:
            found = client.fetch_leverage_tiers(names)
            return {
                name: [{key: tier.get(key) for key in _BRACKET} for tier in tiers]
                for name, tiers in found.items()
            }

        return self._faces[True].read("leverage brackets", ask)
