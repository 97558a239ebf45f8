"""``[risk]`` as the gate and the switches take it."""

from collections.abc import Iterable
from decimal import Decimal

from xq.config_risk import RiskConfig
from xq.risk.limits import Limits
from xq.risk.switches import Action, Rules, Switch, SwitchRule
from xq.types import Symbol


def limits_of(config: RiskConfig, traded: Iterable[Symbol]) -> Limits:
    """The limits of the gate.

    Parameters
    ----------
    traded
        What may be entered when ``risk.symbols`` is empty.

    Raises
    ------
    UsageError
        For a symbol that is none.

    Examples
    --------
    >>> limits_of(RiskConfig(), [Symbol("BTC", "USDT")]).max_order_notional
    Decimal('20000.0')
    """
    net = config.max_net_leverage
    return Limits(
        max_order_notional=_exact(config.max_order_notional),
        max_position_notional=_exact(config.max_position_notional),
        max_leverage=_exact(config.max_leverage),
        price_collar=_exact(config.price_collar),
        max_orders_per_minute=config.max_orders_per_minute,
        max_price_age_ms=round(config.max_price_age_seconds * 1000),
        symbols=frozenset(map(Symbol.parse, config.symbols)) or frozenset(traded),
        max_quantities={Symbol.parse(n): _exact(q) for n, q in config.max_quantity.items()},
        max_net_leverage=None if net is None else _exact(net),
        max_messages_per_second=config.max_messages_per_second,
        duplicate_ms=round(config.duplicate_seconds * 1000),
        max_open_orders=config.max_open_orders,
        min_balance=_exact(config.min_balance),
        marked=True,
    )


def rules_of(config: RiskConfig) -> Rules:
    """The rules of the seven switches.

    Examples
    --------
    >>> from xq.risk.switches import DEFAULT_RULES
    >>> rules_of(RiskConfig()) == DEFAULT_RULES
    True
    """
    rules = {}
    for switch in Switch:
        section = getattr(config.switches, switch.value)
        window = getattr(section, "window_seconds", None)
        rules[switch] = SwitchRule(
            threshold=_exact(section.threshold),
            window_ms=None if window is None else window * 1000,
            action=Action(section.action),
            enabled=section.enabled,
            max_age_ms=round(section.max_age_seconds * 1000),
        )
    return rules


def _exact(value: float) -> Decimal:
    return Decimal(str(value))
