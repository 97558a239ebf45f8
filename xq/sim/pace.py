"""The venue's clock: wall time at any speed, stopped, or as fast as its listeners can follow."""

import math
from dataclasses import dataclass, replace

from xq.clock import iso
from xq.errors import UsageError
from xq.ports import Clock
from xq.timeframe import Timeframe

_REAL = 1000
_SLOWEST, _HIGHEST = 0.001, 1_000_000.0


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast venue time passes.

    Attributes
    ----------
    thousandths
        Venue milliseconds per second of wall time; 0 is as fast as listeners can follow.
    paused
        Whether it stands still for now.

    Examples
    --------
    >>> Pace.parse("60").thousandths, Pace.parse("max").fastest, str(Pace.parse("0.5"))
    (60000, True, '0.5')
    """

    thousandths: int = _REAL
    paused: bool = False

    @classmethod
    def parse(cls, text: str) -> "Pace":
        """A speed as people write it: ``1``, ``60``, ``0.5``, ``max``.

        Raises
        ------
        UsageError
            If it is neither ``max`` nor a number from 0.001 to 1000000.
        """
        if text.strip().lower() == "max":
            return cls(0)
        try:
            speed = float(text)
        except ValueError:
            speed = math.nan
        if not _SLOWEST <= speed <= _HIGHEST:
            raise UsageError(
                f"expected a speed from 0.001 to 1000000 or max, found {text!r}",
                hint="--speed 60 lets an hour pass in a minute",
            )
        return cls(round(speed * _REAL))

    @property
    def fastest(self) -> bool:
        """Whether only listeners hold it back."""
        return self.thousandths == 0

    @property
    def real(self) -> bool:
        """Whether it is that of the wall, so that it also goes on while nobody runs."""
        return self.thousandths == _REAL and not self.paused

    def __str__(self) -> str:
        return "max" if self.fastest else f"{self.thousandths / _REAL:g}"


REAL_TIME = Pace()


class VenueClock:
    """Venue time, on top of a clock of the wall.

    Never goes back on its own account; where the wall's clock does, venue time does too, which
    `SimVenue` waits out.

    Parameters
    ----------
    wall
        What speed is measured by.
    now_ms
        Venue time to begin at.
    end_ms
        Where time stops for good: the end of a recording; None is never.

    Examples
    --------
    >>> from xq.clock import ManualClock
    >>> wall = ManualClock(1_000)
    >>> clock = VenueClock(wall, 0, Pace.parse("60"))
    >>> wall.sleep(1); clock.now_ms()
    60000
    >>> clock.seek(90_000); clock.now_ms()
    90000
    """

    def __init__(
        self, wall: Clock, now_ms: int, pace: Pace = REAL_TIME, *, end_ms: int | None = None
    ) -> None:
        self._wall = wall
        self._end_ms = end_ms
        self._pace = pace
        self._wall_ms, self._venue_ms = wall.now_ms(), now_ms

    @property
    def pace(self) -> Pace:
        """How fast it goes."""
        return self._pace

    @property
    def offset_ms(self) -> int:
        """Venue time less wall time at real time; 0 at any other pace, where none lasts."""
        return self._venue_ms - self._wall_ms if self._pace.real else 0

    @property
    def ended(self) -> bool:
        """Whether there is no more time."""
        return self._end_ms is not None and self.now_ms() >= self._end_ms

    def now_ms(self) -> int:
        """Epoch milliseconds of the venue."""
        now = self._venue_ms
        if not self._pace.paused:
            now += (self._wall.now_ms() - self._wall_ms) * self._pace.thousandths // _REAL
        return now if self._end_ms is None else min(now, self._end_ms)

    def later(self, ms: int) -> int:
        """Venue time a while from now; no later than the end."""
        then = self.now_ms() + ms
        return then if self._end_ms is None else min(then, self._end_ms)

    def monotonic(self) -> float:
        """Seconds since 1970 on this clock."""
        return self.now_ms() / 1000

    def sleep(self, seconds: float) -> None:
        """Let venue time pass: wait for it, or move it where it does not pass by itself."""
        if self._pace.paused or self._pace.fastest:
            self.seek(self.now_ms() + round(seconds * 1000))
        else:
            self._wall.sleep(seconds * _REAL / self._pace.thousandths)

    def set_pace(self, pace: Pace) -> None:
        """Go on at another speed, from now."""
        self._set(self.now_ms())
        self._pace = pace

    def pause(self) -> None:
        """Stand still; `seek` and `sleep` still move it."""
        self.set_pace(replace(self._pace, paused=True))

    def resume(self) -> None:
        """Go on as before `pause`."""
        self.set_pace(replace(self._pace, paused=False))

    def seek(self, ts_ms: int) -> None:
        """Jump forward.

        Raises
        ------
        UsageError
            If that moment is past, or after the end of the recording.
        """
        now = self.now_ms()
        if ts_ms < now:
            raise UsageError(
                f"the venue's clock cannot go back to {iso(ts_ms)}: it is {iso(now)} there",
                hint="choose a later time, or start a venue with another --state folder",
            )
        if self._end_ms is not None and ts_ms > self._end_ms:
            raise UsageError(
                f"expected a time up to {iso(self._end_ms)}, where the recording ends, "
                f"found {iso(ts_ms)}"
            )
        self._set(ts_ms)

    def next_bar(self, timeframe: Timeframe) -> int:
        """The next moment at which a bar closes."""
        return timeframe.floor(self.now_ms()) + timeframe.ms

    def step(self, most_ms: int) -> bool:
        """Move by up to ``most_ms`` if time runs as fast as it can; whether it does.

        Who tells listeners of the past calls this once they have heard it.
        """
        if self._pace.paused or not self._pace.fastest or self.ended:
            return False
        ahead = self._venue_ms + most_ms
        self._set(ahead if self._end_ms is None else min(ahead, self._end_ms))
        return True

    def _set(self, venue_ms: int) -> None:
        self._wall_ms, self._venue_ms = self._wall.now_ms(), venue_ms
