"""Funding, brackets and liquidation against an account written down by hand in exact decimals.

The account below knows a wallet, a position and its average entry, as a venue keeps them; the
engine knows cash. They must agree bar by bar.
"""

from dataclasses import dataclass
from decimal import ROUND_DOWN, ROUND_UP, Decimal, localcontext

import numpy as np
import pytest

from xq.backtest.conditions import Brackets, Conditions, Era, Filters
from xq.backtest.simulation import Funding, Rules, Simulation
from xq.backtest.vector import simulate
from xq.bars import Bars
from xq.portfolio.costs import Costs
from xq.timeframe import Timeframe

ROWS = 400
CASH, LEVERAGE, FEE, SLIP, CLEARANCE = (Decimal(t) for t in ("10000", "8", "0.0004", "0.0003",
                                                             "0.0125"))  # fmt: skip
TIERS = [(Decimal(f), Decimal(r)) for f, r in ((0, "0.01"), (20000, "0.025"), (50000, "0.1"))]
ZERO, LOT = Decimal(0), Decimal("0.01")


def lots(quantity: Decimal, rounding: str = ROUND_DOWN) -> Decimal:
    return (quantity / LOT).to_integral_value(rounding) * LOT


def margin(notional: Decimal) -> Decimal:
    """Maintenance margin, added up bracket by bracket."""
    needed = ZERO
    for at, (floor, rate) in enumerate(TIERS):
        cap = TIERS[at + 1][0] if at + 1 < len(TIERS) else notional
        needed += max(ZERO, min(notional, cap) - floor) * rate if notional > floor else ZERO
    return needed


def margin_rule(notional: Decimal) -> Decimal:
    """The venue's form of it: notional × rate − amount."""
    amount, found = ZERO, ZERO
    before = ZERO
    for floor, rate in TIERS:
        if floor == 0 or notional > floor:
            amount += floor * (rate - before)
            found = rate
        before = rate
    return notional * found - amount


@dataclass
class Account:
    """A wallet and one position."""

    wallet: Decimal = CASH
    quantity: Decimal = ZERO
    entry: Decimal = ZERO
    liquidations: int = 0

    def equity(self, price: Decimal) -> Decimal:
        return self.wallet + self.quantity * (price - self.entry)

    def trade(self, change: Decimal, aimed: Decimal) -> Decimal:
        price = aimed * (1 + SLIP if change > 0 else 1 - SLIP)
        closing = ZERO
        if self.quantity * change < 0:
            closing = min(abs(change), abs(self.quantity)).copy_sign(self.quantity)
            self.wallet += closing * (price - self.entry)
        opened = change + closing
        self.quantity -= closing
        if opened:
            total = self.quantity + opened
            self.entry = (self.quantity * self.entry + opened * price) / total
            self.quantity = total
        self.wallet -= abs(change) * price * FEE
        return price

    def is_carried(self, price: Decimal) -> bool:
        return self.equity(price) > margin(abs(self.quantity) * price)

    def liquidate(self, price: Decimal) -> None:
        while self.quantity and not self.is_carried(price):
            self.liquidations += 1
            notional = abs(self.quantity) * price
            floor = max(floor for floor, _ in TIERS if notional > floor)
            excess = abs(self.quantity) - floor / price
            size = min(abs(self.quantity), max(LOT, lots(excess, ROUND_UP)))
            filled = self.trade(size.copy_sign(-self.quantity), price)
            self.wallet -= min(max(self.wallet, ZERO), size * filled * CLEARANCE)
        if not self.quantity:
            self.wallet = max(self.wallet, ZERO)


def crossing(account: Account, start: Decimal, extreme: Decimal) -> Decimal | None:
    """The first price on the way that the account does not carry, by halving; None: it does."""
    if account.is_carried(extreme):
        return None
    if not account.is_carried(start):
        return start
    low, high = ZERO, Decimal(1)
    for _ in range(120):
        middle = (low + high) / 2
        if account.is_carried(start + middle * (extreme - start)):
            low = middle
        else:
            high = middle
    return start + high * (extreme - start)


def by_hand(bars: Bars, weights: np.ndarray, funding: Funding) -> tuple[list[Decimal], Account]:
    """Equity at every close."""
    account, equity = Account(), []
    target, wanted, blocked = ZERO, None, 0
    for i in range(ROWS):
        start, high, low, close = (
            Decimal(float(getattr(bars, name)[i, 0])) for name in ("open", "high", "low", "close")
        )
        account.wallet -= account.quantity * Decimal(float(funding.at_open[i, 0]))
        if wanted is not None:
            account.trade(_affordable(account, wanted, start), start)
            wanted = None
        account.wallet -= account.quantity * Decimal(float(funding.inside[i, 0]))
        while account.quantity:
            side = 1 if account.quantity > 0 else -1
            price = crossing(account, start, low if side > 0 else high)
            if price is None:
                break
            account.liquidate(price)
            blocked, target = side, None if account.quantity else ZERO
        equity.append(account.equity(close))
        if equity[-1] <= 0:
            return equity + [ZERO] * (ROWS - i - 1), account
        weight = Decimal(float(weights[i, 0]))
        if i + 1 < ROWS and weight * blocked <= 0:
            blocked = 0
            if weight != target:
                target, wanted = weight, lots(weight * equity[-1] / close)
    return equity, account


def _affordable(account: Account, wanted: Decimal, price: Decimal) -> Decimal:
    held = account.quantity
    if abs(wanted) <= abs(held) and wanted * held >= 0:
        return wanted - held
    paid = price * (1 + SLIP if wanted > held else 1 - SLIP)
    unit = abs(paid - price) + FEE * paid
    freed = abs(held) if held * wanted > 0 else -abs(held)
    room = LEVERAGE * (account.equity(price) + freed * unit)
    most = lots(room / (price + LEVERAGE * unit))
    return min(abs(wanted), max(most, freed, ZERO)).copy_sign(wanted - held) - held


def market(seed: int) -> tuple[Bars, np.ndarray, Funding]:
    random = np.random.default_rng(seed)
    close = 100 * np.exp(np.cumsum(random.normal(0, 0.012, ROWS)))
    opens = np.concatenate(([100.0], close[:-1])) * np.exp(random.normal(0, 0.003, ROWS))
    high = np.maximum(opens, close) * np.exp(np.abs(random.normal(0, 0.006, ROWS)))
    low = np.minimum(opens, close) * np.exp(-np.abs(random.normal(0, 0.006, ROWS)))
    ts = np.arange(ROWS) * 3_600_000
    bars = Bars.of(
        Timeframe.parse("1h"), ["A/U:U"], ts, open=opens, high=high, low=low, close=close
    )
    turns = np.cumsum(random.random(ROWS) < 0.1)
    levels = random.uniform(-float(LEVERAGE), float(LEVERAGE), turns[-1] + 1)
    owed = random.normal(0, 0.02, (2, ROWS, 1))
    return bars, levels[turns][:, None], Funding(owed[0], owed[1])


def engine(bars: Bars, weights: np.ndarray, funding: Funding) -> Simulation:
    brackets = Brackets.of([(float(floor), float(rate)) for floor, rate in TIERS])
    rules = Rules(float(CASH), max_leverage=float(LEVERAGE), liquidation_fee=float(CLEARANCE))
    known = Conditions(eras=(Era(0, (Filters(lot=float(LOT)),), (brackets,)),))
    return simulate(weights, bars, Costs(float(FEE), float(SLIP)), rules, funding, known)


@pytest.mark.parametrize("seed", range(8))
def test_equity_is_that_of_the_account_by_hand(seed: int) -> None:
    with localcontext() as context:
        context.prec = 40
        equity, account = by_hand(*market(seed))
    run = engine(*market(seed))
    assert int((run.fills.reason == 5).sum()) == account.liquidations
    np.testing.assert_allclose(run.equity, [float(value) for value in equity], rtol=1e-9, atol=1e-6)


def test_the_examples_liquidate_partly_wholly_and_ruin() -> None:
    runs = [engine(*market(seed)) for seed in range(8)]
    liquidated = [run for run in runs if (run.fills.reason == 5).any()]
    assert len(liquidated) >= 4
    rows = [run.fills.row[run.fills.reason == 5] for run in liquidated]
    assert any(
        (run.positions[row, 0] != 0).any() for run, row in zip(liquidated, rows, strict=True)
    )
    assert any(run.ruin_row is None for run in liquidated)


def test_the_margin_of_brackets_added_up_is_rate_and_amount() -> None:
    for notional in (Decimal(n) for n in (1, 20_000, 20_001, 50_000, 80_000)):
        assert margin(notional) == margin_rule(notional)
