"""The sweep of an emergency stop over every wallet that the account trades with."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from xq.api.stop_records import StopRecords
from xq.api.trade import account_name, journal_place
from xq.api.venues import trading_venue
from xq.api.workspace import Workspace
from xq.errors import LockHeld, VenueError, XqError

if TYPE_CHECKING:
    from xq.live.desk import Terms
    from xq.live.emergency import Ended, Persistence, Step
    from xq.live.stop_file import Demand
    from xq.types import Symbol

QUICK_SECONDS = 5.0
"""Longest wait for one answer; asking again is the sweep's own business."""

_BETWEEN_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class StopSweep:
    """What a sweep works with.

    Attributes
    ----------
    tell
        Given each step.
    is_over
        Whether nobody waits for it any more.
    """

    ws: Workspace
    demand: "Demand"
    persistence: "Persistence"
    records: StopRecords
    tell: "Callable[[Step], None]"
    is_over: Callable[[], bool]

    def run(self) -> "Ended":
        """Sweep wallet after wallet."""
        from xq.live.emergency import Ended

        ended = [self._swept(symbols) for symbols in self._wallets()]
        return Ended(
            all(one.done for one in ended),
            sum(one.rounds for one in ended),
            tuple(step for one in ended for step in one.steps),
            tuple(name for one in ended for name in one.kept),
            tuple(name for one in ended for name in one.left),
        )

    def _wallets(self) -> "Iterator[tuple[Symbol, ...]]":
        """Symbols by the wallet that pays for them: configured, asked for, then journalled."""
        from xq.types import Symbol

        named = [Symbol.parse(text) for text in self.ws.config.trade.symbols]
        done = set()
        for wallet, symbols in _by_wallet([*self.demand.symbols, *named]).items():
            done.add(wallet)
            yield symbols
        for wallet, symbols in _by_wallet(self._journalled()).items():
            if wallet not in done:
                yield symbols

    def _journalled(self) -> "list[Symbol]":
        """What runs with other symbols traded; a journal that cannot be read tells nothing."""
        from xq.execution.journal import read_journal

        try:
            place, account = journal_place(self.ws), account_name(self.ws)
            with read_journal(place, account, self.ws.clock) as journal:
                return list(journal.books.symbols())
        except (XqError, OSError):
            return []

    def _swept(self, symbols: "tuple[Symbol, ...]") -> "Ended":
        """Sweep one wallet; a venue that cannot even be opened is tried again as well."""
        from xq.live.emergency import Ended, Sweep

        ws, clock = _narrowed(self.ws, symbols), self.ws.clock
        closing = frozenset(s for s in symbols if self.demand.covers(s))
        started = clock.monotonic()
        while True:
            left = self.persistence.give_up_seconds - (clock.monotonic() - started)
            try:
                with trading_venue(ws, ws.config.trade.mode, stopping=True) as (market, venue):
                    sweep = Sweep(
                        market, venue, clock, self.records, _terms(ws), self.demand,
                        self.tell, closing,
                    )  # fmt: skip
                    sweep.round()  # what is canceled here has waited for no journal
                    self.records.begin()
                    return sweep.run(replace(self.persistence, give_up_seconds=left), self.is_over)
            except (VenueError, LockHeld) as error:
                self.records.begin()
                if self.is_over() or left <= _BETWEEN_SECONDS:
                    return Ended(False, 0, left=(error.message,))
                clock.sleep(_BETWEEN_SECONDS)


def _by_wallet(symbols: "list[Symbol]") -> "dict[tuple[bool, str], tuple[Symbol, ...]]":
    found: defaultdict[tuple[bool, str], dict[Symbol, None]] = defaultdict(dict)
    for symbol in symbols:
        found[symbol.is_contract, symbol.quote][symbol] = None
    return {wallet: tuple(named) for wallet, named in found.items()}


def _narrowed(ws: Workspace, symbols: "tuple[Symbol, ...]") -> Workspace:
    """The workspace of one wallet, less patient with a venue that does not answer."""
    config = ws.config
    timeout = min(config.exchange.timeout_seconds, QUICK_SECONDS)
    exchange = config.exchange.model_copy(update={"timeout_seconds": timeout})
    trade = config.trade.model_copy(update={"symbols": tuple(map(str, symbols))})
    changed = config.model_copy(update={"exchange": exchange, "trade": trade})
    return replace(ws, loaded=replace(ws.loaded, config=changed))


def _terms(ws: Workspace) -> "Terms":
    from xq.live.desk import Terms
    from xq.risk.configured import limits_of
    from xq.timeframe import Timeframe
    from xq.types import Symbol

    symbols = tuple(map(Symbol.parse, ws.config.trade.symbols))
    frame = Timeframe.parse(ws.config.trade.timeframe)
    return Terms(account_name(ws), "stop", symbols, frame, limits_of(ws.config.risk, symbols))
