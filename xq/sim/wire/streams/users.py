"""Accounts' events, told to the connections that may hear them."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import orjson

from xq.sim.events import (
    AlgoEvent,
    BalanceEvent,
    ConfigEvent,
    Event,
    Liquidation,
    MarginCall,
    OrderEvent,
)
from xq.sim.exact import ZERO, exact
from xq.sim.instruments import Face
from xq.sim.ledger import Page
from xq.sim.records import Kind
from xq.sim.venue import SimVenue
from xq.sim.wire.streams import user_futures, user_spot

_ALL = 1_000_000_000


@dataclass(frozen=True, slots=True, eq=False)
class Recipient:
    """Who hears an account.

    Attributes
    ----------
    events
        Names of the events wanted; empty for all.
    """

    owner: str
    face: Face
    tell: Callable[[bytes], None]
    events: frozenset[str] = frozenset()


class Users:
    """Turns the venue's events into messages of the recipients' face, as they happen.

    Parameters
    ----------
    announce
        Tells everybody of a liquidation: symbol and message.
    """

    def __init__(self, venue: SimVenue, announce: Callable[[str, bytes], None]) -> None:
        self._venue = venue
        self._announce = announce
        self._recipients: dict[Recipient, None] = {}
        self._realized: dict[str, dict[str, Decimal]] = {}
        self._unsubscribe = venue.subscribe(self._hear)

    def __bool__(self) -> bool:
        return bool(self._recipients)

    def close(self) -> None:
        """Stop listening to the venue."""
        self._unsubscribe()

    def add(self, recipient: Recipient) -> None:
        """Tell a connection of an account from now on."""
        if recipient.face is Face.FUTURES and recipient.owner not in self._realized:
            self._realized[recipient.owner] = self._earned(recipient.owner)
        self._recipients[recipient] = None

    def remove(self, recipient: Recipient) -> None:
        """Tell it no longer."""
        self._recipients.pop(recipient, None)

    def tell(self, owner: str, face: Face, payload: dict[str, Any]) -> None:
        """Send a message to everybody who hears an account."""
        frame = orjson.dumps(payload)
        for recipient in list(self._recipients):
            if (recipient.owner, recipient.face) != (owner, face):
                continue
            if not recipient.events or payload["e"] in recipient.events:
                recipient.tell(frame)

    def _hear(self, event: Event) -> None:
        if self._recipients or self._realized or isinstance(event, Liquidation):
            self._heard(event)

    @exact
    def _heard(self, event: Event) -> None:
        if isinstance(event, Liquidation):
            self._announce(event.symbol, orjson.dumps(user_futures.force_order(event)))
            return
        if isinstance(event, OrderEvent) and event.fill is not None:
            earned = self._realized.get(event.owner)
            if earned is not None and event.face is Face.FUTURES:
                symbol = event.order.symbol
                earned[symbol] = earned.get(symbol, ZERO) + event.fill.realized
        face = event.face if isinstance(event, OrderEvent | BalanceEvent) else Face.FUTURES
        if not any(r.owner == event.owner and r.face is face for r in self._recipients):
            return
        for payload in self._payloads(event, face):
            self.tell(event.owner, face, payload)

    def _payloads(self, event: Event, face: Face) -> list[dict[str, Any]]:
        venue = self._venue
        found: list[dict[str, Any] | None] = []
        if isinstance(event, OrderEvent) and face is Face.SPOT:
            found = [user_spot.execution_report(event)]
        elif isinstance(event, BalanceEvent) and face is Face.SPOT:
            found = [user_spot.account_position(event)]
        elif isinstance(event, OrderEvent):
            found = [user_futures.trade_lite(event), user_futures.order_update(venue, event)]
        elif isinstance(event, BalanceEvent):
            found = [user_futures.account_update(venue, event, self._realized[event.owner])]
        elif isinstance(event, AlgoEvent):
            found = [user_futures.algo_update(venue, event)]
        elif isinstance(event, ConfigEvent):
            found = [user_futures.config_update(venue, event, self._realized[event.owner])]
        elif isinstance(event, MarginCall):
            found = [user_futures.margin_call(venue, event)]
        return [payload for payload in found if payload is not None]

    def _earned(self, owner: str) -> dict[str, Decimal]:
        """What each symbol has earned an account so far, from the ledger."""
        sums: dict[str, Decimal] = {}
        page = Page(limit=_ALL)
        for row in self._venue.ledger.income(owner, Face.FUTURES, [Kind.REALIZED], None, page):
            sums[row.symbol] = sums.get(row.symbol, ZERO) + row.amount
        return sums
