"""The vector engine: target weights to equity in one pass.

A weight decided at a bar's close fixes a quantity there (`xq.portfolio.sizing`), which fills at the
next bar's open with slippage and fee. Nothing is traded unless a target changes or, if asked for,
the drift of a weight leaves the rebalance band. A bar that a symbol does not have is no decision
and no fill for it; its position keeps its last price.

Runs of one spot symbol without exits, band and lots go through the Rust kernel that vectorbt ships,
everything else through our own (`xq.backtest.kernel`), which gives the same answers.
"""

import numpy as np

from xq.backtest import own_engine, rust_engine
from xq.backtest.conditions import NOTHING, Conditions
from xq.backtest.simulation import Funding, Rules, Simulation
from xq.bars import Bars
from xq.clock import iso
from xq.errors import BadWeights, UsageError
from xq.portfolio.costs import Costs
from xq.types import Symbol

_WEIGHT_TOLERANCE = 1e-9


def simulate(
    weights: np.ndarray,
    bars: Bars,
    costs: Costs,
    rules: Rules,
    funding: Funding | None = None,
    conditions: Conditions = NOTHING,
) -> Simulation:
    """Trade target weights on stored bars.

    Parameters
    ----------
    weights
        (T, N) signed fractions of equity; NaN means: leave the position alone.
    bars
        The same T bars of the same N symbols.
    funding
        What perpetuals pay; None: nothing.
    conditions
        The venue's rules as of the time, measured slippage, prices inside bars, cash flows.

    Raises
    ------
    BadWeights
        Wrong shape, infinite, short on spot, or gross weight beyond what the account allows.
    UsageError
        If spot and perpetual symbols are mixed in one account, or the delay is below one bar.

    Examples
    --------
    Bought at the second open, sold at the third:

    >>> from xq.timeframe import Timeframe
    >>> bars = Bars.of(Timeframe.parse("1h"), ["BTC/USDT"], [0, 3600000, 7200000],
    ...                open=[100.0, 100.0, 125.0], close=[100.0, 110.0, 130.0])
    >>> run = simulate(np.array([[1.0], [0.0], [0.0]]), bars, Costs(), Rules(initial_cash=1000.0))
    >>> run.equity.tolist(), run.fills.quantity.tolist()
    ([1000.0, 1100.0, 1250.0], [10.0, -10.0])
    """
    weights = np.asarray(weights, dtype=np.float64)
    margined = is_margined(bars.symbols)
    if rules.delay < 1:
        raise UsageError(
            f"a decision fills at least one bar later, found a delay of {rules.delay}",
            hint="xq config explain backtest.delay",
        )
    check_weights(weights, bars, limit=rules.max_leverage if margined else 1.0, short=margined)
    plain = conditions.are_none and is_plain(bars.symbols, rules)
    if plain and rust_engine.is_available():
        return rust_engine.run(weights, bars, costs, rules)
    return own_engine.run(weights, bars, costs, rules, funding, conditions, margined=margined)


def is_plain(symbols: tuple[str, ...], rules: Rules) -> bool:
    """Whether a run needs nothing but buying and selling one spot symbol.

    Several symbols are left to our own kernel: vectorbt's buys the cheaper order first when cash
    is short, which between equal weights is decided by rounding.
    """
    ruled = rules.has_exits or rules.has_lots or rules.rebalance_band is not None
    ruled = ruled or rules.delay > 1
    return len(symbols) == 1 and not ruled and not is_margined(symbols)


def is_margined(symbols: tuple[str, ...]) -> bool:
    """Whether the account is a margin account for contracts.

    Raises
    ------
    UsageError
        If the symbols are of both kinds.
    """
    kinds = {Symbol.parse(symbol).is_contract for symbol in symbols}
    if len(kinds) > 1:
        raise UsageError(
            "spot and perpetual symbols cannot share one account", where=" ".join(symbols)
        )
    return kinds == {True}


def check_weights(weights: np.ndarray, bars: Bars, *, limit: float, short: bool) -> None:
    """Refuse weights that the account cannot hold.

    Raises
    ------
    BadWeights
        Naming the symbol and the bar.
    """
    shape = (len(bars), len(bars.symbols))
    if weights.shape != shape:
        raise BadWeights(f"weights have shape {weights.shape}, expected {shape}")
    if weights.size and weights.shape[1] == 1:
        low, high = np.fmin.reduce(weights)[0], np.fmax.reduce(weights)[0]
        most = limit + _WEIGHT_TOLERANCE
        if high <= most and low >= (-most if short else 0.0):
            return
    _refuse(np.isinf(weights), "a weight must be finite, found {}", weights, bars)
    if not short:
        _refuse(weights < 0, "a short weight is impossible on spot, found {}", weights, bars)
    gross = np.abs(weights)
    if gross.shape[1] > 1:
        gross = np.nansum(gross, axis=1, keepdims=True)
    text = f"gross weight may be at most {limit:g}, found {{}}"
    _refuse(gross > limit + _WEIGHT_TOLERANCE, text, gross, bars)


def _refuse(bad: np.ndarray, text: str, values: np.ndarray, bars: Bars) -> None:
    if not bad.any():
        return
    row, column = (int(index) for index in np.argwhere(bad)[0])
    symbol = bars.symbols[column] if bad.shape[1] == len(bars.symbols) else " ".join(bars.symbols)
    hint = "perpetuals such as BTC/USDT:USDT can be sold short" if "short" in text else None
    if "gross" in text:
        hint = "xq config explain backtest.max_leverage (spot is always 1)"
    raise BadWeights(
        text.format(f"{values[row, column]:g}"),
        where=f"{symbol} {bars.timeframe}, bar {iso(int(bars.ts[row]))}",
        hint=hint,
    )
