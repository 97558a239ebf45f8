"""Money, marks, keys and the dead-man timer in Bybit's words."""
# ruff: noqa: ARG002 - a dialect is told more than every venue needs

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from typing import Any

from xq.errors import VenueRefused, VenueUnclear
from xq.timeframe import DAY_MS
from xq.types import Symbol
from xq.venue_types import CashFlow, FlowKind, KeyScope, Mark
from xq.venues import convert
from xq.venues.dialect import Client, Payload

CATEGORY = "linear"
_SPAN_MS = 7 * DAY_MS
_KEPT_MS = 730 * DAY_MS
_KINDS = {
    "TRANSFER_IN": FlowKind.TRANSFER,
    "TRANSFER_OUT": FlowKind.TRANSFER,
    "AIRDROP": FlowKind.DEPOSIT,
    "BONUS": FlowKind.DEPOSIT,
    "SETTLEMENT": FlowKind.FUNDING,
    "LIQUIDATION": FlowKind.LIQUIDATION,
    "ADL": FlowKind.LIQUIDATION,
}
_LEAVES = ("Withdraw", "AccountTransfer", "SubMemberTransfer", "SubMemberTransferList")
_TRADES = ("ContractTrade", "Spot", "Derivatives")


class BybitMoney:
    """What is not orders."""

    def mark(self, client: Client, symbol: Symbol) -> Mark:
        """``tickers``."""
        name = {"category": CATEGORY, "symbol": client.market_id(str(symbol))}
        answer = client.publicGetV5MarketTickers(name)
        row = answer["result"]["list"][0]
        return Mark(
            symbol,
            convert.positive(row.get("markPrice"), f"mark price of {symbol}"),
            convert.positive(row.get("indexPrice"), f"index price of {symbol}"),
            int(answer["time"]),
        )

    def cash_flows(
        self, client: Client, contract: bool, since_ms: int, now_ms: int
    ) -> Sequence[CashFlow]:
        """``transaction-log`` in steps of a week; a trade is its profit and its fee."""
        found: list[CashFlow] = []
        first = max(since_ms, now_ms - _KEPT_MS)
        for start in range(first, max(first, now_ms) + 1, _SPAN_MS):
            asked = {"accountType": "UNIFIED", "startTime": start, "limit": 50}
            asked["endTime"] = start + _SPAN_MS - 1
            for row in paged(client.privateGetV5AccountTransactionLog, asked):
                found += _flows(row)
        return found

    def permissions(self, client: Client) -> KeyScope:
        """``user/query-api``."""
        told = client.privateGetV5UserQueryApi()["result"]
        rights = told.get("permissions")
        if not isinstance(rights, dict) or not isinstance(told.get("ips"), list):
            raise VenueRefused("expected the rights of the key, found something else")
        wallet = rights.get("Wallet") or []
        reads_only = str(told.get("readOnly")) == "1"
        return KeyScope(
            can_trade=not reads_only and any(rights.get(name) for name in _TRADES),
            can_withdraw=not reads_only and any(name in wallet for name in _LEAVES),
            ip_restricted=bool(told["ips"]) and "*" not in told["ips"],
        )

    def extend_dead_man(self, client: Client, symbol: Symbol, seconds: int) -> bool:
        """Its timer is opened by an account manager and cancels conditional orders too."""
        return False


def paged(ask: Callable[..., Any], asked: dict[str, Any]) -> Iterator[Payload]:
    """Every row of a list, page by page."""
    cursor, seen = "", set()
    while cursor not in seen:
        seen.add(cursor)
        answer = ask(asked | ({"cursor": cursor} if cursor else {}))
        result = answer.get("result")
        if not isinstance(result, dict) or not isinstance(result.get("list"), list):
            raise VenueUnclear("expected a list, found something else")
        yield from result["list"]
        cursor = str(result.get("nextPageCursor") or "")
        if not cursor:
            return
    raise VenueUnclear("the pages of a list go round in a circle")


def _flows(row: Payload) -> Iterator[CashFlow]:
    kind, about = str(row["type"]), str(row.get("symbol") or "")
    number, asset, ts = (
        convert.named(row, "id"),
        convert.named(row, "currency"),
        row["transactionTime"],
    )
    parts = {_KINDS.get(kind, FlowKind.OTHER): convert.decimal(row["change"])}
    if kind == "TRADE":
        parts = {
            FlowKind.REALIZED: convert.decimal(row.get("cashFlow")),
            FlowKind.FEE: -convert.decimal(row.get("fee")),
        }
    for part, amount in parts.items():
        if amount != Decimal(0):
            yield CashFlow(f"{number}:{part.value}", part, asset, amount, int(ts), about)
