"""Runs `xq.backtest.kernel`: interpreted when the work is small, compiled by Numba when it is big.

Importing Numba costs more than interpreting a year of hourly bars; a year of minutes pays for it.
"""

import hashlib
import inspect
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from types import FunctionType
from typing import Any

import numpy as np

from xq.backtest import kernel, kernel_exits, kernel_state
from xq.backtest.kernel_state import Market, Record, State, Terms
from xq.backtest.simulation import Funding, Rules, Simulation
from xq.bars import Bars
from xq.portfolio import sizing
from xq.portfolio.accounting import Fills
from xq.portfolio.costs import Costs

INTERPRETED_CELLS = 150_000
"""Bars times symbols up to which interpreting (3 µs each) is quicker than loading Numba."""


def run(
    weights: np.ndarray,
    bars: Bars,
    costs: Costs,
    rules: Rules,
    funding: Funding | None,
    *,
    margined: bool,
    compile_kernel: bool | None = None,
) -> Simulation:
    """Trade checked weights; see `xq.backtest.vector.simulate`.

    Parameters
    ----------
    margined
        Whether the account is a margin account for contracts.
    compile_kernel
        None decides by size; the answer is the same either way, bit for bit.
    """
    rows, columns = weights.shape
    if compile_kernel is None:
        compile_kernel = rows * columns > INTERPRETED_CELLS
    market = _market(weights, bars, funding)
    terms = _terms(rows, columns, costs, rules, margined=margined)
    state = _state(columns, rules.initial_cash)
    record = _record(rows, columns)
    if compile_kernel:
        ruin = compiled()(market, terms, state, record)
    else:
        plain_terms = terms._replace(lot=list(terms.lot))
        plain_state, plain_record = State(*_lists(state)), Record(*_lists(record))
        ruin = kernel.simulate(Market(*_lists(market)), plain_terms, plain_state, plain_record)
        state, record = State(*_arrays(plain_state)), Record(*_arrays(plain_record))
    return Simulation(
        equity=np.asarray(record.equity),
        positions=np.asarray(record.position).reshape(rows, columns),
        fills=_fills(record, int(state.account[1])),
        funding=np.asarray(record.funding),
        initial_cash=rules.initial_cash,
        ruin_row=None if ruin < 0 else int(ruin),
        engine="xq",
    )


@cache
def compiled() -> Callable[[Market, Terms, State, Record], int]:
    """`kernel.simulate` compiled, cached on disk under the hash of everything it calls."""
    import numba

    modules = (sizing, kernel_state, kernel_exits, kernel)
    source = "".join(inspect.getsource(module) for module in modules)
    version = hashlib.sha256(source.encode()).hexdigest()[:12]
    space: dict[str, Any] = {}
    for module in modules:
        space |= vars(module)
    functions = [
        value
        for value in space.values()
        if isinstance(value, FunctionType) and value.__module__ in {m.__name__ for m in modules}
    ]
    for function in functions:
        if function.__name__ in _PLAIN:
            continue
        copy = FunctionType(function.__code__, space, function.__name__, function.__defaults__)
        copy.__module__ = function.__module__
        copy.__qualname__ = f"{function.__name__}_{version}"
        space[function.__name__] = numba.njit(cache=True)(copy)
    result: Callable[[Market, Terms, State, Record], int] = space["simulate"]
    return result


_PLAIN = ("target_decimal", "_nudge")  # order code, not called by the kernel


def _market(weights: np.ndarray, bars: Bars, funding: Funding | None) -> Market:
    nothing = np.zeros(weights.shape)
    at_open = nothing if funding is None else funding.at_open
    inside = nothing if funding is None else funding.inside
    fields = (weights, bars.open, bars.high, bars.low, bars.close, at_open, inside)
    flat: Any = [np.array(field, dtype=np.float64).ravel() for field in fields]
    return Market(*flat)


def _terms(rows: int, columns: int, costs: Costs, rules: Rules, *, margined: bool) -> Terms:
    lots: Any = np.zeros(columns)
    lots[: len(rules.lots)] = rules.lots
    return Terms(
        rows=rows,
        columns=columns,
        cash=rules.initial_cash,
        fee=costs.fee,
        slippage=costs.slippage,
        band=_or_nan(rules.rebalance_band),
        margined=margined,
        max_leverage=rules.max_leverage if margined else 1.0,
        maintenance=rules.maintenance,
        stop_loss=_or_nan(rules.stop_loss),
        take_profit=_or_nan(rules.take_profit),
        trailing_stop=_or_nan(rules.trailing_stop),
        max_bars=0 if rules.max_bars is None else rules.max_bars,
        lot=lots,
    )


def _or_nan(value: float | None) -> float:
    return float("nan") if value is None else float(value)


def _state(columns: int, cash: float) -> State:
    numbers: dict[str, Any] = {name: np.zeros(columns) for name in State._fields}
    numbers["account"] = np.array([cash, 0.0, 0.0])
    numbers["held"] = np.zeros(columns, dtype=np.int64)
    numbers["why"] = np.full(columns, -1, dtype=np.int64)
    numbers["mark"] = np.full(columns, np.nan)
    return State(**numbers)


def _record(rows: int, columns: int) -> Record:
    most = 2 * rows * columns + columns  # one fill at the open and one exit inside each bar
    whole = {"row", "column", "reason"}
    fields: dict[str, Any] = {
        name: np.zeros(most, dtype=np.int64 if name in whole else np.float64)
        for name in ("row", "column", "quantity", "price", "aimed", "fee", "reason")
    }
    lengths = {"equity": rows, "funding": rows, "position": rows * columns}
    fields |= {name: np.zeros(length) for name, length in lengths.items()}
    return Record(**fields)


def _lists(fields: Iterable[Any]) -> Iterator[Any]:
    return (field.tolist() for field in fields)


def _arrays(fields: Iterable[Any]) -> Iterator[Any]:
    return (np.asarray(field) for field in fields)


def _fills(record: Record, count: int) -> Fills:
    price, aimed = np.array(record.price[:count]), np.asarray(record.aimed[:count])
    quantity = np.array(record.quantity[:count])
    return Fills(
        row=np.array(record.row[:count]),
        symbol=np.array(record.column[:count]),
        quantity=quantity,
        price=price,
        fee=np.array(record.fee[:count]),
        slippage=np.abs(quantity * (price - aimed)),
        reason=np.array(record.reason[:count], dtype=np.int8),
    )
