"""The sub-ledger: which strategy holds what quantity of a symbol that several trade."""

from collections.abc import Iterable
from decimal import Decimal

from xq.execution.ledger_records import Share, ShareEntry
from xq.execution.ledger_schema import share_entries, shares
from xq.execution.records import JournalFill
from xq.execution.rows import Keeper
from xq.types import Symbol


class Shares:
    """Every strategy's share of every symbol, and the entries that add up to it."""

    def __init__(self, keeper: Keeper) -> None:
        self._keeper = keeper
        self._held = keeper.rows(shares, Share, ("symbol", "strategy"))
        order = ("ts_ms", "symbol", "source", "strategy")
        self._entries = keeper.rows(share_entries, ShareEntry, order)

    def book(self, entries: Iterable[ShareEntry]) -> int:
        """Book the entries that are not there yet, together; how many.

        A fill that several strategies share, or a transfer between them, is one call: then what
        they hold together is at every moment what the account holds.
        """
        booked = 0
        with self._keeper.write():
            for entry in entries:
                if self._entries.add(entry):
                    held = self.of(entry.symbol, entry.strategy) + entry.quantity
                    self._held.put(Share(entry.symbol, entry.strategy, held))
                    booked += 1
        return booked

    def of(self, symbol: Symbol, strategy: str) -> Decimal:
        """Signed quantity that one strategy holds."""
        share = self._held.find(symbol, strategy)
        return Decimal(0) if share is None else share.quantity

    def held(self, symbol: Symbol) -> dict[str, Decimal]:
        """Signed quantity by strategy, those that ever held any."""
        return {share.strategy: share.quantity for share in self._held.all(symbol=symbol)}

    def all(self, *, after: int = 0) -> tuple[Share, ...]:
        """Shares changed after a revision."""
        return self._held.all(after=after)

    def entries(self, symbol: Symbol, *, after: int = 0) -> tuple[ShareEntry, ...]:
        """How the shares of a symbol came to be, oldest first."""
        return self._entries.all(after=after, symbol=symbol)


def entry_of(fill: JournalFill, strategy: str, part: Decimal = Decimal(1)) -> ShareEntry:
    """The entry of a fill, or of one strategy's part of it, less fees paid in the base asset.

    Examples
    --------
    >>> from xq.types import Side
    >>> btc = Symbol("BTC", "USDT")
    >>> fee = Decimal("0.001")
    >>> fill = JournalFill(
    ...     btc, "7", None, "1", Side.BUY, Decimal(9), Decimal(1), fee, "BTC", 5, False
    ... )
    >>> entry_of(fill, "trend").quantity
    Decimal('0.999')
    """
    quantity = fill.side.sign * fill.quantity
    if fill.fee_asset == fill.symbol.base and not fill.symbol.is_contract:
        quantity -= fill.fee
    return ShareEntry(fill.symbol, fill.fill_id, strategy, quantity * part, fill.price, fill.ts)
