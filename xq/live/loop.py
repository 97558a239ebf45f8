"""The one loop: what happens when a bar has closed, in every mode.

look up → reconcile → forecast → size → gate → send → verify → write down
"""

from collections.abc import Mapping, Sequence

from xq.clock import iso
from xq.errors import TradingHalted, VenueError, XqError, unknown
from xq.execution.orders import OrderState
from xq.execution.records import Decision, DecisionStatus, EquityPoint, Signal
from xq.execution.resolve import ONE_LOOK
from xq.frozen import changed
from xq.live import decide
from xq.live.desk import Desk, Terms
from xq.live.execute import Done, Session, carry_out, line_of
from xq.live.holdings import Holdings, holdings
from xq.live.reconcile import check_books, reconcile
from xq.live.report import Act, Report, SymbolLine
from xq.types import Symbol


def tick(desk: Desk, terms: Terms, *, dry_run: bool = False) -> Report:
    """Decide on the last closed bar and trade on it, at most once per bar.

    With ``dry_run`` the desk's journal must be a scratch copy; nothing is sent or cancelled.

    Raises
    ------
    TradingHalted
        If the venue's clock is behind a bar that was decided on; nothing was sent.
    UnknownName, VenueError, DataError, StrategyError, StorageFailed
        Before anything was sent; what goes wrong later is in the report's ``problems``.
    """
    now_ms = desk.market.now_ms()
    _check_time(now_ms, desk, terms)
    bar_ms = terms.timeframe.last_closed(now_ms)
    key = terms.key(bar_ms)
    blank = Report(
        desk.market.name, terms.account, terms.strategy, str(terms.timeframe), bar_ms, Act.NOTHING
    )
    earlier = desk.journal.decisions.find(key)
    if earlier is not None and earlier.status.is_settled and not dry_run:
        return blank
    _check_symbols(desk, terms)
    patience = ONE_LOOK if dry_run else terms.patience
    found = reconcile(desk, terms, patience, may_cancel=not dry_run)
    report = changed(blank, notes=found.notes)
    earlier = desk.journal.decisions.find(key)
    if earlier is not None and not dry_run and not _is_open(earlier, desk):
        return _recovered(report, earlier, desk, terms)
    forecast = desk.forecast(bar_ms)
    before = holdings(desk.venue.account(), terms.symbols, forecast.closes)
    signals = decide.signals(forecast, before, desk, terms)
    if dry_run:
        decision = decide.rehearse(bar_ms, desk, terms)
    else:
        decide.set_leverage(signals, desk, terms)
        decision = decide.begin(bar_ms, signals, desk, terms)
    session = Session(desk, terms, decision, forecast.closes, found.frozen, dry_run)
    done = {s.symbol: _carry_out(session, s) for s in decide.selling_first(signals)}
    if dry_run:
        return _told(report, Act.PLANNED, signals, done, before, desk)
    return _finish(report, session, signals, done)


def _check_time(now_ms: int, desk: Desk, terms: Terms) -> None:
    decided_ms = desk.journal.decisions.newest_close(contracts=terms.contracts)
    if now_ms < decided_ms:
        raise TradingHalted(
            f"the clock of {desk.market.name} went back to {iso(now_ms)}: "
            f"a bar that closed at {iso(decided_ms)} is already decided",
            where=str(desk.journal.path),
            hint="wait, or move this journal away if the venue was started anew",
        )


def _check_symbols(desk: Desk, terms: Terms) -> None:
    known = desk.market.instruments()
    for symbol in terms.symbols:
        if symbol not in known:
            raise unknown(
                f"symbol on {desk.market.name}",
                str(symbol),
                map(str, known),
                hint=f"xq symbols --quote {symbol.quote}",
            )


def _is_open(decision: Decision, desk: Desk) -> bool:
    """Whether a bar may still be decided: nothing of it can have reached the venue."""
    if decision.status is DecisionStatus.DECIDING:
        return not desk.journal.orders_of(decision)
    return decision.status is DecisionStatus.AGAIN


def _carry_out(session: Session, signal: Signal) -> Done:
    if signal.reached:
        return Done(note=signal.note)
    try:
        return carry_out(session, signal)
    except VenueError as error:
        return Done(reached=False, problem=error)


def _recovered(report: Report, decision: Decision, desk: Desk, terms: Terms) -> Report:
    """An earlier run died on this bar: say what its orders became, send nothing."""
    now = holdings(desk.venue.account(), terms.symbols, {})
    orders = desk.journal.orders_of(decision)
    signals = [s for key, s in desk.journal.decisions.signals() if key == decision.key]
    done = {
        signal.symbol: Done(
            tuple(line_of(o, desk) for o in orders if o.symbol == signal.symbol), reached=False
        )
        for signal in signals
    }
    unclear = [
        TradingHalted(
            "what became of an order is still unknown",
            where=f"{order.symbol}, client id {order.client_id}",
            hint="xq trade --once asks again",
        )
        for order in orders
        if not order.state.is_final
    ]
    _record_equity(now, desk, terms)
    act = Act.STOPPED if unclear else Act.RECONCILED
    return changed(_told(report, act, signals, done, now, desk), problems=tuple(unclear))


def _finish(
    report: Report, session: Session, signals: Sequence[Signal], done: Mapping[Symbol, Done]
) -> Report:
    """Verify against the venue, write down how the decision ended, and tell."""
    desk, terms = session.desk, session.terms
    # What another symbol's failure left no cash for is due again, as that symbol is.
    failed = any(not outcome.reached for outcome in done.values())
    ended = [
        changed(
            s,
            reached=done[s.symbol].reached and not (failed and done[s.symbol].short),
            note=done[s.symbol].note or s.note,
        )
        for s in signals
    ]
    desk.journal.decisions.record_signals(session.decision, ended)
    status = _status(session.decision, done, desk)
    notes = list(report.notes)
    try:
        account = desk.venue.account()
        for symbol in terms.symbols:
            notes += check_books(symbol, desk, account)
        after = holdings(account, terms.symbols, session.closes)
        _record_equity(after, desk, terms)
    except VenueError as error:
        notes.append(f"positions could not be read back: {error.message}")
        after = None
    desk.journal.decisions.finish(session.decision, status)
    act = _act(status, done)
    return _told(changed(report, notes=tuple(notes)), act, ended, done, after, desk)


def _status(decision: Decision, done: Mapping[Symbol, Done], desk: Desk) -> DecisionStatus:
    orders = desk.journal.orders_of(decision)
    if any(not order.state.is_final for order in orders):
        return DecisionStatus.DECIDING
    nothing_left = all(order.state is OrderState.NOT_SENT for order in orders)
    if nothing_left and any(outcome.problem for outcome in done.values()):
        return DecisionStatus.AGAIN
    return DecisionStatus.DONE


def _act(status: DecisionStatus, done: Mapping[Symbol, Done]) -> Act:
    if status is not DecisionStatus.DONE or any(d.problem for d in done.values()):
        return Act.STOPPED
    return Act.TRADED if any(d.orders for d in done.values()) else Act.HELD


def _record_equity(now: Holdings, desk: Desk, terms: Terms) -> None:
    point = EquityPoint(now.ts, now.account_equity, now.cash, terms.strategy, terms.wallet)
    desk.journal.books.add_equity(point)


def _told(
    report: Report,
    act: Act,
    signals: Sequence[Signal],
    done: Mapping[Symbol, Done],
    now: Holdings | None,
    desk: Desk,
) -> Report:
    lines = []
    for signal in signals:
        outcome = done[signal.symbol]
        lines.append(
            SymbolLine(
                signal.symbol,
                desk.market.instruments()[signal.symbol].synthetic,
                signal.weight,
                signal.close,
                signal.position,
                signal.target,
                now.positions[signal.symbol] if now else None,
                outcome.orders,
                outcome.note or signal.note,
            )
        )
    problems: tuple[XqError, ...] = tuple(d.problem for d in done.values() if d.problem)
    return changed(
        report,
        act=act,
        symbols=tuple(lines),
        equity=now.account_equity if now else None,
        cash=now.cash if now else None,
        problems=problems,
    )
