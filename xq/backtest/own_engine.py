"""Runs `xq.backtest.kernel`: interpreted when the work is small, compiled by Numba when it is big.

Importing Numba costs more than interpreting a year of hourly bars; a year of minutes pays for it.
"""

import hashlib
import inspect
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import FunctionType
from typing import Any

import numpy as np

from xq.backtest import kernel, kernel_exits, kernel_margin, kernel_orders, kernel_state
from xq.backtest.conditions import NOTHING, Conditions
from xq.backtest.first_compile import first_call
from xq.backtest.kernel_input import market_of, record_of, state_of, terms_of
from xq.backtest.kernel_state import FILL_FIELDS, FULL, Market, Record, State, Terms
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
    conditions: Conditions = NOTHING,
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
    market = market_of(weights, bars, rules, funding, conditions)
    terms = terms_of(weights.shape, costs, rules, conditions, margined=margined)
    reserve = columns * (3 + max(np.diff(market.book.tier), default=1))
    room = 2 * rows * columns + reserve
    while True:
        state = state_of(terms, reserve)
        record = record_of(rows, columns, room)
        ruin, state, record = _played(market, terms, state, record, compile_kernel=compile_kernel)
        if ruin != FULL:
            return _simulation(terms, state, record, None if ruin < 0 else int(ruin))
        room *= 2


def _played(
    market: Market, terms: Terms, state: State, record: Record, *, compile_kernel: bool
) -> tuple[int, State, Record]:
    if compile_kernel:
        return _compiled(market, terms, state, record), state, record
    plain_state, plain_record = _plain(state), _plain(record)
    ruin = kernel.simulate(_plain(market), terms, plain_state, plain_record)
    return ruin, _arrays(plain_state), _arrays(plain_record)


def _simulation(terms: Terms, state: State, record: Record, ruin: int | None) -> Simulation:
    refused, cut = (int(value) for value in state.account[3:5])
    return Simulation(
        equity=np.asarray(record.equity),
        positions=np.asarray(record.position).reshape(terms.rows, terms.columns),
        fills=_fills(record, int(state.account[1])),
        funding=np.asarray(record.funding),
        initial_cash=terms.cash,
        ruin_row=ruin,
        engine="xq",
        flows=np.asarray(record.flow),
        orders_refused=refused,
        orders_cut=cut,
    )


def _compiled(market: Market, terms: Terms, state: State, record: Record) -> int:
    simulate: Any = compiled()
    if simulate.signatures:  # called in this process before
        return int(simulate(market, terms, state, record))
    with first_call(Path(simulate.stats.cache_path), simulate.py_func.__qualname__):
        return int(simulate(market, terms, state, record))


@cache
def compiled() -> Callable[[Market, Terms, State, Record], int]:
    """`kernel.simulate` compiled, cached on disk under the hash of everything it calls."""
    import numba

    modules = (sizing, kernel_state, kernel_orders, kernel_margin, kernel_exits, kernel)
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
        hot = function.__module__ not in _COLD
        space[function.__name__] = numba.njit(cache=True, forceinline=hot, error_model="numpy")(
            copy
        )
    result: Callable[[Market, Terms, State, Record], int] = space["simulate"]
    return result


_COLD = (kernel.__name__, kernel_margin.__name__)  # not copied into their callers
_PLAIN = ("target_decimal", "_nudge")  # order code, not called by the kernel


def _plain(fields: Any) -> Any:
    """The same named tuple with lists for arrays, nested ones included."""
    known: dict[int, list[Any]] = {}

    def plain(value: Any) -> Any:
        if isinstance(value, tuple):
            return type(value)(*map(plain, value))
        if id(value) not in known:
            known[id(value)] = value.tolist()
        return known[id(value)]

    return plain(fields)


def _arrays(fields: Any) -> Any:
    return type(fields)(*map(np.asarray, fields))


def _fills(record: Record, count: int) -> Fills:
    table = np.asarray(record.fills[: count * FILL_FIELDS]).reshape(count, FILL_FIELDS).T
    row, column, quantity, price, aimed, fee, reason = table
    return Fills(
        row=row.astype(np.int64),
        symbol=column.astype(np.int64),
        quantity=quantity.copy(),
        price=price.copy(),
        fee=fee.copy(),
        slippage=np.abs(quantity * (price - aimed)),
        reason=reason.astype(np.int8),
    )
