import ccxt
import pytest

from xq.errors import UnknownName
from xq.venues.registry import Profile, client, profile
from xq.venues.wire import WireSession, is_loopback

SIM = profile("sim", "http://127.0.0.1:9100")


def made(chosen: Profile, contract: bool) -> ccxt.Exchange:
    return client(chosen, contract, WireSession(loopback_only=True), timeout=1.5)


@pytest.mark.parametrize("contract", [False, True])
def test_no_address_of_the_real_exchange_is_left(contract: bool) -> None:
    urls = made(SIM, contract).urls["api"]
    rest = [url for url in urls.values() if isinstance(url, str)]
    assert len(rest) > 15
    assert all(is_loopback(url) for url in rest)


@pytest.mark.parametrize(
    ("contract", "code", "kind"),
    [
        (True, "-2019", ccxt.InsufficientFunds),
        (True, "-4164", ccxt.InvalidOrder),
        (False, "-2010", ccxt.InvalidOrder),
    ],
)
def test_loopback_raises_the_classes_of_the_real_host(
    contract: bool, code: str, kind: type[Exception]
) -> None:
    exchange = made(SIM, contract)
    table = exchange.exceptions["linear" if contract else "spot"]["exact"]
    expected = table.get(code, kind)
    body = f'{{"code":{code},"msg":"m"}}'
    with pytest.raises(expected):
        exchange.handle_errors(
            400, "", SIM.url, "POST", {}, body, {"code": int(code), "msg": "m"}, {}, ""
        )


@pytest.mark.parametrize("name", ["sim", "binance", "bybit", "kraken"])
def test_clients_neither_retry_nor_pace_by_themselves(name: str) -> None:
    exchange = made(profile(name), False)
    assert exchange.options["maxRetriesOnFailure"] == 0
    assert exchange.enableRateLimit is False
    assert exchange.timeout == 1500


def test_binance_keeps_its_real_hosts() -> None:
    assert made(profile("binance"), False).urls["api"]["public"].startswith("https://api.binance.")
    linear = made(profile("binance"), True).urls["api"]["fapiPublic"]
    assert linear.startswith("https://fapi.binance.")


def test_an_unknown_exchange_is_met_with_a_suggestion() -> None:
    with pytest.raises(UnknownName, match="did you mean 'kraken'"):
        profile("kraken2")
