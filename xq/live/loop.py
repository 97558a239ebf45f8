"""The one loop: what happens when a bar has closed, in every mode.

look up → reconcile → forecast → size → gate → send → verify → write down
"""

from collections.abc import Mapping, Sequence

from xq.clock import iso
from xq.errors import TradingHalted, VenueError, XqError
from xq.execution.orders import OrderState
from xq.execution.records import Decision, DecisionStatus, EquityPoint, Signal
from xq.execution.resolve import ONE_LOOK
from xq.frozen import changed
from xq.live import decide, decided_parents, guard, protect, subledgers
from xq.live.desk import Desk, Forecast, Terms, instrument_of
from xq.live.execute import carry_out
from xq.live.holdings import Holdings, holdings
from xq.live.look import Look
from xq.live.order_lines import line_of
from xq.live.reconcile import NOTHING_FOUND, Reconciled, check_books, reconcile
from xq.live.report import Act, Report, SymbolLine
from xq.live.session import Session
from xq.live.sized import sized
from xq.live.turn import Done
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
    is_first = not _newest_close(now_ms, desk, terms)
    bar_ms = terms.timeframe.last_closed(now_ms)
    key = terms.key(bar_ms)
    earlier = desk.journal.decisions.find(key)
    settled = earlier is not None and earlier.status.is_settled and not dry_run
    if settled and not guard.is_needed(desk, terms):
        return _report(bar_ms, desk, terms)
    _check_symbols(desk, terms)
    patience = ONE_LOOK if dry_run else terms.patience
    found = reconcile(desk, terms, patience, may_cancel=not dry_run)
    cared = guard.care(desk, terms, dry_run=dry_run)
    report = _report(bar_ms, desk, terms, found, cared)
    if settled:
        return report
    earlier = desk.journal.decisions.find(key)
    if earlier is not None and not dry_run and not _is_open(earlier, desk):
        return _recovered(report, earlier, desk, terms)
    unended = {} if dry_run else decided_parents.retire(desk, terms)
    ahead = Look.ahead(desk, terms)
    forecast = sized(desk.forecast(bar_ms), desk, terms)
    seen = ahead.renewed(terms)
    before = holdings(seen.account, terms.symbols, forecast.closes)
    protect.promise(forecast.exits, desk)
    with desk.journal.together():
        signals = decide.signals(forecast, before, desk, terms)
        unset = decide.without_leverage(signals, desk, terms)
    frozen = {**_unguarded(forecast, terms), **unended, **found.frozen}
    if dry_run:
        decision = decide.rehearse(bar_ms, desk, terms)
    else:
        frozen |= decide.set_leverage(unset, desk, terms)
        with desk.journal.together():
            if is_first:  # what the first orders cost is a loss of the first day
                _record_equity(before, desk, terms)
            subledgers.want(forecast, decide.sizing_equity(before, terms), desk)
            decision = decide.begin(bar_ms, signals, desk, terms)
    session = Session(desk, terms, decision, forecast.closes, seen, frozen, dry_run)
    done = carry_out(session, decide.selling_first(signals))
    if dry_run:
        return _told(report, Act.PLANNED, signals, done, before, desk)
    return _finish(report, session, signals, done)


def watch(desk: Desk, terms: Terms) -> Report:
    """What is done between bars: orders followed, switches looked at, exits kept.

    Raises
    ------
    UnknownName, VenueError, StorageFailed
        If a symbol is not listed, or venue or journal cannot be asked; nothing was entered.
    """
    _check_symbols(desk, terms)
    bar_ms = terms.timeframe.last_closed(desk.market.now_ms())
    found = reconcile(desk, terms, ONE_LOOK)
    cared = guard.care(desk, terms, dry_run=False)
    subledgers.settle(desk, terms)
    return _report(bar_ms, desk, terms, found, cared)


def _report(
    bar_ms: int,
    desk: Desk,
    terms: Terms,
    found: Reconciled = NOTHING_FOUND,
    cared: guard.Care = guard.NO_CARE,
) -> Report:
    """What is known before anything is decided."""
    return Report(
        desk.market.name,
        terms.account,
        terms.strategy,
        str(terms.timeframe),
        bar_ms,
        Act.GUARDED if cared.acted else Act.NOTHING,
        notes=found.notes + cared.notes,
        problems=cared.problems,
    )


def _newest_close(now_ms: int, desk: Desk, terms: Terms) -> int:
    """The latest bar close ever decided on, 0 for none; it cannot be in the future."""
    decided_ms = desk.journal.decisions.newest_close(contracts=terms.contracts)
    if now_ms < decided_ms:
        raise TradingHalted(
            f"the clock of {desk.market.name} went back to {iso(now_ms)}: "
            f"a bar that closed at {iso(decided_ms)} is already decided",
            where=desk.journal.place,
            hint="wait, or move this journal away if the venue was started anew",
        )
    return decided_ms


def _check_symbols(desk: Desk, terms: Terms) -> None:
    for symbol in terms.symbols:
        instrument_of(symbol, desk)


def _unguarded(forecast: Forecast, terms: Terms) -> dict[Symbol, str]:
    """Symbols that may not be entered for want of a stop, and why."""
    exits = forecast.exits
    if not terms.needs_stop or (exits is not None and (exits.stop_loss or exits.trailing_stop)):
        return {}
    return dict.fromkeys(terms.symbols, "live mode enters nothing without a stop_loss")


def _is_open(decision: Decision, desk: Desk) -> bool:
    """Whether a bar may still be decided: nothing of it can have reached the venue."""
    if decision.status is DecisionStatus.DECIDING:
        return not desk.journal.orders_of(decision)
    return decision.status is DecisionStatus.AGAIN


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
    subledgers.settle(desk, terms)
    _record_equity(now, desk, terms)
    act = Act.STOPPED if unclear else Act.RECONCILED
    told = _told(report, act, signals, done, now, desk)
    return changed(told, problems=told.problems + tuple(unclear))


def _finish(
    report: Report, session: Session, signals: Sequence[Signal], done: Mapping[Symbol, Done]
) -> Report:
    """Verify against the venue, write down how the decision ended, and tell."""
    desk, terms = session.desk, session.terms
    # What another symbol's failure left no cash for is due again, as that symbol is.
    failed = any(not outcome.reached and not outcome.parents for outcome in done.values())
    ended = [
        changed(
            s,
            reached=done[s.symbol].reached and not (failed and done[s.symbol].short),
            note=done[s.symbol].note or s.note,
        )
        for s in signals
    ]
    status = _status(session.decision, done, desk)
    with desk.journal.together():
        desk.journal.decisions.record_signals(session.decision, ended)
        begun = [parent for outcome in done.values() for parent in outcome.parents]
        for parent in begun:
            desk.journal.parents.begin(parent)
        if begun:  # from here on they are worked, and the bar is decided
            desk.journal.decisions.finish(session.decision, status)
    notes, problems = list(report.notes), list(report.problems)
    try:
        account = desk.venue.account()
        for symbol in terms.symbols:
            notes += check_books(symbol, desk, account)
        guarded = protect.protect(desk, terms, account, restoring=False)
        notes += guarded.notes
        problems += guarded.problems
        if guarded.acted:
            account = desk.venue.account()
        subledgers.settle(desk, terms)
        after = holdings(account, terms.symbols, session.closes)
        _record_equity(after, desk, terms)
    except VenueError as error:
        notes.append(f"positions could not be read back: {error.message}")
        if protect.promised(desk) is not None:  # then nobody knows whether a stop rests
            problems.append(error)
        after = None
    desk.journal.decisions.finish(session.decision, status)
    act = _act(status, done)
    report = changed(report, notes=tuple(notes), problems=tuple(problems))
    return _told(report, act, ended, done, after, desk)


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
    return Act.TRADED if any(d.orders or d.parents for d in done.values()) else Act.HELD


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
        problems=report.problems + problems,
    )
