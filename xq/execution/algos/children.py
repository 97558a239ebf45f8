"""Children of a parent: what is asked of the venue, and what became of it."""

from dataclasses import dataclass, replace
from decimal import Decimal

from pydantic import ConfigDict, with_config

from xq.execution.orders import OrderState, can_move
from xq.types import OrderType, Side, TimeInForce

ZERO = Decimal(0)


@with_config(ConfigDict(extra="forbid"))
@dataclass(frozen=True, slots=True)
class Child:
    """An order to be sent.

    Attributes
    ----------
    price
        Limit price; None for market and stop-market orders.
    stop_price
        Trigger of a stop; None otherwise.
    """

    side: Side
    type: OrderType
    quantity: Decimal
    price: Decimal | None = None
    stop_price: Decimal | None = None
    time_in_force: TimeInForce | None = None
    reduce_only: bool = False


@with_config(ConfigDict(extra="forbid"))
@dataclass(frozen=True, slots=True)
class ChildRecord:
    """A child and what is known of it.

    Attributes
    ----------
    state
        INTENT until the venue's answer is fed.
    reported
        Base asset filled, as the venue last said of the order.
    fill_ids, fill_quantity, fill_notional
        Its fills that were fed, each once; base and quote asset.
    placed_ms, changed_ms, cancel_ms
        When it was decided, last changed, and last asked to be cancelled.
    """

    child: Child
    placed_ms: int
    state: OrderState = OrderState.INTENT
    reported: Decimal = ZERO
    fill_ids: tuple[str, ...] = ()
    fill_quantity: Decimal = ZERO
    fill_notional: Decimal = ZERO
    changed_ms: int = 0
    cancel_ms: int | None = None
    reason: str = ""

    @property
    def filled(self) -> Decimal:
        """Base asset done: the larger of what the order and its fills say."""
        return max(self.reported, self.fill_quantity)

    @property
    def committed(self) -> Decimal:
        """The most that it has done or may still do."""
        return self.filled if self.state.is_final else max(self.child.quantity, self.filled)

    @property
    def has_failed(self) -> bool:
        """Whether it ended without having stood at the venue."""
        return self.state in _FAILED

    def ordered(self, state: OrderState, filled: Decimal, ts_ms: int, reason: str) -> "ChildRecord":
        """With what the venue says of the order; answers that come late take nothing back."""
        moves = can_move(self.state, state)
        return replace(
            self,
            state=state if moves else self.state,
            reported=max(self.reported, filled),
            changed_ms=max(self.changed_ms, ts_ms),
            reason=reason if moves and reason else self.reason,
        )

    def executed(
        self, fill_id: str, price: Decimal, quantity: Decimal, ts_ms: int
    ) -> "ChildRecord":
        """With one fill; the same one again changes nothing."""
        if fill_id in self.fill_ids:
            return self
        return replace(
            self,
            fill_ids=(*self.fill_ids, fill_id),
            fill_quantity=self.fill_quantity + quantity,
            fill_notional=self.fill_notional + price * quantity,
            changed_ms=max(self.changed_ms, ts_ms),
        )


_FAILED = frozenset({OrderState.REJECTED, OrderState.NOT_SENT, OrderState.LOST})


@dataclass(frozen=True, slots=True)
class Place:
    """Send a child; ``number`` counts the parent's children from 0."""

    number: int
    child: Child


@dataclass(frozen=True, slots=True)
class Cancel:
    """Cancel a child; may be asked again, which does no harm."""

    number: int


Action = Place | Cancel
