"""Times and ranges as people write them on a command line."""

from datetime import UTC, datetime

from xq.clock import iso
from xq.errors import UsageError

_SECONDS_BELOW = 100_000_000_000  # smaller numbers are epoch seconds, larger ones milliseconds
_DATE_DIGITS = 8  # 20240131 is a date: as epoch seconds it would be a day of 1970
_YEAR_OR_MONTH_DIGITS = (4, 6)
_LAST_MS = 4_102_444_800_000  # 2100-01-01: what lies beyond is a slip of the keyboard
_MOST_DAYS = 15_000  # longer than any market here has existed, and after 1970 from today


def epoch_ms(text: str) -> int:
    """Epoch milliseconds of an ISO date or time (UTC unless it says otherwise) or an epoch number.

    Raises
    ------
    UsageError
        If the text is none of these, or lies before 1970 or after 2099.

    Examples
    --------
    >>> epoch_ms("1970-01-02"), epoch_ms("1970-01-01T00:00:01.5Z"), epoch_ms("1704067200")
    (86400000, 1500, 1704067200000)
    >>> epoch_ms("20240101") == epoch_ms("2024-01-01")
    True
    """
    stripped = text.strip()
    if stripped.isdecimal() and len(stripped) != _DATE_DIGITS:
        if len(stripped) in _YEAR_OR_MONTH_DIGITS:
            raise _no_time(text)
        number = int(stripped)
        ts_ms = number * 1000 if number < _SECONDS_BELOW else number
    else:
        try:
            moment = datetime.fromisoformat(stripped)
            aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
            ts_ms = round(aware.timestamp() * 1000)
        except (ValueError, OverflowError):
            raise _no_time(text) from None
    if not 0 <= ts_ms < _LAST_MS:
        raise UsageError(f"expected a time from 1970 to 2099, found {text!r}")
    return ts_ms


def check_range(since_ms: int | None, until_ms: int | None, days: float | None) -> None:
    """Refuse a range that cannot hold a bar, before anything is read or asked.

    Raises
    ------
    UsageError
        If both ``since_ms`` and ``days`` are given, ``days`` is no number above 0 (or is absurd),
        or the range ends before it begins.

    Examples
    --------
    >>> check_range(None, None, 30.0)
    >>> check_range(86_400_000, 0, None)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    xq.errors.UsageError: error: expected --until after --since, found 1970-01-01T00:00:00Z ...
    """
    if since_ms is not None and days is not None:
        raise UsageError("expected --since or --days, found both")
    if days is not None and not 0 < days <= _MOST_DAYS:
        raise UsageError(
            f"expected --days above 0 and at most {_MOST_DAYS}, found {days:.12g}", hint="--days 30"
        )
    if since_ms is not None and until_ms is not None and until_ms <= since_ms:
        raise UsageError(
            f"expected --until after --since, found {iso(until_ms)} and {iso(since_ms)}"
        )


def _no_time(text: str) -> UsageError:
    return UsageError(
        f"expected a date like 2024-01-31, a time like 2024-01-31T12:00Z or an epoch, "
        f"found {text!r}"
    )
