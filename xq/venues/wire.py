"""The HTTP session under ccxt: remembers what came over the wire, and where it may not go."""

import logging
import os
import ssl
from collections.abc import Callable, Mapping
from http.client import IncompleteRead
from ipaddress import ip_address
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.utils import DEFAULT_CA_BUNDLE_PATH, select_proxy
from urllib3 import HTTPConnectionPool
from urllib3 import exceptions as transport

from xq.errors import VenueError
from xq.redact import clean
from xq.venues.line import BROKEN, Line, Page
from xq.venues.outcomes import Failure, Reply, Wire

Answer = TypeVar("Answer")

_PIECE = 1 << 20
_SHOWN = 200
# Not ProxyError: urllib3 also wraps in it an answer that a proxied connection never gave.
_BEFORE_FIRST_BYTE = (
    transport.NewConnectionError,
    transport.ConnectTimeoutError,
    ssl.SSLCertVerificationError,
)
_TUNNEL_REFUSED = "Tunnel connection failed"  # how http.client begins what a proxy said to CONNECT
_NEVER_A_REQUEST = (
    requests.exceptions.InvalidURL,
    requests.exceptions.MissingSchema,
    requests.exceptions.InvalidSchema,
    requests.exceptions.InvalidHeader,
    requests.exceptions.InvalidProxyURL,
    requests.exceptions.ConnectTimeout,
)

for _name in ("ccxt", "urllib3"):  # they report through our errors, never on stderr
    logging.getLogger(_name).addHandler(logging.NullHandler())


class WireSession(requests.Session):
    """A session for one ccxt client and one thread.

    Parameters
    ----------
    loopback_only
        Refuse every host but this machine, and ignore proxies: what a signed client of the
        simulated venue gets, so that no order of it can reach a real exchange.
    hosts
        Refuse every other host over TLS than these; empty refuses none.

    Attributes
    ----------
    last
        What happened to the newest request; None if none was made since `forget`.
    """

    def __init__(self, *, loopback_only: bool, hosts: frozenset[str] = frozenset()) -> None:
        super().__init__()
        self.trust_env = not loopback_only
        self.auth = _no_auth  # a netrc entry must not add credentials
        self.last: Wire | None = None
        self._loopback_only = loopback_only
        self._hosts = hosts
        self._line: tuple[str, Line | None] | None = None

    def forget(self) -> None:
        """Drop the memory of earlier requests."""
        self.last = None

    def request(self, method: str, url: str, **options: Any) -> requests.Response:  # type: ignore[override]
        """Send one request, follow no redirect, and remember the outcome."""
        wanted = options | {"allow_redirects": False, "stream": True}

        def send() -> requests.Response:
            answer = super(WireSession, self).request(method, url, **wanted)
            read_whole(answer)
            return answer

        response = self._remembered(url, send)
        response.encoding = "utf-8"
        self.last = Reply(response.status_code, response.text, _headers(response))
        return response

    def get_bytes(self, host: str, target: str, timeout: float) -> tuple[int, bytes]:
        """Status and body of one of many plain GETs of a host, without preparing each anew.

        Of an answer with status 200 only the beginning is remembered.

        Parameters
        ----------
        host
            Scheme, name and port; every call of a session names the same.
        target
            Path and query.

        Raises
        ------
        requests.RequestException
            If there was no whole answer.
        """
        if self._line is None or self._line[0] != host:
            self._hang_up()
            self._line = host, self._connected(host)
        line = self._line[1]
        if line is None:  # a proxy wants its own form of a request
            response = self.request("GET", host + target, timeout=timeout)
            return response.status_code, response.content
        answer = self._remembered(host, lambda: _bare(line, target, timeout))
        body = answer.body if answer.status >= 300 else answer.body[:_SHOWN]
        self.last = Reply(answer.status, body.decode("utf-8", "replace"), answer.headers)
        return answer.status, answer.body

    def route(self, url: str) -> tuple[str | None, ssl.SSLContext]:
        """The proxy by which a WebSocket is reached, if any, and whose certificates are trusted.

        As for this session's own requests: by ``HTTPS_PROXY`` and the names of CA bundles.
        """
        address = url.replace("ws", "http", 1)
        settings = self.merge_environment_settings(address, {}, None, None, None)
        named = settings["verify"]
        bundle = Path(named if isinstance(named, str) else DEFAULT_CA_BUNDLE_PATH)
        file, folder = (None, bundle) if bundle.is_dir() else (bundle, None)
        trusted = ssl.create_default_context(cafile=file, capath=folder)
        return select_proxy(address, settings["proxies"]), trusted

    def close(self) -> None:
        """Close every connection."""
        self._hang_up()
        super().close()

    def _hang_up(self) -> None:
        if self._line is not None and self._line[1] is not None:
            self._line[1].close()

    def _connected(self, host: str) -> Line | None:
        """A connection as proof against strangers as the adapter's own; None if by a proxy."""
        settings = self.merge_environment_settings(host, {}, True, None, None)
        if select_proxy(host, settings["proxies"]) is not None:
            return None
        adapter = self.get_adapter(host)
        if not isinstance(adapter, HTTPAdapter):
            return None
        prepared = requests.Request("GET", host).prepare()
        pool = adapter.get_connection_with_tls_context(
            prepared, settings["verify"], cert=settings["cert"]
        )
        adapter.cert_verify(pool, host, settings["verify"], settings["cert"])  # type: ignore[no-untyped-call]
        if not isinstance(pool, HTTPConnectionPool):
            return None
        return Line(pool, urlsplit(host).netloc, _texts(self.headers))

    def _remembered(self, url: str, send: Callable[[], Answer]) -> Answer:
        if self._loopback_only and not is_loopback(url):
            raise VenueError("the simulated venue's client was asked to leave this machine")
        if self._hosts and not _is_at(url, self._hosts):
            raise VenueError(f"a signed client may only ask {', '.join(sorted(self._hosts))}")
        self.last = Failure(sent=True, reason="interrupted")
        try:
            return send()
        except requests.RequestException as error:
            self.last = Failure(sent=_may_have_been_sent(error), reason=describe(error))
            raise

    def merge_environment_settings(  # type: ignore[override]
        self, url: str, proxies: Any, stream: Any, verify: Any, cert: Any
    ) -> Mapping[str, Any]:
        """Honour ``SSL_CERT_FILE`` too, as the rest of Python does."""
        settings = super().merge_environment_settings(url, proxies, stream, verify, cert)
        bundle = os.environ.get("SSL_CERT_FILE")
        if self.trust_env and settings["verify"] is True and bundle:
            settings["verify"] = bundle
        return settings


def _bare(line: Line, target: str, timeout: float) -> Page:
    try:
        return line.get(target, timeout)
    except BROKEN as error:
        raise requests.ConnectionError(error) from error


def _headers(response: requests.Response) -> dict[str, str]:
    return {name.lower(): value for name, value in response.headers.items()}


def _texts(headers: Mapping[str, str | bytes]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if isinstance(value, str)}


def read_whole(response: requests.Response) -> None:
    """Read the body in large pieces; requests itself takes 10 kB at a time, at a price."""
    body = b"".join(response.iter_content(_PIECE))
    vars(response).update(_content=body, _content_consumed=True)  # nothing public sets a body


def _is_at(url: str, hosts: frozenset[str]) -> bool:
    parts = urlsplit(url)
    return parts.scheme == "https" and parts.hostname in hosts


def is_loopback(url: str) -> bool:
    """Whether a URL names this machine by address.

    Examples
    --------
    >>> is_loopback("http://127.0.0.1:9100/api"), is_loopback("https://api.binance.com")
    (True, False)
    """
    try:
        return ip_address(urlsplit(url).hostname or "").is_loopback
    except ValueError:
        return False


_WORDS: tuple[tuple[type[BaseException], str], ...] = (
    (transport.NameResolutionError, "the name does not resolve"),
    (ConnectionRefusedError, "connection refused"),
    (ConnectionResetError, "connection reset"),
    (transport.ReadTimeoutError, "no answer before the timeout"),
    (TimeoutError, "no answer before the timeout"),
    (transport.ConnectTimeoutError, "no connection before the timeout"),
    (IncompleteRead, "the answer broke off"),  # urllib3's is one of these
)


def describe(error: BaseException) -> str:
    """The cause of a network failure, in words."""
    causes = _causes(error)
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"its certificate is not trusted ({cause.verify_message})"
    proxied = any(isinstance(cause, transport.ProxyError) for cause in causes)
    text = next(
        (words for kind, words in _WORDS for cause in causes if isinstance(cause, kind)),
        str(causes[-1]) or type(causes[-1]).__name__,
    )
    return clean(f"the proxy failed: {text}" if proxied else text)


def _may_have_been_sent(error: requests.RequestException) -> bool:
    if isinstance(error, _NEVER_A_REQUEST):
        return False
    return not any(
        isinstance(cause, _BEFORE_FIRST_BYTE) or str(cause).startswith(_TUNNEL_REFUSED)
        for cause in _causes(error)
    )


def _causes(error: BaseException) -> list[BaseException]:
    """The error and what it wraps, outermost first: urllib3 nests in args and ``reason``."""
    found: list[BaseException] = []
    waiting: list[BaseException] = [error]
    while waiting:
        current = waiting.pop(0)
        if any(current is seen for seen in found):
            continue
        found.append(current)
        inner = [*current.args, getattr(current, "reason", None), current.__cause__]
        waiting += [item for item in inner if isinstance(item, BaseException)]
    return found


def _no_auth(request: Any) -> Any:
    return request
