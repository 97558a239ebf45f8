"""A tick of the live loop in words."""

from datetime import UTC, datetime
from decimal import Decimal

from xq.live.report import PLANNED, Act, OrderLine, Report, SymbolLine


def story(report: Report) -> str:
    """A few lines for a person."""
    bar = f"{report.timeframe} bar of {_time(report.bar_ms)}"
    if report.act is Act.NOTHING:
        return f"already decided for the {bar}, nothing to do"
    lines = [f"{report.strategy} on {report.exchange}, {bar}, account {report.account}"]
    if report.act is Act.RECONCILED:
        lines.append("an earlier run did not finish this bar; its orders are accounted for")
    for line in report.symbols:
        lines += _symbol(line)
    if report.equity is not None:
        quote = report.symbols[0].symbol.quote if report.symbols else ""
        lines.append(f"equity {report.equity:,.2f} {quote}, cash {report.cash:,.2f} {quote}")
    return "\n".join(lines)


def _symbol(line: SymbolLine) -> list[str]:
    base = line.symbol.base
    label = f"{line.symbol} (synthetic)" if line.synthetic else str(line.symbol)
    lines = [
        f"  {label} closed at {line.close:,f}; target weight {line.weight:g}, "
        f"that is {_plain(line.target)} {base}; held {_plain(line.position)} {base}"
    ]
    if line.note:
        lines.append(f"    {line.note}")
    elif not line.orders:
        lines.append("    nothing to trade")
    lines += [f"    {_order(order)}" for order in line.orders]
    if line.orders and line.orders[0].state != PLANNED and line.position_after is not None:
        lines.append(f"    now held: {_plain(line.position_after)} {base}")
    return lines


def _order(order: OrderLine) -> str:
    what = f"{order.side} {_plain(order.quantity)} {order.symbol.base} at market"
    if order.reduce_only:
        what += ", reduce only"
    if order.state == PLANNED:
        return f"would {what}, about {order.expected_price:,f}"
    text = f"{what}: {order.state.replace('_', ' ')}"
    if order.filled and order.average_price is not None:
        text += f", {_plain(order.filled)} at {order.average_price:,.2f}"
        text += f" (expected {order.expected_price:,.2f})"
    for asset, fee in order.fees.items():
        text += f", fee {_plain(fee)} {asset}"
    return text


def _plain(number: Decimal) -> str:
    return f"{number.normalize():f}"


def _time(ts_ms: int) -> str:
    return datetime.fromtimestamp(ts_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M")
