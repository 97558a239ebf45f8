"""Cross margin of the futures face: brackets, margin account, liquidation price.

One position per symbol (one-way mode), margined with the whole USDT wallet. The bracket tables are
our own; their form (maintenance = notional × rate − amount) is Binance's.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_UP, Decimal

from xq.sim.exact import ZERO, divided, rounded
from xq.sim.instruments import Face
from xq.sim.records import Account, SimOrder, SimPosition
from xq.sim.state import State
from xq.types import Side

ASSET = "USDT"
DEFAULT_LEVERAGE = 20
LIQUIDATION_FEE = Decimal("0.0125")

_MAJOR = frozenset({"BTCUSDT", "ETHUSDT"})


@dataclass(frozen=True, slots=True)
class Tier:
    """One bracket: notional in (floor, cap], most leverage allowed, maintenance rate and amount."""

    number: int
    floor: Decimal
    cap: Decimal
    leverage: int
    rate: Decimal
    amount: Decimal


def _table(rows: Sequence[tuple[int, int, str]]) -> tuple[Tier, ...]:
    tiers: list[Tier] = []
    floor = amount = previous = ZERO
    for number, (cap, leverage, text) in enumerate(rows, start=1):
        rate = Decimal(text)
        amount += floor * (rate - previous)
        tiers.append(Tier(number, floor, Decimal(cap), leverage, rate, amount))
        floor, previous = Decimal(cap), rate
    return tuple(tiers)


_MAJOR_TIERS = _table(
    (
        (50_000, 125, "0.004"),
        (500_000, 100, "0.005"),
        (5_000_000, 50, "0.01"),
        (25_000_000, 20, "0.025"),
        (100_000_000, 10, "0.05"),
        (250_000_000, 5, "0.1"),
        (500_000_000, 2, "0.25"),
        (1_000_000_000, 1, "0.5"),
    )
)
_MINOR_TIERS = _table(
    (
        (10_000, 50, "0.01"),
        (100_000, 25, "0.02"),
        (1_000_000, 20, "0.025"),
        (5_000_000, 10, "0.05"),
        (20_000_000, 5, "0.1"),
        (50_000_000, 2, "0.25"),
        (100_000_000, 1, "0.5"),
    )
)


def tiers_of(symbol: str) -> tuple[Tier, ...]:
    """The brackets of one symbol, smallest notional first."""
    return _MAJOR_TIERS if symbol in _MAJOR else _MINOR_TIERS


def tier_at(symbol: str, notional: Decimal) -> Tier:
    """The bracket that a notional falls into; the last one has no end.

    Examples
    --------
    >>> tier_at("BTCUSDT", Decimal(60_000)).leverage
    100
    """
    tiers = tiers_of(symbol)
    return next((tier for tier in tiers if abs(notional) <= tier.cap), tiers[-1])


def max_leverage(symbol: str) -> int:
    """The most leverage that the smallest bracket allows."""
    return tiers_of(symbol)[0].leverage


def max_notional(symbol: str, leverage: int) -> Decimal:
    """The largest notional allowed at a leverage.

    Examples
    --------
    >>> max_notional("BTCUSDT", 20)
    Decimal('25000000')
    """
    return max(tier.cap for tier in tiers_of(symbol) if tier.leverage >= leverage)


def maintenance(symbol: str, notional: Decimal) -> Decimal:
    """Equity below which a position of this notional is liquidated."""
    tier = tier_at(symbol, notional)
    return rounded(abs(notional) * tier.rate - tier.amount, rounding=ROUND_UP)


@dataclass(frozen=True, slots=True)
class PositionMargin:
    """A position and the orders around it, valued at the mark price; all amounts in USDT."""

    position: SimPosition
    mark: Decimal
    leverage: int
    notional: Decimal
    unrealized: Decimal
    initial: Decimal
    order_initial: Decimal
    maintenance: Decimal
    liquidation_price: Decimal


@dataclass(frozen=True, slots=True)
class MarginAccount:
    """The whole futures wallet, valued at mark prices; all amounts in USDT."""

    wallet: Decimal
    unrealized: Decimal
    initial: Decimal
    order_initial: Decimal
    maintenance: Decimal
    positions: tuple[PositionMargin, ...]

    @property
    def equity(self) -> Decimal:
        """Wallet and unrealized pnl."""
        return self.wallet + self.unrealized

    @property
    def used(self) -> Decimal:
        """Initial margin of positions and of resting orders."""
        return self.initial + self.order_initial

    @property
    def available(self) -> Decimal:
        """What new orders may use."""
        return max(ZERO, self.equity - self.used)

    @property
    def is_bankrupt(self) -> bool:
        """Whether the account must be liquidated."""
        return bool(self.positions) and self.maintenance > 0 and self.equity <= self.maintenance


def evaluate(state: State, owner: str, marks: Mapping[str, Decimal]) -> MarginAccount:
    """Value one futures account.

    Parameters
    ----------
    marks
        Mark price of every symbol with a position or a resting order; see `exposed`.
    """
    wallet = state.balance(owner, Face.FUTURES, Account.FREE, ASSET)
    bare = [_value(state, owner, symbol, marks[symbol]) for symbol in exposed(state, owner)]
    account = MarginAccount(
        wallet=wallet,
        unrealized=sum((item.unrealized for item in bare), ZERO),
        initial=sum((item.initial for item in bare), ZERO),
        order_initial=sum((item.order_initial for item in bare), ZERO),
        maintenance=sum((item.maintenance for item in bare), ZERO),
        positions=tuple(bare),
    )
    return replace(account, positions=tuple(_with_liquidation(item, account) for item in bare))


def exposed(state: State, owner: str) -> list[str]:
    """Futures symbols in which an account has a position or a resting order."""
    held = {key[1] for key in state.positions if key[0] == owner}
    return sorted(held.union(state.index.symbols(owner, Face.FUTURES)))


def leverage_of(state: State, owner: str, symbol: str) -> int:
    """Chosen leverage, or the default if the brackets allow it."""
    chosen = state.setting(owner, symbol).leverage
    return chosen if chosen else min(DEFAULT_LEVERAGE, max_leverage(symbol))


def exposure(position: Decimal, orders: Sequence[SimOrder]) -> Decimal:
    """Largest notional that a position (signed notional) and its resting orders can become."""
    buys = sells = ZERO
    for order in orders:
        if not order.reduce_only:
            notional = order.price * order.remaining
            buys += notional if order.side is Side.BUY else ZERO
            sells += notional if order.side is Side.SELL else ZERO
    return max(abs(position), abs(position + buys), abs(position - sells))


def order_margin(reached: Decimal, position: Decimal, leverage: int) -> Decimal:
    """Initial margin of what orders may add to a position; both are notional."""
    return divided(reached - abs(position), Decimal(leverage), rounding=ROUND_UP)


def _value(state: State, owner: str, symbol: str, mark: Decimal) -> PositionMargin:
    position = state.position(owner, symbol)
    leverage = leverage_of(state, owner, symbol)
    notional = position.quantity * mark
    reached = exposure(notional, state.orders_of(owner, Face.FUTURES, symbol))
    return PositionMargin(
        position=position,
        mark=mark,
        leverage=leverage,
        notional=rounded(notional),
        unrealized=rounded(notional - position.cost),
        initial=divided(abs(notional), Decimal(leverage), rounding=ROUND_UP),
        order_initial=order_margin(reached, notional, leverage),
        maintenance=maintenance(symbol, notional) if notional else ZERO,
        liquidation_price=ZERO,
    )


def _with_liquidation(item: PositionMargin, account: MarginAccount) -> PositionMargin:
    if not item.position.quantity:
        return item
    return replace(item, liquidation_price=_liquidation_price(item, account))


def _liquidation_price(item: PositionMargin, account: MarginAccount) -> Decimal:
    """Mark price at which equity meets maintenance, the other positions standing still.

    Solves ``others + q·p − cost = |q|·p·rate − amount`` for p in the present bracket; zero if no
    positive price does.
    """
    position, tier = item.position, tier_at(item.position.symbol, item.notional)
    others = account.equity - item.unrealized - (account.maintenance - item.maintenance)
    slope = abs(position.quantity) * tier.rate - position.quantity
    price = divided(others - position.cost + tier.amount, slope)
    return max(ZERO, price)
