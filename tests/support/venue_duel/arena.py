"""The markets of a duel, with the rules that the venue under test says it has."""

from decimal import Decimal

from support.reference_venue.records import Book, Market, Tier, Trade
from support.venue_duel.weather import ARENAS

from xq.sim.brackets import tiers_of
from xq.sim.filters import rules_of
from xq.sim.instruments import TRADES_START_MS, Face, instruments

START = TRADES_START_MS


def markets() -> list[Market]:
    """Fresh markets, each with one trade and one book before the start."""
    return [_market(item.face, item.symbol, item.price, item.tick) for item in ARENAS]


def _market(face: str, symbol: str, price: Decimal, tick: Decimal) -> Market:
    [known] = [item for item in instruments(Face(face)) if item.id == symbol]
    rules = rules_of(known)
    tiers = tiers_of(symbol) if face == "futures" else ()
    bids = tuple((price - tick * step, Decimal(1)) for step in (1, 2, 3))
    asks = tuple((price + tick * step, Decimal(1)) for step in (1, 2, 3))
    return Market(
        face=face,
        symbol=symbol,
        base=known.base,
        tick=rules.tick,
        lot=rules.lot,
        min_quantity=rules.min_quantity,
        min_notional=rules.min_notional,
        max_quantity=rules.max_quantity,
        max_market_quantity=rules.max_market_quantity,
        max_price=rules.max_price,
        price_up=rules.price_up,
        price_down=rules.price_down,
        maker=known.instrument.maker,
        taker=known.instrument.taker,
        tiers=tuple(Tier(item.floor, item.cap, item.leverage, item.rate) for item in tiers),
        trades=[Trade(START - 1, price, Decimal(1), sold=False)],
        books=[Book(START - 1, bids, asks)],
        marks=[(START - 1, price)] if face == "futures" else [],
    )
