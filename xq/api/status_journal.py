"""`xq status` composed: what the venue says and what the journal knows, side by side."""

import json
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from xq.api.account import moment
from xq.api.events import events_of
from xq.api.status import FeedLine, OrderLine, PositionLine, SignalLine, Status, WalletLine
from xq.api.status_venue import Seen
from xq.api.trade import account_name
from xq.api.workspace import Workspace
from xq.timeframe import Timeframe

if TYPE_CHECKING:
    from xq.execution.journal import Journal
    from xq.types import Order, Position, Symbol

_EVENTS = 6
_DAY_MS = 86_400_000
_BY_HAND, _FOREIGN = "by hand", "not ours"


def compose(
    ws: Workspace,
    seen: Sequence[Seen],
    journal: "Journal | None",
    problems: Sequence[str],
    service_pid: int | None,
) -> Status:
    """One look; ``journal`` is None where nothing has been traded yet."""
    trade = ws.config.trade
    switches = {} if journal is None else _tripped(journal, ws)
    decided_ms = 0 if journal is None else _decided(ws, journal)
    now_ms = max((each.now_ms for each in seen), default=ws.clock.now_ms())
    feed = tuple(line for each in seen for line in _feed(ws, each))
    return Status(
        account=account_name(ws),
        mode=trade.mode,
        exchange=seen[0].exchange if seen else ws.config.exchange.name,
        strategy=" + ".join(trade.book) or trade.strategy,
        timeframe=trade.timeframe,
        at=moment(now_ms),
        service_pid=service_pid,
        last_look=None if journal is None else _last_look(journal),
        decided=moment(decided_ms) if decided_ms else None,
        due=moment(_due(ws, decided_ms, now_ms)),
        wallets=tuple(_wallet(each, journal) for each in seen),
        positions=tuple(line for each in seen for line in _positions(each, journal)),
        orders=tuple(_order(o, journal) for each in seen for o in each.orders),
        signals=() if journal is None else _signals(ws, journal),
        switches=switches,
        feed=feed,
        problems=(*problems, *_problems(seen, journal, switches, feed)),
        events=() if journal is None else tuple(events_of(journal)[-_EVENTS:]),
    )


def _tripped(journal: "Journal", ws: Workspace) -> dict[str, str]:
    from xq.live.latches import JournalLatches

    latches = JournalLatches(journal).load(ws.clock.now_ms())
    return {s.switch.value: s.trip.reason for s in latches.states if s.trip is not None}


def _symbols(ws: Workspace) -> "tuple[Symbol, ...]":
    from xq.types import Symbol

    return tuple(map(Symbol.parse, ws.config.trade.symbols))


def _decided(ws: Workspace, journal: "Journal") -> int:
    return journal.decisions.newest_close(contracts=_symbols(ws)[0].is_contract)


def _due(ws: Workspace, decided_ms: int, now_ms: int) -> int:
    """When the next decision is to be made: already, if the newest closed bar has none."""
    frame = Timeframe.parse(ws.config.trade.timeframe)
    closed_ms = int(frame.end(frame.last_closed(now_ms)))
    close_ms = closed_ms if decided_ms < closed_ms else int(frame.end(closed_ms))
    return close_ms + round(ws.config.trade.offset_seconds * 1000)


def _last_look(journal: "Journal") -> datetime | None:
    from xq.live.guard import READINGS

    at_ms = json.loads(journal.books.note(READINGS) or "{}").get("at_ms")
    return None if at_ms is None else moment(at_ms)


def _wallet(seen: Seen, journal: "Journal | None") -> WalletLine:
    from xq.risk.measure_equity import EquityAt, Flow, daily_loss, drawdown
    from xq.risk.readings import Span

    name = "contracts" if seen.contracts else "spot"
    cash = sum((b.free for b in seen.account.balances if b.asset == seen.quote), Decimal(0))
    known = () if journal is None else journal.books.equity()
    points = [EquityAt(p.ts, p.equity) for p in known if p.wallet == name]
    if journal is None or not points:
        return WalletLine(name, seen.account.equity, cash, None, None)
    points.append(EquityAt(seen.account.ts, seen.account.equity))
    flows = [
        Flow(f"{f.kind}:{f.venue_id}:{f.asset}", f.ts_ms, f.amount)
        for f in journal.cash.all()
        if f.external and f.asset == seen.quote
    ]
    lost = daily_loss(points, flows, Span(seen.now_ms, _DAY_MS)).value
    fall = drawdown(points, flows, Span(seen.now_ms)).value
    return WalletLine(name, seen.account.equity, cash, None if lost is None else -lost, fall)


def _positions(seen: Seen, journal: "Journal | None") -> list[PositionLine]:
    from xq.live.by_hand import quantity_by_hand

    return [
        PositionLine(
            str(p.symbol),
            p.quantity,
            p.entry_price if p.symbol.is_contract else None,
            p.mark_price,
            p.unrealized_pnl if p.symbol.is_contract else None,
            Decimal(0) if journal is None else quantity_by_hand(p.symbol, journal),
            _exit(p, seen, stop=True),
            _exit(p, seen, stop=False),
        )
        for p in seen.account.positions
        if p.quantity
    ]


def _exit(position: "Position", seen: Seen, *, stop: bool) -> Decimal | None:
    """The nearest trigger of a resting order that would close a position."""
    from xq.types import OrderType

    kinds = (
        (OrderType.STOP, OrderType.STOP_MARKET, OrderType.TRAILING_STOP_MARKET)
        if stop
        else (OrderType.TAKE_PROFIT, OrderType.TAKE_PROFIT_MARKET)
    )
    levels = [
        order.stop_price
        for order in seen.orders
        if order.symbol == position.symbol
        and order.side.sign * position.quantity < 0
        and order.type in kinds
        and order.stop_price is not None
    ]
    return min(levels, key=lambda level: abs(level - position.mark_price), default=None)


def _order(order: "Order", journal: "Journal | None") -> OrderLine:
    ours = journal is not None and journal.has_order(order.client_id)
    whose = _FOREIGN
    if journal is not None and ours:
        known = journal.order(order.client_id)
        whose = f"{known.strategy} {known.leg}" if known.strategy else _BY_HAND
    return OrderLine(
        str(order.symbol),
        order.side.value,
        order.type.value,
        order.quantity,
        order.filled,
        order.stop_price if order.price is None else order.price,
        whose,
        order.client_id,
    )


def _signals(ws: Workspace, journal: "Journal") -> tuple[SignalLine, ...]:
    found = ((s, journal.decisions.last_signal(s)) for s in _symbols(ws))
    return tuple(
        SignalLine(
            str(symbol),
            told[0].strategy,
            told[1].weight,
            told[1].target,
            told[1].reached,
            told[1].note,
        )
        for symbol, told in found
        if told is not None
    )


def _feed(ws: Workspace, seen: Seen) -> list[FeedLine]:
    most = ws.config.risk.max_price_age_seconds
    lines = []
    for symbol, book in seen.books.items():
        if symbol in _symbols(ws):
            age = (seen.now_ms - book.ts) / 1000
            lines.append(FeedLine(str(symbol), seen.price(symbol), age, age > most))
    return lines


def _problems(
    seen: Sequence[Seen],
    journal: "Journal | None",
    switches: dict[str, str],
    feed: Sequence[FeedLine],
) -> list[str]:
    found = [f"kill switch {name} is tripped: {why}" for name, why in switches.items()]
    found += [
        f"{line.symbol}: the newest price is {line.age_seconds:.0f} s old"
        for line in feed
        if line.stale
    ]
    if journal is None:
        return found
    for order in journal.unsettled_orders():
        if order.state.is_unclear:
            found.append(f"{order.symbol}: what became of order {order.client_id} is not known")
    for each in seen:
        found += _of_wallet(each, journal)
    return found


def _of_wallet(seen: Seen, journal: "Journal") -> list[str]:
    from xq.live.reconcile import position_of

    found = []
    for symbol in journal.books.symbols():
        if (symbol.is_contract, symbol.quote) != (seen.contracts, seen.quote):
            continue
        halted = journal.books.note(f"halted:{symbol}")
        if halted:
            found.append(f"{symbol} takes no new exposure: {halted}")
        books, venue = journal.books.position(symbol), position_of(symbol, seen.account)
        if abs(books - venue) >= seen.lots.get(symbol, Decimal(0)) and books != venue:
            found.append(f"{symbol}: the books say {books:f}, the venue {venue:f}")
    promised = json.loads(journal.books.note("exits") or "null")
    if promised and seen.contracts and (promised.get("stop_loss") or promised.get("trailing_stop")):
        for position in seen.account.positions:
            if position.quantity and _exit(position, seen, stop=True) is None:
                found.append(f"{position.symbol}: no stop rests for {position.quantity:f}")
    return found
