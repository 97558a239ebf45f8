"""Parent orders of an account, looked at in turn: by the service between bars, or by a command."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NoReturn

from xq.api.account import trading_only
from xq.api.stop import stop_file
from xq.api.trade import account_name, journal_place, lock_path
from xq.api.trade_terms import terms_on_demand
from xq.api.turns import copy_to_lake, my_turn
from xq.api.venues import trading_venue
from xq.api.workspace import Workspace
from xq.errors import LockHeld, UsageError, XqError

if TYPE_CHECKING:
    from xq.execution.journal import Journal
    from xq.execution.ledger_records import Parent
    from xq.live.calls import CallLog
    from xq.live.desk import Desk, Terms
    from xq.live.parents import Looked
    from xq.types import Symbol
    from xq.venues.ccxt_market import CcxtMarket
    from xq.venues.ccxt_trading import CcxtTrading

_WORKER = "works_parents"
_WAITS = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0)


@dataclass
class Works:
    """Looks at the parents that are due; whoever has one holds the account's lock.

    A venue stays open for each kind of symbol (spot, contracts) while a parent of it is worked, and
    is opened anew after an error. The journal is closed after each look.
    """

    ws: Workspace
    calls: "CallLog"
    _pairs: "dict[bool, tuple[ExitStack, CcxtMarket, CcxtTrading]]" = field(default_factory=dict)
    _due_ms: dict[str, int] = field(default_factory=dict)

    def look(self, only: str | None = None) -> "list[Looked | XqError]":
        """Step every unfinished parent that is due; an error of one does not stop the others."""
        told: list[Looked | XqError] = []
        with self._journal() as journal:
            for parent in journal.parents.unfinished():
                if only in (None, parent.parent_id) and self._is_due(parent, journal):
                    told.append(self._attempt(parent, journal))
        return told

    def copy(self, parent_id: str) -> None:
        """Bring the lake's copy of the journal up to date; one that is behind stops nothing."""
        with self._journal() as journal:
            symbol = journal.parents.get(parent_id).symbol
            copy_to_lake(self.ws, self._desk(symbol, journal))

    def release(self) -> None:
        """Close the venues."""
        while self._pairs:
            self._pairs.popitem()[1][0].close()

    def _is_due(self, parent: "Parent", journal: "Journal") -> bool:
        from xq.live.parents import asked_to_stop

        due_ms = self._due_ms.get(parent.parent_id, 0)
        now_ms = self.ws.clock.now_ms()
        went_back = due_ms - now_ms > 120_000
        return now_ms >= due_ms or went_back or bool(asked_to_stop(parent.parent_id, journal))

    def _attempt(self, parent: "Parent", journal: "Journal") -> "Looked | XqError":
        from xq.execution.algos.due import due_in
        from xq.live.parents import work

        every_ms = round(self.ws.config.trade.execution.step_seconds * 1000)
        wait_ms = every_ms
        try:
            desk = self._desk(parent.symbol, journal)
            looked = work(parent, desk, self._terms(parent))
            if is_ended(looked.parent):
                looked = replace(looked, notes=(*looked.notes, *copy_to_lake(self.ws, desk)))
            wait_ms = due_in(looked.plan, looked.progress, desk.market.now_ms(), every_ms)
        except XqError as error:
            self._close(parent.symbol.is_contract)
            return error
        finally:
            self._due_ms[parent.parent_id] = self.ws.clock.now_ms() + wait_ms
        return looked

    def _terms(self, parent: "Parent") -> "Terms":
        account = account_name(self.ws)
        return terms_on_demand(self.ws, (parent.symbol,), account, parent.strategy)

    def _desk(self, symbol: "Symbol", journal: "Journal") -> "Desk":
        from xq.live.desk import Desk

        market, venue = self._pair(symbol)
        heard = self.calls.listen(market), self.calls.listen(venue)
        return Desk(*heard, journal, self.ws.clock, no_forecast, self.calls, stop_file(self.ws))

    def _pair(self, symbol: "Symbol") -> "tuple[CcxtMarket, CcxtTrading]":
        kind = symbol.is_contract
        if kind not in self._pairs:
            stack = ExitStack()
            own = trading_only(self.ws, (symbol,))
            pair = stack.enter_context(trading_venue(own, own.config.trade.mode))
            self._pairs[kind] = (stack, *pair)
        return self._pairs[kind][1:]

    def _close(self, kind: bool) -> None:
        if kind in self._pairs:
            self._pairs.pop(kind)[0].close()

    @contextmanager
    def _journal(self) -> "Iterator[Journal]":
        from xq.execution.journal import open_journal

        ws = self.ws
        turn = my_turn(ws)
        with turn, open_journal(journal_place(ws), account_name(ws), ws.clock) as journal:
            yield journal


def no_forecast(bar_ms: int) -> NoReturn:
    """Where parents are worked nothing is decided."""
    raise UsageError(f"parent orders decide nothing, asked about bar {bar_ms}")


def opened(ws: Workspace, stack: ExitStack) -> "Journal":
    """The account's journal for writing; on a server a run that holds it is waited for."""
    from xq.execution.journal import open_journal

    for wait in (*_WAITS, None):
        try:
            place = journal_place(ws)
            journal: Journal = stack.enter_context(open_journal(place, account_name(ws), ws.clock))
        except LockHeld:
            if wait is None:
                raise
            ws.clock.sleep(wait)
        else:
            break
    return journal


def say_who_works(ws: Workspace) -> None:
    """Let commands know that this process steps the account's parents while it holds the lock."""
    import os

    with ExitStack() as stack:
        opened(ws, stack).books.set_note(_WORKER, str(os.getpid()))


def is_worked(ws: Workspace) -> bool:
    """Whether a service holds the account's lock and steps its parents.

    Raises
    ------
    LockHeld
        If something else holds it, which would not work a parent.
    """
    from xq.live.lock import holder, only_run

    path = lock_path(ws)
    try:
        with only_run(path):
            return False
    except LockHeld:
        with ExitStack() as stack:
            if opened(ws, stack).books.note(_WORKER) == str(holder(path)):
                return True
        raise


def work_all(
    legs: Sequence[tuple[Workspace, str]], tell: "Callable[[Looked | XqError], None]"
) -> None:
    """Work parents of one or several accounts in this process until they have ended.

    Raises
    ------
    LockHeld
        If another process trades one of the accounts.
    KeyboardInterrupt
        On SIGINT or SIGTERM, between two steps: what rests stays, the parents can be resumed.
    """
    from xq.live.calls import CallLog
    from xq.live.lock import only_run
    from xq.live.termination import ending

    with ExitStack() as stack:
        for ws, _ in legs:
            stack.enter_context(only_run(lock_path(ws)))
        stop = stack.enter_context(ending())
        left = [(Works(ws, CallLog(ws.clock)), parent_id) for ws, parent_id in legs]
        for works, _ in left:
            stack.callback(works.release)
        while True:
            for works, parent_id in left:
                for told in works.look(parent_id):
                    tell(told)
            left = [(w, name) for w, name in left if not is_ended(parent_of(w.ws, name))]
            if not left:
                return
            if stop.asked:
                for works, parent_id in left:
                    works.copy(parent_id)
                raise KeyboardInterrupt
            clock, settings = left[0][0].ws.clock, left[0][0].ws.config.trade.execution
            clock.sleep(min(settings.step_seconds, 1.0))


def is_ended(parent: "Parent") -> bool:
    """Whether a parent is over."""
    from xq.execution.ledger_records import ParentStatus

    return parent.status is ParentStatus.ENDED


def parent_of(ws: Workspace, parent_id: str) -> "Parent":
    """A parent of the account's journal. Raises `NoData`."""
    from xq.execution.journal import read_journal

    with read_journal(journal_place(ws), account_name(ws), ws.clock) as journal:
        return journal.parents.get(parent_id)
