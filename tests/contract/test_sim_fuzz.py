"""A sample of what `make torture` sends a million times: nonsense, nearly right."""

import socket

import pytest
from support.venue_fuzz import Unwell, exchange, fuzz_dispatch, fuzz_sockets, judge

from xq.sim.wire.auth import Message

MESSAGE = Message("POST", "/fapi/v1/order", "", "", None)
QUESTION = Message("GET", "/fapi/v1/order", "", "", None)


def test_nonsense_for_the_dispatcher():
    answers = fuzz_dispatch(3000, 7)
    assert answers.total() == 3000
    assert answers["200"] > 300  # nonsense alone would prove little
    assert len(answers) > 15


def test_nonsense_over_sockets():
    answers = fuzz_sockets(400, 7)
    assert answers.total() == 400
    assert answers["200"] > 40


@pytest.mark.parametrize(
    ("message", "status", "payload", "after"),
    [
        (MESSAGE, 500, {}, 1),
        (MESSAGE, 400, {}, 2),
        (QUESTION, 200, {}, 2),
        (MESSAGE, 400, [], 1),
    ],
)
def test_the_judge_sees_what_is_wrong(message, status, payload, after):
    with pytest.raises(Unwell):
        judge(message, status, payload, 1, after)


def test_the_judge_lets_pass_what_is_right():
    judge(MESSAGE, 200, {}, 1, 2)
    judge(MESSAGE, 400, {}, 1, 1)
    judge(QUESTION, 200, [], 1, 1)


def test_a_server_that_says_nothing_is_noticed(monkeypatch):
    monkeypatch.setattr("support.venue_fuzz.PATIENCE", 0.2)
    with (
        socket.create_server(("127.0.0.1", 0)) as deaf,
        pytest.raises(Unwell, match="no answer"),
    ):
        exchange(deaf.getsockname()[1], b"GET / HTTP/1.0\r\n\r\n")
