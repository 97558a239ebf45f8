"""Money, marks, keys and the dead-man timer in Binance's words."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

from xq.errors import VenueRefused, VenueUnclear
from xq.timeframe import DAY_MS
from xq.types import Symbol
from xq.venue_types import CashFlow, FlowKind, KeyScope, Mark
from xq.venues import convert
from xq.venues.dialect import Client, Payload

_PAGE = 1000
_KEPT_MS = 90 * DAY_MS
_WALLET_SPAN_MS = 90 * DAY_MS
_KINDS = {
    "TRANSFER": FlowKind.TRANSFER,
    "INTERNAL_TRANSFER": FlowKind.TRANSFER,
    "CROSS_COLLATERAL_TRANSFER": FlowKind.TRANSFER,
    "COIN_SWAP_DEPOSIT": FlowKind.TRANSFER,
    "COIN_SWAP_WITHDRAW": FlowKind.TRANSFER,
    "STRATEGY_UMFUTURES_TRANSFER": FlowKind.TRANSFER,
    "WELCOME_BONUS": FlowKind.DEPOSIT,
    "REALIZED_PNL": FlowKind.REALIZED,
    "FUNDING_FEE": FlowKind.FUNDING,
    "COMMISSION": FlowKind.FEE,
    "API_REBATE": FlowKind.FEE,
    "COMMISSION_REBATE": FlowKind.FEE,
    "INSURANCE_CLEAR": FlowKind.LIQUIDATION,
}
_LEAVES = ("enableWithdrawals", "enableInternalTransfer", "permitsUniversalTransfer")


class BinanceMoney:
    """What is not orders.

    Parameters
    ----------
    wallet
        Whether the venue has the endpoints of the main account (``sapi``), which test venues lack.
    spares_stops
        Whether the dead-man timer is shown to leave conditional orders alone.
    """

    def __init__(self, *, wallet: bool = True, spares_stops: bool = False) -> None:
        self._wallet = wallet
        self._spares_stops = spares_stops

    def mark(self, client: Client, symbol: Symbol) -> Mark:
        """``premiumIndex``; on spot the last price."""
        if not symbol.is_contract:
            raw = client.fetch_ticker(str(symbol))
            last = convert.positive(raw.get("last"), f"price of {symbol}")
            return Mark(symbol, last, last, int(raw["timestamp"] or client.fetch_time()))
        info = client.fetch_mark_price(str(symbol))["info"]
        return Mark(
            symbol,
            convert.positive(info.get("markPrice"), f"mark price of {symbol}"),
            convert.positive(info.get("indexPrice"), f"index price of {symbol}"),
            int(info["time"]),
        )

    def cash_flows(
        self, client: Client, contract: bool, since_ms: int, now_ms: int
    ) -> Sequence[CashFlow]:
        """``income`` of futures; deposits and withdrawals of the spot wallet."""
        if contract:
            return _income(client, max(since_ms, now_ms - _KEPT_MS), now_ms)
        if not self._wallet:
            return ()
        return [
            *_moved(client, since_ms, now_ms, FlowKind.DEPOSIT),
            *_moved(client, since_ms, now_ms, FlowKind.WITHDRAWAL),
        ]

    def permissions(self, client: Client) -> KeyScope:
        """``account/apiRestrictions``."""
        if not self._wallet:
            raise VenueRefused("a test venue does not tell what a key may do")
        told = client.sapiGetAccountApiRestrictions()
        trades = _told(told, "enableFutures") or _told(told, "enableSpotAndMarginTrading")
        leaves = [_told(told, name) for name in _LEAVES]
        return KeyScope(trades, any(leaves), _told(told, "ipRestrict"))

    def extend_dead_man(self, client: Client, symbol: Symbol, seconds: int) -> bool:
        """``countdownCancelAll``; Binance does not say whether it spares conditional orders."""
        if not (self._spares_stops and symbol.is_contract):
            return False
        client.fapiPrivatePostCountdownCancelAll(
            {"symbol": client.market_id(str(symbol)), "countdownTime": seconds * 1000}
        )
        return True


def _told(payload: Payload, name: str) -> bool:
    """A flag that must be told: a probe that guesses proves nothing."""
    value = payload.get(name)
    if not isinstance(value, bool):
        raise VenueRefused(f"expected {name} of the key, found {value!r}")
    return value


def _income(client: Client, since_ms: int, now_ms: int) -> list[CashFlow]:
    """Page by page; rows of one millisecond never come apart, as the last one is asked again."""
    found: dict[str, CashFlow] = {}
    start = since_ms
    while start <= now_ms:
        rows = client.fapiPrivateGetIncome({"startTime": start, "endTime": now_ms, "limit": _PAGE})
        if not isinstance(rows, list):
            raise VenueUnclear("expected a list, found something else")
        flows = [_flow(row) for row in rows]
        before = len(found)
        found |= {flow.id: flow for flow in flows}
        if len(rows) < _PAGE:
            break
        last = max(flow.ts for flow in flows)
        start = last if len(found) > before else last + 1
    return list(found.values())


def _flow(row: Payload) -> CashFlow:
    kind, number = str(row["incomeType"]), convert.named(row, "tranId")
    about = str(row.get("symbol") or "")
    return CashFlow(
        id=f"{kind}:{number}:{about}:{row.get('tradeId') or ''}:{row.get('asset')}",
        kind=_KINDS.get(kind, FlowKind.OTHER),
        asset=convert.named(row, "asset"),
        amount=convert.decimal(row["income"]),
        ts=int(row["time"]),
        symbol=about,
    )


def _moved(client: Client, since_ms: int, now_ms: int, kind: FlowKind) -> Iterator[CashFlow]:
    """What came into the spot wallet or left it, fees of withdrawals included."""
    leaves = kind is FlowKind.WITHDRAWAL
    ask = client.fetch_withdrawals if leaves else client.fetch_deposits
    for start in range(max(since_ms, now_ms - _KEPT_MS), now_ms + 1, _WALLET_SPAN_MS):
        until = {"endTime": start + _WALLET_SPAN_MS - 1}
        for row in listed(client, ask(None, start, _PAGE, until)):
            if row.get("status") != "ok":
                continue
            fee = convert.decimal((row.get("fee") or {}).get("cost")) if leaves else Decimal(0)
            amount = convert.decimal(row["amount"])
            yield CashFlow(
                f"{kind.value}:{convert.named(row, 'id')}",
                kind,
                convert.named(row, "currency"),
                -(amount + fee) if leaves else amount,
                int(row["timestamp"]),
            )


def listed(client: Client, rows: list[Any]) -> list[Any]:
    """Rows of an answer that was a list; of anything else ccxt makes none, without a word."""
    if not str(client.last_http_response).lstrip().startswith("["):
        raise VenueUnclear("expected a list, found something else")
    return rows
