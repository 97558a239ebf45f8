"""The simulated venue: two faces, one ledger, one clock; call `settle` before every request."""

from decimal import Decimal

from xq.sim.account_settings import (
    change_margin,
    set_leverage,
    set_margin_mode,
    set_position_mode,
)
from xq.sim.contracts import margin_account
from xq.sim.exact import exact
from xq.sim.instruments import Face
from xq.sim.margin import MarginAccount, PositionMargin, leverage_of, value
from xq.sim.openings import NOTHING
from xq.sim.records import MarginMode, PositionSide
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
    def flat_margin(self, owner: str, symbol: str, side: PositionSide) -> PositionMargin:
        """What `margin` would say of a position that an account does not have."""
        position = self.state.position(owner, symbol, side)
        mark = self.feeds[Face.FUTURES].mark_price(symbol, self.now_ms)
        return value(position, NOTHING, mark, leverage_of(self.state, owner, symbol))

    @exact
    def set_leverage(self, owner: str, symbol: str, leverage: int) -> None:
        """Choose a symbol's leverage. Raises `Refusal` if brackets or margin forbid it."""
        self.market(Face.FUTURES, symbol)
        with self._change() as draft:
            set_leverage(draft, self.feeds[Face.FUTURES], owner, symbol, leverage)

    @exact
    def set_margin_mode(self, owner: str, symbol: str, mode: MarginMode) -> None:
        """Choose cross or isolated margin for a symbol. Raises `Refusal`."""
        self.market(Face.FUTURES, symbol)
        with self._change() as draft:
            set_margin_mode(draft, owner, symbol, mode)

    @exact
    def set_position_mode(self, owner: str, hedge: bool) -> None:
        """Choose one position per symbol, or a long and a short one. Raises `Refusal`."""
        with self._change() as draft:
            set_position_mode(draft, owner, hedge=hedge)

    @exact
    def change_margin(self, owner: str, symbol: str, side: PositionSide, amount: Decimal) -> None:
        """Add to an isolated position's wallet, or take from it. Raises `Refusal`."""
        self.market(Face.FUTURES, symbol)
        with self._change() as draft:
            change_margin(draft, self.feeds[Face.FUTURES], owner, symbol, side, amount)
