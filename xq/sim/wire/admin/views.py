"""What the admin port tells: time, prices, accounts, connections."""

from contextlib import suppress
from typing import Any

from xq.clock import iso
from xq.errors import NoData, UsageError, unknown
from xq.sim.exact import exact, text
from xq.sim.instruments import Face
from xq.sim.records import Account
from xq.sim.refusal import Refusal
from xq.sim.venue import SimVenue
from xq.sim.wire.faults.bench import Bench
from xq.sim.wire.futures_payloads import account_v3, described_order, risk_v3
from xq.sim.wire.spot_payloads import described_order as described_spot_order

Json = dict[str, Any]

_LEVELS, _TRADES = 12, 30


def time(venue: SimVenue) -> Json:
    """Venue time."""
    return {"now_ms": venue.now_ms, "now": iso(venue.now_ms)}


def markets(venue: SimVenue) -> Json:
    """Every market of both faces."""
    return {str(face): [market.id for market in venue.markets(face)] for face in venue.feeds}


@exact
def market(venue: SimVenue, face_name: str, symbol: str) -> Json:
    """Book, tape and prices of one market.

    Raises
    ------
    UsageError
        If there is no such market.
    """
    face = _face(face_name)
    try:
        venue.market(face, symbol)
    except Refusal:
        known = [item.id for item in venue.markets(face)]
        raise unknown("market", symbol, known, hint="GET /markets lists them") from None
    feed, now = venue.feeds[face], venue.now_ms
    told: Json = {"face": str(face), "symbol": symbol, "last": None, "mark": None}
    bids: Any = ()
    asks: Any = ()
    trades: Any = ()
    with suppress(NoData):
        bids, asks = venue.depth(face, symbol, _LEVELS)
        trades = feed.trades(symbol, limit=_TRADES, now_ms=now)
        told["last"] = text(feed.last_price(symbol, now))
        if face is Face.FUTURES:
            told["mark"] = text(feed.mark_price(symbol, now))
    own = {
        (order.side.name, order.price)
        for order in venue.state.open_orders.values()
        if (order.face, order.symbol, order.waiting) == (face, symbol, False)
    }
    for name, side, rows in (("bids", "BUY", bids), ("asks", "SELL", asks)):
        told[name] = [
            [text(price), text(size), (side, price) in own] for price, size in rows
        ]  # the third says whether an account of the venue rests there
    told["trades"] = [
        [trade.ts, text(trade.price), text(trade.quantity), trade.buyer_is_maker]
        for trade in reversed(trades)
    ]
    return told | time(venue)


def accounts(venue: SimVenue) -> list[Json]:
    """Balances, positions and open orders of every account."""
    return [_account(venue, owner) for owner in venue.state.owners]


@exact
def _account(venue: SimVenue, owner: str) -> Json:
    margin = venue.margin(owner)
    futures = account_v3(margin, venue.now_ms)
    figures = ("totalWalletBalance", "totalMarginBalance", "availableBalance",
               "totalMaintMargin", "totalUnrealizedProfit")  # fmt: skip
    return {
        "name": owner,
        "key": next(key for key, login in venue.logins.items() if login.name == owner),
        "spot": _spot(venue, owner),
        "futures": {name: futures[name] for name in figures},
        "positions": [risk_v3(item) for item in margin.positions],
        "orders": {
            "spot": [
                described_spot_order(item) for item in venue.state.orders_of(owner, Face.SPOT)
            ],
            "futures": [
                described_order(item) for item in venue.state.orders_of(owner, Face.FUTURES)
            ],
        },
        "conditional": [
            {
                "id": item.id,
                "symbol": item.symbol,
                "side": item.side.name,
                "type": item.type.name,
                "quantity": text(item.quantity),
                "trigger": text(item.trigger_price),
            }
            for item in venue.open_algos(owner)
        ],
    }


def _spot(venue: SimVenue, owner: str) -> list[list[str]]:
    """Asset, free, held."""
    assets: dict[str, list[str]] = {}
    for (who, face, account, asset), amount in sorted(venue.state.balances.items()):
        if (who, face) == (owner, Face.SPOT) and account in (Account.FREE, Account.HELD):
            row = assets.setdefault(asset, [asset, "0", "0"])
            row[1 if account is Account.FREE else 2] = text(amount)
    return list(assets.values())


def connections(bench: Bench) -> list[Json]:
    """Every WebSocket."""
    return [
        {
            "path": box.line.path,
            "accounts": sorted(box.owners),
            "sent": box.sent,
            "mute": box.is_mute,
        }
        for box in bench.outboxes
        if not box.is_lost
    ]


def _face(name: str) -> Face:
    if name not in list(Face):
        raise UsageError(f"expected face spot or futures, found {name!r}")
    return Face(name)
