"""Which account stream a profile means, and where it may be listened to."""

from urllib.parse import urlsplit

from xq.errors import UsageError
from xq.venues.binance_stream import FuturesSpeech, SpotSpeech
from xq.venues.bybit_stream import BybitSpeech
from xq.venues.clients import Access
from xq.venues.registry import Profile
from xq.venues.speech import Speech
from xq.venues.wire import is_loopback

_REAL = {
    ("binance", False): "wss://fstream.binance.com/private/ws",
    ("binance", True): "wss://fstream.binancefuture.com/private/ws",
    ("spot", False): "wss://ws-api.binance.com/ws-api/v3",
    ("spot", True): "wss://demo-ws-api.binance.com/ws-api/v3",
    ("bybit", False): "wss://stream.bybit.com/v5/private",
    ("bybit", True): "wss://stream-demo.bybit.com/v5/private",
}
_PATHS = {"binance": "/private/ws", "spot": "/ws-api/v3", "bybit": "/v5/private"}


def speech_of(profile: Profile, contract: bool, access: Access) -> Speech:
    """How one listens to an account there.

    Raises
    ------
    UsageError
        Without keys, or where xq knows no stream.
    """
    kind = _kind(profile, contract)
    if kind is None or access.keys is None:
        raise UsageError(f"no account of {profile.name} can be listened to")
    url = _REAL[kind, profile.demo]
    if profile.url is not None:
        url = profile.url.replace("http", "ws", 1) + _PATHS[kind]
    if kind == "binance":
        return FuturesSpeech(url)
    return SpotSpeech(url, access.keys) if kind == "spot" else BybitSpeech(url, access.keys)


def may_listen(url: str, profile: Profile, access: Access) -> bool:
    """Whether keys may be shown there: on this machine, or at the exchange over TLS."""
    if access.loopback_only or profile.url is not None:
        return is_loopback(url)
    parts = urlsplit(url)
    known = {urlsplit(real).hostname for (_, demo), real in _REAL.items() if demo is profile.demo}
    return parts.scheme == "wss" and parts.hostname in known


def _kind(profile: Profile, contract: bool) -> str | None:
    name = profile.face(contract).ccxt_id
    if name == "bybit":
        return "bybit" if contract else None
    return {"binanceusdm": "binance", "binance": "spot"}.get(name)
