"""How fast a venue may be asked: spacing, used weight, Retry-After and bans, over all threads."""

import threading
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

from xq.clock import iso
from xq.errors import VenueRefused
from xq.ports import Clock

WEIGHT_HEADER = "x-mbx-used-weight-1m"
LONGEST_WAIT = 60.0
_SHARE = 0.8  # of the venue's allowance; the rest is for other programs behind the same address
_BAN = 120.0  # seconds; the shortest ban Binance documents


class Pace:
    """One per venue, shared by every thread that talks to it.

    Parameters
    ----------
    spacing
        Seconds between the starts of two requests.
    weight_limit
        Allowance per minute that the venue counts in ``X-MBX-USED-WEIGHT-1M``; None if none.
    """

    def __init__(self, clock: Clock, *, spacing: float = 0.0, weight_limit: int | None = None):
        self._clock = clock
        self._spacing = spacing
        self._weight_limit = weight_limit
        self._next = 0.0
        self._banned_until = 0.0
        self._lock = threading.Lock()

    def wait(self) -> None:
        """Sleep until the next request may start.

        Raises
        ------
        VenueRefused
            While the venue has banned this address: then not one request leaves.
        """
        with self._lock:
            now = self._clock.monotonic()
            if now < self._banned_until:
                end = self._clock.now_ms() + round((self._banned_until - now) * 1000)
                raise VenueRefused(
                    f"the venue has banned this address until {iso(end)}",
                    hint="wait; every request before then makes the ban longer",
                )
            start = max(now, self._next)
            self._next = start + self._spacing
        if start > now:
            self._clock.sleep(start - now)

    def pause(self, seconds: float) -> None:
        """Let no request start for a while."""
        with self._lock:
            self._next = max(self._next, self._clock.monotonic() + seconds)

    def ban(self, seconds: float | None) -> None:
        """The venue answered 418: refuse to send anything before the ban ends."""
        length = _BAN if seconds is None else seconds
        with self._lock:
            self._banned_until = self._clock.monotonic() + length

    def learn(self, headers: Mapping[str, str]) -> None:
        """Slow down before the venue has to say so."""
        used = headers.get(WEIGHT_HEADER, "")
        if self._weight_limit and used.isdigit() and int(used) >= _SHARE * self._weight_limit:
            self.pause(60 - self._clock.now_ms() / 1000 % 60)


def retry_after(headers: Mapping[str, str], now_ms: int) -> float | None:
    """Seconds a venue asks us to wait: a number or an HTTP date.

    Examples
    --------
    >>> retry_after({"retry-after": "7"}, 0)
    7.0
    >>> retry_after({"retry-after": "Thu, 01 Jan 1970 00:00:09 GMT"}, 1_000)
    8.0
    """
    text = headers.get("retry-after", "").strip()
    if not text:
        return None
    if text.replace(".", "", 1).isdigit():
        return float(text)
    try:
        return max(parsedate_to_datetime(text).timestamp() - now_ms / 1000, 0.0)
    except (ValueError, TypeError):
        return None
