"""A loopback TCP server that answers HTTP with exactly the bytes, or the silence, it is told to."""

import socket
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType

HANG = b"<hang>"
RESET = b"<reset>"


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    body: str


Script = Callable[[Request], bytes]


def answer(status: int, body: str, *headers: str, length: int | None = None) -> bytes:
    payload = body.encode()
    lines = [
        f"HTTP/1.1 {status} X",
        f"Content-Length: {len(payload) if length is None else length}",
        "Connection: close",
        *headers,
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + payload


class WireServer:
    """``with WireServer(script) as server``; the script sees every request and returns bytes."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.requests: list[Request] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._threads: list[threading.Thread] = []
        self._closing = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self) -> "WireServer":
        self._start(self._accept)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._closing.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(5)

    def _start(self, target: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._start(self._serve, connection)

    def _serve(self, connection: socket.socket) -> None:
        with connection:
            request = _read(connection)
            if request is None:
                return
            self.requests.append(request)
            reply = self.script(request)
            if reply == HANG:
                self._closing.wait(10)
            elif reply == RESET:
                linger = struct.pack("ii", 1, 0)
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            else:
                connection.sendall(reply)


def _read(connection: socket.socket) -> Request | None:
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(65536)
        if not piece:
            return None
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    fields = dict(line.lower().split(": ", 1) for line in lines[1:] if ": " in line)
    while len(body) < int(fields.get("content-length", 0)):
        body += connection.recv(65536)
    method, path, _ = lines[0].split(" ")
    return Request(method, path, body.decode())


def closed_port() -> int:
    """A port that nothing listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]
