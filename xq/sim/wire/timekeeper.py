"""Keeps a venue's time on disk, so that it does not run back when the process dies."""

from contextlib import suppress

from xq.errors import XqError
from xq.sim.venue import SimVenue
from xq.sim.wire.streams.pump import pause

_EVERY_SECONDS = 1.0  # of the wall


async def keep_time(venue: SimVenue) -> None:
    """Write down every second where the venue's clock stands, until cancelled.

    Time of the wall's pace needs none of it: it also passes while nobody runs.
    """
    while True:
        await pause(_EVERY_SECONDS)
        if not venue.clock.pace.real:
            with suppress(XqError):  # no prices, or no disk: whoever asks is told so
                venue.save()
