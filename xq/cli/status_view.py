"""`xq status` as one screen of text, at any width."""

from collections.abc import Iterable, Sequence
from dataclasses import fields
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from xq.cli.fold import fold
from xq.cli.table import fitting

if TYPE_CHECKING:
    from xq.api.status import Status

_SECONDS = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))
_HIDDEN = ("client_id",)


def screen(status: "Status", width: int) -> list[Any]:
    """Renderables from top to bottom: whose account, what is wrong, what is held, what happened."""
    from rich.text import Text

    parts: list[Any] = [Text(fold("\n".join(_head(status)), width))]
    if status.problems:
        text = "\n".join(f"! {problem}" for problem in status.problems)
        parts.append(Text(fold(text, width), style="bold red"))
    for title in ("wallets", "positions", "orders", "signals"):
        parts += _table(title, getattr(status, title), width)
    if status.events:
        parts.append(Text(fold("\n".join(_events(status)), width)))
    return parts


def _head(status: "Status") -> Iterable[str]:
    yield f"{status.account}, {status.strategy} on {status.exchange}, {status.timeframe} bars"
    yield f"{status.at:%Y-%m-%d %H:%M:%S} UTC at the venue"
    if status.service_pid is None:
        yield "service: not running"
    else:
        look = f", looked at {status.last_look:%H:%M:%S}" if status.last_look else ""
        yield f"service: process {status.service_pid}{look}"
    decided = f"bar closed {status.decided:%Y-%m-%d %H:%M}" if status.decided else "nothing yet"
    yield f"decided: {decided}; next {_due(status.due, status.at)}"
    yield f"switches: {', '.join(status.switches) or 'none tripped'}"
    for line in status.feed:
        price = "no price" if line.price is None else f"{line.price:,f}"
        age = "" if line.age_seconds is None else f", {max(line.age_seconds, 0):.1f} s old"
        yield f"price: {line.symbol} {price}{age}"


def _due(due: datetime | None, at: datetime) -> str:
    if due is None:
        return "not known"
    left = (due - at).total_seconds()
    return f"due {due:%H:%M:%S}, in {span(left)}" if left > 0 else f"due since {due:%H:%M:%S}"


def span(seconds: float) -> str:
    """A stretch of time in its two largest units.

    Examples
    --------
    >>> span(3725), span(59.4), span(0.2)
    ('1 h 2 min', '59 s', '0 s')
    """
    left = int(seconds)
    words: list[str] = []
    for unit, name in _SECONDS:
        if left >= unit and len(words) < 2:
            words.append(f"{left // unit} {name}")
            left %= unit
    return " ".join(words) or "0 s"


def _table(title: str, rows: Sequence[Any], width: int) -> list[Any]:
    from rich.text import Text

    if not rows:
        return [Text(f"{title}: none")]
    names = [f.name for f in fields(rows[0]) if f.name not in _HIDDEN]
    told = [{name: _shown(name, getattr(row, name)) for name in names} for row in rows]
    return list(fitting(names, told, title, width))


def _shown(name: str, value: Any) -> Any:
    if name == "drawdown" and value is not None:
        return f"{value:.2%}"
    if name in ("today", "equity", "cash", "pnl") and value is not None:
        return value.quantize(Decimal("0.01"))
    if name == "by_hand" and not value:
        return None
    return value


def _events(status: "Status") -> Iterable[str]:
    yield "events, newest last"
    for event in status.events:
        mark = "!" if event.severity == "alarm" else " "
        yield f"{mark} {event.ts:%m-%d %H:%M:%S} {event.kind}: {event.text}"
