"""How fast a venue may be asked: spacing, used weight, Retry-After and bans, over all threads."""

import threading
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

from xq.clock import iso
from xq.errors import VenueRefused
from xq.ports import Clock
from xq.venues.bans import Bans

WEIGHT_HEADER = "x-mbx-used-weight-1m"
LONGEST_WAIT = 60.0
SHARE = 0.9  # of the venue's allowance; the rest is for other programs behind the same address
_BAN = 120.0  # seconds; the shortest ban Binance documents
_MINUTE_MS = 60_000
_GUARD_MS = 300  # after the full minute, for two clocks that disagree a little


class Pace:
    """One per venue, shared by every thread that talks to it.

    The venue counts weight per minute of its own clock and says in every answer how much is used,
    by whomever; what is on its way is added, and who would go over the share waits for the minute
    to end.

    Parameters
    ----------
    spacing
        Seconds between the starts of two requests.
    weight_limit
        Allowance per minute that the venue counts in ``X-MBX-USED-WEIGHT-1M``; None if none.
    bans
        Where bans are remembered.
    name
        The venue's address in ``bans``.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        spacing: float = 0.0,
        weight_limit: int | None = None,
        bans: Bans | None = None,
        name: str = "",
    ) -> None:
        self.weight_limit = weight_limit
        self._clock = clock
        self._spacing = spacing
        self._next = 0.0
        self._bans = bans or Bans()
        self._name = name
        self._ahead_ms = 0
        self._minute = -1
        self._used = 0
        self._pending = 0
        self._late = 0
        self._told_late = 0
        self._lock = threading.Lock()

    def wait(self, weight: int = 1) -> int:
        """Sleep until a request of that weight may start; the minute it belongs to.

        Raises
        ------
        VenueRefused
            While the venue has banned this address: then not one request leaves.
        """
        while True:
            with self._lock:
                self._refuse_banned()
                now = self._clock.monotonic()
                delay = max(self._next - now, self._until_allowance(weight))
                if delay <= 0:
                    self._next = now + self._spacing
                    self._used += weight
                    self._pending += weight
                    self._late += weight * self._is_late()
                    return self._minute
            self._clock.sleep(delay)

    def refuse_banned(self) -> None:
        """Raise `VenueRefused` while the venue has banned this address."""
        with self._lock:
            self._refuse_banned()

    def pause(self, seconds: float) -> None:
        """Let no request start for a while."""
        with self._lock:
            self._next = max(self._next, self._clock.monotonic() + seconds)

    def ban(self, seconds: float | None) -> None:
        """The venue answered 418: refuse to send anything before the ban ends."""
        length = _BAN if seconds is None else seconds
        self._bans.add(self._name, self._clock.now_ms() + round(length * 1000))

    def learn(self, headers: Mapping[str, str], weight: int = 0, minute: int | None = None) -> None:
        """What an answer, or the lack of one, to a request of that weight tells."""
        used = headers.get(WEIGHT_HEADER, "")
        with self._lock:
            now = self._roll()
            self._pending = max(0, self._pending - weight)
            if used.isdigit() and minute in (None, now):
                told = int(used) + self._pending
                self._used = max(self._used, told)
                self._told_late = told if self._is_late() else 0

    def synchronise(self, venue_now_ms: int) -> None:
        """Count minutes as the venue does, whose time this is."""
        with self._lock:
            ahead = venue_now_ms - self._clock.now_ms()
            if abs(ahead - self._ahead_ms) > _GUARD_MS:  # less is the way of the answer
                self._ahead_ms = ahead
                self._minute = self._minute_now()

    def _refuse_banned(self) -> None:
        until = self._bans.until_ms(self._name)
        if self._clock.now_ms() < until:
            raise VenueRefused(
                f"the venue has banned this address until {iso(until)}",
                hint="wait; every request before then makes the ban longer",
            )

    def _until_allowance(self, weight: int) -> float:
        """Seconds until the venue allows so much more; 0 now."""
        self._roll()
        limit = self.weight_limit
        if limit is None or not self._used or self._used + weight <= SHARE * limit:
            return 0.0
        into = (self._clock.now_ms() + self._ahead_ms - _GUARD_MS) % _MINUTE_MS
        return (_MINUTE_MS - into) / 1000

    def _minute_now(self) -> int:
        return (self._clock.now_ms() + self._ahead_ms - _GUARD_MS) // _MINUTE_MS

    def _is_late(self) -> bool:
        return (self._clock.now_ms() + self._ahead_ms) % _MINUTE_MS < _GUARD_MS

    def _roll(self) -> int:
        minute = self._minute_now()
        if minute != self._minute:
            # What is on its way, left or was told between the two clocks' edges, may count in
            # either minute.
            self._used = max(self._pending + self._late, self._told_late)
            self._minute, self._late, self._told_late = minute, 0, 0
        return minute


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
