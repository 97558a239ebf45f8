"""One connection that is kept for many plain GETs: what remains of HTTP when only bytes matter.

urllib3 opens it, with the proof against strangers that it would give its own requests. The rest is
the few rules of RFC 9112 by which a client finds the end of an answer: a request of urllib3 costs
four times as much, nearly all of it for what a page of bars does not need.
"""

import gzip
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import (
    BadStatusLine,
    HTTPException,
    IncompleteRead,
    LineTooLong,
    RemoteDisconnected,
)
from typing import BinaryIO, cast

from urllib3 import HTTPConnectionPool
from urllib3 import exceptions as transport
from urllib3.connection import HTTPConnection

BROKEN = (transport.HTTPError, HTTPException, OSError)
_PACKED = "gzip"
_LONGEST_LINE, _MOST_HEADERS = 65_536, 100  # as the standard library has them
_BODILESS = (204, 304)


@dataclass(frozen=True, slots=True)
class Page:
    """A whole answer; names of headers in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Line:
    """A connection to the host of a pool; for one thread at a time.

    Parameters
    ----------
    netloc
        Name and port as they stand in the address.
    headers
        Sent with every request.
    """

    def __init__(self, pool: HTTPConnectionPool, netloc: str, headers: Mapping[str, str]) -> None:
        # What urllib3 offers to subclasses of pools.
        self._connection = cast(HTTPConnection, pool._new_conn())
        self._answers: BinaryIO | None = None
        sent = {"Host": netloc, **headers, "Accept-Encoding": _PACKED}
        lines = "".join(f"{name}: {value}\r\n" for name, value in sent.items())
        self._rest = f" HTTP/1.1\r\n{lines}\r\n"

    def get(self, target: str, timeout: float) -> Page:
        """The answer to a GET; any of `BROKEN` is raised if there was no whole one."""
        connection = self._connection
        request = f"GET {target}{self._rest}".encode("ascii")
        if self._answers is None or not connection.is_connected:
            self.close()  # the other side did, meanwhile
            connection.timeout = timeout
            connection.connect()
            self._answers = connection.sock.makefile("rb")
        try:
            connection.sock.settimeout(timeout)
            connection.sock.sendall(request)
            page, stays = _answer(self._answers)
        except BaseException:
            self.close()  # half an answer must not be read as the next one
            raise
        if not stays:
            self.close()
        return page

    def close(self) -> None:
        """Hang up."""
        if self._answers is not None:
            self._answers.close()
            self._answers = None
        self._connection.close()


def _answer(stream: BinaryIO) -> tuple[Page, bool]:
    """The next answer, and whether another may follow it."""
    status, version = _status(stream)
    headers = _headers(stream)
    while 100 <= status < 200:  # a word in between
        status, version = _status(stream)
        headers = _headers(stream)
    stays = version != "HTTP/1.0" and headers.get("connection", "").lower() != "close"
    if status in _BODILESS:
        body = b""
    elif headers.get("transfer-encoding", "identity").lower() != "identity":
        body = _chunked(stream)
    elif "content-length" in headers:
        body = _exactly(stream, _number(headers["content-length"], 10))
    else:
        body, stays = stream.read(), False
    if headers.get("content-encoding", "").lower() == _PACKED:
        try:
            body = gzip.decompress(body)
        except (EOFError, zlib.error) as error:
            raise HTTPException("the packed answer cannot be unpacked") from error
    return Page(status, headers, body), stays


def _status(stream: BinaryIO) -> tuple[int, str]:
    line = _line(stream)
    if not line:
        raise RemoteDisconnected("no answer")
    version, _, rest = line.partition(" ")
    code = rest[:3]
    if not (version.startswith("HTTP/") and code.isdigit() and len(code) == 3):
        raise BadStatusLine(line)
    return int(code), version


def _headers(stream: BinaryIO) -> dict[str, str]:
    found: dict[str, str] = {}
    for _ in range(_MOST_HEADERS):
        line = _line(stream)
        if line in ("\r\n", "\n"):
            return found
        if not line:
            raise IncompleteRead(b"")
        name, _, value = line.partition(":")
        found[name.lower()] = value.strip()
    raise HTTPException(f"more than {_MOST_HEADERS} headers")


def _chunked(stream: BinaryIO) -> bytes:
    parts = []
    while size := _number(_line(stream).partition(";")[0], 16):
        parts.append(_exactly(stream, size))
        _line(stream)
    _headers(stream)  # what may follow the last chunk
    return b"".join(parts)


def _exactly(stream: BinaryIO, size: int) -> bytes:
    body = stream.read(size)
    if len(body) < size:
        raise IncompleteRead(body, size - len(body))
    return body


def _number(text: str, base: int) -> int:
    try:
        return int(text, base)
    except ValueError:
        raise IncompleteRead(b"") from None


def _line(stream: BinaryIO) -> str:
    line = stream.readline(_LONGEST_LINE + 1)
    if len(line) > _LONGEST_LINE:
        raise LineTooLong("header line")
    return line.decode("latin-1")
