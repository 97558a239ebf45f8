"""A strategy's newest weights, from bars that went through the lake."""

from dataclasses import dataclass
from decimal import Decimal
from math import isfinite
from typing import TYPE_CHECKING

from xq.api.workspace import Workspace
from xq.clock import iso
from xq.errors import ConfigError, DataGap, NoData, VenueUnclear

if TYPE_CHECKING:
    from xq.bars import Bars
    from xq.collect.run import Progress
    from xq.live.desk import Forecast
    from xq.strategy.sandbox import Declaration, StrategySpec
    from xq.timeframe import Timeframe
    from xq.types import Symbol
    from xq.venues.ccxt_market import CcxtMarket

CHECKED_ROWS = 24
"""Rows of history that the law asks again before every decision."""

_PUBLICATION_WAITS = (0.0, 0.5, 1.0, 2.0)  # seconds


@dataclass(frozen=True, slots=True)
class Forecasting:
    """`xq.live.desk.Forecaster`: collects what the lake lacks, reads it back, runs the strategy.

    The decision's data is the lake's, so that a later backtest sees the same bars.
    """

    ws: Workspace
    market: "CcxtMarket"
    spec: "StrategySpec"
    symbols: "tuple[Symbol, ...]"
    timeframe: "Timeframe"
    progress: "Progress | None" = None

    def __call__(self, bar_ms: int) -> "Forecast":
        """Weights on the bar that opened at ``bar_ms``, under the law.

        Raises
        ------
        DataError
            If bars are missing within the strategy's lookback.
        StrategyError
            If the strategy breaks the law.
        VenueError
            If missing bars cannot be fetched.
        """
        from xq.live.desk import Forecast
        from xq.strategy.sandbox import Evaluator

        with Evaluator.start(self.spec, clock=self.ws.clock) as evaluator:
            declaration = evaluator.declaration
            _refuse_exits(declaration, self.symbols)
            self._await_publication(bar_ms)
            bars = self._bars(bar_ms, declaration.lookback)
            answer = evaluator.run(bars, rows=CHECKED_ROWS, seed=self.ws.seed)
        weights = {s: float(answer.weights[-1, j]) for j, s in enumerate(self.symbols)}
        return Forecast(
            bar_ms,
            weights,
            {s: Decimal(repr(float(bars.close[-1, j]))) for j, s in enumerate(self.symbols)},
            exits=declaration.exits,
            parts={self.spec.name: weights},
        )

    def _await_publication(self, bar_ms: int) -> None:
        """Make sure that the newest bar can be had before the lake is told to fetch up to it.

        A venue that is a moment late would otherwise be recorded as having no such bar.
        """
        for symbol in self.symbols:
            for wait in _PUBLICATION_WAITS:
                self.ws.clock.sleep(wait)
                rows = self.market.bars(symbol, self.timeframe, bar_ms, 1)
                if len(rows) and int(rows[0, 0]) == bar_ms:
                    break
            else:
                raise VenueUnclear(
                    f"{self.market.name} has not published the bar that just closed",
                    where=f"{symbol} {self.timeframe}",
                    hint="xq trade --once",
                )

    def _bars(self, bar_ms: int, lookback: int) -> "Bars":
        try:
            bars = self._brought(bar_ms, lookback + CHECKED_ROWS - 1)
        except (NoData, DataGap):
            bars = self._brought(bar_ms, lookback)  # a young market: enough to decide, no more
        if len(bars.ts) < lookback:  # gaps that a backtest lets pass do not shorten it
            raise DataGap(
                f"expected the strategy's lookback of {lookback} bars, found {len(bars.ts)}",
                where=f"{', '.join(bars.symbols)} {self.timeframe}, bar {iso(bar_ms)}",
                hint="xq data check",
            )
        return bars

    def _brought(self, bar_ms: int, count: int) -> "Bars":
        from xq.collect.fetch import Source
        from xq.collect.run import collect
        from xq.collect.task import Task
        from xq.lake.ranges import Range
        from xq.lake.reader import Lake

        target = Range(self.timeframe.shift(bar_ms, 1 - count), self.timeframe.end(bar_ms))
        tasks = [
            Task(self.market.name, symbol, self.timeframe, target, target.end_ms)
            for symbol in self.symbols
        ]
        source = Source(self.market, self.market.skips_holes)
        for done in collect(source, self.ws.lake, tasks, self.progress):
            if done.error is not None:
                raise done.error
        names = [str(symbol) for symbol in self.symbols]
        bars = Lake(self.ws.lake).bars(
            self.market.name,
            names,
            self.timeframe,
            target.start_ms,
            target.end_ms,
            gaps=self.ws.config.backtest.gaps,  # what a backtest accepts, and nothing else
        )
        if int(bars.ts[-1]) != bar_ms or not all(map(isfinite, bars.close[-1].tolist())):
            raise NoData(
                "a symbol has no bar at the time of the decision",
                where=f"{', '.join(names)} {self.timeframe}, bar {iso(bar_ms)}",
                hint="xq data check",
            )
        return bars


def _refuse_exits(declaration: "Declaration", symbols: "tuple[Symbol, ...]") -> None:
    if declaration.exits is not None and not symbols[0].is_contract:
        from xq.live.plan import perpetual

        raise ConfigError(
            f"{declaration.name} declares exits ({declaration.exits}); spot has no reduce-only "
            "orders, so that they cannot rest beside each other there",
            hint=f"xq trade --symbol {perpetual(symbols[0])}",
        )
