"""Several strategies as one forecaster: shares of equity, netted weights."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from xq.api.workspace import Workspace
from xq.errors import ConfigError
from xq.timeframe import Timeframe

if TYPE_CHECKING:
    from xq.live.desk import Forecast
    from xq.types import Symbol

BOOK = "book"


@dataclass(frozen=True, slots=True)
class Member:
    """One strategy of a book, and how it forecasts."""

    name: str
    share: float
    symbols: "tuple[Symbol, ...]"
    timeframe: Timeframe
    forecast: "Callable[[int], Forecast]"


@dataclass(frozen=True, slots=True)
class Netted:
    """`xq.live.desk.Forecaster` of several strategies.

    The weight of a symbol is the sum of every strategy's, times its share: opposite wants meet
    inside and cost nothing. A strategy on longer bars says the same until its next bar has closed.
    """

    members: tuple[Member, ...]
    timeframe: Timeframe

    def __call__(self, bar_ms: int) -> "Forecast":
        """The netted weights at the close of a bar.

        Raises
        ------
        ConfigError
            If two of the strategies declare different exits.
        """
        from xq.live.desk import Forecast

        close_ms = self.timeframe.end(bar_ms)
        weights: dict[Symbol, float] = {}
        closes: dict[Symbol, Decimal] = {}
        parts: dict[str, Mapping[Symbol, float]] = {}
        exits: list[Any] = []
        ordered = sorted(self.members, key=lambda m: m.timeframe.ms, reverse=True)
        for member in ordered:
            told = member.forecast(member.timeframe.last_closed(close_ms))
            own = {symbol: member.share * weight for symbol, weight in told.weights.items()}
            parts[member.name] = own
            for symbol, weight in own.items():
                weights[symbol] = weights.get(symbol, 0.0) + weight
            closes |= told.closes  # the finest, which is asked last, knows the newest close
            exits.append(told.exits)
        if any(one != exits[0] for one in exits):
            raise ConfigError(
                "strategies that are netted into one position must declare the same exits",
                hint="xq config explain trade.book",
            )
        return Forecast(bar_ms, weights, closes, exits=exits[0], parts=parts)


def check_book(ws: Workspace) -> None:
    """Refuse a book that cannot be traded.

    Raises
    ------
    ConfigError
        For shares of more than 1, or bars finer than the decision's.
    """
    trade = ws.config.trade
    total = sum(member.share for member in trade.book.values())
    if total > 1 + 1e-9:
        raise ConfigError(
            f"the shares of trade.book must be at most 1 together, found {total:g}",
            hint="xq config explain trade.book",
        )
    base = Timeframe.parse(trade.timeframe)
    for name, member in trade.book.items():
        if member.timeframe is not None and Timeframe.parse(member.timeframe).ms < base.ms:
            raise ConfigError(
                f"trade.book.{name} has bars of {member.timeframe}, finer than the decision's "
                f"{trade.timeframe}",
                hint=f"trade.timeframe = {member.timeframe}",
            )
        strange = set(member.symbols) - set(trade.symbols)
        if strange:
            raise ConfigError(
                f"trade.book.{name} trades {', '.join(sorted(strange))}, not in trade.symbols",
                hint="xq config explain trade.symbols",
            )
    told = {s for m in trade.book.values() if _frame(m.timeframe, trade.timeframe) == base
            for s in (m.symbols or trade.symbols)}  # fmt: skip
    if trade.book and told != set(trade.symbols):
        raise ConfigError(
            f"some strategy of trade.book must decide on bars of {trade.timeframe} of every symbol",
            hint="xq config explain trade.book",
        )


def _frame(text: str | None, default: str) -> Timeframe:
    return Timeframe.parse(text or default)
