"""What waits for a subscriber: in order, and never without bound."""

import asyncio

from xq.sim.wire.streams.outbox import Outbox


def run(story):
    asyncio.run(asyncio.wait_for(story, 60))


def test_frames_leave_in_their_order():
    async def story():
        sent = []

        async def send(frame):
            sent.append(frame)

        outbox = Outbox(send, lambda: None)
        writer = asyncio.create_task(outbox.run())
        wanted = [b"%d" % number for number in range(100)]
        for frame in wanted:
            outbox.put(frame)
        await outbox.drained()
        assert sent == wanted
        outbox.lose()
        await writer

    run(story())


def test_who_does_not_read_is_cut_off_at_the_bound():
    async def story():
        stuck, aborted = asyncio.Event(), []

        async def send(_frame):
            await stuck.wait()

        outbox = Outbox(send, lambda: aborted.append(1), most_bytes=100)
        writer = asyncio.create_task(outbox.run())
        for _ in range(10):
            outbox.put(b"0123456789")
        assert not outbox.is_lost
        outbox.put(b"!")
        assert outbox.is_lost
        assert aborted == [1]
        await outbox.drained()
        outbox.put(b"more")
        stuck.set()
        await writer
        assert aborted == [1]

    run(story())


def test_a_broken_connection_is_lost():
    async def story():
        async def send(_frame):
            raise ConnectionResetError

        outbox = Outbox(send, lambda: None)
        writer = asyncio.create_task(outbox.run())
        outbox.put(b"x")
        await writer
        assert outbox.is_lost
        await outbox.drained()

    run(story())


def test_what_was_sent_counts_no_longer():
    async def story():
        async def send(_frame):
            return None

        outbox = Outbox(send, lambda: None, most_bytes=10)
        writer = asyncio.create_task(outbox.run())
        for _ in range(50):
            outbox.put(b"0123456789")
            await outbox.drained()
        assert not outbox.is_lost
        outbox.lose()
        await writer

    run(story())
