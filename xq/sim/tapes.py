"""The tape of every market, day by day: recorded, synthetic, or one continued by the other."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np

from xq.sim.basis import Basis
from xq.sim.history import hourly_bars, recorded_trades
from xq.sim.instruments import TRADES_END_MS, SimInstrument
from xq.sim.kept import Kept
from xq.sim.spine import ANCHOR_DAY, LISTED_DAY, REPLAY_DAY, Spine
from xq.sim.synthetic import Path, day_path, day_tape
from xq.sim.tape import TIME, Tape, minute_bars, traded_bars
from xq.timeframe import DAY_MS, HOUR_MS, MINUTE_MS

_MOST_TRADES = 5_000_000  # kept: a day of all markets and their coins has three million
_MOST_FAIR = 737_280  # bars: 512 days of minutes, or many years of hours

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Last:
    """The newest trade of a market at every moment in [from_ms, until_ms).

    In (from_ms, until_ms) there is no trade. Price in units.
    """

    from_ms: int
    until_ms: int
    price: int
    taker_sold: bool


_NEVER = Last(0, 0, 0, False)


class Recent(Generic[Value]):
    """The most recently used results of a costly function."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._kept: OrderedDict[Hashable, Value] = OrderedDict()

    def get(self, key: Hashable, make: Callable[[], Value]) -> Value:
        """The kept value, or a new one."""
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key]
        value = self._kept[key] = make()
        if len(self._kept) > self._size:
            self._kept.popitem(last=False)
        return value


class Tapes:
    """Days of trades and bars of all markets for one seed; keeps the latest used.

    Attributes
    ----------
    fair
        Days of bars of prices that are not traded, see `xq.sim.fair`.
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.spine = Spine(seed)
        self._bases: dict[str, Basis] = {}
        self._trades = Kept(_MOST_TRADES)
        self._minutes = Recent[np.ndarray](64)
        self._hours = Recent[np.ndarray](4096)
        self._levels: dict[str, tuple[int, int, float]] = {}
        self._lasts: dict[tuple[str, bool], Last] = {}
        self.fair = Kept(_MOST_FAIR)

    def last_of(self, item: SimInstrument) -> Last:
        """The newest trade that was last asked for; of no moment if none was."""
        return self._lasts.get((item.id, item.contract), _NEVER)

    def keep_last(self, item: SimInstrument, last: Last) -> None:
        """Remember the newest trade of a market."""
        self._lasts[item.id, item.contract] = last

    def basis(self, base: str) -> Basis:
        """Distance of a coin's perpetual from the coin."""
        if base not in self._bases:
            self._bases[base] = Basis(self.spine, self.seed, base)
        return self._bases[base]

    def path(self, base: str, day: int) -> Path:
        """A coin's fair price over one day."""
        key = ("path", base, day)
        return self._trades.get(key, lambda: day_path(self.spine, self.seed, base, day), len)

    def level(self, base: str, now_ms: int) -> float:
        """A coin's fair log price at a moment."""
        from_ms, until_ms, level = self._levels.get(base, (0, 0, 0.0))
        if not from_ms <= now_ms < until_ms:
            found = self._levels[base] = self.path(base, now_ms // DAY_MS).around(now_ms)
            return found[2]
        return level

    def tape(self, item: SimInstrument, day: int) -> Tape:
        """All trades of one UTC day, including those still to come."""
        key = ("tape", item.instrument.symbol, day)
        return self._trades.get(key, lambda: self._make_tape(item, day), len)

    def minutes(self, item: SimInstrument, day: int) -> np.ndarray:
        """The 1,440 one-minute bars of a day, int64 (1440, 10)."""
        key = (item.instrument.symbol, day)
        return self._minutes.get(key, lambda: minute_bars(self.tape(item, day)))

    def hours(self, item: SimInstrument, day: int) -> np.ndarray:
        """The 24 hourly bars of a day, int64 (24, 10)."""
        if item.replayed and day < ANCHOR_DAY:
            first = (day - REPLAY_DAY) * 24
            return hourly_bars()[first : first + 24]
        key = (item.instrument.symbol, day)
        return self._hours.get(key, lambda: traded_bars(self.tape(item, day), HOUR_MS))

    def minutes_until(self, item: SimInstrument, day: int, now_ms: int) -> np.ndarray:
        """The day's one-minute bars as they stand at ``now_ms``; the last may be unfinished."""
        whole = self.minutes(item, day)
        if now_ms >= (day + 1) * DAY_MS - 1:
            return whole
        minute_ms = now_ms // MINUTE_MS * MINUTE_MS
        tape = self.tape(item, day)
        opened = tape.rows(tape.count_until(minute_ms - 1), tape.count_until(now_ms))
        closed = whole[: np.searchsorted(whole[:, TIME], minute_ms)]
        return np.concatenate((closed, minute_bars(opened))) if len(opened) else closed

    def hours_until(self, item: SimInstrument, day: int, now_ms: int) -> np.ndarray:
        """The day's hourly bars as they stand at ``now_ms``; the last may be unfinished.

        Of recorded hours without trades an unfinished one is left out.
        """
        if now_ms >= (day + 1) * DAY_MS - 1:
            return self.hours(item, day)
        if item.replayed and day < ANCHOR_DAY:
            whole = self.hours(item, day)
            return whole[whole[:, TIME] + HOUR_MS - 1 <= now_ms]
        hour_ms = now_ms // HOUR_MS * HOUR_MS
        whole, tape = self.hours(item, day), self.tape(item, day)
        opened = tape.rows(tape.count_until(hour_ms - 1), tape.count_until(now_ms))
        closed = whole[: np.searchsorted(whole[:, TIME], hour_ms)]
        return np.concatenate((closed, traded_bars(opened, HOUR_MS))) if len(opened) else closed

    def day_of_id(self, item: SimInstrument, trade_id: int) -> int:
        """The day on whose tape a trade id lies; the first day for ids before it."""
        a_day = item.profile.trades
        if not item.replayed:
            return LISTED_DAY + max(trade_id - 1, 0) // a_day
        after = self._end_of_replay_day(item) - trade_id
        return ANCHOR_DAY if after > 0 else ANCHOR_DAY + 1 + (-after) // a_day

    def _make_tape(self, item: SimInstrument, day: int) -> Tape:
        basis = self.basis(item.base) if item.contract else None
        tape = day_tape(self.spine, self.seed, item, basis, self.path(item.base, day))
        if not item.replayed:
            return tape
        if day == ANCHOR_DAY:
            later = tape.rows(tape.count_until(TRADES_END_MS - 1), len(tape))
            return recorded_trades().then(later)
        before = self.tape(item, ANCHOR_DAY)
        skipped = (day - ANCHOR_DAY - 1) * item.profile.trades
        raw = np.arange(len(tape) + 1) + (before.raw[-1] + skipped)
        first_id = self._end_of_replay_day(item) + skipped
        return Tape(tape.ts, tape.price, tape.quantity, tape.taker_sold, raw, first_id)

    def _end_of_replay_day(self, item: SimInstrument) -> int:
        """The id after the last trade of the day on which the recording ends."""
        tape = self.tape(item, ANCHOR_DAY)
        return tape.first_id + len(tape)
