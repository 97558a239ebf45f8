"""The account's books: what an execution, a hold or a release moves between which accounts.

Spot fees are taken from the asset received (base when buying, quote when selling), as Binance does
without its own coin; futures fees from the USDT wallet. Fees are rounded to eight places.
"""

from dataclasses import dataclass, replace
from decimal import Decimal

from xq.frozen import changed, quick
from xq.sim.changes import About, transfer
from xq.sim.draft import Draft
from xq.sim.events import Cause
from xq.sim.exact import ZERO, divided, rounded
from xq.sim.instruments import Face, SimInstrument
from xq.sim.isolated import settle_isolated
from xq.sim.margin import ASSET
from xq.sim.matching import Execution
from xq.sim.records import Account, Kind, SimFill, SimOrder, SimPosition
from xq.types import OrderStatus, Side

INITIAL_BALANCE = Decimal(10_000)


@quick
@dataclass(frozen=True, slots=True)
class _Deal:
    """One execution on its way into the books."""

    market: SimInstrument
    order: SimOrder
    execution: Execution
    maker: bool
    fill_id: int
    forced: bool

    @property
    def quote(self) -> Decimal:
        return self.execution.price * self.execution.quantity

    @property
    def about(self) -> About:
        return About(self.order.owner, self.order.face, self.order.symbol, self.fill_id)

    @property
    def rate(self) -> Decimal:
        rules = self.market.instrument
        return rules.maker if self.maker else rules.taker


@quick
@dataclass(frozen=True, slots=True)
class _Charge:
    fee: Decimal
    asset: str
    realized: Decimal = ZERO


def open_account(draft: Draft, owner: str, balance: Decimal = INITIAL_BALANCE) -> None:
    """Begin an account: the initial balance on both faces."""
    draft.put("owners", owner, len(draft.state.owners) + 1)
    for face in Face:
        legs = transfer(Account.DEPOSITS, Account.FREE, ASSET, balance)
        draft.post(Kind.DEPOSIT, legs, About(owner, face))
    draft.flush(Kind.DEPOSIT)


def held(market: SimInstrument, order: SimOrder) -> tuple[str, Decimal]:
    """The asset and amount that a resting spot order keeps from being used elsewhere."""
    if order.side is Side.SELL:
        return market.base, order.remaining
    price = order.price if order.price else order.stop_price
    return market.quote, price * order.remaining


def hold(draft: Draft, market: SimInstrument, order: SimOrder) -> None:
    """Set aside what a resting order may need; futures orders need margin instead."""
    if order.face is Face.SPOT:
        asset, amount = held(market, order)
        legs = transfer(Account.FREE, Account.HELD, asset, amount)
        draft.post(Kind.HOLD, legs, _about(order))


def release(draft: Draft, market: SimInstrument, order: SimOrder) -> None:
    """Free what an open spot order held."""
    if order.face is Face.SPOT:
        asset, amount = held(market, order)
        legs = transfer(Account.HELD, Account.FREE, asset, amount)
        draft.post(Kind.RELEASE, legs, _about(order))


def close_order(
    draft: Draft, market: SimInstrument, order: SimOrder, status: OrderStatus
) -> SimOrder:
    """Take a resting order out of the book and free what it held."""
    release(draft, market, order)
    closed = replace(order, status=status, updated_ms=draft.now_ms)
    return draft.put_order(closed, _ENDS[status])


_ENDS = {OrderStatus.CANCELED: Cause.CANCELED, OrderStatus.EXPIRED: Cause.EXPIRED}


def _about(order: SimOrder) -> About:
    return About(order.owner, order.face, order.symbol, order.id)


def execute(
    draft: Draft,
    market: SimInstrument,
    order: SimOrder,
    execution: Execution,
    *,
    maker: bool,
    cause: Cause = Cause.TRADE,
) -> tuple[SimOrder, SimFill]:
    """Book one execution: money, position, fill and the order's progress."""
    forced = cause is Cause.LIQUIDATION
    deal = _Deal(market, order, execution, maker, draft.next_fill_id(), forced)
    settle = _settle_spot if order.face is Face.SPOT else _settle_contract
    charge = settle(draft, deal)
    fill = SimFill(
        id=deal.fill_id,
        owner=order.owner,
        face=order.face,
        order_id=order.id,
        symbol=order.symbol,
        side=order.side,
        price=execution.price,
        quantity=execution.quantity,
        fee=charge.fee,
        fee_asset=charge.asset,
        realized=charge.realized,
        maker=maker,
        ts=draft.now_ms,
        position_side=order.position_side,
    )
    draft.add_fill(fill)
    return draft.put_order(_progressed(order, execution), cause, fill), fill


def _settle_spot(draft: Draft, deal: _Deal) -> _Charge:
    base, quote, about, worth = deal.market.base, deal.market.quote, deal.about, deal.quote
    source = Account.HELD if deal.maker else Account.FREE
    quantity = deal.execution.quantity
    if deal.order.side is Side.BUY:
        paid, received = (quote, worth), (base, quantity)
    else:
        paid, received = (base, quantity), (quote, worth)
    legs = (
        *transfer(source, Account.MARKET, *paid),
        *transfer(Account.MARKET, Account.FREE, *received),
    )
    draft.post(Kind.TRADE, legs, about)
    if deal.market.fee_in_quote:
        asset, fee = quote, worth * deal.rate
    else:
        asset, fee = received[0], rounded(received[1] * deal.rate)
    draft.post(Kind.FEE, transfer(Account.FREE, Account.FEES, asset, fee), about)
    return _Charge(fee, asset)


def _settle_contract(draft: Draft, deal: _Deal) -> _Charge:
    order, execution = deal.order, deal.execution
    before = draft.state.position(order.owner, order.symbol, order.position_side)
    after, realized = apply_to_position(before, order.side, execution)
    if before.isolated:
        settle_isolated(draft, before, after, execution, realized, deal.about, forced=deal.forced)
    else:
        draft.put_position(after)
        gain = transfer(Account.MARKET, Account.FREE, ASSET, realized)
        draft.post(Kind.REALIZED, gain, deal.about)
    fee = rounded(deal.quote * deal.rate)
    cost = transfer(Account.FREE, Account.FEES, ASSET, fee)
    draft.post(Kind.FEE, cost, deal.about)
    return _Charge(fee, ASSET, realized)


def apply_to_position(
    position: SimPosition, side: Side, execution: Execution
) -> tuple[SimPosition, Decimal]:
    """The position after an execution, and the pnl it realized in quote asset.

    What is realized and what remains in ``cost`` always add up to the cash that changed hands.

    Examples
    --------
    >>> opened, _ = apply_to_position(
    ...     SimPosition("main", "BTCUSDT"), Side.BUY, Execution(Decimal(100), Decimal(2)))
    >>> flipped, pnl = apply_to_position(
    ...     opened, Side.SELL, Execution(Decimal(110), Decimal(3)))
    >>> str(pnl), str(flipped.quantity), str(flipped.entry_price)
    ('20', '-1', '110')
    """
    signed = execution.quantity * side.sign
    held_quantity = position.quantity
    if held_quantity * signed >= 0:
        cost = position.cost + signed * execution.price
        return replace(position, quantity=held_quantity + signed, cost=cost), ZERO
    closing = min(abs(signed), abs(held_quantity))
    closed = closing if held_quantity > 0 else -closing
    whole = closing == abs(held_quantity)
    released = position.cost if whole else divided(position.cost * closing, abs(held_quantity))
    realized = closed * execution.price - released
    opened = signed + closed
    remaining_cost = position.cost - released + opened * execution.price
    return replace(position, quantity=held_quantity + signed, cost=remaining_cost), realized


def _progressed(order: SimOrder, execution: Execution) -> SimOrder:
    filled = order.filled + execution.quantity
    done = filled == order.quantity
    return changed(
        order,
        filled=filled,
        filled_quote=order.filled_quote + execution.price * execution.quantity,
        status=OrderStatus.FILLED if done else OrderStatus.PARTIALLY_FILLED,
    )
