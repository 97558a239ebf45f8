"""The journal in memory answers every question as the file does, whatever was written."""

import inspect
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.toy_venue import ETHER, PERPETUAL, SPOT

from xq.errors import XqError
from xq.execution.books import Books
from xq.execution.decisions import Decisions
from xq.execution.journal import Journal, scratch_journal
from xq.execution.memory import MemoryJournal
from xq.execution.memory_books import MemoryBooks
from xq.execution.memory_decisions import MemoryDecisions
from xq.execution.orders import OrderState
from xq.execution.records import DecisionKey, DecisionStatus, EquityPoint, JournalOrder, Signal
from xq.types import Fill, Order, OrderStatus, OrderType, Side

SYMBOLS = (SPOT, ETHER, PERPETUAL)
number = st.integers(0, 5)
symbol = st.sampled_from(SYMBOLS)
step = st.one_of(
    st.tuples(st.just("begin"), number, symbol),
    st.tuples(st.just("finish"), number, symbol, st.sampled_from(DecisionStatus)),
    st.tuples(st.just("signals"), number, symbol, st.booleans(), st.booleans()),
    st.tuples(st.just("intend"), number, symbol, number),
    st.tuples(st.just("move"), number, st.sampled_from(OrderState)),
    st.tuples(st.just("observe"), number, st.sampled_from(OrderStatus), number),
    st.tuples(st.just("fill"), number, symbol, number, st.booleans()),
    st.tuples(st.just("open"), symbol, number),
    st.tuples(st.just("adopt"), symbol, number),
    st.tuples(st.just("equity"), number, number),
    st.tuples(st.just("mirrored"), number),
)


def key(bar: int, about: Any) -> DecisionKey:
    return DecisionKey("toy", "plan", "1h", (about,), bar * 3_600_000)


def act(journal: Journal, what: str, *rest: Any) -> Any:
    """Do one thing; what came of it, or which error."""
    decisions, books = journal.decisions, journal.books
    try:
        match what, rest:
            case "begin", (bar, about):
                return decisions.begin(key(bar, about), bar)
            case "finish", (bar, about, status):
                known = decisions.find(key(bar, about))
                return known and decisions.finish(known, status)
            case "signals", (bar, about, reached, both):
                known = decisions.find(key(bar, about))
                made = [
                    Signal(item, bar / 2, Decimal(bar + 1), Decimal(0), Decimal(1), reached)
                    for item in ((about, ETHER) if both and about is SPOT else (about,))
                ]
                if known is not None:
                    decisions.record_signals(known, made)
                return known
            case "intend", (bar, about, name):
                known = decisions.find(key(bar, about))
                if known is not None:
                    journal.intend(_intent(known.id, about, name))
                return known
            case "move", (name, state):
                return journal.move(f"xq-{name}", state, 7, reason="so")
            case "observe", (name, status, filled):
                order = journal.order(f"xq-{name}")
                seen = Order(
                    order.symbol, f"v{name % 3}", order.client_id, order.side, order.type,
                    order.quantity, status, Decimal(filled),
                )  # fmt: skip
                return journal.observe(order.client_id, seen, 8)
            case "fill", (ident, about, ts, ours):
                side = Side.BUY if ident % 2 else Side.SELL
                fill = Fill(
                    about, str(ident), f"v{ident % 3}", side, Decimal(10), Decimal(ident),
                    Decimal("0.1"), about.base if ident > 2 else "USDT", ts,
                )  # fmt: skip
                ours = ours and journal.has_order(f"xq-{ident}")
                return books.add_fills([(fill, f"xq-{ident}" if ours else None)])
            case "open", (about, held):
                return books.open(about, held, Decimal(held))
            case "adopt", (about, held):
                return books.adopt(about, Decimal(held))
            case "equity", (ts, worth):
                return books.add_equity(EquityPoint(ts, Decimal(worth), Decimal(1), "p", "spot"))
            case "mirrored", (revision,):
                return books.set_mirrored(revision)
    except XqError as error:
        return type(error), error.message
    raise AssertionError(what)


def _intent(decision: int, about: Any, name: int) -> JournalOrder:
    return JournalOrder(
        f"xq-{name}", decision, about, "open", Side.BUY, OrderType.MARKET, Decimal(5), False,
        Decimal(10), Decimal(0), OrderState.INTENT, 1, created_ms=name * 10,
    )  # fmt: skip


def answers(journal: Journal) -> list[Any]:
    """Everything that can be asked."""
    decisions, books = journal.decisions, journal.books
    known = [decisions.find(key(bar, about)) for bar in range(6) for about in SYMBOLS]
    found: list[Any] = [known, decisions.unfinished(), decisions.signals(), journal.orders()]
    found += [decisions.newest_close(contracts=kind) for kind in (False, True)]
    found += [journal.orders_of(item) for item in known if item]
    found.append(journal.tally())
    found += [journal.unsettled_orders(), [journal.orders_since(at) for at in range(0, 60, 10)]]
    found += [books.symbols(), books.equity(), books.mirrored, books.fills()]
    for about in SYMBOLS:
        found += [decisions.last_signal(about), journal.orders(symbol=about)]
        found += [books.position(about), books.opening(about), books.last_fill_ms(about)]
        found += [books.fills(symbol=about, since_ms=at) for at in range(6)]
        found.append(journal.owners(about, {"v0", "v1", "v9"}))
    for name in range(6):
        client_id = f"xq-{name}"
        found += [journal.has_order(client_id), journal.moves(client_id)]
        found.append(books.fills(client_id=client_id))
    return found


def changed(journal: Journal, revision: int) -> list[Any]:
    """What was written since."""
    return [
        journal.orders(after=revision),
        journal.decisions.signals(after=revision),
        journal.books.fills(after=revision),
        journal.books.equity(after=revision),
    ]


@settings(max_examples=40, deadline=None)
@given(st.lists(step, max_size=25), st.lists(step, max_size=5))
def test_memory_answers_as_the_file_does(first: list[Any], then: list[Any]) -> None:
    memory = MemoryJournal("toy")
    with scratch_journal(Path("none"), "toy") as filed:
        for what in first:
            assert act(memory, *what) == act(filed, *what), what
        marks = memory.books.revision, filed.books.revision
        for what in then:
            assert act(memory, *what) == act(filed, *what), what
        assert answers(memory) == answers(filed)
        assert changed(memory, marks[0]) == changed(filed, marks[1])
        assert filed.chain.verify().findings == ()


@pytest.mark.parametrize(
    ("kept", "filed"),
    [(MemoryJournal, Journal), (MemoryDecisions, Decisions), (MemoryBooks, Books)],
)
def test_nothing_in_memory_asks_a_file(kept: type, filed: type) -> None:
    asking = {
        name
        for name, function in vars(filed).items()
        if inspect.isfunction(function)
        and name[0] != "_"
        and "_store" in inspect.getsource(function)
    }
    reached = {name for name in asking if getattr(kept, name) is getattr(filed, name)}
    assert asking
    assert reached == set()
