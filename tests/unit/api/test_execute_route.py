"""One parent over two venues: split by their books, a leg in each account, nothing doubled."""

from decimal import Decimal
from pathlib import Path

import pytest
from support.trade_bench import served, workspace

from xq.api.execute_hows import market_made
from xq.api.execute_plan import Asked
from xq.api.execute_route import begin_legs, routed, work_legs
from xq.api.trade import account_name, journal_place, lock_path
from xq.api.workspace import Workspace
from xq.errors import CredentialsMissing, LockHeld, UsageError
from xq.execution.journal import read_journal
from xq.live.lock import only_run

D = Decimal
VENUES = ("sim", "sim-bybit")
ASKED = Asked("BTC/USDT:USDT", "buy", quantity="8", over="20s")
AT_ONCE = market_made("twap", slices=1)
WIDE = {
    "XQ_TRADE__MODE": "paper",
    "XQ_TRADE__LEVERAGE": "50",
    "XQ_RISK__MAX_LEVERAGE": "100",
    "XQ_RISK__MAX_ORDER_NOTIONAL": "1000000",
    "XQ_RISK__MAX_POSITION_NOTIONAL": "1000000",
}


def sent(ws: Workspace) -> list[tuple[Decimal, Decimal | None]]:
    """Filled quantity and limit of every order in an account's journal."""
    with read_journal(journal_place(ws), account_name(ws)) as journal:
        return [(order.filled, order.price) for order in journal.orders()]


def test_each_leg_is_worked_in_its_own_account(tmp_path: Path) -> None:
    ws = workspace(tmp_path, **WIDE)
    with served(ws):
        legs, unrouted = routed(ws, ASKED, VENUES)
        assert [leg.venue for leg in legs] == ["sim", "sim-bybit"]
        assert sum((leg.quantity for leg in legs), D(0)) + unrouted == 8
        rows = work_legs(begin_legs(legs, AT_ONCE), lambda told: None)
        assert [row["venue"] for row in rows] == list(VENUES)
        for leg, row in zip(legs, rows, strict=True):
            assert row["filled"] > 0
            orders = sent(leg.ws)
            assert {limit for _, limit in orders} == {leg.worst}
            assert sum((filled for filled, _ in orders), D(0)) == row["filled"] <= leg.quantity


def test_a_leg_that_cannot_begin_is_said_and_the_other_goes_on(tmp_path: Path) -> None:
    ws = workspace(tmp_path, **WIDE)
    with served(ws):
        legs, _ = routed(ws, ASKED, VENUES)
        with only_run(lock_path(legs[0].ws)):
            begun = begin_legs(legs, AT_ONCE)
        assert isinstance(begun[0].error, LockHeld)
        first, second = work_legs(begun, lambda told: None)
        assert (first["status"], second["status"]) == ("refused", "ended")
        assert not Path(journal_place(legs[0].ws)).exists() or sent(legs[0].ws) == []
        assert second["filled"] > 0


@pytest.mark.parametrize(
    ("mode", "venues", "error", "said"),
    [
        ("sim", VENUES, UsageError, "are one account"),
        ("paper", ("sim",), UsageError, "two venues or more"),
        ("paper", ("sim", "sim"), UsageError, "two venues or more"),
        ("testnet", ("binance", "bybit"), CredentialsMissing, "XQ_API_KEY_BYBIT"),
        ("live", ("binance", "bybit"), CredentialsMissing, "XQ_API_KEY_BINANCE"),
    ],
)
def test_what_cannot_be_routed_is_refused(
    tmp_path: Path, mode: str, venues: tuple[str, ...], error: type[Exception], said: str
) -> None:
    keys = {"XQ_API_KEY": "one", "XQ_API_SECRET": "for all"}
    ws = workspace(tmp_path, **WIDE | keys | {"XQ_TRADE__MODE": mode})
    with pytest.raises(error, match=said):
        routed(ws, ASKED, venues)
