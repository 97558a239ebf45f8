"""Order flow of stored books and trades, bar by bar."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from xq.api.workspace import Workspace
from xq.errors import NoData, UsageError
from xq.timeframe import Timeframe
from xq.types import Symbol

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

    from xq.strategy.market_tape import Tape

_LEVELS = 5
_SPREADS = 20  # ticks; what is wider tells little and takes many rows to learn


@dataclass(frozen=True, slots=True)
class FlowRequest:
    """Which record, in bars of which length, and how much of it may be learnt from.

    Attributes
    ----------
    train
        Share of the bars, from the first on, that the first principal component and the microprice
        are fitted on; those columns begin after it.
    """

    symbol: str | None = None
    timeframe: str = "1s"
    exchange: str | None = None
    since_ms: int | None = None
    until_ms: int | None = None
    train: float = 0.5


def flow(ws: Workspace, request: FlowRequest) -> "pa.Table":
    """A row per bar, known at its end; null where there is no value.

    Raises
    ------
    UsageError
        If the share to learn from is not between 0 and 1.
    DataError
        Nothing stored, or too little to fit.
    """
    import numpy as np
    import pyarrow as pa

    from xq.api.market_tape import recorded_tape
    from xq.lake.reader import Lake

    if not 0.0 < request.train < 1.0:
        raise UsageError(f"expected a share between 0 and 1 to fit on, found {request.train:g}")
    symbol = str(Symbol.parse(request.symbol or ws.config.collect.symbols[0]))
    exchange = request.exchange or ws.config.exchange.name
    timeframe = Timeframe.parse(request.timeframe)
    tape = recorded_tape(Lake(ws.lake), exchange, symbol, request.since_ms, request.until_ms)
    columns = _Columns(tape, timeframe, request.train).made()
    ts = columns.pop("ts")
    times = pa.array(ts.astype(np.int64)).cast(pa.timestamp("ms", "UTC"))
    return pa.table({"ts": times} | {name: pa.array(values, from_pandas=True)
                                     for name, values in columns.items()})  # fmt: skip


class _Columns:
    """One block of events, cut into bars."""

    def __init__(self, tape: "Tape", timeframe: Timeframe, train: float) -> None:
        import numpy as np

        from xq.strategy.market_tape import FRESH, TRADE

        is_trade = tape.kind == TRADE
        deep = tape.levels
        blocks = (tape.books[~is_trade, n * deep : n * deep + _LEVELS] for n in range(4))
        self._book = tuple(np.ascontiguousarray(block) for block in blocks)
        self._fresh = tape.kind[~is_trade] == FRESH
        self._trades = tape.trades[is_trade]
        first = timeframe.floor(int(tape.ts[0]))
        count = (int(tape.ts[-1]) - first) // timeframe.ms + 1
        self._open = first + timeframe.ms * np.arange(count)
        edges = first + timeframe.ms * np.arange(count + 1)
        self._books_of = np.searchsorted(tape.ts[~is_trade], edges)
        self._trades_of = np.searchsorted(tape.ts[is_trade], edges)
        self._train = int(count * train)

    def made(self) -> "dict[str, np.ndarray]":
        import numpy as np

        from xq.indicators import order_flow as of

        starts = self._books_of
        bid, bids, ask, asks = self._book
        levels = of.interval_sums(of.order_flow(bid, bids, ask, asks, self._fresh), starts)
        depth = of.average_depth(bids, asks, starts)
        there = np.isfinite(levels[: self._train]).any(axis=0)  # a thin book has fewer
        scaled = of.depth_normalised(levels[:, there], depth[:, there])
        bought, share = of.trade_imbalance(
            self._trades[:, 1], self._trades[:, 2] > 0, self._trades_of
        )
        last = starts[1:] - 1  # the book as each bar ends
        quotes = [block[last.clip(min=0), 0] for block in self._book]
        bid, bids, ask, asks = quotes
        found = {"ts": self._open, "ofi": levels[:, 0]}
        found |= {f"ofi_{n + 1}": levels[:, n] for n in range(1, _LEVELS)}
        found |= {
            "ofi_depth": of.depth_normalised(levels[:, 0], depth[:, 0]),
            "ofi_integrated": self._integrated(scaled),
            "trade_flow": bought,
            "trade_imbalance": share,
            "imbalance": of.book_imbalance(bids, asks),
            "mid": (bid + ask) / 2,
            "weighted_mid": of.weighted_mid(bid, bids, ask, asks),
            "microprice": self._micro(quotes),
        }
        for name in ("imbalance", "mid", "weighted_mid", "microprice"):
            found[name] = np.where(last < 0, np.nan, found[name])
        return found

    def _integrated(self, levels: "np.ndarray") -> "np.ndarray":
        from xq.indicators.order_flow import IntegratedFlow

        return self._after(IntegratedFlow.fit(levels[: self._train]).apply(levels))

    def _micro(self, quotes: "list[np.ndarray]") -> "np.ndarray":
        import numpy as np

        from xq.indicators.microprice import Microprice

        stop = int(self._books_of[self._train])
        train = [block[:stop, 0] for block in self._book]
        steps = np.abs(np.diff(np.unique(np.round(np.concatenate(train[::2]), 9))))
        if not len(steps):
            raise NoData("the price of the training part never moves: no tick can be seen")
        tick = round(float(steps.min()), 9)
        usual = float(np.nanquantile((train[2] - train[0]) / tick, 0.9))
        spreads = min(max(round(usual), 2), _SPREADS)
        bid, bids, ask, asks = train
        fitted = Microprice.fit(
            bid, bids, ask, asks, tick=tick, spreads=spreads, fresh=self._fresh[:stop]
        )
        return self._after(fitted.price(*quotes))

    def _after(self, values: "np.ndarray") -> "np.ndarray":
        import numpy as np

        return np.where(np.arange(len(values)) < self._train, np.nan, values)
