"""What an account may choose on futures: leverage, margin mode, position mode, isolated margin."""

from dataclasses import replace
from decimal import Decimal

from xq.sim.brackets import max_leverage, max_notional
from xq.sim.contracts import margin_account
from xq.sim.draft import Draft
from xq.sim.events import ConfigEvent
from xq.sim.exact import ZERO
from xq.sim.feed import Feed
from xq.sim.instruments import Face
from xq.sim.isolated import move_margin
from xq.sim.margin import leverage_of, value
from xq.sim.openings import NOTHING
from xq.sim.records import Kind, MarginMode, PositionSide
from xq.sim.refusal import Reason, Refusal
from xq.sim.state import Mode


def set_leverage(draft: Draft, feed: Feed, owner: str, symbol: str, leverage: int) -> None:
    """Choose a symbol's leverage.

    Raises
    ------
    Refusal
        If brackets or margin forbid it.
    """
    if not 1 <= leverage <= max_leverage(symbol):
        raise Refusal(Reason.BAD_LEVERAGE, str(leverage))
    before = leverage_of(draft.state, owner, symbol)
    if leverage == before:
        return
    held = [item for item in draft.state.positions_of(owner) if item.symbol == symbol]
    if leverage < before and any(item.isolated for item in held):
        raise Refusal(Reason.LEVERAGE_ISOLATED)
    known = margin_account(draft.state, owner, feed, draft.now_ms)
    draft.put_setting(replace(draft.state.setting(owner, symbol), leverage=leverage))
    after = margin_account(draft.state, owner, feed, draft.now_ms)
    if after.spare < 0 and after.used > known.used:
        raise Refusal(Reason.NO_MARGIN)
    here = [item for item in after.positions if item.position.symbol == symbol]
    if any(abs(item.notional) > max_notional(symbol, leverage) for item in here):
        raise Refusal(Reason.POSITION_LIMIT)
    draft.events.append(ConfigEvent(draft.now_ms, owner, symbol, leverage=leverage))


def set_margin_mode(draft: Draft, owner: str, symbol: str, mode: MarginMode) -> None:
    """Choose what margins a symbol's positions, while there are none.

    Raises
    ------
    Refusal
        If it is so already, or there are orders or positions.
    """
    setting, isolated = draft.state.setting(owner, symbol), mode is MarginMode.ISOLATED
    if setting.isolated == isolated:
        raise Refusal(Reason.MARGIN_TYPE_SAME)
    if _has_orders(draft, owner, symbol):
        raise Refusal(Reason.MARGIN_TYPE_ORDERS)
    if any(item.symbol == symbol for item in draft.state.positions_of(owner)):
        raise Refusal(Reason.MARGIN_TYPE_POSITION)
    draft.put_setting(replace(setting, isolated=isolated))
    draft.events.append(ConfigEvent(draft.now_ms, owner, symbol, isolated=isolated))


def set_position_mode(draft: Draft, owner: str, *, hedge: bool) -> None:
    """Choose one position per symbol or two, while there are none.

    Raises
    ------
    Refusal
        If it is so already, or there are orders or positions.
    """
    if draft.state.is_hedged(owner) == hedge:
        raise Refusal(Reason.POSITION_MODE_SAME)
    if _has_orders(draft, owner, None):
        raise Refusal(Reason.POSITION_MODE_ORDERS)
    if draft.state.positions_of(owner):
        raise Refusal(Reason.POSITION_MODE_POSITION)
    draft.put("modes", owner, Mode(owner, hedge))
    draft.events.append(ConfigEvent(draft.now_ms, owner, hedge=hedge))


def change_margin(
    draft: Draft, feed: Feed, owner: str, symbol: str, side: PositionSide, amount: Decimal
) -> None:
    """Add to an isolated position's wallet, or with a negative amount take from it.

    Raises
    ------
    Refusal
        If there is no such position, or either wallet has not so much to spare.
    """
    if not amount:
        raise Refusal(Reason.MARGIN_NOT_POSITIVE)
    if draft.state.is_hedged(owner) == (side is PositionSide.BOTH):
        raise Refusal(Reason.POSITION_SIDE)
    position = draft.state.position(owner, symbol, side)
    if not position.quantity:
        raise Refusal(Reason.NO_POSITION)
    if not position.isolated:
        raise Refusal(Reason.NOT_ISOLATED)
    if amount > 0:
        if amount > margin_account(draft.state, owner, feed, draft.now_ms).available:
            raise Refusal(Reason.MARGIN_TOO_MUCH)
    else:
        mark = feed.mark_price(symbol, draft.now_ms)
        here = value(position, NOTHING, mark, leverage_of(draft.state, owner, symbol))
        if position.margin + amount + min(here.unrealized, ZERO) < here.initial:
            raise Refusal(Reason.MARGIN_TOO_LITTLE)
    move_margin(draft, position, amount)
    draft.flush(Kind.MARGIN)


def _has_orders(draft: Draft, owner: str, symbol: str | None) -> bool:
    waiting = any(algo.is_open for algo in draft.state.algos_of(owner, symbol))
    return waiting or bool(draft.state.index.of(owner, Face.FUTURES, symbol))
