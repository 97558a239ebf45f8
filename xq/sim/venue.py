"""The simulated venue: two faces, one ledger, one clock; call `settle` before every request."""

from dataclasses import replace

from xq.sim.contracts import margin_account
from xq.sim.events import ConfigEvent
from xq.sim.exact import exact
from xq.sim.instruments import Face
from xq.sim.margin import MarginAccount, leverage_of, max_leverage, max_notional
from xq.sim.refusal import Reason, Refusal
from xq.sim.venue_orders import VenueOrders


class SimVenue(VenueOrders):
    """The core behind the wire: no protocol, no sockets. Not for use from two threads at once.

    See `xq.sim.venue_core.VenueCore` for how one is made and for events, `VenueOrders` for orders.
    """

    @exact
    def margin(self, owner: str) -> MarginAccount:
        """One futures account at present mark prices."""
        return margin_account(self.state, owner, self.feeds[Face.FUTURES], self.now_ms)

    @exact
    def set_leverage(self, owner: str, symbol: str, leverage: int) -> None:
        """Choose a symbol's leverage. Raises `Refusal` if brackets or margin forbid it."""
        self.market(Face.FUTURES, symbol)
        if not 1 <= leverage <= max_leverage(symbol):
            raise Refusal(Reason.BAD_LEVERAGE, str(leverage))
        if leverage == leverage_of(self.state, owner, symbol):
            return
        with self._change() as draft:
            draft.put_setting(replace(self.state.setting(owner, symbol), leverage=leverage))
            after = self.margin(owner)
            if after.positions and after.used > after.equity:
                raise Refusal(Reason.NO_MARGIN)
            here = [item for item in after.positions if item.position.symbol == symbol]
            if any(abs(item.notional) > max_notional(symbol, leverage) for item in here):
                raise Refusal(Reason.POSITION_LIMIT)
            draft.events.append(ConfigEvent(self.now_ms, owner, symbol, leverage=leverage))
