"""What an account holds, as the loop needs it. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from xq.frozen import quick
from xq.types import Account, Symbol

_ZERO = Decimal(0)


@quick
@dataclass(frozen=True, slots=True)
class Holdings:
    """Positions and money at one venue time.

    Attributes
    ----------
    positions
        Signed quantity of every symbol traded, base asset.
    marks
        Price each is valued at, quote asset.
    equity
        Quote asset that targets are fractions of: cash and what is held of the symbols traded,
        at their marks (spot), or the margin balance (contracts).
    account_equity
        Quote asset: the whole account as the venue values it.
    cash
        Quote asset that can be spent.
    elsewhere
        Absolute exposure of contracts that this run does not trade, quote asset: the same equity
        stands behind it.
    elsewhere_net
        The same, longs less shorts.
    """

    positions: Mapping[Symbol, Decimal]
    marks: Mapping[Symbol, Decimal]
    equity: Decimal
    account_equity: Decimal
    cash: Decimal
    ts: int
    elsewhere: Decimal = _ZERO
    elsewhere_net: Decimal = _ZERO

    def notional_of_others(self, symbol: Symbol) -> Decimal:
        """Absolute exposure of every other symbol, quote asset."""
        values = (abs(q) * self.marks[s] for s, q in self.positions.items() if s != symbol)
        return sum(values, self.elsewhere)

    def net_of_others(self, symbol: Symbol) -> Decimal:
        """Signed exposure of every other symbol, quote asset."""
        values = (q * self.marks[s] for s, q in self.positions.items() if s != symbol)
        return sum(values, self.elsewhere_net)


def holdings(
    account: Account, symbols: Sequence[Symbol], closes: Mapping[Symbol, Decimal]
) -> Holdings:
    """Read what matters to a run out of an account.

    Parameters
    ----------
    closes
        Values the holdings on spot, so that equity is that of the decision's bar; a symbol
        without one is valued at the account's mark.
    """
    found = {position.symbol: position for position in account.positions}
    positions, marks, worth = {}, {}, []
    for symbol in symbols:
        held, close = found.get(symbol), closes.get(symbol)
        quantity, mark = (_ZERO, _ZERO) if held is None else (held.quantity, held.mark_price)
        if close is not None:
            mark = close
        positions[symbol], marks[symbol] = quantity, mark
        worth.append(quantity * mark)
    quote = next((b for b in account.balances if b.asset == symbols[0].quote), None)
    cash = quote.free if quote else _ZERO
    if symbols[0].is_contract:
        strange = [p for p in account.positions if p.symbol not in positions]
        elsewhere = sum((abs(p.quantity) * p.mark_price for p in strange), _ZERO)
        net = sum((p.quantity * p.mark_price for p in strange), _ZERO)
        equity = account.equity
        return Holdings(positions, marks, equity, equity, cash, account.ts, elsewhere, net)
    equity = sum(worth, quote.total if quote else _ZERO)
    return Holdings(positions, marks, equity, account.equity, cash, account.ts)
