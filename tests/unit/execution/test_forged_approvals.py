"""Nothing but the gate makes what the door takes: tried at run time, and read from the trees."""

import ast
import copy
import pickle
import sys
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace

import pytest
from support.toy_venue import (
    PERPETUAL,
    SPOT,
    START_MS,
    ToyVenue,
    desk,
    journal_path,
    next_bar,
    terms,
)

from xq.clock import ManualClock
from xq.errors import XqError
from xq.execution import send
from xq.execution.journal import open_journal
from xq.live.loop import tick
from xq.risk.gate import Approved, ApprovedCancel, _GateProof, check_cancel
from xq.types import OrderRequest, OrderType, Outcome, Side, Symbol

PACKAGE = Path(__file__).resolve().parents[3] / "xq"
REQUEST = OrderRequest(SPOT, Side.BUY, OrderType.MARKET, Decimal("0.1"), "forged")
REACHING = {"place", "cancel"}


def _bare(**values: object) -> object:
    made = object.__new__(Approved)
    for name, value in values.items():
        object.__setattr__(made, name, value)
    return made


FORGERIES: dict[str, Callable[[], object]] = {
    "the request itself": lambda: REQUEST,
    "nothing": lambda: None,
    "something alike": lambda: SimpleNamespace(request=REQUEST, reducing=True, seal=object()),
    "another seal": lambda: Approved(REQUEST, True, seal=object()),
    "no proof": lambda: _bare(request=REQUEST, reducing=True),
    "a proof of one's own": lambda: _bare(
        request=REQUEST, reducing=True, _gate_proof=_GateProof(object(), (REQUEST, True))
    ),
    "a stolen proof of something else": lambda: _bare(
        request=REQUEST,
        reducing=True,
        _gate_proof=object.__getattribute__(check_cancel(SPOT, "x"), "_gate_proof"),
    ),
    "leave to cancel": lambda: check_cancel(SPOT, "x"),
    "a subclass": lambda: type("Mine", (Approved,), {})(REQUEST, True, seal=object()),
}


@pytest.mark.parametrize("name", FORGERIES)
def test_a_forgery_is_not_sent(name: str, tmp_path: Path) -> None:
    venue = ToyVenue(ManualClock(START_MS))
    ticket = send.Ticket(1, "open", Decimal(1), Decimal(0), 0)
    with open_journal(journal_path(tmp_path), "toy") as journal:
        with pytest.raises((TypeError, XqError)):
            send.place(FORGERIES[name](), ticket, venue, journal, venue.clock, tuple)  # type: ignore[arg-type]
        assert journal.orders() == ()
    assert venue.requests == []


@dataclass
class WatchedVenue(ToyVenue):
    """Remembers who called `place` and `cancel`."""

    callers: list[str] = field(default_factory=list)
    approvals: list[Approved] = field(default_factory=list)

    def place(self, request: OrderRequest) -> Outcome:
        frame = sys._getframe(1)
        self.callers.append(f"{frame.f_globals['__name__']}.{frame.f_code.co_name}")
        self.approvals.append(frame.f_locals["approved"])
        return super().place(request)

    def cancel(self, symbol: Symbol, client_id: str) -> Outcome:
        frame = sys._getframe(1)
        self.callers.append(f"{frame.f_globals['__name__']}.{frame.f_code.co_name}")
        return super().cancel(symbol, client_id)


def _traded(tmp_path: Path, symbol: Symbol, weights: list[float]) -> WatchedVenue:
    venue = WatchedVenue(ManualClock(START_MS), (symbol,))
    with open_journal(journal_path(tmp_path), "toy") as journal:
        for weight in weights:
            tick(desk(venue, journal, {symbol: weight}), terms((symbol,)))
            next_bar(venue)
    return venue


def test_whatever_the_loop_does_goes_through_the_door(tmp_path: Path) -> None:
    venue = _traded(tmp_path, PERPETUAL, [0.5, -0.5, 0.0])
    assert len(venue.requests) == 4
    assert set(venue.callers) == {"xq.execution.send._sent"}
    assert [approved.request for approved in venue.approvals] == venue.requests


def test_an_approval_cannot_be_changed_copied_or_stored(tmp_path: Path) -> None:
    venue = _traded(tmp_path, SPOT, [0.5])
    (approved,) = venue.approvals
    for attempt in (copy.copy, copy.deepcopy, pickle.dumps):
        with pytest.raises(TypeError, match="neither copied nor stored"):
            attempt(approved)
        with pytest.raises(TypeError, match="neither copied nor stored"):
            attempt(check_cancel(SPOT, "x"))
    with pytest.raises((TypeError, ValueError)):
        replace(approved, reducing=True)
    object.__setattr__(approved, "request", replace(approved.request, client_id="more"))
    ticket = send.Ticket(1, "open", Decimal(1), Decimal(0), 0)
    with (
        open_journal(journal_path(tmp_path), "toy") as journal,
        pytest.raises(XqError, match="no Approved that the gate made"),
    ):
        send.place(approved, ticket, venue, journal, venue.clock, tuple)
    leave = check_cancel(SPOT, "x")
    object.__setattr__(leave, "client_id", "y")
    with pytest.raises(XqError, match="no ApprovedCancel that the gate made"):
        send.cancel(leave, venue)
    assert len(venue.requests) == 1
    assert "xq.execution.send.cancel" not in venue.callers


JOURNALS = {"self", "self._store", "store", "journal", "desk.journal"}
"""Of these ``place`` is the name of a file."""


def _outside() -> list[Path]:
    door = {PACKAGE / "execution" / "send.py"}
    rooms = {"venues", "sim"}
    files = PACKAGE.rglob("*.py")
    return [p for p in files if p.relative_to(PACKAGE).parts[0] not in rooms and p not in door]


def test_nobody_takes_a_venue_s_methods_away_to_call_them_elsewhere() -> None:
    guilty = []
    for path in _outside():
        tree = ast.parse(path.read_text(encoding="utf-8"))
        trades = path.relative_to(PACKAGE).parts[0] in ("live", "execution", "backtest", "risk")
        called = {id(n.func) for n in ast.walk(tree) if isinstance(n, ast.Call)}
        for node in ast.walk(tree):
            taken = isinstance(node, ast.Attribute) and id(node) not in called
            if taken and node.attr == "place" and ast.unparse(node.value) in JOURNALS:
                continue
            if taken and node.attr in REACHING and (trades or "venue" in ast.unparse(node)):
                guilty.append(f"{path}:{node.lineno} {ast.unparse(node)}")
            if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] in (
                "methodcaller", "attrgetter", "__getattribute__",
            ):  # fmt: skip
                told = {a.value for a in node.args if isinstance(a, ast.Constant)}
                if told & REACHING or ast.unparse(node.func).endswith("__getattribute__"):
                    guilty.append(f"{path}:{node.lineno} {ast.unparse(node)}")
    assert guilty == []


def test_only_the_gate_opens_frozen_approvals() -> None:
    gate = PACKAGE / "risk" / "gate.py"
    for path in _outside():
        tree = ast.parse(path.read_text(encoding="utf-8"))
        names = {n.id if isinstance(n, ast.Name) else n.attr
                 for n in ast.walk(tree) if isinstance(n, (ast.Name, ast.Attribute))}  # fmt: skip
        if path != gate:
            assert not names & {"_GateProof", "_gate_proof", "_SEAL"}, path
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "object.__new__":
                assert "Approved" not in ast.unparse(node), path
    assert ApprovedCancel.__module__ == Approved.__module__ == "xq.risk.gate"
