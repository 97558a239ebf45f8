"""Times as people write them on a command line."""

from datetime import UTC, datetime

from xq.errors import UsageError

_SECONDS_BELOW = 100_000_000_000  # smaller numbers are epoch seconds, larger ones milliseconds


def epoch_ms(text: str) -> int:
    """Epoch milliseconds of an ISO date or time (UTC unless it says otherwise) or an epoch number.

    Raises
    ------
    UsageError
        If the text is none of these.

    Examples
    --------
    >>> epoch_ms("1970-01-02"), epoch_ms("1970-01-01T00:00:01.5Z"), epoch_ms("1704067200")
    (86400000, 1500, 1704067200000)
    """
    stripped = text.strip()
    if stripped.isdecimal():
        number = int(stripped)
        return number * 1000 if number < _SECONDS_BELOW else number
    try:
        moment = datetime.fromisoformat(stripped)
    except ValueError:
        raise UsageError(
            f"expected a date like 2024-01-31, a time like 2024-01-31T12:00Z or an epoch, "
            f"found {text!r}"
        ) from None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return round(aware.timestamp() * 1000)
