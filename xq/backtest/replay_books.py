"""From what a replayed venue booked to a `Simulation`: the same numbers as any engine's."""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal

import numpy as np

from xq.backtest.hold import last_known
from xq.backtest.simulation import Simulation
from xq.bars import Bars
from xq.portfolio.accounting import Fills, Reason
from xq.sim.changes import Transaction
from xq.sim.exact import ZERO
from xq.sim.ledger_memory import MemoryLedger
from xq.sim.margin import ASSET
from xq.sim.records import Account, Kind, SimFill

ENGINE = "replay"
_FORCED = (Kind.CLEARANCE, Kind.BANKRUPTCY)


def simulation(
    ledger: MemoryLedger,
    bars: Bars,
    ids: Sequence[str],
    cash: float,
    why: Callable[[SimFill], Reason],
    met: Mapping[tuple[str, int], float],
) -> Simulation:
    """One account through all bars.

    Parameters
    ----------
    ids
        The venue's ids of the symbols, in the order of the columns.
    cash
        Quote asset at the start.
    why
        Why an order of the loop was filled.
    met
        Prices that exits aimed at, by market and moment; other orders aim at the open.
    """
    column = {number: j for j, number in enumerate(ids)}
    fills = _fills(ledger, bars, column, why, met)
    base_fees = np.array([float(_base_fee(fill)) for fill in ledger.executions], dtype=np.float64)
    money = -fills.quantity * fills.price - fills.fee + base_fees * fills.price
    funded, funding = _posted(ledger.written, (Kind.FUNDING,), bars)
    taken, losses = _posted(ledger.written, _FORCED, bars)
    arrived, deposits = _posted(ledger.written, (Kind.DEPOSIT,), bars)
    flows = np.zeros(len(bars))
    np.add.at(flows, arrived, deposits)
    steps = flows.copy()
    for rows, amounts in ((fills.row, money), (funded, funding), (taken, losses)):
        np.add.at(steps, rows, amounts)
    positions = _positions(ledger.executions, fills.row, column, len(bars))
    equity = cash + np.cumsum(steps)
    for j in range(len(ids)):
        value = positions[:, j] * last_known(bars.close[:, j])
        equity += np.where(positions[:, j] == 0.0, 0.0, value)
    paid = np.zeros(len(bars))
    np.add.at(paid, funded, -funding)
    np.add.at(fills.fee, _last_fills(fills.row, taken), -losses)  # the venue's share of the rest
    liquidated = fills.row[fills.reason == Reason.LIQUIDATION]
    return Simulation(
        equity=equity,
        positions=positions,
        fills=fills,
        funding=paid,
        initial_cash=cash,
        ruin_row=int(liquidated[0]) if len(liquidated) else None,
        engine=ENGINE,
        flows=flows if len(arrived) else None,
    )


def _fills(
    ledger: MemoryLedger,
    bars: Bars,
    column: dict[str, int],
    why: Callable[[SimFill], Reason],
    met: Mapping[tuple[str, int], float],
) -> Fills:
    executions, forced = ledger.executions, ledger.liquidating
    row = _rows([fill.ts for fill in executions], bars)
    symbol = np.array([column[fill.symbol] for fill in executions], dtype=np.int64)
    price = np.array([float(fill.price) for fill in executions], dtype=np.float64)
    signed = [float(fill.side.sign * fill.quantity) for fill in executions]
    quantity = np.array(signed, dtype=np.float64)
    fee = np.array([float(fill.fee) for fill in executions], dtype=np.float64)
    in_base = np.array([fill.fee_asset != ASSET for fill in executions], dtype=bool)
    reasons = [Reason.LIQUIDATION if fill.order_id in forced else why(fill) for fill in executions]
    aimed = bars.open[row, symbol]
    for place, fill in enumerate(executions if met else ()):
        aimed[place] = met.get((fill.symbol, fill.ts), aimed[place])
    return Fills(
        row=row,
        symbol=symbol,
        quantity=quantity,
        price=price,
        fee=np.where(in_base, fee * price, fee),
        slippage=np.abs(quantity * (price - aimed)),
        reason=np.array(reasons, dtype=np.int8),
    )


def _base_fee(fill: SimFill) -> Decimal:
    return ZERO if fill.fee_asset == ASSET else fill.fee


def _posted(
    written: Sequence[Transaction], kinds: tuple[Kind, ...], bars: Bars
) -> tuple[np.ndarray, np.ndarray]:
    """Rows and amounts of what moved the wallet for some reasons, once it was opened."""
    later = (item for item in written if item.kind in kinds and item.ts > bars.ts[0])
    moved = (posting for item in later for posting in item.postings())
    found = [posting for posting in moved if posting.account is Account.FREE]
    amounts = np.array([float(item.amount) for item in found], dtype=np.float64)
    return _rows([item.ts for item in found], bars), amounts


def _rows(times: Sequence[int], bars: Bars) -> np.ndarray:
    """Bars in which moments lie."""
    found = np.searchsorted(bars.ts, np.array(times, dtype=np.int64), side="right") - 1
    return np.asarray(np.clip(found, 0, len(bars) - 1), dtype=np.int64)


def _positions(
    executions: Sequence[SimFill], rows: np.ndarray, column: dict[str, int], length: int
) -> np.ndarray:
    """(T, N) what is held at each close, added up to the last digit."""
    held = dict.fromkeys(column, ZERO)
    steps = np.full((length, len(column)), np.nan)
    steps[:1] = 0.0
    for fill, row in zip(executions, rows.tolist(), strict=True):
        held[fill.symbol] += fill.side.sign * fill.quantity - _base_fee(fill)
        steps[row, column[fill.symbol]] = float(held[fill.symbol])
    return np.column_stack([last_known(steps[:, j]) for j in range(len(column))])


def _last_fills(rows: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Index of the last fill in or before each of some rows."""
    return np.asarray(np.searchsorted(rows, wanted, side="right") - 1)
