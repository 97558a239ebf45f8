"""Bringing symbols to their targets: legs, gate, send once, find out what happened.

Orders that need nothing of each other leave together. What waits is the opening leg of a turn, for
its closing leg, and what does not fit beside the orders before it, for what those leave.
"""

from collections.abc import Sequence
from decimal import Decimal

from xq.errors import NoData, OrderRefused, UsageError, VenueError
from xq.execution.orders import OrderState
from xq.execution.records import Signal
from xq.live import decided_parents
from xq.live.order_lines import problem_of
from xq.live.plan import Leg, legs, within_margin
from xq.live.report import OrderLine
from xq.live.round import Round
from xq.live.session import Session
from xq.live.touch import far_touch
from xq.live.turn import Done, Turn
from xq.types import Symbol


def carry_out(session: Session, signals: Sequence[Signal]) -> dict[Symbol, Done]:
    """Trade symbols to their targets, in this order.

    Raises
    ------
    StorageFailed
        If the journal cannot be written.
    """
    return _Crew(session).work(signals)


class _Crew:
    """The symbols of one decision, and the round that their orders wait in."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._round = Round(session)

    def work(self, signals: Sequence[Signal]) -> dict[Symbol, Done]:
        """First legs, then those that needed them."""
        done = {signal.symbol: Done(note=signal.note) for signal in signals}
        held = self._round.holdings().positions
        due = [s for s in signals if not s.reached and s.target != held[s.symbol]]
        turns = [turn for signal in due if (turn := self._begun(signal, done[signal.symbol]))]
        self._send()
        for turn in turns:
            if turn.done.reached and len(turn.legs) > 1:
                self._enter(turn, 1)
        self._send()
        return done

    def _begun(self, signal: Signal, done: Done) -> Turn | None:
        """A symbol with its first leg approved, or worked; None if it cannot be traded."""
        try:
            turn = self._planned(signal, done)
        except (OrderRefused, VenueError) as error:
            done.fail(error)
            return None
        if turn.legs and signal.symbol in self._session.terms.manners:
            self._hand_over(turn)
        elif turn.legs:
            self._enter(turn, 0)
        return turn

    def _planned(self, signal: Signal, done: Done) -> Turn:
        session, symbol = self._session, signal.symbol
        instrument = session.desk.market.instruments()[symbol]
        book, now = session.seen.book(symbol), self._round.holdings()
        position = now.positions[symbol]
        price = far_touch(book, signal.target > position)
        spendable = now.cash * (1 - session.terms.cash_buffer)
        planned, done.note = legs(signal.target, position, instrument, price, spendable)
        reach = position + sum((leg.side.sign * leg.quantity for leg in planned), Decimal(0))
        done.short = reach != signal.target
        if done.short and not symbol.is_contract and self._round.pending:
            self._send()  # then it is known what is left to spend
            return self._planned(signal, done)
        return Turn(signal, instrument, book, price, planned, done)

    def _enter(self, turn: Turn, index: int) -> None:
        """Have a leg approved beside the orders before it or, if it does not fit there, after."""
        try:
            leg, less = self._fitting(turn, index)
            try:
                if less and self._round.pending:
                    raise OrderRefused(less)
                self._round.add(turn, leg)
            except OrderRefused:
                if not self._round.pending:
                    raise
                self._send()
                leg, less = self._fitting(turn, index)
                self._round.add(turn, leg)
            turn.done.note = turn.done.note or less
        except (OrderRefused, VenueError) as error:
            turn.done.fail(error)

    def _fitting(self, turn: Turn, index: int) -> tuple[Leg, str]:
        """A leg; one that opens the other side is no larger than the margin carries."""
        leg, terms = turn.legs[index], self._session.terms
        if not index:
            return leg, ""
        spare = (self._round.holdings().cash - terms.limits.min_balance) * (1 - terms.cash_buffer)
        return within_margin(leg, spare, turn.price, terms.leverage, turn.instrument.lot)

    def _send(self) -> None:
        """Send what is approved; a leg that is not filled whole is the symbol's last."""
        if not self._round.pending:
            return
        for item, line in self._round.dispatch():
            done = item.turn.done
            done.orders += (line,)
            if not self._session.dry_run and line.state != OrderState.FILLED:
                done.note = done.note or _unfilled(line)
                done.fail(problem_of(line))

    def _hand_over(self, turn: Turn) -> None:
        """Parents in place of orders; their children meet the gate one by one."""
        session, signal, done = self._session, turn.signal, turn.done
        frozen = session.frozen.get(signal.symbol)
        if frozen and not all(leg.reduce_only for leg in turn.legs):
            text = f"{signal.symbol} takes no new exposure: {frozen}"
            done.fail(OrderRefused(text, hint="xq execute list --open"))
            return
        try:
            made = decided_parents.parents_of(session, turn)
        except (NoData, UsageError) as error:
            done.fail(error)
            return
        names = ", ".join(parent.parent_id for parent in made)
        quantity = sum((parent.quantity for parent in made), Decimal(0))
        done.note = f"{made[0].side} {quantity:f} worked as {names}"
        done.reached, done.parents = False, made


def _unfilled(line: OrderLine) -> str:
    return f"{line.filled} of {line.quantity} filled, the order is {line.state}"
