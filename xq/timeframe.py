"""Bar lengths: the words venues use for them, their duration and their edges in UTC."""

from dataclasses import dataclass

from xq.errors import UsageError, unknown

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS
YEAR_MS = 365 * DAY_MS

MONDAY_OFFSET_MS = 4 * DAY_MS  # 1970-01-01 was a Thursday; weeks open on Monday

_DURATIONS = {
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
}


@dataclass(frozen=True, slots=True)
class Timeframe:
    """A bar length.

    Attributes
    ----------
    name
        As venues write it: ``"1m"``, ``"1h"``, ``"1d"``.
    ms
        Duration in milliseconds.

    Examples
    --------
    >>> hour = Timeframe.parse("1h")
    >>> hour.ms, hour.bars_per_year
    (3600000, 8760.0)
    >>> hour.floor(3_600_001), hour.ceil(3_600_001), hour.is_edge(7_200_000)
    (3600000, 7200000, True)
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
            raise unknown("timeframe", name, _DURATIONS, hint=f"one of {' '.join(_DURATIONS)}")
        return cls(name, _DURATIONS[name])

    @property
    def bars_per_year(self) -> float:
        """Bars in 365 days; crypto has no closing bell."""
        return YEAR_MS / self.ms

    @property
    def _offset_ms(self) -> int:
        return MONDAY_OFFSET_MS if self.name == "1w" else 0

    def floor(self, ts_ms: int) -> int:
        """Open time of the bar that contains ``ts_ms``."""
        return (ts_ms - self._offset_ms) // self.ms * self.ms + self._offset_ms

    def ceil(self, ts_ms: int) -> int:
        """First bar edge at or after ``ts_ms``."""
        return -((self._offset_ms - ts_ms) // self.ms) * self.ms + self._offset_ms

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
        return self.floor(now_ms) - self.ms

    @property
    def has_shared_edges(self) -> bool:
        """Whether its edges follow from the calendar; three days are counted from a day of the
        venue's choice.
        """
        return self.name != "3d"

    def __str__(self) -> str:
        return self.name


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
