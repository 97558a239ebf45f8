"""Sums that are carried from look to look are those that a count of everything gives."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from support.toy_venue import SPOT, START_MS, journal_path

from xq.execution.journal import Journal, open_journal
from xq.execution.ledger_records import Event, Severity
from xq.live.figures import FOREIGN, Counted
from xq.types import Fill, Side

D = Decimal


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with open_journal(journal_path(tmp_path), "toy") as opened:
        yield opened


def trade(journal: Journal, number: int) -> None:
    asset, fee = ("USDT", D("0.25")) if number % 3 else ("BNB", D("-0.001"))
    fill = Fill(
        SPOT, str(number), "7", Side.BUY, D(100), D(1), fee, asset, START_MS - number, maker=False
    )
    journal.books.add_fills([(fill, None)])
    kind = FOREIGN if number % 2 else "protected"
    journal.events.append(Event(START_MS + number, kind, Severity.WARNING, "somebody acted"))


def recounted(journal: Journal) -> tuple[dict[str, Decimal], int]:
    fees: dict[str, Decimal] = {}
    for fill in journal.books.fills():
        fees[fill.fee_asset] = fees.get(fill.fee_asset, D(0)) + fill.fee
    return fees, sum(event.kind == FOREIGN for event in journal.events.all())


def test_they_equal_a_recount_at_every_look(journal: Journal) -> None:
    counted = Counted()
    for look in range(8):
        for number in range(look):
            trade(journal, 10 * look + number)
        for _ in range(2):  # a look without news counts nothing twice
            counted.catch_up(journal)
            assert (counted.fees, counted.differences) == recounted(journal)
    assert counted.differences == 12


def test_only_what_is_new_is_read(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    counted, read = Counted(), []
    trade(journal, 1)
    counted.catch_up(journal)
    fills = journal.books.fills

    def watched(**wanted: Any) -> Any:
        read.append(len(found := fills(**wanted)))
        if len(read) == 1:
            trade(journal, 3)  # another process writes while it is counted
        return found

    monkeypatch.setattr(journal.books, "fills", watched)
    trade(journal, 2)
    counted.catch_up(journal)
    assert read == [1, 2]
    monkeypatch.undo()
    assert (counted.fees, counted.differences) == recounted(journal)
