"""The server's log tells of its own mistakes only."""

import logging

import pytest
from aiohttp import web
from aiohttp.http_exceptions import BadHttpMessage

from xq.sim.wire.noise import http_logger


def record(error):
    told = (type(error), error, None)
    return logging.LogRecord("xq", logging.ERROR, __file__, 1, "handling a request", (), told)


@pytest.mark.parametrize(
    "error",
    [
        BadHttpMessage("no request"),
        web.RequestPayloadError("half a body"),
        ConnectionResetError("gone in the middle of it"),
        BrokenPipeError("gone before the answer"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_clients_do_is_no_news(error):
    assert not http_logger().filter(record(error))


def test_mistakes_of_ours_are_told():
    assert http_logger().filter(record(ValueError("a bug")))
