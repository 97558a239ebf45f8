"""Bybit's signatures: headers of a request, and the words of a connection."""

import hmac
from collections.abc import Mapping

from xq.sim.accounts import Login
from xq.sim.wire.auth import Message, sign
from xq.sim.wire.bybit.answers import Fault

_WINDOW_MS = 5_000
_AHEAD_MS = 1_000
_LONGEST = 15  # digits of a timestamp or window
_BAD_KEY = (10003, "API key is invalid.")
_BAD_SIGNATURE = (10004, "Error sign, please check your signature generation algorithm.")


def check_request(request: Message, logins: Mapping[str, Login], wall_ms: int) -> Login:
    """Whose request it is; a `Fault` if nobody's, wrongly signed, stale or from the future."""
    headers = request.headers
    key, given = headers.get("x-bapi-api-key", ""), headers.get("x-bapi-sign", "")
    stamp, window = headers.get("x-bapi-timestamp", ""), headers.get("x-bapi-recv-window", "")
    if not (key and given and stamp):
        raise Fault(10003, "Authentication parameters are missing in the header.", status=401)
    login = logins.get(key)
    if login is None:
        raise Fault(*_BAD_KEY)
    check_time(stamp, window, wall_ms)
    said = request.query if request.method == "GET" else request.body
    wanted = sign(f"{stamp}{key}{window}{said}", login.secret)
    if not hmac.compare_digest(given.encode(), wanted.encode()):
        raise Fault(*_BAD_SIGNATURE)
    return login


def check_time(stamp: str, window: str, wall_ms: int) -> None:
    """A `Fault` unless a timestamp is within its window."""
    if not _is_number(stamp) or (window and not _is_number(window)):
        raise Fault(10001, "params error: X-BAPI-TIMESTAMP or X-BAPI-RECV-WINDOW invalid")
    allowed = int(window) if window else _WINDOW_MS
    if not wall_ms - allowed <= int(stamp) < wall_ms + _AHEAD_MS:
        raise Fault(
            10002,
            "invalid request, please check your server timestamp or recv_window param. "
            f"req_timestamp[{stamp}],server_timestamp[{wall_ms}],recv_window[{allowed}]",
        )


def check_words(words: object, logins: Mapping[str, Login], wall_ms: int) -> Login:
    """Whose connection it is: key, expiry and signature as its ``auth`` names them."""
    if not isinstance(words, list) or len(words) != 3:
        raise Fault(10001, "Param error: args must be [key, expires, signature]")
    key, expires, given = (str(word) for word in words)
    login = logins.get(key)
    if login is None:
        raise Fault(*_BAD_KEY)
    if not _is_number(expires) or int(expires) <= wall_ms:
        raise Fault(10004, "Params Error: expires must be a time to come")
    if not hmac.compare_digest(given.encode(), words_signature(expires, login.secret).encode()):
        raise Fault(*_BAD_SIGNATURE)
    return login


def words_signature(expires: str, secret: str) -> str:
    """The signature that opens a connection."""
    return sign(f"GET/realtime{expires}", secret)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= _LONGEST
