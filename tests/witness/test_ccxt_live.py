"""ccxt's own live tests, which its package ships, run on the simulated venue.

Those that fail do so for reasons of ccxt, or of what this venue does not list, written beside them.
"""

import pytest
from support.witness import OWN, hear, venue

EXPLAINED = {
    "sync": {
        "test_create_order": "'BTC'",  # looks for the coin in an account that holds none
        "test_fetch_deposit_withdrawals": "not supported yet",
        "test_fetch_ledger": '"account" key',  # ccxt knows no account of a row of income
        "test_fetch_ledger_entry": "only be used for type option",
        "test_fetch_margin_modes": "expected to be an array",  # ccxt answers a dict
        "test_fetch_markets": "must return a dict",  # ccxt answers a list
        "test_fetch_my_liquidations": "does not have market symbol USDT",  # given a currency
        "test_fetch_positions": '"leverage" key',  # version 3 of the account does not tell it
        "test_load_markets": "no markets of type future",  # this venue lists none with a date
    },
    "pro": {
        "test_watch_balance": "free is undefined",  # ACCOUNT_UPDATE tells wallets alone
        "test_watch_liquidations": "name 'time' is not defined",
        "test_watch_liquidations_for_symbols": "name 'time' is not defined",
        "test_watch_positions": '"leverage" key',
    },
}
PASS = {"sync": 28, "pro": 11}


@pytest.mark.parametrize("which", ["sync", "pro"])
def test_the_structure_of_every_answer(tmp_path, which):
    with venue(tmp_path) as handle:
        seen = hear(OWN, "ccxt_live", handle.url, which)
    explained = EXPLAINED[which]
    assert seen.failures.keys() == explained.keys(), seen.explain()
    for row in seen.rows:
        assert explained.get(row.call, "") in row.detail
    assert len(seen.rows) - len(explained) == PASS[which]
