"""``xq.toml`` as frozen models; `xq.config_layers` reads and merges its sources.

Order of precedence, weakest first: defaults, the file, ``XQ_SECTION__KEY`` in the environment
(or ``.env``), flags of the command line. Secrets are never part of the file.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Field, SecretStr
from pydantic.fields import FieldInfo

from xq.config_observe import LogConfig, MetricsConfig, NotifyConfig
from xq.config_risk import RiskConfig
from xq.config_section import Fraction, Positive, Section


class LakeConfig(Section):
    """Where market data and results are stored."""

    path: str = Field(
        "data", min_length=1, description="folder relative to this file, or s3://, gs://, az:// URL"
    )
    cache: str | None = Field(
        None, min_length=1, description="folder for copies from a URL; unset: state/lake"
    )


class ExchangeConfig(Section):
    """Which venue is spoken to."""

    name: str = Field("binance", description="ccxt id, or 'sim' or 'sim-bybit': the embedded venue")
    timeout_seconds: Positive = Field(10.0, description="longest wait for one answer")
    sim_port: int = Field(0, ge=0, le=65535, description="port of the embedded venue; 0 = any")
    sim_seed: int = Field(7, ge=0, description="seed of the embedded venue's synthetic markets")
    archive_url: str | None = Field(
        None, description="bulk archive laid out like Binance's; unset: the exchange's own, if any"
    )


class CollectConfig(Section):
    """What ``xq collect`` brings in when nothing is said."""

    symbols: tuple[str, ...] = Field(("BTC/USDT",), min_length=1, description="unified symbols")
    timeframe: str = Field("1h", description="bar length")
    days: Positive = Field(30.0, description="how far back, counted from the venue's time")


class BacktestConfig(Section):
    """Costs and rules of a simulation; no cost is zero unless you say so."""

    initial_cash: Positive = Field(10_000.0, description="quote asset at the start")
    fee: Fraction = Field(0.001, description="taker fee as a fraction of notional")
    maker_fee: Fraction | None = Field(
        None, description="fee of fills that rested in the book; unset is the same fee"
    )
    slippage: Fraction = Field(
        0.0005, description="price worsening as a fraction of price, where none is measured"
    )
    slippage_model: Literal["fixed", "half_spread", "square_root"] = Field(
        "fixed", description="what a market order costs beside its fee"
    )
    slippage_coefficient: Positive = Field(
        1.0, description="Y of the square-root model: impact in units of daily volatility"
    )
    delay: int = Field(1, ge=1, le=10_000, description="opens from a decision to its fill")
    limit_exits: bool = Field(
        False, description="whether take-profits rest in the book: maker fee, no slippage"
    )
    inside_bars: bool = Field(
        True, description="whether exits and liquidation follow finer stored bars"
    )
    liquidation_fee: Fraction = Field(
        0.0125, description="fraction of notional that a liquidation costs"
    )
    benchmark: str = Field("hold", description="hold, none, or a symbol to compare with")
    rebalance_band: Fraction | None = Field(
        None, description="drift of weight that triggers a trade without a new target"
    )
    max_leverage: Positive = Field(1.0, le=125, description="largest gross weight allowed")
    gaps: Literal["refuse", "flag", "drop"] = Field(
        "refuse", description="what to do about missing bars"
    )


Scalar = bool | int | float | str


class SizingConfig(Section):
    """How large a position of weight 1 is; the strategy's own weights, or a method beside them."""

    method: Literal["weights", "fixed_fraction", "volatility_target", "kelly", "risk_per_trade"] = (
        Field("weights", description="applied when the strategy's weight of a symbol changes")
    )
    fraction: Fraction = Field(
        0.25, description="of equity (fixed_fraction), or of the whole Kelly bet (kelly)"
    )
    target: Positive = Field(0.2, description="volatility_target: deviation of returns, per year")
    risk: Fraction = Field(
        0.01, description="risk_per_trade: share of equity lost when the stop_loss is hit"
    )
    cap: Positive = Field(1.0, description="most of equity in one position, whatever the method")
    window: int = Field(60, ge=2, description="closed bars from which mean and volatility are told")


class BookConfig(Section):
    """One strategy of several that trade an account together."""

    share: Annotated[float, Field(gt=0, le=1)] = Field(
        description="of equity; all shares together at most 1"
    )
    symbols: tuple[str, ...] = Field((), description="empty: trade.symbols")
    timeframe: str | None = Field(None, description="unset: trade.timeframe; never a finer one")
    params: dict[str, Scalar] = Field({}, description="over [strategy.<name>]")


class ExecutionConfig(Section):
    """How the orders of decisions, and orders on demand, are worked."""

    step_seconds: Annotated[float, Field(gt=0, le=60)] = Field(
        1.0, description="how often a parent order that rests or follows the market is looked at"
    )
    algo: Literal["twap", "vwap", "almgren_chriss", "pov"] | None = Field(
        None, description="works the orders of decisions in the service; unset: one market order"
    )
    over: str = Field("10m", description="time that takes; shorter than a bar")
    slices: int = Field(10, ge=1, le=1000, description="children of a schedule")
    size_jitter: Annotated[float, Field(ge=0, lt=1)] = Field(
        0.2, description="how much slices differ at random, as a fraction of each"
    )
    time_jitter: Annotated[float, Field(ge=0, le=0.9)] = Field(
        0.5, description="slices are sent within this first fraction of their time"
    )
    passive: bool = Field(False, description="rest at the best price first, cross what is overdue")
    rate: Annotated[float, Field(gt=0, le=1)] = Field(
        0.1, description="pov: share of what the market trades"
    )
    risk_aversion: Annotated[float, Field(ge=0)] = Field(
        1e-6, description="almgren_chriss: per quote asset; 0 spreads evenly"
    )


class TradeConfig(Section):
    """The live loop."""

    mode: Literal["sim", "paper", "testnet", "live"] = Field("sim", description="whose money")
    strategy: str = Field("trend_following", description="file name in the strategies folder")
    symbols: tuple[str, ...] = Field(("BTC/USDT",), min_length=1, description="unified symbols")
    timeframe: str = Field("1h", description="bar length; one decision per closed bar")
    offset_seconds: Annotated[float, Field(ge=0)] = Field(
        5.0, description="wait after the bar's close before deciding"
    )
    capital: Positive | None = Field(
        None, description="most equity that sizes targets, quote asset; unset means all of it"
    )
    rebalance_band: Fraction | None = Field(
        None, description="drift of weight that triggers a trade without a new target"
    )
    cash_buffer: Fraction = Field(
        0.002, description="share of cash that purchases on spot leave for fees and slippage"
    )
    leverage: int = Field(1, ge=1, le=125, description="set at the venue for contracts")
    book: dict[str, BookConfig] = Field(
        {}, description="several strategies by name, netted into one position a symbol"
    )
    foreign: Literal["adopt", "halt"] = Field(
        "adopt", description="orders, fills, leverage that are not ours: go on, or enter no more"
    )
    watch_seconds: Annotated[float, Field(ge=0)] = Field(
        2.0, description="how often the service looks at switches and exits between bars; 0: never"
    )
    dead_man_seconds: Annotated[int, Field(ge=5)] | None = Field(
        None, description="the venue cancels resting entries unless the service winds this timer"
    )
    journal: str | None = Field(
        None, min_length=1, description="postgresql://user@host/database; unset: a file in state/"
    )
    sizing: SizingConfig = SizingConfig()
    execution: ExecutionConfig = ExecutionConfig()


class WatchdogConfig(Section):
    """``xq watchdog``: a process of its own that pulls the emergency stop."""

    every_seconds: Positive = Field(5.0, description="seconds between two looks")
    max_silence_seconds: Positive = Field(
        120.0, description="longest time without a sign of life of the service"
    )
    max_loss: Positive | None = Field(
        None, description="quote asset lost in a UTC day, deposits left out; unset: not watched"
    )
    max_leverage: Positive | None = Field(
        None, description="gross exposure over equity; unset: not watched"
    )
    action: Literal["cancel", "flatten"] = Field("cancel", description="what the stop does")


class ServeConfig(Section):
    """Reserved for the web server; no setting exists yet."""


class Config(Section):
    """The whole configuration."""

    lake: LakeConfig = LakeConfig()
    exchange: ExchangeConfig = ExchangeConfig()
    collect: CollectConfig = CollectConfig()
    backtest: BacktestConfig = BacktestConfig()
    trade: TradeConfig = TradeConfig()
    risk: RiskConfig = RiskConfig()
    strategy: dict[str, dict[str, Scalar]] = Field(default_factory=dict)
    watchdog: WatchdogConfig = WatchdogConfig()
    log: LogConfig = LogConfig()
    notify: NotifyConfig = NotifyConfig()
    metrics: MetricsConfig = MetricsConfig()
    serve: ServeConfig = ServeConfig()


def known_fields(model: Any = Config, prefix: str = "") -> dict[str, FieldInfo]:
    """Every ``section.key`` of the configuration with its field, in the order of the file."""
    found: dict[str, FieldInfo] = {}
    for name, info in model.model_fields.items():
        if hasattr(info.annotation, "model_fields"):
            found |= known_fields(info.annotation, f"{prefix}{name}.")
        elif prefix:
            found[prefix + name] = info
    return found


def known_keys() -> tuple[str, ...]:
    """Every ``section.key`` of the configuration, in the order of the file."""
    return tuple(known_fields())


@dataclass(frozen=True, slots=True)
class Credentials:
    """An API key pair; never printed."""

    api_key: SecretStr
    secret: SecretStr


def credentials(environ: Mapping[str, str], exchange: str = "") -> Credentials | None:
    """The key pair of ``XQ_API_KEY`` and ``XQ_API_SECRET``, or None if either is missing.

    A pair of the exchange's own, ``XQ_API_KEY_BYBIT`` and ``XQ_API_SECRET_BYBIT``, outranks it.
    """
    own = f"_{exchange.upper().replace('-', '_')}" if exchange else ""
    if own and not {f"XQ_API_KEY{own}", f"XQ_API_SECRET{own}"} & environ.keys():
        own = ""
    key, secret = environ.get(f"XQ_API_KEY{own}"), environ.get(f"XQ_API_SECRET{own}")
    if not key or not secret:
        return None
    return Credentials(SecretStr(key), SecretStr(secret))
