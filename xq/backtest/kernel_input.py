"""From bars, rules and conditions to the flat arrays that the kernel works on."""

from typing import Any

import numpy as np

from xq.backtest.conditions import Brackets, Conditions, Era, Filters, Path
from xq.backtest.kernel_state import FILL_FIELDS, Book, Market, Record, State, Terms
from xq.backtest.kernel_state import Path as FlatPath
from xq.backtest.simulation import Funding, Rules
from xq.bars import Bars
from xq.portfolio.costs import Costs


def market_of(
    weights: np.ndarray, bars: Bars, rules: Rules, funding: Funding | None, conditions: Conditions
) -> Market:
    """Everything that varies by bar."""
    nothing: Any = np.zeros(weights.size)
    flat = _flat(weights, bars.open, bars.high, bars.low, bars.close)
    owed = [nothing, nothing] if funding is None else _flat(funding.at_open, funding.inside)
    flows: Any = np.zeros(len(bars)) if conditions.flows is None else _flat(conditions.flows)[0]
    path = _path(conditions, flat[1:4], len(bars))
    weighed, opens, high, low, close = flat
    return Market(
        weights=weighed,
        open=opens,
        high=high,
        low=low,
        close=close,
        funding_open=owed[0],
        funding_inside=owed[1],
        flows=flows,
        path=path,
        book=_book(bars, rules, conditions),
    )


def terms_of(
    shape: tuple[int, ...], costs: Costs, rules: Rules, conditions: Conditions, *, margined: bool
) -> Terms:
    """Everything that stays."""
    rows, columns = shape
    return Terms(
        rows=rows,
        columns=columns,
        cash=float(rules.initial_cash),
        fee=float(costs.fee),
        maker=float(costs.fee if costs.maker is None else costs.maker),
        slippage=float(costs.slippage),
        measured=conditions.frictions is not None,
        band=_or_nan(rules.rebalance_band),
        margined=margined,
        max_leverage=float(rules.max_leverage) if margined else 1.0,
        liquidation_fee=float(rules.liquidation_fee),
        stop_loss=_or_nan(rules.stop_loss),
        take_profit=_or_nan(rules.take_profit),
        trailing_stop=_or_nan(rules.trailing_stop),
        max_bars=0 if rules.max_bars is None else rules.max_bars,
        delay=rules.delay,
        limit_exits=rules.limit_exits,
    )


def state_of(terms: Terms, reserve: int) -> State:
    """An account with nothing but cash."""
    numbers: dict[str, Any] = {name: np.zeros(terms.columns) for name in State._fields}
    numbers["account"] = np.array([terms.cash, 0.0, 0.0, 0.0, 0.0, reserve])
    numbers["held"] = np.zeros(terms.columns, dtype=np.int64)
    numbers["pending"] = np.zeros(terms.columns * terms.delay)
    numbers["why"] = np.full(terms.columns * terms.delay, -1, dtype=np.int64)
    numbers["mark"] = np.full(terms.columns, np.nan)
    return State(**numbers)


def record_of(rows: int, columns: int, room: int) -> Record:
    """Empty outputs with room for that many fills."""
    lengths = {"equity": rows, "funding": rows, "flow": rows, "position": rows * columns}
    lengths["fills"] = room * FILL_FIELDS
    fields: dict[str, Any] = {name: np.zeros(length) for name, length in lengths.items()}
    return Record(**fields)


def _or_nan(value: float | None) -> float:
    return float("nan") if value is None else float(value)


def _flat(*fields: np.ndarray) -> list[Any]:
    return [np.array(field, dtype=np.float64).ravel() for field in fields]


def _path(conditions: Conditions, own: list[Any], rows: int) -> FlatPath:
    inside, marks = conditions.path, conditions.marks
    first: Any = np.arange(rows + 1) if inside is None else np.array(inside.first)
    prices = own if inside is None else _prices(inside)
    return FlatPath(first, *prices, *(prices if marks is None else _prices(marks)))


def _prices(path: Path) -> list[Any]:
    return _flat(path.open, path.high, path.low)


def _book(bars: Bars, rules: Rules, conditions: Conditions) -> Book:
    eras = conditions.eras or (_own_era(len(bars.symbols), rules),)
    filters = [item for era in eras for item in era.filters]
    brackets = [item for era in eras for item in era.brackets]
    begins = np.zeros(len(bars), dtype=np.int64)
    for era in eras[1:]:
        begins[era.row] += 1
    measured = conditions.frictions
    slips: list[Any] = (
        [np.zeros(0)] * 2 if measured is None else _flat(measured.base, measured.impact)
    )
    era_of: Any = np.cumsum(begins)
    tier: Any = np.cumsum([0, *(len(item.floor) for item in brackets)])
    return Book(
        era=era_of,
        lot=_column(filters, "lot"),
        least=_column(filters, "min_quantity"),
        most=_column(filters, "max_quantity"),
        notional=_column(filters, "min_notional"),
        tick=_column(filters, "tick"),
        tier=tier,
        floor=_joined(brackets, "floor"),
        rate=_joined(brackets, "rate"),
        amount=_joined(brackets, "amount"),
        slippage=slips[0],
        impact=slips[1],
    )


def _own_era(columns: int, rules: Rules) -> Era:
    lots = (*rules.lots, *[0.0] * columns)[:columns]
    filters = tuple(Filters(lot=lot) for lot in lots)
    return Era(0, filters, (Brackets.flat(rules.maintenance),) * columns)


def _column(items: list[Filters], name: str) -> Any:
    return np.array([getattr(item, name) for item in items], dtype=np.float64)


def _joined(items: list[Brackets], name: str) -> Any:
    return np.array([value for item in items for value in getattr(item, name)], dtype=np.float64)
