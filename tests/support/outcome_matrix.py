"""Every fault × call × kind of order × face: what the adapter says against the venue's ledger."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from support.faulty_venue import FaultyVenue, faulty_venue
from support.outcome_faults import SLOW, faults, faults_of
from support.trading_faces import FACES, PATIENT, SIZE, Face, Orders, trading

from xq.errors import VenueError
from xq.sim.ledger import FILE_NAME
from xq.types import OrderRequest, OrderStatus, OrderType, OutcomeKind, Side, TimeInForce
from xq.venues.ccxt_trading import CcxtTrading

HURRIED = 0.5  # seconds; of the clients that meet silence
_HELD = Decimal("0.06")
_CONDITIONAL = {
    "stop": OrderType.STOP_MARKET,
    "profit": OrderType.TAKE_PROFIT_MARKET,
    "trailing": OrderType.TRAILING_STOP_MARKET,
}
_PATHS = {
    "place": ("POST", {"futures": "/fapi/v1/*rder", "spot": "/api/v3/order",
                       "bybit": "/v5/order/create"}),
    "cancel": ("DELETE", {"futures": "/fapi/v1/*rder", "spot": "/api/v3/order",
                          "bybit": "/v5/order/cancel"}),
    "replace": ("PUT", {"futures": "/fapi/v1/order", "bybit": "/v5/order/amend"}),
    "query": ("GET", {"futures": "/fapi/v1/*rder", "spot": "/api/v3/order",
                      "bybit": "/v5/order/*"}),
    "list": ("GET", {"futures": "/fapi/v1/open*rders", "spot": "/api/v3/openOrders",
                     "bybit": "/v5/order/realtime"}),
    "fills": ("GET", {"futures": "/fapi/v1/userTrades", "spot": "/api/v3/myTrades",
                      "bybit": "/v5/execution/list"}),
    "account": ("GET", {"futures": "/fapi/v3/account", "spot": "/api/v3/account",
                        "bybit": "/v5/account/wallet-balance"}),
    "positions": ("GET", {"futures": "/fapi/v3/positionRisk", "bybit": "/v5/position/list"}),
}  # fmt: skip


@dataclass(frozen=True)
class Case:
    face: str
    call: str
    kind: str
    fault: str

    def __str__(self) -> str:
        return f"{self.face}: {self.call} {self.kind} with {self.fault}"


@dataclass(frozen=True)
class Finding:
    """What the adapter said; ``wrong`` is empty if the ledger agrees."""

    case: Case
    said: str
    wrong: str = ""


def cases() -> list[Case]:
    """All of them."""
    found = []
    for face in FACES:
        conditional = ["stop", "profit"] + ["trailing"] * (face == "futures")
        closing = ["close"] if face != "spot" else []
        placed = ["market", "sell", "limit", "ioc", "fok", "gtx", *conditional, *closing]
        kinds = {
            "place": placed,
            "cancel": ["limit", "gtx", *conditional, *closing],
            "replace": ["price", "quantity"] if face != "spot" else [],
            "query": ["limit", "filled", *conditional, "absent"],
            "list": ["all", "symbol"],
            "fills": ["some"],
            "account": ["all"],
            "positions": ["all"] if face != "spot" else [],
        }
        found += [
            Case(face, call, kind, fault)
            for call, chosen in kinds.items()
            for kind in chosen
            for fault in faults_of(face)
        ]
    return found


class Matrix:
    """The venue, its ledger, and patient and hurried clients of every face."""

    def __init__(self, venue: FaultyVenue, stack: ExitStack) -> None:
        self.venue = venue
        self._made = 0
        path = venue.folder / FILE_NAME
        self._ledger = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        stack.callback(self._ledger.close)
        self._clients = {
            name: stack.enter_context(trading(venue.url, Face(name))) for name in FACES
        }
        self._orders = {
            name: Orders(Face(name).symbol, client.marks(Face(name).symbol).mark)
            for name, client in self._clients.items()
        }
        for name in ("futures", "spot"):
            for _ in range(int(_HELD / SIZE)):
                self._sure(name, self._orders[name].market(self.name()))

    def name(self) -> str:
        self._made += 1
        return f"m{self._made}"

    def run(self, case: Case) -> Finding:
        """One case, judged."""
        self._wait(case.face, PATIENT)
        act = {
            "place": self._place,
            "cancel": self._cancel,
            "replace": self._replace,
            "query": self._query,
        }.get(case.call, self._read)
        try:
            return act(case)
        finally:
            self.venue.bench.roster.clear()

    # what is true

    def entered(self, client_id: str) -> int:
        """How many orders of that name the venue ever booked, in both books."""
        return sum(
            self._ledger.execute(f"SELECT count(*) FROM {table} WHERE client_id = ?{more}",
                                 (client_id,)).fetchone()[0]
            for table, more in (("orders", " AND algo_id = 0"), ("algos", ""))
        )  # fmt: skip

    def is_open(self, client_id: str) -> bool:
        rows = [
            row[0]
            for table in ("orders", "algos")
            for row in self._ledger.execute(
                f"SELECT status FROM {table} WHERE client_id = ?",
                (client_id,),
            )
        ]
        return any(status in ("new", "partially_filled") for status in rows)

    def terms(self, client_id: str) -> tuple[Decimal, Decimal]:
        query = "SELECT price, quantity FROM orders WHERE client_id = ?"
        price, quantity = self._ledger.execute(query, (client_id,)).fetchone()
        return Decimal(price), Decimal(quantity)

    # calls

    def _strike(self, case: Case) -> None:
        method, paths = _PATHS[case.call]
        told = faults()[case.fault]
        if case.face == "bybit" and case.call in ("cancel", "replace"):
            method = "POST"
        where = {"method": method, "path": paths[case.face], "name": "it"}
        self.venue.bench.roster.clear()
        if told:
            self.venue.strike(**told, **where)

    def _sends(self) -> int:
        return max((entry.seen for entry in self.venue.bench.roster.entries), default=0)

    def _client(self, case: Case) -> CcxtTrading:
        """A client that loses patience at once, if it meets silence."""
        slow = case.fault.split(" ")[0] in SLOW
        self._wait(case.face, HURRIED if slow else PATIENT)
        return self._clients[case.face]

    def _wait(self, face: str, seconds: float) -> None:
        client = self._clients[face]
        for kind in (False, True):
            for clients in (client._faces[kind], client._door._clients[kind]):
                if kind is (face != "spot"):
                    clients.pair()[0].timeout = round(seconds * 1000)

    def _calm(self, case: Case) -> CcxtTrading:
        self.venue.bench.roster.clear()
        self._wait(case.face, PATIENT)
        return self._clients[case.face]

    def _request(self, face: str, kind: str) -> OrderRequest:
        orders, name = self._orders[face], self.name()
        contract = face != "spot"
        if kind in ("market", "sell"):
            return orders.market(name, Side.BUY if kind == "market" else Side.SELL)
        if kind in _CONDITIONAL:
            return orders.of(_CONDITIONAL[kind], name, reduce_only=contract)
        if kind == "close":
            return orders.stop(name, close_position=True)
        forces = {"ioc": TimeInForce.IOC, "fok": TimeInForce.FOK, "gtx": TimeInForce.GTX}
        return orders.limit(name, "0.97", forces.get(kind, TimeInForce.GTC))

    def _sure(self, face: str, request: OrderRequest) -> None:
        outcome = self._clients[face].place(request)
        assert outcome.kind is OutcomeKind.ACCEPTED, outcome

    def _place(self, case: Case) -> Finding:
        request = self._request(case.face, case.kind)
        self._strike(case)
        outcome = self._client(case).place(request)
        sends = self._sends()
        found = self._calm(case).order_by_client_id(request.symbol, request.client_id)
        count = self.entered(request.client_id)
        declined = found is not None and found.status is OrderStatus.CANCELED and not count
        wrong = _judge(outcome.kind, count == 1 or declined)
        if count > 1 or sends > 1:
            wrong = f"sent {sends} times, booked {count} times"
        elif (found is not None) != (count == 1 or declined):
            wrong = f"asked afterwards the venue told {found}, booked {count} times"
        self._clear(case, request)
        if count and case.kind in ("market", "sell"):
            side = Side.SELL if case.kind == "market" else Side.BUY
            self._sure(case.face, self._orders[case.face].market(self.name(), side))
        return Finding(case, outcome.kind.value, wrong)

    def _clear(self, case: Case, request: OrderRequest) -> None:
        if self.is_open(request.client_id):
            self._calm(case).cancel(request.symbol, request.client_id)

    def _cancel(self, case: Case) -> Finding:
        request = self._request(case.face, case.kind)
        self._sure(case.face, request)
        self._strike(case)
        outcome = self._client(case).cancel(request.symbol, request.client_id)
        self._calm(case).order_by_client_id(request.symbol, request.client_id)
        wrong = _judge(outcome.kind, not self.is_open(request.client_id))
        self._clear(case, request)
        return Finding(case, outcome.kind.value, wrong)

    def _replace(self, case: Case) -> Finding:
        request = self._request(case.face, "limit")
        self._sure(case.face, request)
        order = self._calm(case).order_by_client_id(request.symbol, request.client_id)
        assert order is not None
        new = self._orders[case.face].at("0.95")
        changes: dict[str, Any] = {"price": new}
        if case.kind == "quantity":
            changes = {"quantity": 2 * SIZE}
        before = self.terms(request.client_id)
        self._strike(case)
        outcome = self._client(case).replace(order, **changes)
        self._calm(case).order_by_client_id(request.symbol, request.client_id)
        after = self.terms(request.client_id)
        wrong = _judge(outcome.kind, after != before)
        self._clear(case, request)
        return Finding(case, outcome.kind.value, wrong)

    def _query(self, case: Case) -> Finding:
        request = self._request(case.face, "market" if case.kind == "filled" else case.kind)
        if case.kind != "absent":
            self._sure(case.face, request)
        self._strike(case)
        client = self._client(case)
        finding = self._told(
            case, lambda: client.order_by_client_id(request.symbol, request.client_id)
        )
        if case.kind == "filled":
            self._sure(case.face, self._orders[case.face].market(self.name(), Side.SELL))
        else:
            self._clear(case, request)
        return finding

    def _read(self, case: Case) -> Finding:
        symbol = Face(case.face).symbol
        request = self._request(case.face, "limit")
        self._sure(case.face, request)
        asks: dict[str, Callable[[CcxtTrading], object]] = {
            "list": lambda c: c.open_orders(symbol if case.kind == "symbol" else None),
            "fills": lambda c: c.fills(symbol, 0),
            "account": lambda c: c.account(),
            "positions": lambda c: c.account(),
        }
        self._strike(case)
        client = self._client(case)
        finding = self._told(case, lambda: asks[case.call](client), asks[case.call])
        self._clear(case, request)
        return finding

    def _told(
        self,
        case: Case,
        ask: Callable[[], object],
        again: Callable[[CcxtTrading], object] | None = None,
    ) -> Finding:
        """A read gives the truth or an error, never anything else."""
        try:
            told = ask()
        except VenueError:
            return Finding(case, "error")
        calm = self._calm(case)
        truth = ask() if again is None else again(calm)  # the same client, patient again
        wrong = "" if told == truth else f"told {told}, true is {truth}"
        return Finding(case, "told", wrong)


def _judge(kind: OutcomeKind, done: bool) -> str:
    if kind is OutcomeKind.UNKNOWN or (kind is OutcomeKind.ACCEPTED) == done:
        return ""
    return f"said {kind}, and the ledger {'knows of it' if done else 'knows nothing of it'}"


@contextmanager
def matrix(folder: Path) -> Iterator[Matrix]:
    """A venue to try it on."""
    with ExitStack() as stack:
        venue = stack.enter_context(faulty_venue(folder))
        yield Matrix(venue, stack)
