"""One process of ``xq trade``: a venue that stays open, a journal opened for every look."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from xq.api.observing import observing
from xq.api.trade_terms import Beginning
from xq.api.turns import copy_to_lake, my_turn
from xq.api.venues import trading_venue
from xq.api.workspace import Workspace
from xq.errors import ConfigError, XqError
from xq.garbage import uncollected

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from xq.execution.server import Server
    from xq.live.calls import CallLog
    from xq.live.desk import Desk, Terms
    from xq.live.observer import Observer
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
    dead_man_seconds
        After which the venue cancels resting entries unless this run winds its timer.
    """

    ws: Workspace
    terms: "Terms"
    begin: Beginning
    place: "Path | Server"
    slug: str
    dry_run: bool = False
    dead_man_seconds: int | None = None

    @contextmanager
    def opened(self, *, service: bool = False) -> "Iterator[Run]":
        """The run, until its venue is released; ``service`` if it goes on from bar to bar."""
        from xq.live.calls import CallLog

        with observing(self.ws, self.terms.account, service=service) as observer:
            run = Run(self, CallLog(self.ws.clock, observer.heard), observer)
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
    observer: "Observer"
    _open: ExitStack = field(default_factory=ExitStack)
    _pair: "tuple[CcxtMarket, CcxtTrading] | None" = None
    _pool: "Executor | None" = None

    def attempt(self, act: "Callable[[], Report]") -> "Report | XqError":
        """What an act reports, or the error that ended it."""
        try:
            with uncollected():  # no pause between the look at a switch and the order
                return act()
        except XqError as error:
            self.release()
            self.observer.failed(error)
            return error

    def tick(self, synchronise: Callable[[int], None]) -> "Report":
        """Decide on the last closed bar; see `xq.live.loop.tick`."""
        from xq.live.loop import tick

        with self.observer.look("tick"), self._desk() as desk:
            self.wind()
            synchronise(desk.market.now_ms() - desk.clock.now_ms())
            report = tick(desk, self.plan.terms, dry_run=self.plan.dry_run)
            return report if self.plan.dry_run else self._mirrored(desk, report)

    def watch(self) -> "Report":
        """Look after what is held; see `xq.live.loop.watch`."""
        from xq.live.loop import watch

        with self.observer.look("watch"), self._desk() as desk:
            self.wind()
            report = watch(desk, self.plan.terms)
            if not report.notes:
                self.observer.saw(desk, report)
                return report
            return self._mirrored(desk, report)

    def wind(self) -> None:
        """Wind the venue's dead-man timer, which is refused where it might cancel stops.

        Raises
        ------
        ConfigError
            Naming venue and symbol.
        VenueError
            If the venue does not answer.
        """
        seconds = self.plan.dead_man_seconds
        if seconds is None or self.plan.dry_run:
            return
        _, venue = self._venue()
        for symbol in self.plan.terms.symbols:
            if not venue.extend_dead_man(symbol, seconds):
                raise ConfigError(
                    f"{venue.name} is not shown to keep protective stops when its dead-man timer "
                    f"of {symbol} runs out, or has none",
                    where="trade.dead_man_seconds",
                    hint="unset trade.dead_man_seconds, and run xq watchdog",
                )

    def release(self) -> None:
        """Close the venue, if one is open."""
        self._pair = self._pool = None
        self._open.close()

    def _venue(self) -> "tuple[CcxtMarket, CcxtTrading]":
        from concurrent.futures import ThreadPoolExecutor

        from xq.live.desk import POOL_SIZE

        if self._pair is None:
            ws = self.plan.ws
            self._pair = self._open.enter_context(trading_venue(ws, ws.config.trade.mode))
            self._pool = self._open.enter_context(ThreadPoolExecutor(POOL_SIZE))
        return self._pair

    @contextmanager
    def _desk(self) -> "Iterator[Desk]":
        from xq.execution.journal import open_journal, scratch_journal
        from xq.live.desk import Desk
        from xq.live.stop_file import StopFile

        ws, terms = self.plan.ws, self.plan.terms
        opened = scratch_journal if self.plan.dry_run else open_journal
        turn = nullcontext() if self.plan.dry_run else my_turn(ws)
        with turn, opened(self.plan.place, terms.account, ws.clock) as journal:
            market, venue = self._venue()
            forecast = self.plan.begin.forecaster(market, terms.symbols, terms.timeframe)
            heard = self.calls.listen(market), self.calls.listen(venue)
            stop = StopFile(ws.state, self.plan.slug)
            desk = Desk(*heard, journal, ws.clock, forecast, self.calls, stop, self._pool)
            self.observer.opened(desk)
            yield desk

    def _mirrored(self, desk: "Desk", report: "Report") -> "Report":
        """Tell the news, and bring the lake's copy of the journal up to date.

        One that is behind stops nothing.
        """
        self.observer.saw(desk, report)
        behind = copy_to_lake(self.plan.ws, desk)
        return replace(report, notes=(*report.notes, *behind))
