"""What ``xq trade`` trades and how, read from the configuration."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from xq.api.workspace import Workspace
from xq.errors import ConfigError, UsageError
from xq.timeframe import Timeframe

if TYPE_CHECKING:
    from xq.collect.run import Progress
    from xq.config import AlgoConfig, ExecutionConfig, SizingConfig
    from xq.live.desk import Terms
    from xq.live.manner import Manner
    from xq.portfolio.sizing_methods import Sizing
    from xq.strategy.sandbox import StrategySpec
    from xq.types import Symbol


@dataclass(frozen=True, slots=True)
class Beginning:
    """What a forecast starts from.

    Attributes
    ----------
    parameters
        Overrides of the strategy's parameters, over ``[strategy.<name>]``.
    """

    ws: Workspace
    parameters: Mapping[str, object]
    progress: "Progress | None"

    def forecaster(
        self, market: Any, symbols: "tuple[Symbol, ...]", timeframe: Timeframe
    ) -> Callable[[int], Any]:
        """Asks the strategy, or all of a book, about bars of this market."""
        from xq.api.book import Member, Netted
        from xq.api.forecast import Forecasting
        from xq.types import Symbol

        trade, members = self.ws.config.trade, []
        if not trade.book:
            return Forecasting(
                self.ws, market, self._spec(trade.strategy), symbols, timeframe, self.progress
            )
        for name, told in trade.book.items():
            own = tuple(map(Symbol.parse, told.symbols)) or symbols
            frame = Timeframe.parse(told.timeframe or trade.timeframe)
            ask = Forecasting(self.ws, market, self._spec(name), own, frame, self.progress)
            members.append(Member(name, told.share, own, frame, ask))
        return Netted(tuple(members), timeframe)

    def check_parameters(self) -> None:
        """Refuse what the command line gives the strategy, even if its bar is decided already.

        Raises
        ------
        StrategyError, UsageError
            The file does not load, or a parameter is refused.
        """
        from xq.strategy.sandbox import Evaluator

        if self.parameters and self.ws.config.trade.book:
            raise UsageError(
                "--param speaks of one strategy, trade.book has several",
                hint="xq config explain trade.book",
            )
        if self.parameters:
            with Evaluator.start(
                self._spec(self.ws.config.trade.strategy), clock=self.ws.clock
            ) as evaluator:
                _ = evaluator.declaration

    def _spec(self, name: str) -> "StrategySpec":
        from xq.strategy.sandbox import StrategySpec

        config = self.ws.config
        own = config.trade.book[name].params if name in config.trade.book else {}
        parameters = {**config.strategy.get(name, {}), **own, **self.parameters}
        return StrategySpec(self.ws.strategies, name, parameters)


def terms_of(ws: Workspace, account: str) -> "Terms":
    """What is traded, within which limits.

    Raises
    ------
    UsageError
        For symbols of several kinds, or a strategy that is not there.
    """
    from xq.api.book import BOOK, check_book
    from xq.live.desk import Foreign, Terms
    from xq.risk.configured import limits_of, rules_of
    from xq.strategy.load import locate
    from xq.types import Symbol

    trade = ws.config.trade
    symbols = tuple(dict.fromkeys(Symbol.parse(text) for text in trade.symbols))
    if len({(symbol.is_contract, symbol.quote) for symbol in symbols}) > 1:
        raise UsageError(
            "one run trades symbols of one kind and quote asset, found "
            + ", ".join(map(str, symbols)),
            hint="one xq trade per kind",
        )
    check_book(ws)
    for name in trade.book or (trade.strategy,):
        locate(ws.strategies, name)
    return Terms(
        account=account,
        strategy=BOOK if trade.book else trade.strategy,
        symbols=symbols,
        timeframe=Timeframe.parse(trade.timeframe),
        limits=limits_of(ws.config.risk, symbols),
        capital=None if trade.capital is None else _exact(trade.capital),
        band=trade.rebalance_band,
        cash_buffer=_exact(trade.cash_buffer),
        leverage=trade.leverage,
        rules=rules_of(ws.config.risk),
        needs_stop=trade.mode == "live",
        foreign=Foreign(trade.foreign),
        sizing=_sizing(trade.sizing),
        window=trade.sizing.window,
        manners=manners_of(trade.execution, symbols, Timeframe.parse(trade.timeframe)),
    )


def terms_on_demand(
    ws: Workspace, symbols: "tuple[Symbol, ...]", account: str, strategy: str = ""
) -> "Terms":
    """The limits, switches and leverage of the configuration, for orders that no bar decided.

    Cash is left to whoever asks: no part of it is kept back.
    """
    from xq.live.desk import Terms
    from xq.risk.configured import limits_of, rules_of

    trade = ws.config.trade
    return Terms(
        account=account,
        strategy=strategy,
        symbols=symbols,
        timeframe=Timeframe.parse(trade.timeframe),
        limits=limits_of(ws.config.risk, symbols),
        cash_buffer=Decimal(0),
        leverage=trade.leverage,
        rules=rules_of(ws.config.risk),
        needs_stop=trade.mode == "live",
    )


def manners_of(
    config: "ExecutionConfig", symbols: "tuple[Symbol, ...]", timeframe: Timeframe
) -> "dict[Symbol, Manner]":
    """How the orders of decisions are worked; symbols without an entry are sent at once.

    Raises
    ------
    ConfigError
        If that takes as long as a bar, or longer, or speaks of a symbol that is not traded.
    """
    from xq.types import Symbol

    own = {Symbol.parse(name): told for name, told in config.symbols.items()}
    strange = own.keys() - set(symbols)
    if strange:
        raise ConfigError(
            f"trade.execution.symbols speaks of {', '.join(sorted(map(str, strange)))}, which "
            "is not traded",
            hint="xq config explain trade.symbols",
        )
    told = {symbol: _over(config, own.get(symbol)) for symbol in symbols}
    found = {symbol: _manner(each, timeframe) for symbol, each in told.items()}
    return {symbol: manner for symbol, manner in found.items() if manner is not None}


def _over(config: "AlgoConfig", own: "AlgoConfig | None") -> "AlgoConfig":
    """A symbol's own settings, and the common ones where it has none."""
    if own is None:
        return config
    return config.model_copy(update=own.model_dump(include=own.model_fields_set))


def _manner(config: "AlgoConfig", timeframe: Timeframe) -> "Manner | None":
    from xq.api.execute_plan import milliseconds
    from xq.live.manner import Manner

    if config.algo == "market":
        return None
    over_ms = milliseconds(config.over, "trade.execution.over")
    if over_ms >= timeframe.ms:
        raise ConfigError(
            f"trade.execution.over must be shorter than a bar of {timeframe}, found {config.over}",
            hint="xq config explain trade.execution.over",
        )
    return Manner(
        config.algo,
        config.slices,
        config.size_jitter,
        config.time_jitter,
        config.passive,
        config.rate,
        risk_aversion=config.risk_aversion,
        over_ms=over_ms,
    )


def _sizing(config: "SizingConfig") -> "Sizing | None":
    from xq.portfolio.sizing_methods import FixedFraction, Kelly, RiskPerTrade, VolatilityTarget

    methods: dict[str, Sizing] = {
        "fixed_fraction": FixedFraction(config.fraction),
        "volatility_target": VolatilityTarget(config.target, config.cap),
        "kelly": Kelly(config.fraction, config.cap),
        "risk_per_trade": RiskPerTrade(config.risk, config.cap),
    }
    return methods.get(config.method)


def _exact(value: float) -> Decimal:
    return Decimal(str(value))
