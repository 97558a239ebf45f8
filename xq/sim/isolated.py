"""Isolated positions: what moves between the cross wallet and a position's own."""

from dataclasses import replace
from decimal import ROUND_DOWN, ROUND_UP, Decimal

from xq.sim.changes import About, transfer
from xq.sim.draft import Draft
from xq.sim.exact import ZERO, divided
from xq.sim.instruments import Face
from xq.sim.margin import ASSET, leverage_of
from xq.sim.matching import Execution
from xq.sim.records import Account, Kind, SimPosition


def move_margin(draft: Draft, position: SimPosition, amount: Decimal) -> SimPosition:
    """Move an amount from the cross wallet to a position's own; back if it is negative."""
    about = About(position.owner, Face.FUTURES, position.symbol)
    legs = transfer(Account.FREE, Account.ISOLATED, ASSET, amount)
    draft.post(Kind.MARGIN, legs, about)
    return draft.put_position(replace(position, margin=position.margin + amount))


def settle_isolated(
    draft: Draft,
    before: SimPosition,
    after: SimPosition,
    execution: Execution,
    realized: Decimal,
    about: About,
    *,
    forced: bool = False,
) -> None:
    """Book an execution of an isolated position.

    What it realizes stays in its own wallet; what closes takes its share of that wallet home, and
    what opens brings its initial margin. In a liquidation (``forced``) nothing goes home before
    all is closed: the whole wallet answers for the losses. One that would end below zero is made
    whole.
    """
    gain = transfer(Account.MARKET, Account.ISOLATED, ASSET, realized)
    draft.post(Kind.REALIZED, gain, about)
    opened = abs(after.quantity)
    kept = ZERO
    if before.quantity * after.quantity > 0:
        opened = max(opened - abs(before.quantity), ZERO)
        kept = before.margin + realized if forced else _kept(before, after)
    margin = before.margin + realized
    turned = before.quantity * after.quantity < 0
    if turned or abs(after.quantity) < abs(before.quantity):  # something was closed
        home = margin - kept
        if home < 0 and not kept:
            rescue = transfer(Account.INSURANCE, Account.ISOLATED, ASSET, -home)
            draft.post(Kind.BANKRUPTCY, rescue, about)
            margin = ZERO
        elif home > 0:
            legs = transfer(Account.ISOLATED, Account.FREE, ASSET, home)
            draft.post(Kind.MARGIN, legs, about)
            margin = kept
    if opened:
        leverage = Decimal(leverage_of(draft.state, before.owner, before.symbol))
        brought = divided(execution.price * opened, leverage, rounding=ROUND_UP)
        legs = transfer(Account.FREE, Account.ISOLATED, ASSET, brought)
        draft.post(Kind.MARGIN, legs, about)
        margin += brought
    draft.put_position(replace(after, margin=margin))


def _kept(before: SimPosition, after: SimPosition) -> Decimal:
    """What of its wallet a position keeps that got smaller; all of it if it did not."""
    if abs(after.quantity) >= abs(before.quantity):
        return before.margin
    share = before.margin * abs(after.quantity)
    return divided(share, abs(before.quantity), rounding=ROUND_DOWN)
