"""One connection that is kept for many plain GETs: what remains of HTTP when only bytes matter.

urllib3 opens it, with the proof against strangers that it would give its own requests, and the
standard library speaks over it: a request of urllib3 costs twice as much.
"""

import gzip
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPResponse

from urllib3 import HTTPConnectionPool
from urllib3 import exceptions as transport

BROKEN = (transport.HTTPError, HTTPException, OSError)
_PACKED = "gzip"


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
    headers
        Sent with every request.
    """

    def __init__(self, pool: HTTPConnectionPool, headers: Mapping[str, str]) -> None:
        self._connection = pool._new_conn()  # what urllib3 offers to subclasses of pools
        self._headers = {**headers, "Accept-Encoding": _PACKED}

    def get(self, target: str, timeout: float) -> Page:
        """The answer to a GET; any of `BROKEN` is raised if there was no whole one."""
        connection = self._connection
        if connection.sock is not None and not connection.is_connected:
            connection.close()  # by the other side, meanwhile
        try:
            if connection.sock is None:
                connection.timeout = timeout
                connection.connect()
            connection.sock.settimeout(timeout)
            HTTPConnection.request(connection, "GET", target, headers=self._headers)
            answer: HTTPResponse = HTTPConnection.getresponse(connection)  # type: ignore[assignment]
            return _page(answer)
        except BaseException:
            connection.close()  # half an answer must not be read as the next one
            raise

    def close(self) -> None:
        """Hang up."""
        self._connection.close()


def _page(answer: HTTPResponse) -> Page:
    body = answer.read()
    headers = {name.lower(): value for name, value in answer.getheaders()}
    if headers.get("content-encoding") == _PACKED:
        try:
            body = gzip.decompress(body)
        except (EOFError, zlib.error) as error:
            raise HTTPException("the packed answer cannot be unpacked") from error
    return Page(answer.status, headers, body)
