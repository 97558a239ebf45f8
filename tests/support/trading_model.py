"""What the laws of trading count by themselves: quantity, cash, and a clock that is wrong."""

from decimal import Decimal

from support.direct_venue import MARKET, DirectVenue

from xq.clock import ManualClock
from xq.sim.accounts import MAIN
from xq.sim.instruments import Face
from xq.sim.records import Account, Kind, Posting, SimFill

D = Decimal
_MOVES = (Kind.DEPOSIT, Kind.CLEARANCE, Kind.BANKRUPTCY)


def is_money(posting: Posting) -> bool:
    """Whether it moved the wallet without a trade: deposits, and what a liquidation costs."""
    wallet = (posting.face, posting.account) == (Face.FUTURES, Account.FREE)
    return wallet and posting.kind in _MOVES


class JumpingClock:
    """The trader's own clock: that of the venue's machine, and wrong by so much."""

    def __init__(self, true: ManualClock) -> None:
        self._true = true
        self.wrong_ms = 0

    def now_ms(self) -> int:
        return self._true.now_ms() + self.wrong_ms

    def monotonic(self) -> float:
        return self._true.monotonic()

    def sleep(self, seconds: float) -> None:
        self._true.sleep(seconds)


class Model:
    """Quantity, cash and what reduce-only orders did, from the venue's fills one by one."""

    def __init__(self) -> None:
        self.quantity = self.cash = D(0)
        self._fills = self._transactions = 0

    def follow(self, venue: DirectVenue) -> None:
        """Take in what is new."""
        for transaction in venue.memory.written[self._transactions :]:
            self.cash += sum(p.amount for p in transaction.postings() if is_money(p))
        self._transactions = len(venue.memory.written)
        for fill in venue.memory.executions[self._fills :]:
            self._take(fill, venue)
        self._fills = len(venue.memory.executions)

    def _take(self, fill: SimFill, venue: DirectVenue) -> None:
        before = self.quantity
        self.quantity += fill.side.sign * fill.quantity
        self.cash -= fill.side.sign * fill.quantity * fill.price + fill.fee
        order = venue.core.order(MAIN, Face.FUTURES, MARKET, order_id=fill.order_id)
        assert order.filled <= order.quantity
        if order.reduce_only:
            assert abs(self.quantity) < abs(before), "a reduce-only order added"
            assert self.quantity * before >= 0, "a reduce-only order turned the position"
