"""Parent orders on the simulated venue over the wire, the clock in the test's hand."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal

from support.trade_bench import ledger

from xq.api.execute import begin
from xq.api.execute_plan import Asked, Make
from xq.api.execute_run import Works
from xq.api.workspace import Workspace
from xq.clock import ManualClock
from xq.errors import XqError
from xq.execution.algos.codec import read
from xq.execution.algos.progress import Progress
from xq.execution.journal import read_journal
from xq.execution.ledger_records import Parent, ParentStatus
from xq.live.calls import CallLog
from xq.live.parents import Looked
from xq.types import Symbol

D = Decimal


@dataclass
class Bench:
    """Begins parents and steps them, as a service or a command does."""

    ws: Workspace
    works: Works

    def begin(self, make: Make, **asked: object) -> str:
        """A parent of BTC/USDT, to buy, unless told otherwise."""
        told = {"symbol": "BTC/USDT", "side": "buy"} | asked
        parent_id, worked = begin(self.ws, Asked(**told), make)
        assert not worked
        return parent_id

    def advance(self, milliseconds: int) -> None:
        """Let time pass."""
        assert isinstance(self.ws.clock, ManualClock)
        self.ws.clock.advance_to(self.ws.clock.now_ms() + milliseconds)

    def look(self) -> list[Looked]:
        """Step what is due; no error is expected."""
        told = self.works.look()
        errors = [each for each in told if isinstance(each, XqError)]
        assert errors == []
        return [each for each in told if isinstance(each, Looked)]

    def restart(self) -> None:
        """Forget everything that is not in the journal."""
        self.works.release()
        self.works = Works(self.ws, CallLog(self.ws.clock))

    def until_ended(self, parent_id: str, every_ms: int = 1_000, most: int = 200) -> Progress:
        """Step until a parent has ended."""
        for _ in range(most):
            if self.parent(parent_id).status is ParentStatus.ENDED:
                return self.progress(parent_id)
            self.advance(every_ms)
            self.look()
        raise AssertionError(f"{parent_id} does not end: {self.parent(parent_id)}")

    def parent(self, parent_id: str) -> Parent:
        """As the journal has it."""
        with read_journal(self.ws.state / "journal-sim.sqlite", "sim") as journal:
            return journal.parents.get(parent_id)

    def progress(self, parent_id: str) -> Progress:
        """As the journal has it."""
        return read(Progress, self.parent(parent_id).progress)

    def position(self, symbol: str) -> Decimal:
        """Signed quantity by the journal's books."""
        with read_journal(self.ws.state / "journal-sim.sqlite", "sim") as journal:
            return journal.books.position(Symbol.parse(symbol))

    def check_sent(self, parent_id: str) -> list[tuple[str, str, Decimal]]:
        """What the venue took of a parent, each order once and each in the journal."""
        with read_journal(self.ws.state / "journal-sim.sqlite", "sim") as journal:
            ours = {order.client_id for order in journal.orders()}
            children = {order.client_id for order in journal.children_of(parent_id)}
        rows = ledger(self.ws)
        assert {client_id for client_id, _, _ in rows} <= ours
        sent = [row for row in rows if row[0] in children]
        assert len({client_id for client_id, _, _ in sent}) == len(sent)
        return sent

    def check(self, parent_id: str) -> list[tuple[str, str, Decimal]]:
        """Journal, progress and venue agree; the venue's orders."""
        with read_journal(self.ws.state / "journal-sim.sqlite", "sim") as journal:
            parent = journal.parents.get(parent_id)
            orders = {o.client_id: o for o in journal.children_of(parent_id)}
        sent = self.check_sent(parent_id)
        filled = sum((row[2] for row in sent), D(0))
        assert filled == read(Progress, parent.progress).filled <= parent.quantity
        for client_id, _, done in sent:
            assert orders[client_id].filled == done
        return sent


@contextmanager
def bench(ws: Workspace) -> Iterator[Bench]:
    """A bench on a workspace whose venue is served."""
    made = Bench(ws, Works(ws, CallLog(ws.clock)))
    try:
        yield made
    finally:
        made.works.release()
