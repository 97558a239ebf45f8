"""``[risk]`` and ``[risk.switches.*]``: limits of every order, and the seven kill switches."""

from typing import Annotated, Literal

from pydantic import Field

from xq.config_section import Fraction, Positive, Section

Share = Annotated[float, Field(gt=0, le=1)]


class SwitchConfig(Section):
    """What the seven switches have in common."""

    enabled: bool = Field(True, description="whether it is judged; off means never tripped by xq")
    action: Literal["stop_entries", "cancel", "flatten"] = Field(
        "cancel", description="what tripping demands, each with those before it"
    )
    max_age_seconds: Positive = Field(60.0, description="an older reading is none, and trips")


class DailyLossConfig(SwitchConfig):
    """Loss since the UTC day began."""

    threshold: Positive = Field(500.0, description="quote asset lost since the window began")
    window_seconds: int = Field(
        86_400, gt=0, description="windows follow each other from 1970: 86400 is the UTC day"
    )


class LosingStreakConfig(SwitchConfig):
    """Losing round trips in a row."""

    threshold: int = Field(5, gt=0, description="closed round trips that lost, in a row")
    window_seconds: int | None = Field(
        None, gt=0, description="older ones do not count; unset: all since the last re-arm"
    )


class VolatilityConfig(SwitchConfig):
    """Realised volatility."""

    threshold: Positive = Field(0.05, description="root of the sum of squared log returns")
    window_seconds: int = Field(
        3_600, gt=0, description="newest closed bars that make this up, one at least"
    )


class ApiErrorsConfig(SwitchConfig):
    """Share of calls without a usable answer."""

    threshold: Share = Field(0.1, description="failed calls over all; judged from 20 calls on")
    window_seconds: int = Field(300, gt=0, description="calls of the last so many seconds")


class DisagreementConfig(SwitchConfig):
    """Forecasts of several models against each other."""

    threshold: Share = Field(0.5, description="share of the forecasts that cancels out; from 2 on")


class DrawdownConfig(SwitchConfig):
    """Fall of the account from its peak."""

    threshold: Share = Field(0.15, description="fall from the peak, deposits left out")
    window_seconds: int | None = Field(
        None, gt=0, description="the peak is looked for here; unset: since the last re-arm"
    )


class LeverageConfig(SwitchConfig):
    """Gross exposure over equity."""

    threshold: Positive = Field(10.0, description="gross exposure over equity")


class SwitchesConfig(Section):
    """The seven kill switches."""

    daily_loss: DailyLossConfig = DailyLossConfig()
    losing_streak: LosingStreakConfig = LosingStreakConfig()
    volatility: VolatilityConfig = VolatilityConfig()
    api_errors: ApiErrorsConfig = ApiErrorsConfig()
    disagreement: DisagreementConfig = DisagreementConfig()
    drawdown: DrawdownConfig = DrawdownConfig()
    leverage: LeverageConfig = LeverageConfig()


class RiskConfig(Section):
    """Limits that every order meets before it is sent."""

    max_order_notional: Positive = Field(20_000.0, description="quote asset, one order")
    max_quantity: dict[str, Positive] = Field(
        {}, description='base asset, one order, by symbol: {"BTC/USDT" = 0.5}'
    )
    max_position_notional: Positive = Field(20_000.0, description="quote asset, one symbol")
    max_leverage: Positive = Field(1.0, le=125, description="gross exposure over equity")
    max_net_leverage: Positive | None = Field(
        None, le=125, description="longs less shorts over equity; unset: max_leverage bounds it"
    )
    price_collar: Fraction = Field(
        0.05, description="largest distance from the bar's close, mark and index"
    )
    max_orders_per_minute: int = Field(30, gt=0, description="more are refused, unless they reduce")
    max_messages_per_second: int = Field(
        20, gt=0, description="orders and cancels; more orders are refused, unless they reduce"
    )
    max_open_orders: int = Field(50, gt=0, description="resting orders, this one included")
    duplicate_seconds: Annotated[float, Field(ge=0)] = Field(
        2.0, description="an order like one sent less long ago is refused"
    )
    min_balance: Annotated[float, Field(ge=0)] = Field(
        0.0, description="quote asset that must be left free"
    )
    max_price_age_seconds: Positive = Field(30.0, description="oldest book an order is priced from")
    symbols: tuple[str, ...] = Field((), description="the only ones entered; empty: trade.symbols")
    switches: SwitchesConfig = SwitchesConfig()
