"""The heart of the streams: lets the venue's time pass and publishes what happened meanwhile."""

import asyncio
from contextlib import suppress
from typing import Protocol, runtime_checkable

from xq.errors import XqError
from xq.sim.venue import SimVenue
from xq.sim.wire.streams.hub import Hub
from xq.sim.wire.streams.outbox import breathe
from xq.timeframe import MINUTE_MS

TICK_SECONDS = 0.02

_LOOK_MS = 100  # what must be looked at is looked at this often when time is replayed
_FIRST_STRIDE_MS = 1000
_MANY, _FEW = 4000, 1000  # messages of one stride: above and below these it is changed


@runtime_checkable
class Stepped(Protocol):
    """A clock whose time may be moved by whoever has told everybody of the past."""

    def step(self, most_ms: int) -> bool:
        """Move by up to ``most_ms`` if time runs as fast as it can; whether it moved."""


class Pump:
    """Settles the venue and publishes, while anybody listens.

    In its own time a venue is looked at every 20 ms. Longer stretches, as after a jump of the
    clock or while it is replayed as fast as can be, are told in strides of at most a few thousand
    messages, and each waits until everybody has taken the one before.
    """

    def __init__(self, venue: SimVenue, hub: Hub, clock: Stepped | None = None) -> None:
        self._venue = venue
        self._hub = hub
        self._clock = clock
        self._stride = _FIRST_STRIDE_MS

    async def run(self) -> None:
        """Go on until cancelled."""
        while True:
            await self._hub.busy.wait()
            if self._clock is not None and self._clock.step(self._step_ms()):
                await self._turn(patient=True)
                await breathe()
            else:
                await self._turn(patient=False)
                await pause(TICK_SECONDS)

    async def _turn(self, *, patient: bool) -> None:
        """One look at the venue; patient ones wait until everybody has taken everything."""
        with suppress(XqError):  # no prices, or no disk: whoever asks by REST is told so
            self._venue.settle()
        self._hub.expire()
        until = self._venue.now_ms
        if self._hub.fresh:
            self._hub.fresh, self._stride = False, _FIRST_STRIDE_MS
        while True:
            start = self._hub.since_ms
            stop = min(until, start + self._stride)
            patient = patient or stop < until
            told = await self._hub.publish(stop, patient=patient)
            if told > _MANY:
                self._stride = max(self._stride // 2, _LOOK_MS)
            elif told < _FEW and stop - start == self._stride:
                self._stride = min(self._stride * 2, self._hub.longest_ms)
            if stop >= until:
                return

    def _step_ms(self) -> int:
        if self._hub.looks:
            return _LOOK_MS
        return min(self._stride, MINUTE_MS) if self._venue.state.open_orders else self._stride


def _end(over: "asyncio.Future[None]") -> None:
    """Unless whoever waited was cancelled in the same moment."""
    if not over.done():
        over.set_result(None)


async def pause(seconds: float) -> None:
    """Wait, on the event loop's own clock."""
    loop = asyncio.get_running_loop()
    over = loop.create_future()
    timer = loop.call_later(seconds, _end, over)
    try:
        await over
    finally:
        timer.cancel()
