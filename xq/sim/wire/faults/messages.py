"""Faults of streams: messages lost, doubled, swapped, held back; connections that end."""

import asyncio
from collections.abc import Callable

from xq.sim.wire.faults.calls import frame_of
from xq.sim.wire.faults.roster import Roster
from xq.sim.wire.streams.outbox import Line, Outbox


class FaultyOutbox(Outbox):
    """An outbox whose messages faults may strike.

    Parameters
    ----------
    expire
        Ends the listen keys of an account.

    Attributes
    ----------
    sent
        Messages so far.
    """

    def __init__(
        self, line: Line, most_bytes: int, roster: Roster, expire: Callable[[str], None]
    ) -> None:
        super().__init__(line, most_bytes)
        self.sent = 0
        self._roster = roster
        self._expire = expire
        self._held: list[bytes] = []
        self._ending: set[asyncio.Task[None]] = set()

    def put(self, frame: bytes) -> None:
        """Queue a message as far as faults let it pass."""
        if self.is_mute:
            return
        self.sent += 1
        if not self._roster.watches_frames and not self._held:
            super().put(frame)
            return
        struck = self._roster.on_frame(frame_of(frame, self.line.path, frozenset(self.owners)))
        effects = {fault.do for fault in struck}
        if "silence" in effects:
            self.is_mute = True
        elif "cut" in effects:
            self.abandon()
        elif "swap" in effects:
            self._held.append(frame)
        elif not effects & {"drop", "gap"}:
            super().put(frame)
            if "duplicate" in effects:
                super().put(frame)
            while self._held:
                super().put(self._held.pop(0))
        if "expire_listen_key" in effects:
            for owner in self.owners:
                self._expire(owner)
        for fault in struck:
            if fault.do == "close":
                self.end(fault.options["code"])

    def end(self, code: int) -> None:
        """Close once everything so far is sent."""
        task = asyncio.get_running_loop().create_task(self._end(code))
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)

    async def _end(self, code: int) -> None:
        await self.drained()
        await self.line.close(code)
