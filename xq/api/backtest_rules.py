"""The venue's rules as of the time: filters and brackets of every symbol of a run."""

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from xq.api.backtest_inputs import Market
from xq.api.venues import SIMULATED
from xq.clock import iso
from xq.types import Symbol

if TYPE_CHECKING:
    from xq.backtest.conditions import Brackets, Era, Filters
    from xq.bars import Bars
    from xq.lake.reader import Lake


@dataclass(frozen=True, slots=True)
class VenueRules:
    """What holds in a run.

    Attributes
    ----------
    filters, brackets
        Where they come from, for people.
    notes
        What was not known as of the time.
    """

    eras: "tuple[Era, ...]"
    filters: str
    brackets: str
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Known:
    """One row of a symbol's history; ``since_ms`` is when xq knew it."""

    since_ms: int
    filters: "Filters"
    brackets: "Brackets | None"


def venue_rules(lake: "Lake", market: Market, bars: "Bars", start: int) -> VenueRules:
    """Rules of every symbol, from the lake's history of instruments or the simulated venue.

    Parameters
    ----------
    start
        Row of the first bar of the run; what was learned later is told as not of its time.
    """
    from xq.backtest.conditions import Era, simulated_brackets

    contracts = Symbol.parse(market.symbols[0]).is_contract
    histories = [_history(lake, market, symbol) for symbol in market.symbols]
    begin_ms = int(bars.ts[start])
    rows = {0}
    for history in histories:
        rows |= {int(row) for row in bars.ts.searchsorted([item.since_ms for item in history[1:]])}
    eras = []
    for row in sorted(row for row in rows if row < len(bars)):
        now = [_as_of(history, int(bars.ts[row])) for history in histories]
        brackets = [item.brackets for item in now]
        eras.append(
            Era(
                row,
                tuple(item.filters for item in now),
                tuple(
                    simulated_brackets(symbol) if found is None else found
                    for symbol, found in zip(market.symbols, brackets, strict=True)
                ),
            )
        )
    return VenueRules(
        tuple(eras),
        _filters_from(market, histories),
        _brackets_from(market, histories) if contracts else "",
        tuple(_notes(market, histories, begin_ms)),
    )


def _history(lake: "Lake", market: Market, symbol: str) -> list[_Known]:
    """Oldest first, never empty."""
    from xq.backtest.conditions import Filters
    from xq.lake.layout import Dataset

    table = lake.table(Dataset("instruments", market.exchange, symbol))
    rows = table.set_column(0, "ts", table["ts"].cast("int64")).to_pylist()
    known = [_Known(row["ts"], _stored_filters(row), _stored_brackets(row)) for row in rows]
    if not known and market.exchange in SIMULATED:
        known = _generated(symbol)
    return known or [_Known(_NEVER, Filters(), None)]


_NEVER = 2**62  # nothing is known of a symbol
_ALWAYS = 0  # the simulated venue's own table does not change


def _as_of(history: list[_Known], ts_ms: int) -> _Known:
    known = [item for item in history if item.since_ms <= ts_ms]
    return known[-1] if known else history[0]


def _stored_filters(row: dict[str, Any]) -> "Filters":
    from xq.backtest.conditions import Filters

    own = json.loads(row["filters"] or "{}").get("filters") or []
    market_lots = [item for item in own if item.get("filterType") == "MARKET_LOT_SIZE"]
    most = float(market_lots[0].get("maxQty") or 0.0) if market_lots else 0.0
    return Filters(
        lot=row["lot"],
        min_quantity=row["min_quantity"],
        max_quantity=most if most > 0 else float("inf"),
        min_notional=row["min_notional"],
        tick=row["tick"],
    )


def _stored_brackets(row: dict[str, Any]) -> "Brackets | None":
    from xq.backtest.conditions import Brackets

    tiers = json.loads(row["brackets"] or "[]")
    if not tiers:
        return None
    return Brackets.of(
        [(float(t["minNotional"] or 0.0), float(t["maintenanceMarginRate"])) for t in tiers]
    )


def _generated(symbol: str) -> list[_Known]:
    from xq.backtest.conditions import Filters
    from xq.sim.filters import rules_of
    from xq.sim.instruments import Face, instruments

    for face in (Face.SPOT, Face.FUTURES):
        for item in instruments(face):
            if str(item.instrument.symbol) == symbol:
                rules = rules_of(item)
                filters = Filters(
                    lot=float(rules.lot),
                    min_quantity=float(rules.min_quantity),
                    max_quantity=float(rules.max_market_quantity),
                    min_notional=float(rules.min_notional),
                    tick=float(rules.tick),
                )
                return [_Known(_ALWAYS, filters, None)]
    return []


def _filters_from(market: Market, histories: list[list[_Known]]) -> str:
    if all(history[0].since_ms == _NEVER for history in histories):
        return "none stored, none applied"
    if all(history[0].since_ms == _ALWAYS for history in histories):
        return "the simulated venue's own, the same at all times"
    return f"as {market.exchange} stated them at the time, where stored"


def _brackets_from(market: Market, histories: list[list[_Known]]) -> str:
    stored = [any(item.brackets is not None for item in history) for history in histories]
    if all(stored):
        return f"as {market.exchange} stated them, where stored"
    own = " ".join(s for s, known in zip(market.symbols, stored, strict=True) if not known)
    return f"made by xq's simulated venue for {own}"


def _notes(market: Market, histories: list[list[_Known]], begin_ms: int) -> list[str]:
    late = {
        symbol: history[0].since_ms
        for symbol, history in zip(market.symbols, histories, strict=True)
        if history[0].since_ms > begin_ms
    }
    without = [symbol for symbol, since in late.items() if since == _NEVER]
    after = [f"{s} {iso(since)[:10]}" for s, since in late.items() if since != _NEVER]
    said = []
    if without:
        said.append(
            f"survivorship: no trading rules of {' '.join(without)} are stored as of the time: no "
            "lots, minimums and ticks, and symbols chosen because they exist today"
        )
    if after:
        said.append(
            f"survivorship: trading rules are known only from later on ({', '.join(after)}); the "
            "first known ones were applied before, to symbols chosen because they exist today"
        )
    return said
