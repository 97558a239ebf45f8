"""What is struck out of texts, and what is left alone."""

import json
from urllib.parse import quote

import pytest

from xq.config_layers import load
from xq.errors import ConfigError, VenueRefused
from xq.redact import REDACTOR, STRUCK, Redactor, clean

KEY = "cAnArY0kEy/+1234=="


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("GET /order?a=1&signature=0a1b2c3d&b=2", "GET /order?a=1&signature=***&b=2"),
        ("PUT /v1/listenKey?listenKey=pqia91ma19a5s61cv", "PUT /v1/listenKey?listenKey=***"),
        ("wss://fstream.binance.com/ws/" + "aB3" * 20, "wss://fstream.binance.com/ws/***"),
        ("{'X-MBX-APIKEY': 'vmPUZE6mv9SD', 'a': 1}", "{'X-MBX-APIKEY': '***', 'a': 1}"),
        ('{"X-BAPI-SIGN": "0a1b2c3d4e"}', '{"X-BAPI-SIGN": "***"}'),
        ("Authorization: Bearer abcdef.123", "Authorization: Bearer ***"),
        ('{"apiKey": "vmPUZE6m", "secret": "NhqPtmds"}', '{"apiKey": "***", "secret": "***"}'),
        ('{"sign": "' + "0a" * 32 + '"}', '{"sign": "***"}'),
        ("XQ_API_SECRET=NhqPtmdSJYdK", "XQ_API_SECRET=***"),
        ("http://ann:hunter2@proxy:3128/", "http://ann:***@proxy:3128/"),
        ("https://api.example/bot123:AAbbCCddEEffGGhhIIjj/send", "https://api.example/bot***/send"),
    ],
)  # fmt: skip
def test_what_looks_like_a_secret_is_one(text: str, left: str) -> None:
    assert Redactor().clean(text) == left


@pytest.mark.parametrize(
    "text",
    [
        "live mode needs XQ_API_KEY and XQ_API_SECRET",
        "export XQ_JOURNAL_PASSWORD=…",
        "unknown key 'exchange.secret'",
        "BTC/USDT closed at 42,283.58; xq-0a1b2c3d4e5f67890a1b2c3d4e5f6789 is filled",
        "http://127.0.0.1:8787/fapi/v1",
        '{"apiKey": "sim", "secret": "sim"}',
    ],
)
def test_the_rest_is_left_alone(text: str) -> None:
    assert Redactor().clean(text) == text


def test_what_was_read_is_found_however_it_is_spelled() -> None:
    redactor = Redactor()
    redactor.learn_environment({"XQ_API_SECRET": KEY})
    for spelled in (KEY, quote(KEY), quote(KEY, safe=""), json.dumps(KEY)):
        assert redactor.clean(f"<{spelled}>").replace('"', "") == f"<{STRUCK}>"


@pytest.mark.parametrize(
    ("name", "text", "secret"),
    [
        ("XQ_API_KEY", "cAnArY01", "cAnArY01"),
        ("XQ_API_SECRET_BYBIT", "cAnArY08", "cAnArY08"),
        ("XQ_JOURNAL_PASSWORD", "cAnArY02", "cAnArY02"),
        ("XQ_NOTIFY_URLS", "json://u:cAnArY03@h.example/x slack://cAnArY04/b", "cAnArY04"),
        ("AWS_SECRET_ACCESS_KEY", "cAnArY05cAnArY05", "cAnArY05cAnArY05"),
        ("SOME_BOT_TOKEN", "cAnArY06cAnArY06", "cAnArY06cAnArY06"),
        ("HTTPS_PROXY", "http://ann:cAnArY07@proxy:1", "cAnArY07"),
    ],
)
def test_places_of_secrets(name: str, text: str, secret: str) -> None:
    redactor = Redactor()
    redactor.learn_environment({name: text})
    assert redactor.clean(f"so {secret} it is") == f"so {STRUCK} it is"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("XQ_API_KEY", "sim"),
        ("HOME", "/home/annabel-lee"),
        ("SOME_TOKEN", "disabled"),
        ("GOOGLE_APPLICATION_CREDENTIALS", "/home/annabel-lee/key.json"),
    ],
)
def test_what_is_no_secret(name: str, text: str) -> None:
    redactor = Redactor()
    redactor.learn_environment({name: text})
    assert redactor.clean(f"so {text} it is") == f"so {text} it is"


def test_an_error_is_clean_from_its_birth() -> None:
    REDACTOR.learn([KEY])
    error = VenueRefused(f"no such key {KEY}", where=f"key {KEY}")
    assert error.message == f"no such key {STRUCK}"
    assert KEY not in f"{error}{error!r}{error.as_dict()}{error.__reduce__()}"


def test_a_refused_value_tells_no_password() -> None:
    with pytest.raises(ConfigError) as refused:
        load(None, {"XQ_TRADE__LEVERAGE": "postgresql://ann:hunter2@db/xq"})
    assert "hunter2" not in str(refused.value)
    assert f"ann:{STRUCK}@db" in str(refused.value)


def test_the_name_of_the_notification_urls_is_no_misspelt_setting() -> None:
    load(None, {"XQ_NOTIFY_URLS": "json://localhost"})
    with pytest.raises(ConfigError, match="XQ_NOTIFY_URL"):
        load(None, {"XQ_NOTIFY_URL": "json://localhost"})


def test_forgotten_is_forgotten() -> None:
    REDACTOR.learn([KEY])
    REDACTOR.forget()
    assert clean(KEY) == KEY
