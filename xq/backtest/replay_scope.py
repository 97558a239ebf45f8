"""What a replay does not do is refused before it begins, never left out."""

from collections.abc import Iterator
from dataclasses import astuple

import numpy as np

from xq.backtest.conditions import Brackets, Conditions, Era, Filters, simulated_brackets
from xq.backtest.simulation import Rules
from xq.bars import Bars
from xq.clock import iso
from xq.errors import UsageError
from xq.sim.margin import LIQUIDATION_FEE
from xq.types import Symbol

_ONLY_VECTOR = "--engine vector"


def require_replayable(bars: Bars, rules: Rules, conditions: Conditions) -> None:
    """Refuse what the live loop or the simulated venue would do otherwise, or not at all.

    Raises
    ------
    UsageError
        Naming the first such setting.
    """
    for message, hint in _refusals(bars, rules, conditions):
        raise UsageError(message, hint=hint)


def filters_of(rules: Rules, conditions: Conditions, columns: int) -> tuple[Filters, ...]:
    """The venue's filters of every symbol; the lots of the rules where none are known.

    Examples
    --------
    >>> [item.lot for item in filters_of(Rules(lots=(0.1,)), Conditions(), 2)]
    [0.1, 0.0]
    """
    if conditions.eras:
        return conditions.eras[0].filters
    lots = (*rules.lots, *[0.0] * columns)[:columns]
    return tuple(Filters(lot=lot) for lot in lots)


def id_of(symbol: Symbol) -> str:
    """The simulated venue's name of a symbol."""
    return symbol.base + symbol.quote


def _refusals(bars: Bars, rules: Rules, conditions: Conditions) -> Iterator[tuple[str, str]]:
    symbols = [Symbol.parse(name) for name in bars.symbols]
    if len({symbol.quote for symbol in symbols}) > 1:
        yield (
            f"one account counts in one quote asset, found {' '.join(bars.symbols)}",
            f"{_ONLY_VECTOR}, or one run per quote asset",
        )
    yield from _other_exits(symbols, rules)
    if rules.delay > 1:
        yield (
            "the live loop sends its orders when a bar has closed, so that a replay fills at the "
            f"next open; found a delay of {rules.delay} (backtest.delay)",
            f"--delay 1, or {_ONLY_VECTOR}",
        )
    if conditions.flows is not None and (conditions.flows < 0.0).any():
        yield (
            "an order that the live loop has sent is not cut to what a withdrawal leaves, found "
            f"{conditions.flows.min():g}",
            f"without the negative --deposit, or {_ONLY_VECTOR}",
        )
    measured = conditions.frictions
    if measured is not None and measured.impact.any():
        yield (
            "the live loop plans on one price whatever the size, found slippage that grows with "
            "it (backtest.slippage_model = square_root)",
            f"--slippage-model half_spread, or {_ONLY_VECTOR}",
        )
    yield from _changed_rules(bars, conditions.eras)
    if symbols[0].is_contract:
        yield from _other_margin(symbols, rules, conditions.eras)


def _other_exits(symbols: list[Symbol], rules: Rules) -> Iterator[tuple[str, str]]:
    levels = (rules.stop_loss, rules.take_profit, rules.trailing_stop)
    if any(level is not None for level in levels) and not symbols[0].is_contract:
        yield (
            "the live loop rests stops and take-profits for contracts alone, found "
            f"{' '.join(map(str, symbols))}",
            f"the perpetual, or {_ONLY_VECTOR}",
        )
    if rules.take_profit is not None and rules.limit_exits:
        yield (
            "the live loop's take-profits trigger orders at the market, found "
            "backtest.limit_exits = true",
            f"XQ_BACKTEST__LIMIT_EXITS=false, or {_ONLY_VECTOR}",
        )


def _changed_rules(bars: Bars, eras: tuple[Era, ...]) -> Iterator[tuple[str, str]]:
    for era in eras[1:]:
        if (era.filters, era.brackets) != (eras[0].filters, eras[0].brackets):
            when = iso(int(bars.ts[era.row]))
            yield (
                f"a replay knows one set of trading rules, found others from {when} on",
                f"--until {when} or --since {when}, or {_ONLY_VECTOR}",
            )


def _other_margin(
    symbols: list[Symbol], rules: Rules, eras: tuple[Era, ...]
) -> Iterator[tuple[str, str]]:
    if abs(rules.liquidation_fee - float(LIQUIDATION_FEE)) > 1e-12:
        yield (
            f"the simulated venue takes {LIQUIDATION_FEE} for a liquidation, found "
            f"backtest.liquidation_fee = {rules.liquidation_fee:g}",
            f"XQ_BACKTEST__LIQUIDATION_FEE={LIQUIDATION_FEE}, or {_ONLY_VECTOR}",
        )
    for symbol, found in zip(symbols, eras[0].brackets if eras else (), strict=False):
        if not _alike(found, simulated_brackets(str(symbol))):
            yield (
                f"the simulated venue has leverage brackets of its own for {symbol}, found stored "
                "ones that differ",
                _ONLY_VECTOR,
            )


def _alike(found: Brackets, own: Brackets) -> bool:
    if len(found.floor) != len(own.floor):
        return False
    return bool(np.allclose(np.array(astuple(found)), np.array(astuple(own)), rtol=1e-12))
