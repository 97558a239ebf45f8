"""What both venues are asked after every event, in the same plain form."""

from collections.abc import Mapping
from decimal import Decimal

from support.reference_venue.numbers import ZERO
from support.reference_venue.records import Fill
from support.reference_venue.venue import ReferenceVenue

Plain = str | bool | int | Decimal | None | tuple["Plain", ...]
Snapshot = Mapping[str, Plain]


def of_reference(venue: ReferenceVenue, owner: str) -> dict[str, Plain]:
    """The reference's answers about one account."""
    margin = venue.margin(owner)
    prices = venue.liquidation_prices(owner)
    found: dict[str, Plain] = {
        "futures wallet": margin.wallet,
        "cross wallet": margin.cross,
        "available": max(ZERO, margin.available),
    }
    for row in margin.rows:
        name = f"{row.symbol} {row.side}"
        found[f"initial of {name}"] = row.initial
        found[f"order initial of {name}"] = row.order_initial
        if row.quantity:
            found[f"position {name}"] = (row.quantity, row.cost, row.isolated, row.margin)
            found[f"unrealized of {name}"] = row.pnl
            found[f"maintenance of {name}"] = row.maintenance
            found[f"liquidation price of {name}"] = prices[row.symbol, row.side]
    for asset, (free, held) in venue.spot(owner).items():
        if free or held:
            found[f"spot {asset}"] = (free, held)
    for order in venue.state.orders:
        if order.owner == owner and order.status in ("new", "partially_filled"):
            found[f"{order.face} order {order.client_id}"] = (
                f"{order.face} {order.symbol} {order.side} {order.position_side} {order.tif}",
                order.price,
                order.quantity,
                order.filled,
                order.filled_quote,
                order.status,
            )
    for algo in venue.state.waiting(owner):
        found[f"algo {algo.client_id}"] = (algo.symbol, algo.type, algo.side)
    return found


def new_fills(venue: ReferenceVenue, since: int) -> list[dict[str, Plain]]:
    """Executions after the first ``since``, as the reference has them."""
    names = {order.id: order.client_id for order in venue.state.orders}
    found: list[dict[str, Plain]] = []
    for fill in list(venue.state.fills())[since:]:
        books = venue.state.books(fill.owner)
        found.append(
            {
                "ts": fill.ts,
                "order": names[fill.order_id],
                "owner": fill.owner,
                "market": f"{fill.face} {fill.symbol}",
                "side": f"{fill.side} {fill.position_side}",
                "price": fill.price,
                "quantity": fill.quantity,
                "fee": fill.fee,
                "maker": fill.maker,
                "realized": books.realized.get(fill.id, ZERO),
            }
        )
    return found


def paid(venue: ReferenceVenue, owner: str) -> dict[str, Plain]:
    """What ever moved an account's futures wallet, summed by kind."""
    books = venue.state.books(owner)
    found = dict.fromkeys(("realized", "fee", "funding", "clearance", "bankruptcy"), ZERO)
    for item in venue.state.history:
        if item.owner == owner and item.face == "futures":
            if isinstance(item, Fill):
                found["realized"] += books.realized[item.id]
                found["fee"] -= item.fee
                found["bankruptcy"] += books.made_whole.get(item.id, ZERO)
            elif item.kind in found:
                found[item.kind] += item.amount
    return dict(found)


def differences(expected: Snapshot, found: Snapshot) -> list[str]:
    """One line per answer that differs; numbers compare by value, not by digits shown."""
    lines = []
    for name in [*expected, *(name for name in found if name not in expected)]:
        if expected.get(name) != found.get(name):
            left, right = _shown(expected.get(name)), _shown(found.get(name))
            lines.append(f"{name}: reference {left}, venue {right}")
    return lines


def _shown(value: Plain) -> str:
    if isinstance(value, tuple):
        return "(" + ", ".join(_shown(item) for item in value) + ")"
    return f"{value.normalize():f}" if isinstance(value, Decimal) else str(value)
