"""The limits on orders that may add exposure, one function each, in the order they are asked."""

from decimal import Decimal

from xq.risk.case import Case, Rule
from xq.risk.readings import is_number
from xq.types import Side

_ZERO, _ONE = Decimal(0), Decimal(1)


def armed(case: Case) -> str | None:
    """No kill switch is tripped."""
    if case.situation.tripped:
        names = ", ".join(case.situation.tripped)
        return f"no new exposure while a kill switch is tripped: {names}"
    return None


def allowed(case: Case) -> str | None:
    """The symbol may be entered now."""
    request, situation, limits = case.request, case.situation, case.limits
    if request.symbol not in limits.symbols:
        known = ", ".join(sorted(map(str, limits.symbols))) or "none"
        return f"{request.symbol} is not an allowed symbol; allowed: {known}"
    if request.reduce_only:
        return "a reduce-only order does not reduce this position"
    if situation.frozen:
        return f"{request.symbol} takes no new exposure: {situation.frozen}"
    return None


def known(case: Case) -> str | None:
    """Everything that a limit in force needs is a number."""
    situation, limits = case.situation, case.limits
    numbers: dict[str, object] = {
        "price": situation.price,
        "reference price": situation.reference,
        "position": situation.position,
        "equity": situation.equity,
        "cash": situation.cash,
        "exposure of other symbols": situation.other_notional,
        "quantity of resting orders": situation.working,
        "leverage at the venue": situation.leverage,
        "minimum notional": situation.instrument.min_notional,
        "minimum quantity": situation.instrument.min_quantity,
        "max_order_notional": limits.max_order_notional,
        "max_position_notional": limits.max_position_notional,
        "max_leverage": limits.max_leverage,
        "price_collar": limits.price_collar,
        "min_balance": limits.min_balance,
    }
    if limits.max_net_leverage is not None:
        numbers["max_net_leverage"] = limits.max_net_leverage
        numbers["net exposure of other symbols"] = situation.other_net
    if case.request.symbol in limits.max_quantities:
        numbers["max_quantity"] = limits.max_quantities[case.request.symbol]
    for name in ("mark", "index"):
        value = getattr(situation, name)
        if value is not None or (limits.marked and case.request.symbol.is_contract):
            numbers[name] = value
    for name, value in numbers.items():
        if not is_number(value):
            return f"{name} must be a number, found {value}"
    return _positive(case)


def _positive(case: Case) -> str | None:
    situation = case.situation
    numbers = {
        "price": situation.price,
        "reference price": situation.reference,
        "equity": situation.equity,
        "leverage at the venue": situation.leverage,
        "mark": situation.mark,
        "index": situation.index,
    }
    for name, value in numbers.items():
        if value is not None and value <= 0:
            return f"{name} must be positive, found {value}"
    for name, value in (
        ("exposure of other symbols", situation.other_notional),
        ("quantity of resting orders", situation.working),
    ):
        if value < 0:
            return f"{name} cannot be negative, found {value}"
    return None


def fresh(case: Case) -> str | None:
    """The decision's bar is the newest, and the book is young."""
    situation, limits = case.situation, case.limits
    if situation.bar_ms != situation.last_closed_ms:
        late = (situation.last_closed_ms - situation.bar_ms) / 1000
        return f"the decision's bar must be the last closed one, found one {late:g} s older"
    age = situation.now_ms - situation.price_ms
    if not -limits.max_price_age_ms <= age <= limits.max_price_age_ms:
        most = limits.max_price_age_ms / 1000
        return f"the price must be at most {most:g} s old, found {age / 1000:g} s"
    return None


def collar(case: Case) -> str | None:
    """Prices are near the decision's close, the mark and the index."""
    request, situation, limits = case.request, case.situation, case.limits
    worst = situation.worst_price if request.price is None else request.price
    if worst is None:
        return f"the book shows less than {request.quantity} {request.symbol.base}: no sure price"
    if not is_number(worst):
        return f"worst price must be a number, found {worst}"
    anchors = (
        ("bar's close", situation.reference),
        ("mark", situation.mark),
        ("index", situation.index),
    )
    for name, anchor in anchors:
        if anchor is None:
            continue
        for price in (case.price, worst):
            distance = abs(price / anchor - _ONE)
            if distance > limits.price_collar:
                return (
                    f"price must be within {limits.price_collar:.2%} of the {name} "
                    f"{anchor}, found {price} ({distance:.2%} away)"
                )
    return None


def order_size(case: Case) -> str | None:
    """Neither below what the venue takes nor above what somebody allowed."""
    request, instrument, limits = case.request, case.situation.instrument, case.limits
    notional = case.notional
    if notional < instrument.min_notional:
        return f"order notional must be at least {instrument.min_notional}, found {notional:.2f}"
    if request.quantity < instrument.min_quantity:
        return f"quantity must be at least {instrument.min_quantity}, found {request.quantity}"
    most = limits.max_quantities.get(request.symbol)
    if most is not None and request.quantity > most:
        return f"quantity must be at most {most}, found {request.quantity}"
    if notional > limits.max_order_notional:
        return (
            f"order notional must be at most {limits.max_order_notional:.2f}, found {notional:.2f}"
        )
    return None


def position_size(case: Case) -> str | None:
    """What is held of the symbol afterwards."""
    limits = case.limits
    after = case.largest * case.price
    if after > limits.max_position_notional:
        return (
            f"position notional must stay at most {limits.max_position_notional:.2f}, "
            f"would be {after:.2f}"
        )
    return None


def leverage(case: Case) -> str | None:
    """Gross and net exposure of everything afterwards.

    At the decision's close, where the quantity was fixed: the spread must not break a limit of 1.
    """
    situation, limits = case.situation, case.limits
    gross = case.largest * situation.reference + situation.other_notional
    if gross > limits.max_leverage * situation.equity:
        return (
            f"gross exposure must stay at most {limits.max_leverage} times equity, "
            f"would be {gross / situation.equity:.2f}"
        )
    if limits.max_net_leverage is None or situation.other_net is None:
        return None
    net = max(abs(held * situation.reference + situation.other_net) for held in case.outcomes)
    if net > limits.max_net_leverage * situation.equity:
        return (
            f"net exposure must stay at most {limits.max_net_leverage} times equity, "
            f"would be {net / situation.equity:.2f}"
        )
    return None


def balance(case: Case) -> str | None:
    """The money is there: the whole cost on spot, the margin of what is added on contracts."""
    request, situation = case.request, case.situation
    spendable = situation.cash - case.limits.min_balance
    if request.symbol.is_contract:
        added = max(case.largest - abs(situation.position), _ZERO) * case.price
        margin = added / situation.leverage
        if margin > spendable:
            return f"order needs {margin:.2f} of margin, {_free(case)}"
        return None
    if request.side is Side.SELL:
        held = max(situation.position, _ZERO)
        return f"spot cannot be sold short: selling {request.quantity}, holding {held}"
    cost = case.notional
    if cost > spendable:
        return f"order costs {cost:.2f}, {_free(case)}"
    return None


def _free(case: Case) -> str:
    kept = case.limits.min_balance
    told = f"cash is {case.situation.cash:.2f}"
    return f"{told}, of which {kept:.2f} must be left" if kept else told


def pace(case: Case) -> str | None:
    """Not too many orders, messages, or orders that rest."""
    situation, limits = case.situation, case.limits
    if situation.recent_orders + 1 > limits.max_orders_per_minute:
        return (
            f"at most {limits.max_orders_per_minute} orders a minute, "
            f"{situation.recent_orders} were sent in the last one"
        )
    for most, found, told in (
        (limits.max_messages_per_second, situation.recent_messages, "orders and cancels a second"),
        (limits.max_open_orders, situation.open_orders, "open orders"),
    ):
        if most is None:
            continue
        if not isinstance(found, int) or found < 0:
            return f"at most {most} {told}, how many there are is not known"
        if found + 1 > most:
            return f"at most {most} {told}, there are {found}"
    return None


def first_of_its_kind(case: Case) -> str | None:
    """Nothing like it was sent a moment ago."""
    request, situation, limits = case.request, case.situation, case.limits
    for intent in situation.recent_intents:
        age = abs(situation.now_ms - intent.at_ms)
        same = (intent.symbol, intent.side, intent.quantity, intent.decision)
        if age < limits.duplicate_ms and same == (
            request.symbol, request.side, request.quantity, situation.decision
        ):  # fmt: skip
            return (
                f"the same order was sent {age / 1000:g} s ago; "
                f"another is taken after {limits.duplicate_ms / 1000:g} s"
            )
    return None


ENTRY_RULES: tuple[Rule, ...] = (
    armed,
    allowed,
    known,
    fresh,
    collar,
    order_size,
    position_size,
    leverage,
    balance,
    pace,
    first_of_its_kind,
)
HINTS: dict[Rule, str] = {
    armed: "xq risk status",
    allowed: "xq config explain risk.symbols",
    fresh: "xq trade --once",
    collar: "xq config explain risk.price_collar",
    order_size: "xq config explain risk.max_order_notional",
    position_size: "xq config explain risk.max_position_notional",
    leverage: "xq config explain risk.max_leverage",
    balance: "xq config explain risk.min_balance",
    pace: "xq config explain risk.max_orders_per_minute",
    first_of_its_kind: "xq config explain risk.duplicate_seconds",
}
