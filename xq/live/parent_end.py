"""What became of a parent: what it cost, told once at its end, and what its decision reached."""

import json
from dataclasses import asdict, dataclass, replace
from decimal import Decimal

from xq.errors import VenueError
from xq.execution.algos.completion import Completion, completion
from xq.execution.algos.plan import Plan, TrailingStop
from xq.execution.algos.progress import Progress
from xq.execution.algos.sizes import smallest_order
from xq.execution.journal import Journal
from xq.execution.ledger_records import Event, Parent, Severity
from xq.execution.records import JournalFill
from xq.execution.slippage_prediction import middle
from xq.live.desk import Desk
from xq.live.parent_market import interval_vwap

ENDED = "parent"
ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Account:
    """What a parent did and cost.

    Attributes
    ----------
    completion
        See `xq.execution.algos.completion`; fees are in its shortfall.
    fees
        Quote asset; what was paid in other assets than the symbol's own two is not counted.
    vwap, vwap_slippage
        Mean price of the market while the parent worked, and (average − vwap) / vwap signed by the
        side; None where the market could not be asked, or before the first fill.
    """

    completion: Completion
    fees: Decimal
    vwap: Decimal | None = None
    vwap_slippage: Decimal | None = None


def account_of(
    parent: Parent,
    plan: Plan,
    progress: Progress,
    journal: Journal,
    *,
    price: Decimal | None = None,
    vwap: Decimal | None = None,
) -> Account:
    """Sum up a parent.

    Parameters
    ----------
    price
        Middle of the market at its end, or now; None takes the last fill's.
    """
    names = [order.client_id for order in journal.children_of(parent.parent_id)]
    fills = [fill for name in names for fill in journal.books.fills(client_id=name)]
    fees = sum((_fee(fill) for fill in fills), ZERO)
    last = fills[-1].price if fills else progress.arrival
    found = completion(plan, progress, price or last or ZERO, fees)
    beyond = None
    if vwap is not None and found.average is not None:
        beyond = plan.side.sign * (found.average - vwap) / vwap
    return Account(found, fees, vwap, beyond)


def measured(parent: Parent, plan: Plan, progress: Progress, now_ms: int, desk: Desk) -> Account:
    """Sum up a parent, the market asked for its price and for what traded meanwhile."""
    try:
        price = middle(desk.market.book(parent.symbol, 5))
        vwap = interval_vwap(parent.symbol, plan.start_ms, now_ms, desk)
    except VenueError:
        return account_of(parent, plan, progress, desk.journal)
    return account_of(parent, plan, progress, desk.journal, price=price, vwap=vwap)


def wind_up(
    parent: Parent, plan: Plan, progress: Progress, told: Account, now_ms: int, desk: Desk
) -> str:
    """Write down how a parent ended, and whether its decision's target is met by it."""
    share = told.completion.completion
    base = parent.symbol.base
    text = (
        f"{parent.parent_id} ended: {parent.reason}; {progress.filled:f} of "
        f"{plan.quantity:f} {base} ({share:.1%})"
    )
    lost_guard = isinstance(plan.how, TrailingStop) and parent.reason.startswith("refused")
    severity = Severity.ALARM if lost_guard else Severity.INFO
    if lost_guard:
        text += "; nothing protects the position any more"
    desk.journal.events.append(Event(now_ms, ENDED, severity, text, _facts(parent, told)))
    _credit(parent, plan, progress, desk)
    return text


def told_at_the_end(parent_id: str, journal: Journal) -> dict[str, object] | None:
    """The figures that were written down when a parent ended; None before."""
    for event in reversed(journal.events.all()):
        if event.kind == ENDED:
            facts: dict[str, object] = json.loads(event.facts)
            if facts.get("parent_id") == parent_id:
                return facts
    return None


def figures(told: Account) -> dict[str, object]:
    """An account as plain values by name."""
    values = asdict(told.completion) | {
        "fees": told.fees,
        "vwap": told.vwap,
        "vwap_slippage": told.vwap_slippage,
    }
    return {name: _short(value) for name, value in values.items()}


def _facts(parent: Parent, told: Account) -> str:
    values = {
        name: str(value) if isinstance(value, Decimal) else value
        for name, value in figures(told).items()
    }
    return json.dumps({"parent_id": parent.parent_id, **values})


def _short(value: object) -> object:
    """Ten digits are enough of a ratio."""
    if not isinstance(value, Decimal):
        return value
    return round(value, 10).normalize() if value else ZERO


def _fee(fill: JournalFill) -> Decimal:
    if fill.fee_asset == fill.symbol.quote:
        return fill.fee
    return fill.fee * fill.price if fill.fee_asset == fill.symbol.base else ZERO


def _credit(parent: Parent, plan: Plan, progress: Progress, desk: Desk) -> None:
    """A decision whose target this parent met is reached, so that its bar is not traded again."""
    last = desk.journal.decisions.last_signal(parent.symbol)
    if not parent.strategy or last is None or last[0].strategy != parent.strategy:
        return
    key, signal = last
    decision = desk.journal.decisions.find(key)
    left = progress.remaining(plan.quantity)  # on spot the fee of a purchase is paid in coins
    if parent.symbol.is_contract:
        left = abs(signal.target - desk.journal.books.position(parent.symbol))
    least = smallest_order(plan.instrument, progress.arrival or signal.close, reduce_only=False)
    if decision is None or left >= least:
        return
    known = [s for k, s in desk.journal.decisions.signals() if k == key]
    met = [replace(s, reached=s.reached or s.symbol == parent.symbol) for s in known]
    desk.journal.decisions.record_signals(decision, met)
