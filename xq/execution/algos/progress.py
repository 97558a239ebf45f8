"""How far a parent is: everything a step needs to know of the past."""

from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import takewhile

from pydantic import ConfigDict, with_config

from xq.execution.algos.children import ZERO, Child, ChildRecord
from xq.execution.orders import OrderState


@with_config(ConfigDict(extra="forbid"))
@dataclass(frozen=True, slots=True)
class Progress:
    """The state of a parent; written down before the actions of a step are carried out.

    Attributes
    ----------
    children
        By number. Kept whole: a fill may come late, and must not count twice.
    arrival
        Middle of the market when the parent began; what its slippage is measured against.
    observed
        Base asset that the market traded since the start; never goes down.
    extreme
        Most favourable price since a trailing stop follows; None before.
    stop
        Why the parent shall end now; empty while it shall not.
    ended
        Why it is over; empty while it is not.
    """

    children: tuple[ChildRecord, ...] = ()
    arrival: Decimal | None = None
    observed: Decimal = ZERO
    extreme: Decimal | None = None
    stop: str = ""
    ended: str = ""

    @property
    def filled(self) -> Decimal:
        """Base asset done."""
        return sum((record.filled for record in self.children), ZERO)

    @property
    def committed(self) -> Decimal:
        """Base asset that is done or may still be, by what stands at the venue."""
        return sum((record.committed for record in self.children), ZERO)

    @property
    def live(self) -> tuple[int, ...]:
        """Numbers of children that are not final."""
        records = enumerate(self.children)
        return tuple(number for number, record in records if not record.state.is_final)

    @property
    def is_frozen(self) -> bool:
        """Whether nobody knows what became of a child: nothing is done until somebody does."""
        return any(record.state.is_unclear for record in self.children)

    @property
    def known_ms(self) -> int:
        """When anything was last heard of a child, venue time; -1 before."""
        return max((record.changed_ms for record in self.children), default=-1)

    @property
    def average_price(self) -> Decimal | None:
        """Mean price of the fills that were fed; None before the first."""
        quantity = sum((record.fill_quantity for record in self.children), ZERO)
        notional = sum((record.fill_notional for record in self.children), ZERO)
        return notional / quantity if quantity else None

    @property
    def failures(self) -> tuple[ChildRecord, ...]:
        """The newest children in a row that ended without having stood at the venue."""
        newest = reversed(self.children)
        return tuple(takewhile(lambda record: record.has_failed, newest))

    def remaining(self, quantity: Decimal) -> Decimal:
        """What of the parent's quantity is not done."""
        return max(quantity - self.filled, ZERO)

    def with_child(self, child: Child, now_ms: int) -> "Progress":
        """With one more child, its intent."""
        return replace(self, children=(*self.children, ChildRecord(child, now_ms)))

    def with_order(
        self, number: int, state: OrderState, filled: Decimal, ts_ms: int, reason: str = ""
    ) -> "Progress":
        """With what is known of a child's order.

        Parameters
        ----------
        filled
            Base asset, as the venue says together with the state: a final order must not be told
            with a count from before its end.
        ts_ms
            Venue time.
        """
        return self._with(number, self.children[number].ordered(state, filled, ts_ms, reason))

    def with_fill(
        self, number: int, fill_id: str, price: Decimal, quantity: Decimal, ts_ms: int
    ) -> "Progress":
        """With one fill of a child, however late, however often.

        Examples
        --------
        >>> from xq.types import OrderType, Side
        >>> sent = Progress().with_child(Child(Side.BUY, OrderType.MARKET, Decimal(2)), 0)
        >>> once = sent.with_fill(0, "f1", Decimal(100), Decimal(1), 5)
        >>> twice = once.with_fill(0, "f1", Decimal(100), Decimal(1), 9)
        >>> twice == once, once.filled, once.committed
        (True, Decimal('1'), Decimal('2'))
        """
        return self._with(number, self.children[number].executed(fill_id, price, quantity, ts_ms))

    def with_cancel(self, number: int, now_ms: int) -> "Progress":
        """With a cancel decided."""
        return self._with(number, replace(self.children[number], cancel_ms=now_ms))

    def stopped(self, reason: str) -> "Progress":
        """With the wish that it end: what rests is cancelled, nothing more is sent."""
        return replace(self, stop=self.stop or reason)

    def _with(self, number: int, record: ChildRecord) -> "Progress":
        if record == self.children[number]:
            return self
        return replace(
            self, children=(*self.children[:number], record, *self.children[number + 1 :])
        )
