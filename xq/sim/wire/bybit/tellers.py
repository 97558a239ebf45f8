"""Accounts' events, told to the connections that asked for them."""

from collections.abc import Callable, Iterator
from typing import Any

import orjson

from xq.sim.algos import AlgoStatus
from xq.sim.events import AlgoEvent, BalanceEvent, ConfigEvent, Event, OrderEvent
from xq.sim.exact import exact
from xq.sim.wire.bybit.account import wallet_of
from xq.sim.wire.bybit.algo_rows import algo_row, row_of
from xq.sim.wire.bybit.asks import FACE, LINEAR
from xq.sim.wire.bybit.face import BybitFace
from xq.sim.wire.bybit.history import declined_row
from xq.sim.wire.bybit.memory import Declined
from xq.sim.wire.bybit.positions import row_at
from xq.sim.wire.bybit.rows import execution_row

TOPICS = ("order", "execution", "position", "wallet")

_SILENT = (AlgoStatus.TRIGGERED, AlgoStatus.FINISHED)  # told as events of the order they sent

Tell = Callable[[str, dict[str, Any]], None]  # topic, message


class Tellers:
    """Who hears which account, and what they are told as it happens."""

    def __init__(self, face: BybitFace) -> None:
        self._venue = face.venue
        self._memory = face.memory
        self._listeners: dict[object, tuple[str, Tell]] = {}
        self._count = 0
        self._unsubscribe = face.venue.subscribe(self._hear)
        face.memory.listener = self._declined

    def close(self) -> None:
        """Stop listening to the venue."""
        self._unsubscribe()
        self._memory.listener = None

    def add(self, key: object, owner: str, tell: Tell) -> None:
        """Tell a connection of an account from now on."""
        self._listeners[key] = owner, tell

    def remove(self, key: object) -> None:
        """Tell it no longer."""
        self._listeners.pop(key, None)

    def _declined(self, item: Declined) -> None:
        self._tell(item.order.owner, "order", item.order.created_ms, [declined_row(item)])

    def _hear(self, event: Event) -> None:
        owner = getattr(event, "owner", None)
        if any(owner == known for known, _ in self._listeners.values()):
            self._heard(event, str(owner))

    @exact
    def _heard(self, event: Event, owner: str) -> None:
        for topic, rows in self._messages(event):
            self._tell(owner, topic, event.ts, rows)

    def _messages(self, event: Event) -> Iterator[tuple[str, list[dict[str, Any]]]]:
        venue = self._venue
        if isinstance(event, OrderEvent) and event.face is FACE:
            yield "order", [row_of(venue, event.order)]
            if event.fill is not None:
                yield "execution", [execution_row(event.fill, event.order)]
        elif isinstance(event, AlgoEvent) and event.algo.status not in _SILENT:
            yield "order", [algo_row(event.algo)]
        elif isinstance(event, BalanceEvent) and event.face is FACE:
            found = [self._position(event.owner, p.symbol, p.side) for p in event.positions]
            if found:
                yield "position", found
            if event.balances:
                yield "wallet", [wallet_of(venue, event.owner)]
        elif isinstance(event, ConfigEvent) and event.symbol:
            side = venue.state.position(event.owner, event.symbol).side
            yield "position", [self._position(event.owner, event.symbol, side)]

    def _position(self, owner: str, symbol: str, side: Any) -> dict[str, Any]:
        row = row_at(self._venue, self._memory, owner, symbol, side)
        return row | {"entryPrice": row["avgPrice"]}

    def _tell(self, owner: str, topic: str, ts_ms: int, rows: list[dict[str, Any]]) -> None:
        self._count += 1
        data = rows if topic == "wallet" else [{"category": LINEAR, **row} for row in rows]
        told = {
            "id": f"{ts_ms}_{self._count}",
            "topic": topic,
            "creationTime": ts_ms,
            "data": data,
        }
        for known, tell in list(self._listeners.values()):
            if known == owner:
                tell(topic, told)


def frame(told: dict[str, Any]) -> bytes:
    """A message as it is sent."""
    return orjson.dumps(told)
