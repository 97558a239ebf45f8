"""What a market strategy may know at one event, kept up in constant time per event."""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from math import isnan, nan
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from xq.strategy.market_tape import BOOK, TRADE, Tape

_EXACT = 10**12  # sums are of whole numbers of this fraction: what leaves a window leaves no trace


class Trade(NamedTuple):
    """A print on the tape; ``bought`` says that the taker bought."""

    price: float
    quantity: float
    bought: bool


class Window:
    """The newest seconds of a market; NaN until so many have passed without a break.

    Attributes
    ----------
    seconds
        Length; it holds what is newer than so many seconds before the present event.
    """

    __slots__ = ("_bought", "_flow", "_mids", "_ready", "_since", "_sold", "_span", "seconds")

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._span = round(seconds * 1000)
        self.clear(None)

    @property
    def bought(self) -> float:
        """Base asset that takers bought."""
        return self._bought.total / _EXACT if self._ready else nan

    @property
    def sold(self) -> float:
        """Base asset that takers sold."""
        return self._sold.total / _EXACT if self._ready else nan

    @property
    def volume(self) -> float:
        """Base asset traded."""
        return (self._bought.total + self._sold.total) / _EXACT if self._ready else nan

    @property
    def flow(self) -> float:
        """Order flow imbalance of the best quotes, base asset; see `xq.indicators.order_flow`."""
        return self._flow.total / _EXACT if self._ready else nan

    @property
    def momentum(self) -> float:
        """Move of the mid since the window began, as a fraction."""
        if not self._ready or not self._mids:
            return nan
        return self._mids[-1][1] / self._mids[0][1] - 1.0

    def clear(self, since: int | None) -> None:
        """Begin anew at a time; None before the first book."""
        self._since = since
        self._ready = False
        self._bought, self._sold, self._flow = _Sum(), _Sum(), _Sum()
        self._mids: deque[tuple[int, float]] = deque()

    def pass_to(self, now: int) -> None:
        """Forget what is too old at ``now``."""
        begin = now - self._span
        for part in (self._bought, self._sold, self._flow):
            part.forget(begin)
        while len(self._mids) > 1 and self._mids[1][0] <= begin:
            self._mids.popleft()

    def settle(self, now: int) -> None:
        """Say whether it is full at ``now``."""
        self._ready = self._since is not None and self._since <= now - self._span

    def add_trade(self, now: int, trade: Trade) -> None:
        """Take a trade in."""
        (self._bought if trade.bought else self._sold).add(now, trade.quantity)

    def add_book(self, now: int, mid: float, flow: float) -> None:
        """Take a change of the best quotes in."""
        if self._mids and self._mids[-1][0] == now:
            self._mids.pop()  # the last of a moment is what was known at its end
        self._mids.append((now, mid))
        self._flow.add(now, flow)


class _Sum:
    """A running sum that is exact: the same whatever has passed through before."""

    __slots__ = ("_parts", "total")

    def __init__(self) -> None:
        self._parts: deque[tuple[int, int]] = deque()
        self.total = 0

    def add(self, now: int, value: float) -> None:
        if value:
            whole = round(value * _EXACT)
            self._parts.append((now, whole))
            self.total += whole

    def forget(self, begin: int) -> None:
        while self._parts and self._parts[0][0] <= begin:
            self.total -= self._parts.popleft()[1]


class MarketState:
    """One market at one event: the book, the trade that came, rolling windows, the own target.

    All times are the venue's. Prices and sizes of the book are NaN where it is unknown.

    Parameters
    ----------
    windows
        Seconds of each rolling window.
    levels
        Of the book, a side.
    """

    __slots__ = ("_levels", "_row", "_target", "_trade", "_ts", "_windows", "symbol")

    def __init__(self, symbol: str, windows: Sequence[float], levels: int) -> None:
        self.symbol = symbol
        self._levels = levels
        self._windows = MappingProxyType({seconds: Window(seconds) for seconds in windows})
        self._row: Sequence[float] = (nan,) * (4 * levels)
        self._trade: Trade | None = None
        self._ts = 0
        self._target = 0.0

    @property
    def ts(self) -> int:
        """Time of this event, epoch ms."""
        return self._ts

    @property
    def trade(self) -> Trade | None:
        """The trade that this event is; None for a change of the book."""
        return self._trade

    @property
    def target(self) -> float:
        """The weight this strategy answered last, 0 at the start."""
        return self._target

    @property
    def windows(self) -> Mapping[float, Window]:
        """Rolling windows by their seconds."""
        return self._windows

    @property
    def bid_price(self) -> float:
        """Best bid."""
        return self._row[0]

    @property
    def bid_quantity(self) -> float:
        """Size at the best bid."""
        return self._row[self._levels]

    @property
    def ask_price(self) -> float:
        """Best ask."""
        return self._row[2 * self._levels]

    @property
    def ask_quantity(self) -> float:
        """Size at the best ask."""
        return self._row[3 * self._levels]

    @property
    def mid(self) -> float:
        """Middle between the best quotes."""
        return (self.bid_price + self.ask_price) / 2.0

    def imbalance(self, levels: int = 1) -> float:
        """Bids less asks over both, of the best levels: -1 (only asks) to 1 (only bids)."""
        deep = self._levels
        count = min(levels, deep)
        bids = sum(q for q in self._row[deep : deep + count] if q == q)
        asks = sum(q for q in self._row[3 * deep : 3 * deep + count] if q == q)
        return (bids - asks) / (bids + asks) if bids + asks > 0 else nan


def carried(state: MarketState, tape: Tape, first: int, stop: int) -> Iterator[int]:
    """Carry a state through the events ``first`` to ``stop``; gives the number of each in turn."""
    rolling = list(state._windows.values())
    times, kinds = tape.ts.tolist(), tape.kind.tolist()
    for index in range(first, stop):
        state._ts = now = times[index]
        for window in rolling:
            window.pass_to(now)
        if kinds[index] == TRADE:
            price, quantity, bought = tape.trades[index].tolist()
            state._trade = trade = Trade(price, quantity, bought > 0)
            for window in rolling:
                window.add_trade(now, trade)
        else:
            state._trade = None
            _take_book(state, rolling, tape.books[index].tolist(), broken=kinds[index] != BOOK)
        for window in rolling:
            window.settle(now)
        yield index


def hold(state: MarketState, target: float) -> None:
    """Note what the strategy holds from now on."""
    state._target = target


def _take_book(
    state: MarketState, rolling: list[Window], row: list[float], *, broken: bool
) -> None:
    before, state._row = state._row, row
    known = not isnan(state.mid)
    was_known = not isnan(before[0] + before[2 * state._levels])
    follows = known and was_known and not broken
    for window in rolling:
        if not follows:
            window.clear(state._ts if known else None)
        if known:
            flow = _flow(before, row, state._levels) if follows else 0.0
            window.add_book(state._ts, state.mid, flow)


def _flow(before: Sequence[float], now: Sequence[float], levels: int) -> float:
    """OFI of one change; see `xq.indicators.order_flow.order_flow`."""
    total = 0.0
    for price, sign, side in ((0, 1.0, 1.0), (2 * levels, -1.0, -1.0)):
        old, new = sign * before[price], sign * now[price]
        if new >= old:
            total += side * now[price + levels]
        if new <= old:
            total -= side * before[price + levels]
    return total if total == total else 0.0


def decided(value: object) -> float | None:
    """A strategy's answer as a number or None; refuse what is neither.

    Raises
    ------
    ValueError
        If it is no finite number.
    """
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float | np.floating):
        raise ValueError(f"on_market must answer a number or None, found {value!r}")
    if not np.isfinite(value):
        raise ValueError(f"on_market must answer a finite weight, found {value}")
    return float(value)
