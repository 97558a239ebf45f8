"""What ``xq trade`` trades and how, read from the configuration."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from xq.api.workspace import Workspace
from xq.errors import UsageError
from xq.timeframe import Timeframe

if TYPE_CHECKING:
    from xq.collect.run import Progress
    from xq.config import SizingConfig
    from xq.live.desk import Terms
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
        """Asks the strategy, about bars of this market."""
        from xq.api.forecast import Forecasting

        return Forecasting(self.ws, market, self._spec(), symbols, timeframe, self.progress)

    def check_parameters(self) -> None:
        """Refuse what the command line gives the strategy, even if its bar is decided already.

        Raises
        ------
        StrategyError, UsageError
            The file does not load, or a parameter is refused.
        """
        from xq.strategy.sandbox import Evaluator

        if self.parameters:
            with Evaluator.start(self._spec(), clock=self.ws.clock) as evaluator:
                _ = evaluator.declaration

    def _spec(self) -> "StrategySpec":
        from xq.strategy.sandbox import StrategySpec

        name = self.ws.config.trade.strategy
        parameters = {**self.ws.config.strategy.get(name, {}), **self.parameters}
        return StrategySpec(self.ws.strategies, name, parameters)


def terms_of(ws: Workspace, account: str) -> "Terms":
    """What is traded, within which limits.

    Raises
    ------
    UsageError
        For symbols of several kinds, or a strategy that is not there.
    """
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
    locate(ws.strategies, trade.strategy)
    return Terms(
        account=account,
        strategy=trade.strategy,
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
