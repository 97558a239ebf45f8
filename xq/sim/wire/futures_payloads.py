"""Orders, fills, positions and the account as the futures face writes them."""

from typing import Any

from xq.sim.brackets import max_notional
from xq.sim.exact import ZERO, text
from xq.sim.margin import ASSET, MarginAccount, PositionMargin
from xq.sim.records import Kind, Posting, SimFill, SimOrder
from xq.types import Side

INCOME_TYPES = {
    Kind.DEPOSIT: "TRANSFER",
    Kind.REALIZED: "REALIZED_PNL",
    Kind.FEE: "COMMISSION",
    Kind.FUNDING: "FUNDING_FEE",
    Kind.CLEARANCE: "INSURANCE_CLEAR",
    Kind.BANKRUPTCY: "INSURANCE_CLEAR",
}


def placed_order(order: SimOrder) -> dict[str, Any]:
    """The answer to a new order or a cancel."""
    return {
        "orderId": order.id,
        "symbol": order.symbol,
        "status": order.status.name,
        "clientOrderId": order.client_id,
        "price": text(order.price),
        "avgPrice": text(order.average_price),
        "origQty": text(order.quantity),
        "executedQty": text(order.filled),
        "cumQty": text(order.filled),
        "cumQuote": text(order.filled_quote),
        "timeInForce": order.time_in_force.name,
        "type": order.type.name,
        "origType": order.type.name,
        "reduceOnly": order.reduce_only,
        "closePosition": False,
        "side": order.side.name,
        "positionSide": order.position_side.name,
        "stopPrice": "0",
        "workingType": "CONTRACT_PRICE",
        "priceProtect": False,
        "priceMatch": "NONE",
        "selfTradePreventionMode": order.self_trade.name,
        "goodTillDate": order.good_till_ms,
        "updateTime": order.updated_ms,
    }


def described_order(order: SimOrder) -> dict[str, Any]:
    """An order as queries show it."""
    row = placed_order(order) | {"time": order.created_ms}
    del row["cumQty"]
    return row


def own_trade(fill: SimFill) -> dict[str, Any]:
    """A row of ``userTrades``."""
    return {
        "symbol": fill.symbol,
        "id": fill.id,
        "orderId": fill.order_id,
        "side": fill.side.name,
        "price": text(fill.price),
        "qty": text(fill.quantity),
        "realizedPnl": text(fill.realized),
        "quoteQty": text(fill.quote_quantity),
        "commission": text(fill.fee),
        "commissionAsset": fill.fee_asset,
        "marginAsset": ASSET,
        "time": fill.ts,
        "positionSide": fill.position_side.name,
        "buyer": fill.side is Side.BUY,
        "maker": fill.maker,
    }


def income_row(posting: Posting) -> dict[str, Any]:
    """A row of ``income``."""
    about_fill = posting.kind in (Kind.REALIZED, Kind.FEE)
    return {
        "symbol": posting.symbol,
        "incomeType": INCOME_TYPES[posting.kind],
        "income": text(posting.amount),
        "asset": posting.asset,
        "info": INCOME_TYPES[posting.kind],
        "time": posting.ts,
        "tranId": posting.transaction,
        "tradeId": str(posting.reference) if about_fill else "",
    }


def margin_row(posting: Posting) -> dict[str, Any]:
    """A row of ``positionMargin/history``; type 1 adds, 2 takes away."""
    return {
        "symbol": posting.symbol,
        "type": 1 if posting.amount > 0 else 2,
        "deltaType": "TRADE" if posting.reference else "USER_ADJUST",
        "amount": text(abs(posting.amount)),
        "asset": posting.asset,
        "time": posting.ts,
        "positionSide": "BOTH",
    }


def risk_v3(item: PositionMargin) -> dict[str, Any]:
    """A row of ``/fapi/v3/positionRisk``."""
    position = item.position
    return {
        "symbol": position.symbol,
        "positionSide": position.side.name,
        "positionAmt": text(position.quantity),
        "entryPrice": text(position.entry_price),
        "breakEvenPrice": text(position.entry_price),
        "markPrice": text(item.mark),
        "unRealizedProfit": text(item.unrealized),
        "liquidationPrice": text(item.liquidation_price) if item.liquidation_price else "0",
        "isolatedMargin": text(item.isolated_equity),
        "notional": text(item.notional),
        "marginAsset": ASSET,
        "isolatedWallet": text(position.margin),
        "initialMargin": text(item.initial + item.order_initial),
        "maintMargin": text(item.maintenance),
        "positionInitialMargin": text(item.initial),
        "openOrderInitialMargin": text(item.order_initial),
        "adl": 0,
        "bidNotional": "0",
        "askNotional": "0",
        "updateTime": position.updated_ms,
    }


def risk_v2(item: PositionMargin) -> dict[str, Any]:
    """A row of ``/fapi/v2/positionRisk``."""
    row = risk_v3(item)
    kept = (
        "symbol", "positionSide", "positionAmt", "entryPrice", "breakEvenPrice", "markPrice",
        "unRealizedProfit", "liquidationPrice", "isolatedMargin", "notional", "isolatedWallet",
        "updateTime",
    )  # fmt: skip
    return {name: row[name] for name in kept} | {
        "leverage": str(item.leverage),
        "maxNotionalValue": f"{max_notional(item.position.symbol, item.leverage):f}",
        "marginType": "isolated" if item.position.isolated else "cross",
        "isAutoAddMargin": "false",
    }


def asset_row(account: MarginAccount, now_ms: int) -> dict[str, Any]:
    """The USDT row of the account."""
    return {
        "asset": ASSET,
        "walletBalance": text(account.wallet),
        "unrealizedProfit": text(account.unrealized),
        "marginBalance": text(account.equity),
        "maintMargin": text(account.maintenance),
        "initialMargin": text(account.used),
        "positionInitialMargin": text(account.initial),
        "openOrderInitialMargin": text(account.order_initial),
        "crossWalletBalance": text(account.cross_wallet),
        "crossUnPnl": text(account.cross_unrealized),
        "availableBalance": text(account.available),
        "maxWithdrawAmount": text(min(account.available, max(ZERO, account.cross_wallet))),
        "updateTime": now_ms,
    }


def account_v3(account: MarginAccount, now_ms: int) -> dict[str, Any]:
    """``/fapi/v3/account``: totals, the USDT row, positions that are not flat."""
    row = asset_row(account, now_ms)
    return {
        "totalInitialMargin": row["initialMargin"],
        "totalMaintMargin": row["maintMargin"],
        "totalWalletBalance": row["walletBalance"],
        "totalUnrealizedProfit": row["unrealizedProfit"],
        "totalMarginBalance": row["marginBalance"],
        "totalPositionInitialMargin": row["positionInitialMargin"],
        "totalOpenOrderInitialMargin": row["openOrderInitialMargin"],
        "totalCrossWalletBalance": row["crossWalletBalance"],
        "totalCrossUnPnl": row["crossUnPnl"],
        "availableBalance": row["availableBalance"],
        "maxWithdrawAmount": row["maxWithdrawAmount"],
        "assets": [row],
        "positions": [_account_position(item) for item in account.positions],
    }


def _account_position(item: PositionMargin) -> dict[str, Any]:
    return {
        "symbol": item.position.symbol,
        "positionSide": item.position.side.name,
        "positionAmt": text(item.position.quantity),
        "unrealizedProfit": text(item.unrealized),
        "isolatedMargin": text(item.isolated_equity),
        "notional": text(item.notional),
        "isolatedWallet": text(item.position.margin),
        "initialMargin": text(item.initial + item.order_initial),
        "maintMargin": text(item.maintenance),
        "updateTime": item.position.updated_ms,
    }


def account_v2(account: MarginAccount, now_ms: int) -> dict[str, Any]:
    """``/fapi/v2/account``: version 3 and what it dropped."""
    answer = account_v3(account, now_ms)
    for row, item in zip(answer["positions"], account.positions, strict=True):
        row |= {
            "leverage": str(item.leverage),
            "isolated": item.position.isolated,
            "entryPrice": text(item.position.entry_price),
            "maxNotional": f"{max_notional(item.position.symbol, item.leverage):f}",
            "positionInitialMargin": text(item.initial),
            "openOrderInitialMargin": text(item.order_initial),
            "bidNotional": "0",
            "askNotional": "0",
        }
    for row in answer["assets"]:
        row["marginAvailable"] = True
    flags = {"canTrade": True, "canDeposit": False, "canWithdraw": False, "feeBurn": False}
    rest = {"feeTier": 0, "updateTime": 0, "multiAssetsMargin": False, "tradeGroupId": -1}
    return answer | flags | rest


def balance_row(account: MarginAccount, now_ms: int) -> dict[str, Any]:
    """A row of ``balance``."""
    row = asset_row(account, now_ms)
    return {
        "accountAlias": "sim",
        "asset": ASSET,
        "balance": row["walletBalance"],
        "crossWalletBalance": row["crossWalletBalance"],
        "crossUnPnl": row["crossUnPnl"],
        "availableBalance": row["availableBalance"],
        "maxWithdrawAmount": row["maxWithdrawAmount"],
        "marginAvailable": True,
        "updateTime": now_ms,
    }
