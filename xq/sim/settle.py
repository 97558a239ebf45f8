"""Time passes: everything that happened since the last request, in the order it happened.

At one moment the tape fills first, then orders end by themselves, then triggers fire, then margin
is looked at, then funding is paid. The result does not depend on how often time is looked at.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial

from xq.sim.algos import AlgoStatus
from xq.sim.algos_enter import cancel_algo
from xq.sim.algos_fire import fire, work
from xq.sim.contracts import next_funding, pay_funding
from xq.sim.draft import Draft
from xq.sim.feed import Feed
from xq.sim.instruments import Face
from xq.sim.liquidation import examine
from xq.sim.orders_change import end_countdown, end_order
from xq.sim.queues import Reached, Scan, scan
from xq.sim.records import Kind
from xq.sim.ruin import CALL_AT, WHOLE, first_failure, pools
from xq.sim.state import MarketKey
from xq.sim.trading import fill_resting
from xq.sim.triggers import watch_algo, watch_stop
from xq.timeframe import MINUTE_MS

_TAPE, _ENDS, _TRIGGER, _RUIN, _FUNDING = range(5)


@dataclass(frozen=True, slots=True)
class _Happening:
    """Something at a moment; of equal moments the lower rank and then key comes first."""

    ts: int
    rank: int
    key: tuple[str, ...]
    action: Callable[[], None]


def _order(happening: _Happening) -> tuple[int, int, tuple[str, ...]]:
    return happening.ts, happening.rank, happening.key


def settle(draft: Draft, feeds: Mapping[Face, Feed], until_ms: int) -> None:
    """Bring the books to ``until_ms``."""
    if until_ms <= draft.now_ms:
        return
    if draft.state.is_idle:
        draft.advance(until_ms)
        return
    passage = _Passage(draft, feeds, until_ms)
    while passage.step():
        pass
    passage.trail_on()


class _Passage:
    """One stretch of time; remembers what it found on each tape until its book changes."""

    def __init__(self, draft: Draft, feeds: Mapping[Face, Feed], until_ms: int) -> None:
        self._draft = draft
        self._feeds = feeds
        self._until_ms = until_ms
        self._began_ms = draft.now_ms
        self._done: dict[int, int] = {}  # when something of a rank happened last
        self._scans: dict[MarketKey, Scan] = {}
        span, futures = (draft.now_ms, until_ms), feeds[Face.FUTURES]
        self._algos = {
            number: watch_algo(futures, algo, span)
            for number, algo in draft.state.algos.items()
            if algo.is_open
        }
        self._stops = {
            number: watch_stop(feeds[order.face], order, span)
            for number, order in draft.state.index.waiting.items()
        }

    def step(self) -> bool:
        """Let the next thing happen; without one the rest of the time passes. Whether there was."""
        found = min(self._happenings(), key=_order, default=None)
        failure = self._failure(self._until_ms if found is None else found.ts)
        if failure is not None and (found is None or _order(failure) < _order(found)):
            found = failure
        self._pass(self._until_ms if found is None else found.ts)
        if found is not None:
            self._done[found.rank] = found.ts
            found.action()
        return found is not None

    def _since(self, rank: int) -> int:
        """From when on things of a rank are still to happen: after now, or with it."""
        now = self._draft.now_ms
        return now if self._done.get(rank, self._began_ms) == now else now - 1

    def _happenings(self) -> Iterator[_Happening]:
        yield from self._ends()
        yield from self._fills()
        yield from self._triggers()
        if self._draft.state.positions:
            feed = self._feeds[Face.FUTURES]
            ts = next_funding(self._since(_FUNDING), feed)
            if ts <= self._until_ms:
                yield _Happening(ts, _FUNDING, (), partial(pay_funding, self._draft, feed))

    def _failure(self, limit: int) -> _Happening | None:
        """The first moment, not after ``limit``, at which margin runs out somewhere."""
        draft, feed = self._draft, self._feeds[Face.FUTURES]
        span = self._since(_RUIN), limit
        if span[0] // MINUTE_MS == limit // MINUTE_MS:  # margin is looked at on full minutes
            return None
        times = [
            first_failure(pool, feed, span, WHOLE if pool.key in draft.state.warned else CALL_AT)
            for pool in pools(draft.state)
        ]
        ts = min((ts for ts in times if ts is not None), default=None)
        return None if ts is None else _Happening(ts, _RUIN, (), partial(examine, draft, feed))

    def _ends(self) -> Iterator[_Happening]:
        draft, state = self._draft, self._draft.state
        for number, ts in state.index.dated.items():
            if ts <= self._until_ms:
                feed = self._feeds[state.open_orders[number].face]
                action = partial(end_order, draft, feed, number)
                yield _Happening(ts, _ENDS, (f"{number:020}",), action)
        for number, algo in state.algos.items():
            if algo.is_open and algo.good_till_ms and algo.good_till_ms <= self._until_ms:
                action = partial(cancel_algo, draft, algo, AlgoStatus.EXPIRED)
                key = ("algo", f"{number:020}")
                yield _Happening(algo.good_till_ms, _ENDS, key, action)
        for key, countdown in state.countdowns.items():
            if countdown.ends_ms <= self._until_ms:
                action = partial(end_countdown, draft, self._feeds[Face.FUTURES], *key)
                yield _Happening(countdown.ends_ms, _ENDS, key, action)

    def _triggers(self) -> Iterator[_Happening]:
        draft, state = self._draft, self._draft.state
        for number, (ts, algo) in self._algos.items():
            if ts is not None and number in state.algos and state.algos[number].is_open:
                action = partial(fire, draft, self._feeds[Face.FUTURES], algo)
                yield _Happening(ts, _TRIGGER, ("algo", f"{number:020}"), action)
        for number, ts in self._stops.items():
            if ts is not None and number in state.index.waiting:
                action = partial(work, draft, self._feeds[Face.SPOT], number)
                yield _Happening(ts, _TRIGGER, ("stop", f"{number:020}"), action)

    def trail_on(self) -> None:
        """Keep how far trailing stops that still wait have come."""
        for number, (_, algo) in self._algos.items():
            known = self._draft.state.algos.get(number)
            if known is not None and known.is_open and known.extreme != algo.extreme:
                self._draft.put_algo(replace(known, extreme=algo.extreme), silent=True)

    def _fills(self) -> Iterator[_Happening]:
        for key, book in self._draft.state.books.items():
            if not len(book):
                continue
            known = self._scans.get(key)
            if known is None or known.version != book.version:
                known = scan(self._feeds[key[0]], self._draft.state, *key, self._until_ms)
                self._scans[key] = known
            reached = known.reached
            if reached is not None:
                yield _Happening(reached.ts, _TAPE, key, partial(self._fill, key, reached))

    def _fill(self, key: MarketKey, reached: Reached) -> None:
        for number, quantity in reached.fills:
            fill_resting(self._draft, self._feeds[key[0]], number, quantity)
        self._draft.flush(Kind.TRADE)

    def _pass(self, ts: int) -> None:
        """Move on to a moment; queues move with the tape."""
        self._draft.advance(ts)
        for key in sorted(self._scans):
            known = self._scans[key]
            if known.version != self._draft.state.book(*key).version:
                continue
            while known.moves and known.moves[0][0] <= ts:
                for number, queue in known.moves.pop(0)[1].items():
                    self._draft.put("queues", number, queue)
