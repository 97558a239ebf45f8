"""From a target weight to the legs of an order. Pure; the sizing rule itself is `portfolio`'s."""

from dataclasses import dataclass, replace
from decimal import Decimal

from xq.errors import BadWeights
from xq.execution.records import Signal
from xq.frozen import quick
from xq.portfolio.sizing import target_decimal
from xq.types import Instrument, Side, Symbol

_ZERO = Decimal(0)


@quick
@dataclass(frozen=True, slots=True)
class Leg:
    """One order to be: which part of the decision, which side, how much."""

    name: str
    side: Side
    quantity: Decimal
    reduce_only: bool


def is_due(
    weight: float,
    earlier: Signal | None,
    position: Decimal,
    close: Decimal,
    equity: Decimal,
    band: float | None,
) -> bool:
    """Whether a decision trades: the target changed, was not met, or has drifted out of its band.

    The same rule as in the vector engine, which always meets its targets.
    """
    if earlier is None or not earlier.reached or earlier.weight != weight:
        return True
    if band is None or equity <= 0:
        return False
    return abs(float(position * close / equity) - weight) > band


def target(weight: float, equity: Decimal, close: Decimal, instrument: Instrument) -> Decimal:
    """Signed quantity to hold, a whole number of lots.

    Raises
    ------
    BadWeights
        For a short weight on spot, or a weight that is not a number.
    """
    symbol = instrument.symbol
    if weight != weight or abs(weight) == float("inf"):
        raise BadWeights(f"the newest weight must be a number, found {weight}", where=str(symbol))
    if weight < 0 and not symbol.is_contract:
        raise BadWeights(
            f"spot cannot be held short, found weight {weight:g}",
            where=str(symbol),
            hint=f"trade the perpetual {perpetual(symbol)}, or clip the weights at 0",
        )
    return target_decimal(weight, equity, close, instrument.lot)


def legs(
    wanted: Decimal, position: Decimal, instrument: Instrument, price: Decimal, cash: Decimal
) -> tuple[tuple[Leg, ...], str]:
    """The orders that bring a position to a target, reducing ones first, and a note.

    Parameters
    ----------
    price
        What the order is expected to meet.
    cash
        Quote asset a purchase on spot may spend.

    Returns
    -------
    tuple
        No legs when the difference is smaller than the venue trades; the note says so.

    Examples
    --------
    >>> rules = map(Decimal, "0.1 0.001 0.001 5 0 0".split())
    >>> perp = Instrument(Symbol.parse("BTC/USDT:USDT"), *rules)
    >>> found, note = legs(Decimal(-2), Decimal(1), perp, Decimal(100), Decimal(0))
    >>> [(leg.name, str(leg.side), str(leg.quantity), leg.reduce_only) for leg in found]
    [('close', 'sell', '1.000', True), ('open', 'sell', '2.000', False)]
    """
    if instrument.symbol.is_contract:
        return _contract_legs(wanted, position, instrument, price)
    change = wanted - position
    if change < 0:
        return _spot_sale(-change, position, instrument, price)
    quantity = to_lot(change, instrument.lot)
    affordable = to_lot(max(cash, _ZERO) / price, instrument.lot)
    note = ""
    if affordable < quantity:
        note = f"{affordable} instead of {quantity}: that is what the cash pays for"
        quantity = affordable
    return _kept(Leg("open", Side.BUY, quantity, False), instrument, price, note)


def within_margin(
    leg: Leg, cash: Decimal, price: Decimal, leverage: int, lot: Decimal
) -> tuple[Leg, str]:
    """A leg that opens the other side, no larger than what closing has left can carry, and a note.

    Parameters
    ----------
    cash
        Quote asset that may become margin.

    Examples
    --------
    >>> opening = Leg("open", Side.SELL, Decimal(10), False)
    >>> within_margin(opening, Decimal(998), Decimal(100), 1, Decimal("0.1"))[0].quantity
    Decimal('9.9')
    >>> within_margin(opening, Decimal(998), Decimal(100), 2, Decimal("0.1"))
    (Leg(name='open', side=<Side.SELL: 'sell'>, quantity=Decimal('10'), reduce_only=False), '')
    """
    carried = to_lot(max(cash, _ZERO) * leverage / price, lot)
    if carried >= leg.quantity:
        return leg, ""
    note = f"{carried} instead of {leg.quantity}: that is what the margin carries"
    return replace(leg, quantity=carried), note


def to_lot(quantity: Decimal, lot: Decimal) -> Decimal:
    """Round toward zero to whole lots, exactly.

    Examples
    --------
    >>> to_lot(Decimal("0.12999"), Decimal("0.001"))
    Decimal('0.129')
    """
    return int(quantity / lot) * lot


def perpetual(symbol: Symbol) -> Symbol:
    """The linear perpetual of a spot symbol."""
    return Symbol(symbol.base, symbol.quote, symbol.quote)


def _spot_sale(
    quantity: Decimal, position: Decimal, instrument: Instrument, price: Decimal
) -> tuple[tuple[Leg, ...], str]:
    sold = to_lot(min(quantity, position), instrument.lot)
    return _kept(Leg("close", Side.SELL, sold, False), instrument, price, "")


def _contract_legs(
    wanted: Decimal, position: Decimal, instrument: Instrument, price: Decimal
) -> tuple[tuple[Leg, ...], str]:
    lot = instrument.lot
    change = wanted - position
    side = Side.BUY if change > 0 else Side.SELL
    if position != 0 and wanted * position < 0:
        close = Leg("close", side, to_lot(abs(position), lot), True)
        opening, note = _kept(
            Leg("open", side, to_lot(abs(wanted), lot), False), instrument, price, ""
        )
        return (close, *opening), note
    if abs(wanted) < abs(position):
        quantity = to_lot(abs(change), lot)
        if quantity < instrument.min_quantity:
            return (), _too_small(quantity, instrument, price)
        return (Leg("close", side, quantity, True),), ""
    return _kept(Leg("open", side, to_lot(abs(change), lot), False), instrument, price, "")


def _kept(
    leg: Leg, instrument: Instrument, price: Decimal, note: str
) -> tuple[tuple[Leg, ...], str]:
    small = leg.quantity * price < instrument.min_notional
    if leg.quantity == 0 or leg.quantity < instrument.min_quantity or small:
        return (), _too_small(leg.quantity, instrument, price) if leg.quantity else note
    return (leg,), note


def _too_small(quantity: Decimal, instrument: Instrument, price: Decimal) -> str:
    return (
        f"a difference of {quantity} ({quantity * price:.2f} {instrument.symbol.quote}) is below "
        f"the venue's minimum of {instrument.min_notional:f} {instrument.symbol.quote}"
    )
