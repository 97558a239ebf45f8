"""Bybit's WebSocket addresses, and the conversations behind them."""

from collections.abc import Callable, Mapping

from xq.ports import Clock
from xq.sim.wire.bybit.asks import FACE, LINEAR
from xq.sim.wire.bybit.face import BybitFace
from xq.sim.wire.bybit.talks import Talk
from xq.sim.wire.bybit.tellers import Tellers
from xq.sim.wire.bybit.trade_talk import TradeTalk
from xq.sim.wire.streams.conversation import Conversation, Manners
from xq.sim.wire.streams.hub import Hub
from xq.sim.wire.streams.names import Access
from xq.sim.wire.streams.outbox import Outbox
from xq.sim.wire.streams.session import Session

_CATEGORIES = (LINEAR, "inverse", "spot", "option")


class BybitDoors:
    """Connections to one venue by Bybit's addresses.

    Attributes
    ----------
    openers
        What opens a conversation, by path.
    """

    def __init__(self, face: BybitFace, hub: Hub, wall: Clock, manners: Manners) -> None:
        self._face = face
        self._hub = hub
        self._wall = wall
        self._manners = manners
        self._tellers = Tellers(face)
        self._count = 0
        public = {f"/v5/public/{name}": self._public(name == LINEAR) for name in _CATEGORIES}
        self.openers: Mapping[str, Callable[[Outbox], Conversation]] = {
            **public,
            "/v5/private": self._private,
            "/v5/trade": self._trade,
        }

    def close(self) -> None:
        """Stop listening to the venue."""
        self._tellers.close()

    def _public(self, linear: bool) -> Callable[[Outbox], Conversation]:
        def opener(outbox: Outbox) -> Conversation:
            session = Session(FACE, Access.ANY, combined=False, outbox=outbox)
            talk = Talk(self._hub, session, self._name(), self._wall, linear=linear)
            return Conversation(outbox, talk.answer, talk.close, self._manners)

        return opener

    def _private(self, outbox: Outbox) -> Conversation:
        session = Session(FACE, Access.ANY, combined=False, outbox=outbox)
        talk = Talk(self._hub, session, self._name(), self._wall, tellers=self._tellers)
        return Conversation(outbox, talk.answer, talk.close, self._manners)

    def _trade(self, outbox: Outbox) -> Conversation:
        talk = TradeTalk(self._face, self._name(), self._wall)
        return Conversation(outbox, talk.answer, talk.close, self._manners)

    def _name(self) -> str:
        self._count += 1
        return f"sim-{self._count:08x}"
