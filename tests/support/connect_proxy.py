"""An HTTP CONNECT proxy that ends TLS under a test CA and forwards to a loopback server.

Programs under test use their real configuration: real host names, real TLS, the environment's proxy
and CA bundle. Hosts that are not listed are refused, so that nothing can leave the machine.
"""

import contextlib
import select
import socket
import ssl
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from types import TracebackType

import trustme

_ESTABLISHED = b"HTTP/1.1 200 Connection established\r\n\r\n"
_FORBIDDEN = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"


class ConnectProxy:
    """``with ConnectProxy(["api.binance.com"], port) as proxy``.

    Parameters
    ----------
    backend
        Loopback port of a plain HTTP server that plays all the hosts.

    Attributes
    ----------
    asked, lines
        Hosts that were connected to, and the request lines they were sent.
    """

    def __init__(self, hosts: Iterable[str], backend: int) -> None:
        self.hosts = frozenset(hosts)
        self.asked: list[str] = []
        self.lines: list[str] = []
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
            with (
                self._contexts[host].wrap_socket(connection, server_side=True) as inside,
                socket.create_connection(("127.0.0.1", self._backend)) as outside,
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
                if source is inside and b" HTTP/1.1\r\n" in piece:
                    self.lines.append(piece.partition(b" HTTP/1.1\r\n")[0].decode())
                other[source].sendall(piece)


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
