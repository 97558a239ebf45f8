"""Sixty-four combinations of the six things that must agree: one of them trades."""

from collections.abc import Mapping
from dataclasses import replace
from itertools import product
from typing import Any

import pytest

from xq.venue_types import KeyScope
from xq.venues.live_check import Armed, Facts, before_asking, may_stop, may_trade_live

HOSTS = frozenset({"api.binance.com", "fapi.binance.com"})
ACCOUNT, KEY, NOW = "live:binance", "0123abcd", 1_000
SCOPE = KeyScope(can_trade=True, can_withdraw=False, ip_restricted=True)
ARMED = Armed(ACCOUNT, KEY, NOW + 1)
GOOD = Facts("live", ACCOUNT, False, HOSTS, HOSTS, KEY, SCOPE, ACCOUNT, KEY, ARMED, NOW)

# What is wrong when one of the six does not agree, each way it can be.
BAD: dict[str, list[Mapping[str, Any]]] = {
    "mode asked for": [{"mode": "paper"}, {"mode": "testnet"}, {"mode": ""}],
    "profile": [{"demo": True}, {"demo": None}],
    "signed clients": [
        {"may_ask": frozenset()},
        {"may_ask": HOSTS | {"evil.example.com"}},
        {"may_ask": frozenset({"demo-api.binance.com"})},
    ],
    "the key may|exchange did not say": [
        {"scope": None},
        {"scope": replace(SCOPE, can_withdraw=True)},
        {"scope": replace(SCOPE, can_trade=False)},
    ],
    "state folder": [{"folder_account": ""}, {"folder_account": "live:bybit"}, {"folder_key": "x"}],
    "arm": [
        {"armed": None},
        {"armed": replace(ARMED, until_ms=NOW)},
        {"armed": replace(ARMED, account="live:bybit")},
        {"armed": replace(ARMED, key="x")},
    ],
}


@pytest.mark.parametrize("wrong", list(product([False, True], repeat=len(BAD))))
def test_all_six_must_agree(wrong: tuple[bool, ...]) -> None:
    facts, expected = GOOD, []
    for bad, (word, ways) in zip(wrong, BAD.items(), strict=True):
        if bad:
            facts = replace(facts, **ways[0])
            expected.append(word)
    reasons = may_trade_live(facts)
    assert len(reasons) == len(expected)
    for words, reason in zip(expected, reasons, strict=True):
        assert any(word in reason for word in words.split("|")), reason


@pytest.mark.parametrize("way", [way for ways in BAD.values() for way in ways])
def test_every_way_to_be_wrong_is_refused(way: Mapping[str, Any]) -> None:
    assert len(may_trade_live(replace(GOOD, **way))) == 1


def test_the_exchange_is_asked_only_when_all_else_agrees() -> None:
    assert before_asking(replace(GOOD, scope=None)) == ()
    for word, ways in BAD.items():
        if "key may" not in word:
            assert before_asking(replace(GOOD, **ways[0])) != ()


def test_no_secret_is_in_a_reason() -> None:
    facts = replace(GOOD, folder_key="x", armed=replace(ARMED, key="y"))
    assert all(KEY not in reason for reason in may_trade_live(facts))


def test_a_stop_needs_no_leave_but_the_right_account_and_hosts() -> None:
    unarmed = replace(GOOD, armed=None, scope=None)
    assert may_stop(unarmed) == ()
    assert may_stop(replace(unarmed, folder_account="", folder_key="")) == ()  # it lost its name
    for wrong in ({"folder_key": "x"}, {"may_ask": frozenset()}, {"demo": True}, {"mode": "paper"}):
        assert len(may_stop(replace(unarmed, **wrong))) == 1
