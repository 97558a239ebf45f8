"""What a failed request proves: whether a byte of it can have left."""

import pytest
import requests
from support.wire_server import RESET, WireServer, answer, closed_port

from xq.venues.outcomes import Failure
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
