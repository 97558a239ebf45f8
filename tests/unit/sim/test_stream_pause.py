"""Waiting on the event loop's own clock."""

import asyncio

from xq.sim.wire.streams.pump import pause


def test_a_wait_canceled_in_the_moment_it_ends_is_quiet() -> None:
    told: list[object] = []

    async def story() -> bool:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: told.append(context))
        waiting = asyncio.create_task(pause(0))
        for _ in range(2):  # it has begun to wait; its end is due, after us in the same turn
            await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.wait([waiting])
        return waiting.cancelled()

    assert asyncio.run(story())
    assert told == []
