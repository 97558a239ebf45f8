"""The connection that pages come by: where an answer ends, what is half of one, who is trusted."""

import gzip
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
import trustme

from xq.venues.outcomes import Failure
from xq.venues.wire import WireSession

OK = b"HTTP/1.1 200 OK\r\n"
WHOLE = OK + b"Content-Length: 5\r\n\r\n[[1]]"
TARGET = "/fapi/v1/klines?symbol=BTCUSDT"


class Keeper:
    """Answers one request after the other from a list, on as few connections as it is asked on."""

    def __init__(self, answers: list[bytes], context: ssl.SSLContext | None = None) -> None:
        self.answers = answers
        self.asked: list[bytes] = []
        self.connections = 0
        self._context = context
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http{'s' if context else ''}://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
                if self._context is not None:
                    connection = self._context.wrap_socket(connection, server_side=True)
            except ssl.SSLError:
                continue
            except OSError:
                return
            self.connections += 1
            with connection:
                self._serve(connection)

    def _serve(self, connection: socket.socket) -> None:
        while self.answers:
            request = b""
            while not request.endswith(b"\r\n\r\n"):
                piece = connection.recv(65_536)
                if not piece:
                    return
                request += piece
            self.asked.append(request)
            answer = self.answers.pop(0)
            connection.sendall(answer)
            if b"close" in answer.lower() or b"Content-Length" not in answer:
                return

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


@pytest.fixture
def session() -> Iterator[WireSession]:
    with WireSession(loopback_only=True) as opened:
        yield opened


@pytest.mark.parametrize(
    "answer",
    [
        WHOLE,
        OK + b"Transfer-Encoding: chunked\r\n\r\n2;a=b\r\n[[\r\n3\r\n1]]\r\n0\r\nX: y\r\n\r\n",
        OK + b"\r\n[[1]]",
        b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\n[[1]]",
        b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + WHOLE,
        OK + b"content-encoding: gzip\r\n\r\n" + gzip.compress(b"[[1]]"),
    ],
    ids=["length", "chunked", "until_closed", "old", "after_a_hint", "packed"],
)
def test_the_end_of_an_answer_is_found(session: WireSession, answer: bytes) -> None:
    keeper = Keeper([answer])
    assert session.get_bytes(keeper.url, TARGET, 5) == (200, b"[[1]]")
    keeper.close()


def test_one_connection_serves_many_requests(session: WireSession) -> None:
    keeper = Keeper([WHOLE] * 3)
    for _ in range(3):
        session.get_bytes(keeper.url, TARGET, 5)
    assert (keeper.connections, len(keeper.asked)) == (1, 3)
    head, *lines = keeper.asked[0].decode().splitlines()
    assert head == f"GET {TARGET} HTTP/1.1"
    assert f"Host: {keeper.url.removeprefix('http://')}" in lines
    keeper.close()


@pytest.mark.parametrize(
    "last", [OK + b"Connection: close\r\nContent-Length: 2\r\n\r\n[]", OK + b"\r\n[]"]
)
def test_a_closed_connection_is_opened_again(session: WireSession, last: bytes) -> None:
    keeper = Keeper([last, WHOLE])
    assert session.get_bytes(keeper.url, TARGET, 5) == (200, b"[]")
    assert session.get_bytes(keeper.url, TARGET, 5) == (200, b"[[1]]")
    assert keeper.connections == 2
    keeper.close()


@pytest.mark.parametrize(
    "answer",
    [
        OK + b"Content-Length: 9\r\nX: close\r\n\r\n[[1",
        OK + b"Transfer-Encoding: chunked\r\n\r\n9\r\n[[1",
        OK + b"Transfer-Encoding: chunked\r\n\r\nnine\r\n[[1",
        OK + b"X: y\r\n",
        OK + b"X: y\r\n" * 200 + b"\r\n",
        OK + b"X: " + b"y" * 70_000,
        b"SSH-2.0\r\n\r\n",
        b"",
        OK + b"content-encoding: gzip\r\n\r\n" + gzip.compress(b"[[1]]")[:-9],
    ],
    ids=["short", "chunk", "size", "headers", "many", "long", "no_http", "nothing", "packed"],
)
def test_half_an_answer_is_none_and_the_next_is_read_afresh(
    session: WireSession, answer: bytes
) -> None:
    keeper = Keeper([answer, WHOLE])
    with pytest.raises(requests.RequestException):
        session.get_bytes(keeper.url, TARGET, 5)
    assert isinstance(session.last, Failure)
    assert session.last.sent
    assert session.get_bytes(keeper.url, TARGET, 5) == (200, b"[[1]]")
    keeper.close()


def test_a_stranger_gets_no_request(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    bundle = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(bundle)
    keeper = Keeper([WHOLE], context)
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.setenv(name, "127.0.0.1")
    with WireSession(loopback_only=False) as stranger:
        monkeypatch.delenv("SSL_CERT_FILE", raising=False)
        with pytest.raises(requests.RequestException):
            stranger.get_bytes(keeper.url, TARGET, 5)
        assert isinstance(stranger.last, Failure)
        assert not stranger.last.sent
        assert "certificate" in stranger.last.reason
    monkeypatch.setenv("SSL_CERT_FILE", str(bundle))
    with WireSession(loopback_only=False) as friend:
        assert friend.get_bytes(keeper.url, TARGET, 5) == (200, b"[[1]]")
    assert len(keeper.asked) == 1
    keeper.close()
