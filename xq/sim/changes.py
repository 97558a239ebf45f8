"""What a draft writes down: money moved, and everything that changed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from xq.frozen import quick
from xq.sim.algos import AlgoOrder
from xq.sim.instruments import Face
from xq.sim.records import Account, Kind, Posting, SimFill, SimOrder
from xq.sim.state import BalanceKey

Leg = tuple[Account, str, Decimal]


def transfer(source: Account, target: Account, asset: str, amount: Decimal) -> tuple[Leg, Leg]:
    """Two legs that move an amount; a negative amount moves back.

    Examples
    --------
    >>> [str(leg[2]) for leg in transfer(Account.FREE, Account.HELD, "USDT", Decimal(5))]
    ['-5', '5']
    """
    return (source, asset, -amount), (target, asset, amount)


@quick
@dataclass(frozen=True, slots=True)
class About:
    """What a transaction concerns: whose it is, a symbol, and a fill or an order."""

    owner: str
    face: Face
    symbol: str = ""
    reference: int = 0


@quick
@dataclass(frozen=True, slots=True)
class Transaction:
    """Money moved at one moment for one reason; its legs sum to zero in every asset."""

    number: int
    ts: int
    kind: Kind
    about: About
    legs: Sequence[Leg]

    def postings(self) -> Iterator[Posting]:
        """Its legs, each as a record of its own."""
        about = self.about
        for account, asset, amount in self.legs:
            yield Posting(
                transaction=self.number,
                ts=self.ts,
                owner=about.owner,
                face=about.face,
                kind=self.kind,
                account=account,
                asset=asset,
                amount=amount,
                symbol=about.symbol,
                reference=about.reference,
            )


@dataclass(slots=True)
class Changes:
    """What a draft added, for the ledger to make durable.

    Attributes
    ----------
    rows
        Per keyed part of the state (``positions``, ``settings`` …) the keys that changed, and
        their new records; None where one was dropped.
    """

    orders: dict[int, SimOrder] = field(default_factory=dict)
    algos: dict[int, AlgoOrder] = field(default_factory=dict)
    fills: list[SimFill] = field(default_factory=list)
    transactions: list[Transaction] = field(default_factory=list)
    balances: dict[BalanceKey, Decimal] = field(default_factory=dict)
    rows: dict[str, dict[Any, Any]] = field(default_factory=dict)

    @property
    def postings(self) -> list[Posting]:
        """What all transactions moved, leg by leg."""
        return [posting for item in self.transactions for posting in item.postings()]

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to write."""
        return not (self.orders or self.algos or self.transactions or self.rows)
