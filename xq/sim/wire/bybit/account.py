"""The account: what it is, what it has, what it pays, what moved its money."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from xq.sim.exact import ZERO, exact
from xq.sim.margin import ASSET
from xq.sim.records import Account, Kind, Posting
from xq.sim.venue import SimVenue
from xq.sim.wire.bybit.answers import Fault, plain
from xq.sim.wire.bybit.archive import money, orders_of
from xq.sim.wire.bybit.asks import FACE, LINEAR, Ask, page_of
from xq.sim.wire.bybit.ids import Sort, written
from xq.sim.wire.bybit.rows import link_id, order_id, wallet_row
from xq.timeframe import DAY_MS

UNIFIED = "UNIFIED"

_UTA = 5  # unifiedMarginStatus of the present kind of account
_TYPES = {
    Kind.DEPOSIT: "TRANSFER_IN",
    Kind.REALIZED: "TRADE",
    Kind.FEE: "TRADE",
    Kind.FUNDING: "SETTLEMENT",
    Kind.CLEARANCE: "LIQUIDATION",
    Kind.BANKRUPTCY: "LIQUIDATION",
}


def info(ask: Ask) -> dict[str, Any]:
    """A unified account."""
    state = ask.venue.state
    isolated = all(state.setting(ask.owner, m.id).isolated for m in ask.venue.markets(FACE))
    return {
        "unifiedMarginStatus": _UTA,
        "marginMode": "ISOLATED_MARGIN" if isolated else "REGULAR_MARGIN",
        "isMasterTrader": False,
        "spotHedgingStatus": "OFF",
        "dcpStatus": "OFF",
        "timeWindow": 0,
        "smpGroup": 0,
        "updatedTime": str(ask.now_ms),
    }


def key_info(ask: Ask) -> dict[str, Any]:
    """The key that asks."""
    login = next(found for found in ask.venue.logins.values() if found.name == ask.owner)
    return {
        "id": "1",
        "note": login.name,
        "apiKey": login.key,
        "readOnly": 0,
        "secret": "",
        "permissions": {"ContractTrade": ["Order", "Position"], "Wallet": [], "Derivatives": []},
        "ips": ["*"],
        "type": 1,
        "deadlineDay": 0,
        "expiredAt": "1970-01-01T00:00:00Z",
        "createdAt": "1970-01-01T00:00:00Z",
        "unified": 0,
        "uta": 1,
        "userID": ask.venue.state.owners[login.name],
        "inviterID": 0,
        "vipLevel": "No VIP",
        "mktMakerLevel": "0",
        "affiliateID": 0,
        "rsaPublicKey": "",
        "isMaster": True,
        "parentUid": "0",
        "kycLevel": "LEVEL_DEFAULT",
        "kycRegion": "",
    }


@exact
def wallet_balance(ask: Ask) -> dict[str, Any]:
    """The contracts' wallet."""
    if ask.params.required("accountType") != UNIFIED:
        raise Fault(10001, f"params error: accountType must be {UNIFIED}")
    return {"list": [wallet_of(ask.venue, ask.owner)]}


def wallet_of(venue: SimVenue, owner: str) -> dict[str, Any]:
    """One account's wallet as it stands."""
    deposited = -venue.state.balance(owner, FACE, Account.DEPOSITS, ASSET)
    return wallet_row(venue.margin(owner), deposited)


def coin_info(ask: Ask) -> dict[str, Any]:
    """The one coin that the wallet holds; nothing enters or leaves it."""
    wanted = ask.params.text("coin")
    chain = {
        "chain": "SIM",
        "chainType": "SIM",
        "confirmation": "1",
        "withdrawFee": "0",
        "depositMin": "0",
        "withdrawMin": "0",
        "chainDeposit": "0",
        "chainWithdraw": "0",
        "minAccuracy": "8",
        "withdrawPercentageFee": "0",
        "contractAddress": "",
        "safeConfirmNumber": "1",
    }
    coin = {"name": ASSET, "coin": ASSET, "remainAmount": "0", "chains": [chain]}
    return {"rows": [coin] if wanted in (None, ASSET) else []}


def fee_rate(ask: Ask) -> dict[str, Any]:
    """What an execution costs."""
    if "category" in ask.params:
        ask.only_linear()
    rows = [
        {
            "symbol": market.id,
            "takerFeeRate": plain(market.instrument.taker),
            "makerFeeRate": plain(market.instrument.maker),
        }
        for market in ask.markets()
    ]
    return {"category": LINEAR, "list": rows}


@dataclass(slots=True)
class _Entry:
    """What one cause did to the wallet."""

    number: int
    posting: Posting
    flow: Decimal = ZERO
    fee: Decimal = ZERO
    funding: Decimal = ZERO
    balance: Decimal = ZERO

    def add(self, posting: Posting) -> None:
        if posting.kind is Kind.FEE:
            self.fee -= posting.amount
        elif posting.kind is Kind.FUNDING:
            self.funding += posting.amount
        else:
            self.flow += posting.amount

    @property
    def change(self) -> Decimal:
        return self.flow + self.funding - self.fee


@exact
def transaction_log(ask: Ask) -> dict[str, Any]:
    """What moved the wallet, newest first; the last day where no time is named."""
    start, end = ask.span()
    wanted = ask.params.text("type")
    last = ask.now_ms if end is None else end
    first = last - DAY_MS if start is None else start
    if ask.params.text("category") not in (None, LINEAR):
        return {"list": [], "nextPageCursor": ""}
    entries = [
        entry
        for entry in _entries(ask, first)
        if entry.posting.ts <= last and wanted in (None, _TYPES[entry.posting.kind])
    ]
    page, cursor = page_of(ask, entries, 20, 50)
    orders = _order_ids(ask, page)
    return {"list": [_log_row(entry, orders) for entry in page], "nextPageCursor": cursor}


def _entries(ask: Ask, since_ms: int) -> Iterator[_Entry]:
    """What happened since a time, newest first, each with the wallet after it."""
    state = ask.venue.state
    after = sum(
        (state.balance(ask.owner, FACE, own, ASSET) for own in (Account.FREE, Account.ISOLATED)),
        ZERO,
    )
    open_one: _Entry | None = None
    for number, posting in money(ask.venue.ledger, ask.owner, since_ms):
        if open_one is None or not _same_cause(open_one.posting, posting):
            if open_one is not None:
                yield open_one
                after = open_one.balance - open_one.change
            open_one = _Entry(number, posting, balance=after)
        open_one.add(posting)
    if open_one is not None:
        yield open_one


def _same_cause(one: Posting, other: Posting) -> bool:
    """Whether two postings are the pnl and the fee of one execution."""
    trade = _TYPES[one.kind] == _TYPES[other.kind] == "TRADE"
    return trade and one.reference == other.reference


def _order_ids(ask: Ask, page: list[_Entry]) -> dict[int, dict[str, Any]]:
    """Executions of a page: what is known of each."""
    numbers = [e.posting.reference for e in page if _TYPES[e.posting.kind] == "TRADE"]
    query = "SELECT id, order_id, side, price, quantity FROM fills WHERE id = ?"
    rows = [row for number in numbers for row in ask.venue.ledger.read(query, (number,))]
    orders = orders_of(ask.venue.ledger, [row[1] for row in rows])
    return {
        row[0]: {
            "side": row[2].capitalize(),
            "tradePrice": plain(Decimal(row[3])),
            "qty": plain(Decimal(row[4])),
            "tradeId": written(Sort.FILL, row[0]),
            "orderId": order_id(orders[row[1]]),
            "orderLinkId": link_id(orders[row[1]]),
        }
        for row in rows
    }


def _log_row(entry: _Entry, known: dict[int, dict[str, Any]]) -> dict[str, Any]:
    posting = entry.posting
    unknown = {"side": "None", "tradePrice": "", "qty": "", "tradeId": ""}
    about = unknown | {"orderId": "", "orderLinkId": ""}
    if _TYPES[posting.kind] == "TRADE":
        about |= known.get(posting.reference, {})
    return {
        "id": written(Sort.POSTING, entry.number),
        "symbol": posting.symbol,
        "category": LINEAR,
        "transactionTime": str(posting.ts),
        "type": _TYPES[posting.kind],
        "size": "",
        "currency": posting.asset,
        "funding": plain(entry.funding) if posting.kind is Kind.FUNDING else "",
        "fee": plain(entry.fee),
        "cashFlow": plain(entry.flow),
        "change": plain(entry.change),
        "cashBalance": plain(entry.balance),
        "feeRate": "",
        "bonusChange": "",
        "extraFees": "",
        **about,
    }
