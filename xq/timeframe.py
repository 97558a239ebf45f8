"""Bar lengths: the words venues use for them, their duration and their edges in UTC."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from xq.errors import UsageError, unknown

if TYPE_CHECKING:
    import numpy as np

SECOND_MS = 1000
MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS
YEAR_MS = 365 * DAY_MS

MONDAY_OFFSET_MS = 4 * DAY_MS  # 1970-01-01 was a Thursday; weeks open on Monday
MONTH = "1M"

_DURATIONS = {
    "1s": SECOND_MS,
    "1m": MINUTE_MS,
    "3m": 3 * MINUTE_MS,
    "5m": 5 * MINUTE_MS,
    "15m": 15 * MINUTE_MS,
    "30m": 30 * MINUTE_MS,
    "1h": HOUR_MS,
    "2h": 2 * HOUR_MS,
    "4h": 4 * HOUR_MS,
    "6h": 6 * HOUR_MS,
    "8h": 8 * HOUR_MS,
    "12h": 12 * HOUR_MS,
    "1d": DAY_MS,
    "3d": 3 * DAY_MS,
    "1w": 7 * DAY_MS,
    MONTH: YEAR_MS // 12,
}

Times = TypeVar("Times", int, "np.ndarray")


@dataclass(frozen=True, slots=True)
class Timeframe:
    """A bar length.

    Attributes
    ----------
    name
        As venues write it: ``"1m"``, ``"1h"``, ``"1d"``; ``"1M"`` is a calendar month.
    ms
        Duration in milliseconds. Of a month the mean, right for comparing and for estimates only:
        where bars open is told by the methods.

    Examples
    --------
    >>> hour = Timeframe.parse("1h")
    >>> hour.ms, hour.bars_per_year
    (3600000, 8760.0)
    >>> hour.floor(3_600_001), hour.ceil(3_600_001), hour.is_edge(7_200_000)
    (3600000, 7200000, True)
    >>> month = Timeframe.parse("1M")
    >>> month.bars_per_year, month.floor(40 * DAY_MS) // DAY_MS, month.ceil(40 * DAY_MS) // DAY_MS
    (12.0, 31, 59)
    """

    name: str
    ms: int

    @classmethod
    def parse(cls, name: str) -> "Timeframe":
        """The timeframe of that name.

        Raises
        ------
        UnknownName
            If no venue bar has that name.
        """
        if name not in _DURATIONS:
            known = [item for item, ms in _DURATIONS.items() if cls(item, ms).has_shared_edges]
            raise unknown("timeframe", name, known, hint=f"one of {' '.join(known)}")
        return cls(name, _DURATIONS[name])

    @property
    def bars_per_year(self) -> float:
        """Bars in 365 days; crypto has no closing bell."""
        return YEAR_MS / self.ms

    @property
    def is_month(self) -> bool:
        """Whether its bars are calendar months, which differ in length."""
        return self.name == MONTH

    @property
    def _offset_ms(self) -> int:
        return MONDAY_OFFSET_MS if self.name == "1w" else 0

    def number(self, ts_ms: Times) -> Times:
        """Which bar contains a time, counted from one near 1970; of numbers or of arrays.

        Examples
        --------
        >>> Timeframe.parse("1h").number(7_200_001), Timeframe.parse("1M").number(31 * DAY_MS)
        (2, 1)
        """
        if self.is_month:
            return _month_of(ts_ms // DAY_MS)
        found: Times = (ts_ms - self._offset_ms) // self.ms
        return found

    def open_of(self, number: Times) -> Times:
        """When a bar of a `number` opens."""
        if self.is_month:
            return _first_day_of(number) * DAY_MS
        return number * self.ms + self._offset_ms

    def shift(self, ts_ms: Times, bars: int) -> Times:
        """So many bars later than an open.

        Examples
        --------
        >>> Timeframe.parse("1h").shift(0, -1), Timeframe.parse("1M").shift(0, 2) // DAY_MS
        (-3600000, 59)
        """
        return self.open_of(self.number(ts_ms) + bars) if self.is_month else ts_ms + bars * self.ms

    def end(self, ts_ms: Times) -> Times:
        """When the bar that opened at ``ts_ms`` closes and the next one opens."""
        return self.shift(ts_ms, 1)

    def count(self, start_ms: Times, end_ms: Times) -> Times:
        """Bars from one open to another.

        Examples
        --------
        >>> Timeframe.parse("1M").count(0, 365 * DAY_MS)
        12
        """
        if self.is_month:
            months: Times = self.number(end_ms) - self.number(start_ms)
            return months
        bars: Times = (end_ms - start_ms) // self.ms
        return bars

    def floor(self, ts_ms: Times) -> Times:
        """Open time of the bar that contains ``ts_ms``."""
        return self.open_of(self.number(ts_ms))

    def ceil(self, ts_ms: Times) -> Times:
        """First bar edge at or after ``ts_ms``."""
        return self.open_of(self.number(ts_ms - 1) + 1)

    def is_edge(self, ts_ms: int) -> bool:
        """Whether a bar opens exactly at ``ts_ms``."""
        return self.floor(ts_ms) == ts_ms

    def last_closed(self, now_ms: int) -> int:
        """Open time of the newest bar that is complete at ``now_ms``.

        Examples
        --------
        >>> Timeframe.parse("1h").last_closed(2 * 3_600_000)
        3600000
        """
        return self.open_of(self.number(now_ms) - 1)

    def divides(self, coarser: "Timeframe") -> bool:
        """Whether a whole number of these bars makes every bar of a coarser length.

        Examples
        --------
        >>> minute, day, week, month = (Timeframe.parse(name) for name in ("1m", "1d", "1w", "1M"))
        >>> minute.divides(day), day.divides(minute), day.divides(month), week.divides(month)
        (True, False, True, False)
        """
        if not coarser.has_shared_edges or self.is_month:
            return False
        step = DAY_MS if coarser.is_month else coarser.ms
        shorter = self.ms < coarser.ms and step % self.ms == 0
        return shorter and self.is_edge(coarser.open_of(0))

    @property
    def has_shared_edges(self) -> bool:
        """Whether its edges follow from the calendar; three days are counted from a day of the
        venue's choice.
        """
        return self.name != "3d"

    def __str__(self) -> str:
        return self.name


# The calendar in whole numbers, after Hinnant, "chrono-compatible low-level date algorithms":
# years that begin in March put the leap day last, 400 of them are 146,097 days.
_DAYS, _EPOCH_DAY, _EPOCH_MONTH = 146_097, 719_468, 12 * 1969 + 10


def _month_of(day: Times) -> Times:
    """Months since January 1970 of a day since 1970-01-01."""
    era, rest = (day + _EPOCH_DAY) // _DAYS, (day + _EPOCH_DAY) % _DAYS
    year = (rest - rest // 1460 + rest // 36_524 - rest // 146_096) // 365
    day_of_year = rest - (365 * year + year // 4 - year // 100)
    month: Times = 12 * (year + 400 * era) + (5 * day_of_year + 2) // 153 - _EPOCH_MONTH
    return month


def _first_day_of(month: Times) -> Times:
    """Days since 1970-01-01 of the first of a month since January 1970."""
    year, place = (month + _EPOCH_MONTH) // 12, (month + _EPOCH_MONTH) % 12
    era, rest = year // 400, year % 400
    days = 365 * rest + rest // 4 - rest // 100 + (153 * place + 2) // 5
    first: Times = era * _DAYS + days - _EPOCH_DAY
    return first


def check_edges(timeframe: Timeframe) -> None:
    """Refuse a bar length whose edges nobody can tell.

    Raises
    ------
    UsageError
        For ``3d``: Binance's do not open on multiples of three days since 1970.
    """
    if not timeframe.has_shared_edges:
        raise UsageError(
            f"{timeframe} bars open on days of the venue's own choice, which xq does not know",
            hint="take 1d or 1w",
        )


def names() -> tuple[str, ...]:
    """Every timeframe xq knows, shortest first."""
    return tuple(_DURATIONS)
