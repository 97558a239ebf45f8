"""One account, one journal, one lock: whatever name the exchange is given."""

from pathlib import Path

import pytest

from xq.api.trade import account_name, journal_place
from xq.api.workspace import Workspace, open_workspace
from xq.errors import UnknownName


def paper(root: Path, exchange: str) -> Workspace:
    flags = {"exchange.name": exchange, "trade.mode": "paper"}
    return open_workspace(flags=flags, environ={}, cwd=root)


def test_two_names_of_one_exchange_are_one_account(tmp_path: Path) -> None:
    one, other = paper(tmp_path, "binance"), paper(tmp_path, "binanceusdm")
    assert account_name(one) == account_name(other) == "paper:binance"
    assert journal_place(one) == journal_place(other)
    assert journal_place(paper(tmp_path, "kraken")) != journal_place(one)


def test_an_unknown_exchange_has_no_account(tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match="binanse"):
        account_name(paper(tmp_path, "binanse"))
