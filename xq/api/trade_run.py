"""One process of ``xq trade``: a venue that stays open, a journal opened for every look."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from xq.api.trade_terms import Beginning
from xq.api.turns import copy_to_lake, my_turn
from xq.api.venues import trading_venue
from xq.api.workspace import Workspace
from xq.errors import XqError

if TYPE_CHECKING:
    from xq.execution.server import Server
    from xq.live.calls import CallLog
    from xq.live.desk import Desk, Terms
    from xq.live.report import Report
    from xq.venues.ccxt_market import CcxtMarket
    from xq.venues.ccxt_trading import CcxtTrading


@dataclass(frozen=True, slots=True)
class Plan:
    """What a process trades, and where that is written down.

    Attributes
    ----------
    slug
        The account's name as files have it.
    """

    ws: Workspace
    terms: "Terms"
    begin: Beginning
    place: "Path | Server"
    slug: str
    dry_run: bool = False

    @contextmanager
    def opened(self) -> "Iterator[Run]":
        """The run, until its venue is released."""
        from xq.live.calls import CallLog

        run = Run(self, CallLog(self.ws.clock))
        try:
            yield run
        finally:
            run.release()


@dataclass
class Run:
    """Ticks, and looks between them.

    The venue stays open from one to the next, so that a look costs a few requests and an embedded
    venue goes on living; after an error it is opened anew. The journal is closed after each, so
    that others may write to it.
    """

    plan: Plan
    calls: "CallLog"
    _open: ExitStack = field(default_factory=ExitStack)
    _pair: "tuple[CcxtMarket, CcxtTrading] | None" = None

    def attempt(self, act: "Callable[[], Report]") -> "Report | XqError":
        """What an act reports, or the error that ended it."""
        try:
            return act()
        except XqError as error:
            self.release()
            return error

    def tick(self, synchronise: Callable[[int], None]) -> "Report":
        """Decide on the last closed bar; see `xq.live.loop.tick`."""
        from xq.live.loop import tick

        with self._desk() as desk:
            synchronise(desk.market.now_ms() - desk.clock.now_ms())
            report = tick(desk, self.plan.terms, dry_run=self.plan.dry_run)
            return report if self.plan.dry_run else self._mirrored(desk, report)

    def watch(self) -> "Report":
        """Look after what is held; see `xq.live.loop.watch`."""
        from xq.live.loop import watch

        with self._desk() as desk:
            report = watch(desk, self.plan.terms)
            return self._mirrored(desk, report) if report.notes else report

    def release(self) -> None:
        """Close the venue, if one is open."""
        self._pair = None
        self._open.close()

    def _venue(self) -> "tuple[CcxtMarket, CcxtTrading]":
        if self._pair is None:
            ws = self.plan.ws
            self._pair = self._open.enter_context(trading_venue(ws, ws.config.trade.mode))
        return self._pair

    @contextmanager
    def _desk(self) -> "Iterator[Desk]":
        from xq.execution.journal import open_journal, scratch_journal
        from xq.live.desk import Desk

        ws, terms = self.plan.ws, self.plan.terms
        opened = scratch_journal if self.plan.dry_run else open_journal
        turn = nullcontext() if self.plan.dry_run else my_turn(ws)
        with turn, opened(self.plan.place, terms.account, ws.clock) as journal:
            market, venue = self._venue()
            forecast = self.plan.begin.forecaster(market, terms.symbols, terms.timeframe)
            heard = self.calls.listen(market), self.calls.listen(venue)
            yield Desk(*heard, journal, ws.clock, forecast, self.calls)

    def _mirrored(self, desk: "Desk", report: "Report") -> "Report":
        """Bring the lake's copy of the journal up to date; one that is behind stops nothing."""
        behind = copy_to_lake(self.plan.ws, desk)
        return replace(report, notes=(*report.notes, *behind))
