"""The barest REST client there is: one kept connection, bytes out, bytes in."""

import hashlib
import hmac
import json
import socket
from time import time
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

_KEY, _SECRET = "sim", b"sim"
_LENGTH = b"content-length:"


def signed(method: str, path: str, query: str) -> bytes:
    """A request, signed by the account that every venue has."""
    query += f"&timestamp={time() * 1000:.0f}&recvWindow=60000"
    signature = hmac.new(_SECRET, query.encode(), hashlib.sha256).hexdigest()
    return (
        f"{method} {path}?{query}&signature={signature} HTTP/1.1\r\n"
        f"Host: 127.0.0.1\r\nX-MBX-APIKEY: {_KEY}\r\n\r\n"
    ).encode()


class Wire:
    """One connection."""

    def __init__(self, url: str) -> None:
        place = urlsplit(url)
        self._socket = socket.create_connection((place.hostname, place.port), timeout=120)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def __enter__(self) -> "Wire":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._socket.close()

    def fileno(self) -> int:
        """So that it can be waited for."""
        return self._socket.fileno()

    def send(self, request: bytes) -> None:
        """Ask without waiting."""
        self._socket.sendall(request)

    def receive(self) -> bytes:
        """The whole body of the next answer; ends the program if it is not 200."""
        found = b""
        while b"\r\n\r\n" not in found:
            found += self._more()
        head, _, body = found.partition(b"\r\n\r\n")
        length = next(
            int(line[len(_LENGTH) :])
            for line in head.lower().split(b"\r\n")
            if line.startswith(_LENGTH)
        )
        while len(body) < length:
            body += self._more()
        if not head.startswith(b"HTTP/1.1 200"):
            raise SystemExit(f"{head.decode()}\n{body.decode()}")
        return body

    def ask(self, request: bytes) -> Any:
        """The answer to a request."""
        self.send(request)
        return json.loads(self.receive())

    def _more(self) -> bytes:
        found = self._socket.recv(65_536)
        if not found:
            raise SystemExit("the server hung up")
        return found
