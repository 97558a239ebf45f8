"""What a failed request proves: whether a byte of it can have left."""

import gzip

import pytest
import requests
from support.wire_server import RESET, WireServer, answer, closed_port

from xq.errors import VenueError
from xq.venues.outcomes import Failure, Reply
from xq.venues.wire import WireSession

ORDER = "http://api.exchange.test/order"


def post(monkeypatch: pytest.MonkeyPatch, proxy: str, url: str = ORDER) -> Failure:
    for name in ("http_proxy", "https_proxy"):
        monkeypatch.setenv(name, proxy)
    monkeypatch.setenv("no_proxy", "")
    with WireSession(loopback_only=False) as session:
        with pytest.raises(requests.RequestException):
            session.request("POST", url, data="quantity=1", timeout=5)
        assert isinstance(session.last, Failure)
        return session.last


@pytest.mark.parametrize("silence", [RESET, b""], ids=["reset", "closed"])
def test_a_proxied_request_without_an_answer_may_have_been_sent(
    monkeypatch: pytest.MonkeyPatch, silence: bytes
) -> None:
    with WireServer(lambda _: silence) as proxy:
        assert post(monkeypatch, proxy.url).sent
        assert [request.body for request in proxy.requests] == ["quantity=1"]


def test_a_proxy_that_is_not_there_was_sent_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not post(monkeypatch, f"http://127.0.0.1:{closed_port()}").sent


def test_a_proxy_that_refuses_the_tunnel_sent_nothing_on(monkeypatch: pytest.MonkeyPatch) -> None:
    with WireServer(lambda _: answer(403, "")) as proxy:
        failure = post(monkeypatch, proxy.url, "https://api.exchange.test/order")
        assert not failure.sent
        assert [request.method for request in proxy.requests] == ["CONNECT"]


PAGE = "/fapi/v1/klines?symbol=BTCUSDT"


def test_a_page_comes_as_bytes_and_follows_no_redirect() -> None:
    said = {PAGE: answer(200, "[[1]]", "X-Used: 7"), "/gone": answer(302, "no", "Location: /x")}
    with WireServer(lambda request: said[request.path]) as server:
        with WireSession(loopback_only=True) as session:
            assert session.get_bytes(server.url, PAGE, 5) == (200, b"[[1]]")
            assert isinstance(session.last, Reply)
            assert (session.last.status, session.last.headers["x-used"]) == (200, "7")
            assert session.get_bytes(server.url, "/gone", 5) == (302, b"no")
        assert [request.path for request in server.requests] == [PAGE, "/gone"]


def test_a_packed_page_is_unpacked() -> None:
    packed = gzip.compress(b"[[1]]")
    head = f"HTTP/1.1 200 X\r\nContent-Length: {len(packed)}\r\nContent-Encoding: gzip\r\n\r\n"
    with (
        WireServer(lambda _: head.encode() + packed) as server,
        WireSession(loopback_only=True) as session,
    ):
        assert session.get_bytes(server.url, PAGE, 5) == (200, b"[[1]]")


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (RESET, "connection reset"),
        (answer(200, "[[1", length=90), "the answer broke off"),
    ],
)
def test_half_a_page_is_a_failure(said: bytes, reason: str) -> None:
    with WireServer(lambda _: said) as server, WireSession(loopback_only=True) as session:
        with pytest.raises(requests.RequestException):
            session.get_bytes(server.url, PAGE, 5)
        assert session.last == Failure(sent=True, reason=reason)
        assert len(server.requests) == 1


def test_a_page_of_a_host_that_is_not_there_was_never_sent() -> None:
    with WireSession(loopback_only=True) as session:
        with pytest.raises(requests.RequestException):
            session.get_bytes(f"http://127.0.0.1:{closed_port()}", PAGE, 5)
        assert session.last == Failure(sent=False, reason="connection refused")


def test_pages_go_by_the_proxy_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    with WireServer(lambda _: answer(200, "[[1]]")) as proxy:
        monkeypatch.setenv("http_proxy", proxy.url)
        monkeypatch.setenv("no_proxy", "")
        with WireSession(loopback_only=False) as session:
            assert session.get_bytes("http://api.exchange.test", PAGE, 5) == (200, b"[[1]]")
        assert [request.path for request in proxy.requests] == [f"http://api.exchange.test{PAGE}"]


def test_pages_of_the_simulated_venue_stay_on_this_machine() -> None:
    with WireSession(loopback_only=True) as session, pytest.raises(VenueError, match="leave"):
        session.get_bytes("http://api.exchange.test", PAGE, 5)
