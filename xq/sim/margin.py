"""Margin of the futures face: what an account is worth, what it uses, where it is liquidated.

Cross positions of an account share its cross wallet; an isolated one has a wallet of its own. In
hedge mode the two positions of a symbol are margined each by itself.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_UP, Decimal

from xq.sim.brackets import maintenance, max_leverage, tier_at
from xq.sim.exact import ZERO, divided, rounded
from xq.sim.instruments import Face
from xq.sim.openings import NOTHING, Opening
from xq.sim.records import Account, PositionSide, SimPosition
from xq.sim.state import State

ASSET = "USDT"
DEFAULT_LEVERAGE = 20
LIQUIDATION_FEE = Decimal("0.0125")


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

    @property
    def isolated_equity(self) -> Decimal:
        """Isolated wallet and unrealized pnl; zero for a cross position."""
        isolated = self.position.isolated and self.position.quantity
        return self.position.margin + self.unrealized if isolated else ZERO


@dataclass(frozen=True, slots=True)
class MarginAccount:
    """One futures wallet, valued at mark prices; all amounts in USDT.

    Attributes
    ----------
    wallet, cross_wallet
        Everything, and what isolated positions do not keep apart.
    """

    wallet: Decimal
    cross_wallet: Decimal
    positions: tuple[PositionMargin, ...]

    @property
    def cross(self) -> list[PositionMargin]:
        """What shares the cross wallet."""
        return [item for item in self.positions if not item.position.isolated]

    @property
    def unrealized(self) -> Decimal:
        """Pnl of all open positions."""
        return sum((item.unrealized for item in self.positions), ZERO)

    @property
    def cross_unrealized(self) -> Decimal:
        """Pnl of the cross positions."""
        return sum((item.unrealized for item in self.cross), ZERO)

    @property
    def initial(self) -> Decimal:
        """Initial margin of all positions."""
        return sum((item.initial for item in self.positions), ZERO)

    @property
    def order_initial(self) -> Decimal:
        """Initial margin of resting orders."""
        return sum((item.order_initial for item in self.positions), ZERO)

    @property
    def maintenance(self) -> Decimal:
        """Maintenance margin of all positions."""
        return sum((item.maintenance for item in self.positions), ZERO)

    @property
    def cross_maintenance(self) -> Decimal:
        """Maintenance margin of the cross positions."""
        return sum((item.maintenance for item in self.cross), ZERO)

    @property
    def equity(self) -> Decimal:
        """Wallet and unrealized pnl."""
        return self.wallet + self.unrealized

    @property
    def cross_equity(self) -> Decimal:
        """Cross wallet and the pnl of the cross positions."""
        return self.cross_wallet + self.cross_unrealized

    @property
    def used(self) -> Decimal:
        """Initial margin of positions and of resting orders."""
        return self.initial + self.order_initial

    @property
    def spare(self) -> Decimal:
        """What is left of the cross wallet; negative when too much is used."""
        initial = sum((item.initial for item in self.cross), ZERO)
        return self.cross_equity - initial - self.order_initial

    @property
    def available(self) -> Decimal:
        """What new orders may use."""
        return max(ZERO, self.spare)


def evaluate(state: State, owner: str, marks: Mapping[str, Decimal]) -> MarginAccount:
    """Value one futures account.

    Parameters
    ----------
    marks
        Mark price of every symbol with a position or a resting order; see `exposed`.
    """
    account = valued(state, owner, marks)
    positions = tuple(_with_liquidation(item, account) for item in account.positions)
    return replace(account, positions=positions)


def valued(state: State, owner: str, marks: Mapping[str, Decimal]) -> MarginAccount:
    """`evaluate` without liquidation prices, which what is available does not depend on."""
    free = state.balance(owner, Face.FUTURES, Account.FREE, ASSET)
    apart = state.balance(owner, Face.FUTURES, Account.ISOLATED, ASSET)
    bare = []
    for symbol in exposed(state, owner):
        leverage = leverage_of(state, owner, symbol)
        for side in state.sides_of(owner):
            position = state.position(owner, symbol, side)
            opening = state.index.openings.of(owner, symbol, side)
            if position.quantity or opening is not None or side is PositionSide.BOTH:
                around = NOTHING if opening is None else opening
                bare.append(value(position, around, marks[symbol], leverage))
    return MarginAccount(free + apart, free, tuple(bare))


def exposed(state: State, owner: str) -> list[str]:
    """Futures symbols in which an account has a position or a resting order."""
    held = {key[1] for key in state.positions if key[0] == owner}
    return sorted(held.union(state.index.symbols(owner, Face.FUTURES)))


def leverage_of(state: State, owner: str, symbol: str) -> int:
    """Chosen leverage, or the default if the brackets allow it."""
    chosen = state.setting(owner, symbol).leverage
    return chosen if chosen else min(DEFAULT_LEVERAGE, max_leverage(symbol))


def exposure(position: Decimal, opening: Opening) -> Decimal:
    """Largest notional that a position (signed notional) and its resting orders can become."""
    buys, sells = opening
    return max(abs(position), abs(position + buys), abs(position - sells))


def order_margin(reached: Decimal, position: Decimal, leverage: int) -> Decimal:
    """Initial margin of what orders may add to a position; both are notional."""
    return divided(reached - abs(position), Decimal(leverage), rounding=ROUND_UP)


def value(position: SimPosition, opening: Opening, mark: Decimal, leverage: int) -> PositionMargin:
    """One position and the orders around it at a mark price, without its liquidation price."""
    notional = position.quantity * mark
    return PositionMargin(
        position=position,
        mark=mark,
        leverage=leverage,
        notional=rounded(notional),
        unrealized=rounded(notional - position.cost),
        initial=divided(abs(notional), Decimal(leverage), rounding=ROUND_UP),
        order_initial=order_margin(exposure(notional, opening), notional, leverage),
        maintenance=maintenance(position.symbol, notional) if notional else ZERO,
        liquidation_price=ZERO,
    )


def _with_liquidation(item: PositionMargin, account: MarginAccount) -> PositionMargin:
    if not item.position.quantity:
        return item
    if item.position.isolated:
        own, others = [item], item.position.margin
    else:
        own = [
            each
            for each in account.cross
            if each.position.quantity and each.position.symbol == item.position.symbol
        ]
        others = account.cross_equity - sum((each.unrealized for each in own), ZERO)
        others -= account.cross_maintenance - sum((each.maintenance for each in own), ZERO)
    return replace(item, liquidation_price=_liquidation_price(own, others))


def _liquidation_price(own: Sequence[PositionMargin], others: Decimal) -> Decimal:
    """Mark price at which equity meets maintenance, the other symbols standing still.

    Solves ``others + Σ (q·p − cost) = Σ (|q|·p·rate − amount)`` for p in the present brackets, over
    both positions of a symbol in hedge mode as Binance does; zero if no positive price does.
    """
    slope, rest = ZERO, others
    for item in own:
        tier = tier_at(item.position.symbol, item.notional)
        slope += abs(item.position.quantity) * tier.rate - item.position.quantity
        rest += tier.amount - item.position.cost
    return max(ZERO, divided(rest, slope)) if slope else ZERO
