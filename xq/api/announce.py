"""What a run at a real exchange is about to do, said before it does it."""

from xq.api.trade import TradeRequest, account_name, journal_place
from xq.api.venues import LIVE, REAL_MONEY
from xq.api.workspace import Workspace


def announcement(ws: Workspace, request: TradeRequest) -> tuple[str, ...]:
    """Lines for people; none for the modes that cannot reach a signed address of an exchange."""
    trade, risk = ws.config.trade, ws.config.risk
    first = money(ws, "plans, sends nothing" if request.dry_run else "sends orders")
    if not first:
        return ()
    asked = ", ".join(f"{key}={value}" for key, value in request.parameters.items())
    return (
        *first,
        f"strategy {trade.strategy}{f' ({asked})' if asked else ''} on "
        f"{', '.join(trade.symbols)}, {trade.timeframe} bars, leverage {trade.leverage}, "
        f"capital {'all equity' if trade.capital is None else f'{trade.capital:g}'}",
        f"at most {risk.max_order_notional:g} an order, {risk.max_position_notional:g} a symbol, "
        f"{risk.max_leverage:g} times equity; what is not ours: {trade.foreign}",
        f"journal {journal_place(ws)}; stop with ctrl-c, and everything with xq stop --flatten",
    )


def money(ws: Workspace, doing: str) -> tuple[str, ...]:
    """Whose money moves and what is about to be done with it; nothing in simulations."""
    trade = ws.config.trade
    if trade.mode not in REAL_MONEY or ws.credentials() is None:
        return ()  # without keys the run is refused
    from xq.venues.registry import demo, profile

    name = ws.config.exchange.name
    chosen = profile(name) if trade.mode == LIVE else demo(name)
    whose = "REAL MONEY" if trade.mode == LIVE else "money of a test venue"
    return (f"{account_name(ws)}: {whose}; {doing} at {', '.join(sorted(chosen.hosts))}",)
