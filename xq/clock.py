"""The only file that reads the time or sleeps."""

import threading
import time
from datetime import UTC, datetime


class SystemClock:
    """Wall time of this machine."""

    def now_ms(self) -> int:
        """Epoch milliseconds, UTC."""
        return time.time_ns() // 1_000_000

    def monotonic(self) -> float:
        """Seconds on a clock that never goes back; for durations only."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)


class ManualClock:
    """A clock that moves only when told to; ``sleep`` moves it.

    Examples
    --------
    >>> clock = ManualClock(1_000)
    >>> clock.sleep(2.5); clock.now_ms()
    3500
    """

    def __init__(self, start_ms: int) -> None:
        self._now_ms = start_ms
        self._lock = threading.Lock()

    def now_ms(self) -> int:
        """Epoch milliseconds, UTC."""
        return self._now_ms

    def monotonic(self) -> float:
        """Seconds since 1970 on this clock."""
        return self._now_ms / 1000

    def sleep(self, seconds: float) -> None:
        """Move forward without waiting."""
        with self._lock:
            self._now_ms += round(seconds * 1000)

    def advance_to(self, now_ms: int) -> None:
        """Move to a time that is not in the past."""
        with self._lock:
            if now_ms < self._now_ms:
                raise ValueError(f"clock cannot go back from {self._now_ms} to {now_ms}")
            self._now_ms = now_ms


def iso(ts_ms: int) -> str:
    """A time as people read it, UTC.

    Examples
    --------
    >>> iso(0)
    '1970-01-01T00:00:00Z'
    """
    moment = datetime.fromtimestamp(ts_ms / 1000, UTC)
    text = moment.strftime("%Y-%m-%dT%H:%M:%S")
    return f"{text}.{ts_ms % 1000:03d}Z" if ts_ms % 1000 else f"{text}Z"
