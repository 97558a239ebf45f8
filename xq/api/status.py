"""``xq status``: everything about an account on one screen."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from xq.api.account import reading, trading_only, wallets
from xq.api.events import EventRow
from xq.api.trade import lock_path
from xq.api.venues import trading_venue
from xq.api.workspace import Workspace
from xq.errors import NoData, VenueError

if TYPE_CHECKING:
    from xq.api.status_venue import WalletView
    from xq.types import Symbol


@dataclass(frozen=True, slots=True)
class PositionLine:
    """A position; quantities in base asset, money in quote asset.

    Attributes
    ----------
    entry_price
        None on spot, where venues do not tell it.
    by_hand
        What of the quantity no strategy holds.
    stop, take_profit
        Nearest resting trigger that would close it; None if there is none.
    """

    symbol: str
    quantity: Decimal
    entry_price: Decimal | None
    mark_price: Decimal
    pnl: Decimal | None
    by_hand: Decimal
    stop: Decimal | None
    take_profit: Decimal | None


@dataclass(frozen=True, slots=True)
class OrderLine:
    """A resting order; ``whose`` is its strategy, ``by hand`` or ``not ours``."""

    symbol: str
    side: str
    type: str
    quantity: Decimal
    filled: Decimal
    price: Decimal | None
    whose: str
    client_id: str


@dataclass(frozen=True, slots=True)
class WalletLine:
    """Money of one wallet, quote asset; ``today`` and ``drawdown`` leave deposits out."""

    wallet: str
    equity: Decimal
    cash: Decimal
    today: Decimal | None
    drawdown: Decimal | None


@dataclass(frozen=True, slots=True)
class FeedLine:
    """How old the newest price of a traded symbol is."""

    symbol: str
    price: Decimal | None
    age_seconds: float | None
    stale: bool


@dataclass(frozen=True, slots=True)
class SignalLine:
    """What was last decided about a symbol."""

    symbol: str
    strategy: str
    weight: float
    target: Decimal
    reached: bool
    note: str


@dataclass(frozen=True, slots=True)
class Status:
    """One look.

    Attributes
    ----------
    at
        Venue time; ours while the venue does not answer.
    service_pid
        The process that trades the account; None if none does.
    last_look
        When a run last read the switches, by our clock; told once a minute.
    decided, due
        Close of the newest bar decided on, and when the next decision is due, venue time.
    switches
        Those that are tripped, with the reason.
    problems
        What needs a person, the gravest first.
    """

    account: str
    mode: str
    exchange: str
    strategy: str
    timeframe: str
    at: datetime
    service_pid: int | None
    last_look: datetime | None
    decided: datetime | None
    due: datetime | None
    wallets: tuple[WalletLine, ...]
    positions: tuple[PositionLine, ...]
    orders: tuple[OrderLine, ...]
    signals: tuple[SignalLine, ...]
    switches: dict[str, str]
    feed: tuple[FeedLine, ...]
    problems: tuple[str, ...]
    events: tuple[EventRow, ...]


def status(ws: Workspace) -> Status:
    """Look once; sends nothing, and writes nothing.

    A venue that does not answer is a problem in the answer, not an error.
    """
    with watching(ws) as look:
        return look()


@contextmanager
def watching(ws: Workspace) -> Iterator[Callable[[], Status]]:
    """Look again and again; venues stay open from one look to the next."""
    eyes = _Eyes(ws)
    try:
        yield eyes.look
    finally:
        eyes.close()


class _Eyes:
    def __init__(self, ws: Workspace) -> None:
        self._ws = ws
        self._open = ExitStack()
        self._views: dict[tuple[Symbol, ...], WalletView] = {}

    def look(self) -> Status:
        from xq.api.status_journal import compose

        seen, problems = [], []
        for symbols in wallets(self._ws):
            try:
                seen.append(self._view(symbols).read())
            except VenueError as error:
                problems.append(f"the venue cannot be asked: {error.message}")
                self.close()
        pid = _service(self._ws)
        try:
            with reading(self._ws) as journal:
                return compose(self._ws, seen, journal, problems, pid)
        except NoData:
            return compose(self._ws, seen, None, problems, pid)

    def close(self) -> None:
        self._views.clear()
        self._open.close()

    def _view(self, symbols: "tuple[Symbol, ...]") -> "WalletView":
        from xq.api.status_venue import WalletView

        if symbols not in self._views:
            ws = trading_only(self._ws, symbols)
            pair = self._open.enter_context(trading_venue(ws, ws.config.trade.mode))
            self._views[symbols] = WalletView(*pair, symbols)
        return self._views[symbols]


def _service(ws: Workspace) -> int | None:
    from xq.live.lock import held_by

    return held_by(lock_path(ws))
