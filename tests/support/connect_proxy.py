"""An HTTP CONNECT proxy that ends TLS under a test CA and forwards to a loopback server.

Programs under test use their real configuration: real host names, real TLS, the environment's proxy
and CA bundle. Hosts that are not listed are refused, so that nothing can leave the machine.
"""

import contextlib
import json
import select
import socket
import ssl
import threading
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import TracebackType

import trustme

_ESTABLISHED = b"HTTP/1.1 200 Connection established\r\n\r\n"
_FORBIDDEN = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"
_SIGNED = (b"signature=", b"x-mbx-apikey:", b"x-bapi-")


class ConnectProxy:
    """``with ConnectProxy(["api.binance.com"], port) as proxy``.

    Parameters
    ----------
    backend
        Loopback port of a plain HTTP server that plays all the hosts, or a port for each.

    Attributes
    ----------
    asked, lines, signed
        Hosts that were connected to, the request lines they were sent, and those of them that
        showed a key.
    told
        What is answered here, as JSON, by the beginning of a path.
    """

    def __init__(self, hosts: Iterable[str], backend: int | Mapping[str, int]) -> None:
        self.hosts = frozenset(hosts)
        self.asked: list[str] = []
        self.lines: list[str] = []
        self.signed: list[str] = []
        self.told: dict[str, object] = {}
        self._backend = backend
        self._authority = trustme.CA()
        self._contexts = {host: self._context(host) for host in self.hosts}
        self._listener = socket.create_server(("127.0.0.1", 0))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def write_ca(self, path: Path) -> Path:
        self._authority.cert_pem.write_to_path(path)
        return path

    def environment(self, ca: Path, variable: str = "REQUESTS_CA_BUNDLE") -> dict[str, str]:
        return {"HTTPS_PROXY": self.url, "NO_PROXY": "", variable: str(self.write_ca(ca))}

    def __enter__(self) -> "ConnectProxy":
        _start(self._accept)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _context(self, host: str) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._authority.issue_cert(host).configure_cert(context)
        return context

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            _start(self._serve, connection)

    def _serve(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            method, target, *_ = _head(connection).split(" ")
            host = target.rpartition(":")[0]
            self.asked.append(host)
            if method != "CONNECT" or host not in self.hosts:
                connection.sendall(_FORBIDDEN)
                return
            connection.sendall(_ESTABLISHED)
            port = self._backend if isinstance(self._backend, int) else self._backend[host]
            with (
                self._contexts[host].wrap_socket(connection, server_side=True) as inside,
                socket.create_connection(("127.0.0.1", port)) as outside,
            ):
                self._relay(inside, outside)

    def _relay(self, inside: ssl.SSLSocket, outside: socket.socket) -> None:
        """One thread for both directions: a TLS socket is not to be shared by two."""
        other = {inside: outside, outside: inside}
        while True:
            waiting = inside.pending() > 0
            ready = [inside] if waiting else select.select([inside, outside], [], [], 30)[0]
            if not ready:
                return
            for source in ready:
                piece = source.recv(65536)
                if not piece:
                    return
                reply = self._heard(piece) if source is inside else None
                if reply is None:
                    other[source].sendall(piece)
                else:
                    inside.sendall(reply)

    def _heard(self, piece: bytes) -> bytes | None:
        """Write down a request; the answer, if it is given here."""
        line, found, _ = piece.partition(b" HTTP/1.1\r\n")
        if not found:
            return None
        asked = line.decode()
        self.lines.append(asked)
        if any(mark in piece.lower() for mark in _SIGNED):
            self.signed.append(asked)
        path = asked.partition(" ")[2]
        known = (body for start, body in self.told.items() if path.startswith(start))
        body = next(known, None)
        return None if body is None else _ok(json.dumps(body).encode())


def _ok(body: bytes) -> bytes:
    head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: "
    return f"{head}{len(body)}\r\n\r\n".encode() + body


def _head(connection: socket.socket) -> str:
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(4096)
        if not piece:
            break
        data += piece
    return data.decode().partition("\r\n")[0] + "  "


def _start(target: Callable[..., None], *args: object) -> threading.Thread:
    thread = threading.Thread(target=target, args=args, daemon=True)
    thread.start()
    return thread
